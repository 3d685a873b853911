//! The text diagnostics point into.

use std::fmt;

/// Which file of [`Sources`] a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(usize);

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
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// Where each line begins; the first at zero.
    lines: Vec<usize>,
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
        let number = self.lines.partition_point(|&start| start <= offset);
        let start = number.checked_sub(1).and_then(|index| self.lines.get(index));
        (number, start.copied().unwrap_or(0))
    }
}

/// Every file of one configuration, in the order they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub(crate) fn add(&mut self, name: String, text: String) -> SourceId {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        self.0.push(Source { name, text, lines });
        SourceId(self.0.len() - 1)
    }

    /// The files, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// The file of a span.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0)
    }

    /// The text of a span; empty if it lies in none of these files.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|source| source.text.get(span.start..span.end))
            .unwrap_or_default()
    }

    /// Where a span begins, for a person.
    #[must_use]
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
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
