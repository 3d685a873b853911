//! Diagnostics for a terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, Diagnostics, Severity, SourceId, Sources, Span};

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Text alone.
    #[default]
    Plain,
    /// With the escape sequences of a terminal.
    Coloured,
}

impl Diagnostics {
    /// All of them, each with its lines of source, as rustc shows its own.
    #[must_use]
    pub fn render(&self, sources: &Sources, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        };
        let mut out = String::new();
        for diagnostic in self.iter() {
            out.push_str(&renderer.render(&[group(diagnostic, sources)]));
            out.push_str("\n\n");
        }
        out
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(span) = diagnostic.span {
        let mut marks = vec![(AnnotationKind::Primary, span, diagnostic.label.as_str())];
        marks.extend(
            diagnostic
                .related
                .iter()
                .map(|(span, label)| (AnnotationKind::Context, *span, label.as_str())),
        );
        let mut shown: Vec<SourceId> = Vec::new();
        for &(_, Span { source, .. }, _) in &marks {
            if !shown.contains(&source) {
                shown.push(source);
                group = group.elements(snippet(sources, source, &marks));
            }
        }
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

type Mark<'a> = (AnnotationKind, Span, &'a str);

/// The lines of one file that have marks, and what lies between them.
fn snippet<'a>(
    sources: &'a Sources,
    source: SourceId,
    marks: &[Mark<'a>],
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let file = sources.get(source)?;
    let marks = || marks.iter().filter(|(_, span, _)| span.source == source);
    let first = marks().map(|(_, span, _)| span.start).min()?;
    let last = marks().map(|(_, span, _)| span.end).max()?;
    let (line, start) = file.line(first);
    let end = file.text().get(last..)?.find('\n').map_or(file.text().len(), |more| last + more);
    let annotations = marks().map(|&(kind, span, label)| {
        let annotation = kind.span(span.start - start..span.end - start);
        if label.is_empty() { annotation } else { annotation.label(label) }
    });
    Some(
        Snippet::source(file.text().get(start..end)?)
            .path(file.name())
            .line_start(line)
            .annotations(annotations),
    )
}
