//! Diagnostics for editors and continuous integration.

use serde::Serialize;

use crate::{Diagnostic, Loaded, Severity, Sources, Span};

#[derive(Serialize)]
struct Report<'l> {
    /// Whether it can be run.
    runs: bool,
    errors: usize,
    warnings: usize,
    notes: usize,
    diagnostics: Vec<Said<'l>>,
}

#[derive(Serialize)]
struct Said<'l> {
    severity: &'static str,
    message: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'l>>,
    related: Vec<Place<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'l str>,
}

/// Lines and columns count from 1, columns in characters; the end is one past the last.
#[derive(Serialize)]
struct Place<'l> {
    file: &'l str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'l str,
}

impl Loaded {
    /// The diagnostics as JSON: whether the configuration can be run, how many of each severity there
    /// are, and each with its severity, message, place, related places and help.
    #[must_use]
    pub fn json(&self) -> String {
        let count = |severity| self.diagnostics.of(severity).count();
        let report = Report {
            runs: self.model.is_some(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            diagnostics: self.diagnostics.iter().map(|said| shown(said, &self.sources)).collect(),
        };
        // Text and numbers always have a form in JSON.
        serde_json::to_string_pretty(&report).unwrap_or_default()
    }
}

fn shown<'l>(diagnostic: &'l Diagnostic, sources: &'l Sources) -> Said<'l> {
    Said {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &diagnostic.message,
        place: diagnostic.span.and_then(|span| place(span, &diagnostic.label, sources)),
        related: diagnostic
            .related
            .iter()
            .filter_map(|(span, label)| place(*span, label, sources))
            .collect(),
        help: diagnostic.help.as_deref(),
    }
}

fn place<'l>(span: Span, label: &'l str, sources: &'l Sources) -> Option<Place<'l>> {
    let start = sources.location(span)?;
    let end = sources.location(Span { start: span.end, ..span })?;
    Some(Place {
        file: start.file,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        label,
    })
}
