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
//! Definitions (`$NAME=`), `@id` lines, `~SEQ` and `~LST` are errors until they are supported.
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
//! | `vrrp_strict` without `accept` | drops packets to virtual addresses | answers them, with a warning |
//! | `sh-port` before `lvs_sched` and the like | an error | order does not matter |
//! | an address no host can have | accepted | error |
//! | one address in two instances, one service twice | logged or not noticed | error |
//!
//! # How it is built
//!
//! Text becomes tokens with spans, tokens become statements, statements are checked against the keyword
//! table, and what is left becomes the model. No stage stops at the first mistake.

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
