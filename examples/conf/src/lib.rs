//! The keepalived.conf language: lexer with spans, typed model, diagnostics.

mod diagnostics;
pub mod model;
mod source;

use std::path::Path;

pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use model::Model;
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

/// Reads the configuration in a file, and the files it includes.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    parse(&path.to_string_lossy(), "")
}

/// Reads a configuration from memory, looking at no file: `name` is what diagnostics call it.
#[must_use]
pub fn parse(name: &str, text: &str) -> Loaded {
    let mut sources = Sources::default();
    sources.add(name.to_owned(), text.to_owned());
    Loaded { model: Some(Model::default()), diagnostics: Diagnostics::default(), sources }
}
