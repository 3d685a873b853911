//! What there is to say about a configuration.

use std::collections::HashSet;
use std::fmt;

use crate::{SourceId, Sources, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but probably does not mean what its author thinks.
    Warning,
    /// Good to know.
    Note,
}

/// One thing to say, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter, in one line.
    pub message: String,
    /// The offending text. `None` if there is none to show (a missing file).
    pub span: Option<Span>,
    /// What to write under the offending text.
    pub label: String,
    /// Further places that belong to the matter, each with what to write under it.
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something about a place.
    #[must_use]
    pub fn new(severity: Severity, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            span: Some(span.into()),
            label: String::new(),
            related: Vec::new(),
            help: None,
        }
    }

    /// What to write under the offending text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn related(mut self, span: impl Into<Span>, label: impl Into<String>) -> Self {
        self.related.push((span.into(), label.into()));
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything there is to say, in the order of the file.
///
/// Displayed as a summary: `2 errors, 3 warnings`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Shows everything where it stands in a file, each thing once, in the order of the file.
    ///
    /// What is wrong only because something is not defined is said already.
    pub(crate) fn settle(&mut self, sources: &Sources, undefined: &HashSet<Span>) {
        let mut undefined: Vec<Span> = undefined.iter().copied().collect();
        undefined.sort_unstable();
        let touches_undefined = |place: Span| {
            let before = |span: &Span| (span.source, span.end) <= (place.source, place.start);
            let next = undefined.partition_point(before);
            undefined.get(next).is_some_and(|span| span.touches(place))
        };
        let mut said = HashSet::new();
        self.0.retain_mut(|diagnostic| {
            let Some(span) = diagnostic.span else { return true };
            if span.source != SourceId::EXPANDED {
                return said.insert((span, diagnostic.message.clone()));
            }
            let (place, related) = sources.resolve(span);
            diagnostic.span = Some(place);
            diagnostic.related.extend(related);
            let consequence = diagnostic.severity == Severity::Error && touches_undefined(place);
            !consequence && said.insert((place, kind(&diagnostic.message)))
        });
        for (span, _) in self.0.iter_mut().flat_map(|diagnostic| &mut diagnostic.related) {
            *span = sources.resolve(*span).0;
        }
        self.0.sort_by_key(|diagnostic| diagnostic.span);
    }

    /// One after the other, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Those of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(move |diagnostic| diagnostic.severity == severity)
    }

    /// Whether the configuration cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.of(Severity::Error).next().is_some()
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (severity, one) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
        {
            let count = self.of(severity).count();
            if count > 0 {
                write!(f, "{separator}{count} {one}{}", if count == 1 { "" } else { "s" })?;
                separator = ", ";
            }
        }
        if separator.is_empty() { f.write_str("nothing to complain about") } else { Ok(()) }
    }
}

/// A message without the names and numbers in it, which differ from turn to turn of a sequence.
fn kind(message: &str) -> String {
    let without_names: String = message.split('`').step_by(2).collect();
    without_names.chars().filter(|c| !c.is_ascii_digit()).collect()
}
