//! The keepalived.conf language: text in, a typed [`Model`] and [`Diagnostics`] out.
//!
//! A keepalived.conf means here what it means to keepalived. What keepalived would log and overlook is
//! said: all of it in one run, each with its place, the text concerned, and what to do.
//!
//! ```
//! use steadfast_conf::{Style, parse};
//!
//! let loaded = parse("keepalived.conf", "
//! vrrp_instance WEB {
//!     interface eth0
//!     virtual_router_id 51
//!     priority 150
//!     virtual_ipaddress {
//!         192.0.2.10/24
//!     }
//! }
//! ");
//! let model = loaded.model.ok_or("a configuration with errors has no model")?;
//! let instance = &model.instances[0];
//! assert_eq!(instance.priority.get(), 150);
//! assert_eq!(instance.advert_interval.as_secs(), 1); // keepalived's default
//!
//! let loaded = parse("keepalived.conf", "global_defs {\n    vrrp_verson 3\n}\n");
//! assert!(loaded.model.is_none());
//! assert_eq!(loaded.render(Style::Plain), "\
//! error: unknown keyword `vrrp_verson`
//!  --> keepalived.conf:2:5
//!   |
//! 2 |     vrrp_verson 3
//!   |     ^^^^^^^^^^^ not known in `global_defs`
//!   |
//!   = help: did you mean `vrrp_version`?
//!
//! ");
//! # Ok::<(), &str>(())
//! ```
//!
//! [`load`] reads a file and what it includes, and looks whether scripts exist; [`parse`] looks at nothing
//! but the text it is given.
//!
//! # How much of keepalived
//!
//! [`keywords`] has a row for every keyword keepalived knows, and each row says what becomes of it:
//!
//! - It works.
//! - It has no effect here and that is harmless (mail, SNMP, process priorities): a warning says why.
//! - Leaving it out would make another configuration (unicast peers, sync groups, virtual MAC addresses):
//!   an error, so that nobody runs half of what they wrote.
//!
//! # Where it differs from keepalived on purpose
//!
//! | | keepalived | here |
//! |---|---|---|
//! | `//` at the beginning of a word | a word | a comment, with a warning |
//! | unknown keyword, value out of range | logged, ignored | error |
//! | a value missing | the daemon exits | error |
//! | main file missing | an empty configuration | error |
//! | `vrrp_garp_interval 0` | out of range | no pacing, with a note |
//! | `persistence_timeout 0` | an error, then no persistence | no persistence, with a warning |
//! | no `protocol` | UDP | UDP with a warning; an error if a check speaks TCP |
//! | `nb_get_retry` in `TCP_CHECK` | unknown | `retry`, with a warning |
//! | `skip_check_adv_addr no` | yes | no |
//! | a tracked script whose program is missing | not tracked | fails, with a warning |
//! | `sh-port` before `lvs_sched` and the like | an error | order does not matter |
//! | an address no host can have | accepted | error |
//! | one address in two instances | logged or not noticed | error |
//! | one service twice, as one `virtual_server` and as another | a mixture | error; a warning if they are equal |
//!
//! # How it is built
//!
//! Text becomes tokens with spans, tokens become statements, statements are checked against the keyword
//! table, and what is left becomes the model. No stage stops at the first mistake.

mod build;
mod check;
mod diagnostics;
mod files;
mod json;
pub mod keywords;
mod lexer;
pub mod model;
mod nearest;
mod print;
mod reader;
mod render;
mod shell;
mod source;
mod surroundings;
mod tokens;
mod tree;
mod value;
mod virtual_servers;

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use check::WithoutEffect;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
use files::{Disk, Files, NoFiles};
pub use model::Model;
use model::Process;
use reader::{Read, Reader};
pub use render::Style;
pub use source::{Location, Source, SourceId, Sources, Span};
pub use surroundings::Surroundings;
use tokens::Tokens;
use tree::Statement;
use virtual_servers::VirtualServers;

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
    /// Says more, found by looking at what a text cannot tell.
    pub fn say(&mut self, diagnostics: Vec<Diagnostic>) {
        if diagnostics.is_empty() {
            return;
        }
        for diagnostic in diagnostics {
            self.diagnostics.push(diagnostic);
        }
        self.diagnostics.settle(&self.sources, &HashSet::new());
        if self.diagnostics.has_errors() {
            self.model = None;
        }
    }

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
pub fn load(path: &Path, surroundings: &Surroundings) -> Loaded {
    load_again(path, surroundings, &Model::default())
}

