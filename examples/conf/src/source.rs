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
}

/// Every file of one configuration, in the order they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub(crate) fn add(&mut self, name: String, text: String) -> SourceId {
        self.0.push(Source { name, text });
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
        let before = source.text.get(..span.start)?;
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        Some(Location {
            file: &source.name,
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        })
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
