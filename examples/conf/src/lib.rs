//! The keepalived.conf language: lexer with spans, typed model, diagnostics.

mod build;
mod check;
mod diagnostics;
mod files;
mod include;
pub mod keywords;
mod lexer;
pub mod model;
mod nearest;
mod render;
mod shell;
mod source;
mod tree;
mod value;

use std::path::Path;

pub use diagnostics::{Diagnostic, Diagnostics, Severity};
use files::{Disk, Files, NoFiles};
pub use model::Model;
pub use render::Style;
pub use source::{Location, Source, SourceId, Sources, Span};

/// What came of reading a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What it means; `None` if and only if there are errors.
    pub model: Option<Model>,
    /// Everything there is to say about it.
    pub diagnostics: Diagnostics,
    /// What the diagnostics point into.
    pub sources: Sources,
}

impl Loaded {
    /// The diagnostics for a terminal.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        self.diagnostics.render(&self.sources, style)
    }
}

/// Reads the configuration in a file, and the files it includes; looks whether its scripts exist.
///
/// A file that cannot be read is an error among the diagnostics.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    let name = path.to_string_lossy();
    match Disk.read(path) {
        Ok(bytes) => read(&name, String::from_utf8_lossy(&bytes).into_owned(), &Disk),
        Err(error) => {
            let mut diagnostics = Diagnostics::default();
            diagnostics.push(Diagnostic {
                severity: Severity::Error,
                message: format!("cannot read {name}: {error}"),
                span: None,
                label: String::new(),
                related: Vec::new(),
                help: None,
            });
            Loaded { model: None, diagnostics, sources: Sources::default() }
        }
    }
}

/// Reads a configuration from memory, looking at no file: `name` is what diagnostics call it.
#[must_use]
pub fn parse(name: &str, text: &str) -> Loaded {
    read(name, text.to_owned(), &NoFiles)
}

fn read(name: &str, text: String, files: &dyn Files) -> Loaded {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let main = sources.add(name.to_owned(), text);
    let tokens = include::Reader { files, sources: &mut sources, diagnostics: &mut diagnostics }
        .tokens(main);
    let statements = tree::build(tokens, &mut diagnostics);
    let entries = check::check(&statements, &sources, &mut diagnostics);
    let model = build::build(&entries, files, &mut diagnostics);
    diagnostics.sort();
    Loaded { model: (!diagnostics.has_errors()).then_some(model), diagnostics, sources }
}