/// As [`load`]. The virtual servers that are equal to those of an earlier model are shared with it, and
/// so take neither memory nor time to compare.
#[must_use]
pub fn load_again(path: &Path, surroundings: &Surroundings, earlier: &Model) -> Loaded {
    let name = path.to_string_lossy();
    match Disk.text(path) {
        Ok(text) => read(&name, text, &Disk, surroundings, earlier),
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

/// Reads of a configuration what a process must know before it does anything. What is wrong is not
/// said: that, [`load`] does.
#[must_use]
pub fn load_process(path: &Path, surroundings: &Surroundings) -> Process {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let reader = Reader::new(&Disk, surroundings, &mut sources, &mut diagnostics);
    let Ok(tokens) = reader.read_outermost(path) else { return Process::default() };
    let concerns = |statement: &Range<usize>| {
        Process::KEYWORDS.iter().any(|keyword| tokens.is_of(keyword, statement, &sources))
    };
    let concerning = tokens.statements().into_iter().filter(concerns);
    let statements = trees(concerning, &tokens, &sources, &mut diagnostics);
    let mut without_effect = WithoutEffect::default();
    let entries = check::check(&statements, &sources, &mut without_effect, &mut diagnostics);
    build::process::build(&entries, &mut diagnostics)
}

/// Reads a configuration from memory, looking at no file: `name` is what diagnostics call it.
#[must_use]
pub fn parse(name: &str, text: &str) -> Loaded {
    parse_in(name, text, &Surroundings::default())
}

/// As [`parse`], in surroundings that conditions and definitions can ask about.
#[must_use]
pub fn parse_in(name: &str, text: impl Into<String>, surroundings: &Surroundings) -> Loaded {
    read(name, text.into(), &NoFiles, surroundings, &Model::default())
}

fn read(
    name: &str,
    text: String,
    files: &dyn Files,
    surroundings: &Surroundings,
    earlier: &Model,
) -> Loaded {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let main = sources.add(name.to_owned(), text);
    let reader = Reader::new(files, surroundings, &mut sources, &mut diagnostics);
    let Read { tokens, undefined } = reader.read(main);
    let (services, others): (Vec<Range<usize>>, Vec<_>) = tokens
        .statements()
        .into_iter()
        .partition(|statement| tokens.is_of(VirtualServers::KEYWORD, statement, &sources));
    let statements = trees(others, &tokens, &sources, &mut diagnostics);
    let mut without_effect = WithoutEffect::default();
    let entries = check::check(&statements, &sources, &mut without_effect, &mut diagnostics);
    let mut services =
        VirtualServers::new(&tokens, &sources, services, &mut without_effect, earlier);
    let model = build::build(&entries, &mut services, files, &mut diagnostics);
    without_effect.report(&mut diagnostics);
    diagnostics.settle(&sources, &undefined);
    Loaded { model: (!diagnostics.has_errors()).then_some(model), diagnostics, sources }
}

/// Some of the statements that the tokens are.
fn trees<'t>(
    statements: impl IntoIterator<Item = Range<usize>>,
    tokens: &'t Tokens,
    sources: &'t Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Statement<'t>> {
    let tree = |statement| tree::build(tokens.of(statement, sources), diagnostics);
    statements.into_iter().flat_map(tree).collect()
}
