//! The text diagnostics point into.

mod expanded;
mod packed;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub(crate) use expanded::{Context, ContextId, Expanded};
pub(crate) use packed::{Packed, narrow, widen};

/// Which file of [`Sources`] a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(usize);

impl SourceId {
    /// No file: the text that came of definitions and sequences.
    pub(crate) const EXPANDED: Self = Self(usize::MAX);
}

/// A range of bytes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From the start of `self` to the end of `other`, if both lie in one file; otherwise `self`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.source == other.source {
            Self { end: other.end.max(self.end), ..self }
        } else {
            self
        }
    }

    /// Whether they have text in common.
    pub(crate) fn touches(self, other: Self) -> bool {
        self.source == other.source && self.start < other.end && other.start < self.end
    }
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: Arc<Box<str>>,
    /// Where each line begins, once somebody wants to know; the first at zero.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// Its name, as it was given or found.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stood in it; bytes that are no UTF-8 replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line an offset lies on, counted from 1, and where that line begins.
    pub(crate) fn line(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let newlines = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(newlines).collect()
        });
        let number = lines.partition_point(|&start| start <= offset);
        let start = number.checked_sub(1).and_then(|index| lines.get(index));
        (number, start.copied().unwrap_or(0))
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        // Where lines begin follows from the text.
        let Self { name, text, lines: _ } = self;
        (name, text) == (&other.name, &other.text)
    }
}

impl Eq for Source {}

/// Every file of one configuration, in the order they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    files: Vec<Source>,
    expanded: Expanded,
}

impl Sources {
    pub(crate) fn add(&mut self, name: String, text: String) -> SourceId {
        let text = Arc::new(text.into_boxed_str());
        self.files.push(Source { name, text, lines: OnceLock::new() });
        SourceId(self.files.len() - 1)
    }

    /// Has another part of a file in the place of the one before.
    pub(crate) fn replace_text(&mut self, SourceId(index): SourceId, text: String) {
        if let Some(source) = self.files.get_mut(index) {
            source.text = Arc::new(text.into_boxed_str());
            source.lines = OnceLock::new();
        }
    }

    pub(crate) fn shared_text(&self, id: SourceId) -> Arc<Box<str>> {
        self.get(id).map(|source| Arc::clone(&source.text)).unwrap_or_default()
    }

    pub(crate) fn expanded(&mut self) -> &mut Expanded {
        &mut self.expanded
    }

    /// Where a span lies in a file, and the further places its text comes from, with what they are.
    pub(crate) fn resolve(&self, span: Span) -> (Span, Vec<(Span, String)>) {
        if span.source == SourceId::EXPANDED {
            self.expanded.resolve(span.start..span.end)
        } else {
            (span, Vec::new())
        }
    }

    /// The files, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The file of a span.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0)
    }

    /// The text of a span, definitions replaced; empty if it lies in none of these files.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        if span.source == SourceId::EXPANDED {
            return self.expanded.text(span.start..span.end);
        }
        self.get(span.source)
            .and_then(|source| source.text().get(span.start..span.end))
            .unwrap_or_default()
    }

    /// Where a span begins, for a person.
    #[must_use]
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
        let (span, _) = self.resolve(span);
        let source = self.get(span.source)?;
        let (line, start) = source.line(span.start);
        let before = source.text.get(start..span.start)?;
        Some(Location { file: &source.name, line, column: before.chars().count() + 1 })
    }
}

/// A place in a file; displayed as `file:line:column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// Counted from 1.
    pub line: usize,
    /// Counted in characters from 1.
    pub column: usize,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_sources_are_equal_does_not_depend_on_whether_somebody_asked_for_a_line() {
        let mut asked = Sources::default();
        let source = asked.add("f".to_owned(), "a\nb\n".to_owned());
        let unasked = asked.clone();
        assert!(asked.location(Span { source, start: 2, end: 3 }).is_some());
        assert_eq!(asked, unasked);
    }

    #[test]
    fn a_location_counts_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let source = sources.add("f".to_owned(), "a\nüb c\n".to_owned());
        let place = |start| {
            let span = Span { source, start, end: start };
            sources.location(span).map(|location| location.to_string()).unwrap_or_default()
        };
        assert_eq!(place(0), "f:1:1");
        assert_eq!(place(1), "f:1:2");
        assert_eq!(place(2), "f:2:1");
        assert_eq!(place(4), "f:2:2");
        assert_eq!(place(8), "f:3:1");
        assert_eq!(place(99), "");
    }
}
