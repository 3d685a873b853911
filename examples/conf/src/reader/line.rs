use std::ops::Range;

use crate::Span;

/// A line on its way through expansion: its text, and where each part of it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    text: String,
    marks: Vec<Mark>,
    /// Offsets of `#` and `!` that begin no comment.
    protected: Vec<usize>,
}

/// Where the part of a line was written that begins at `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: usize,
    pub(crate) place: Span,
    /// Where the definition was used that it comes from.
    pub(crate) used: Option<Span>,
}

impl Line {
    /// A line as it stands in a file.
    pub(crate) fn written(text: &str, place: Span) -> Self {
        Self {
            text: text.to_owned(),
            marks: vec![Mark { at: 0, place, used: None }],
            protected: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(crate) fn protected(&self) -> &[usize] {
        &self.protected
    }

    pub(crate) fn push(&mut self, text: &str, place: Span, used: Option<Span>) {
        if !text.is_empty() {
            self.marks.push(Mark { at: self.text.len(), place, used });
            self.text.push_str(text);
        }
    }

    /// A character that begins no comment, whatever it is.
    pub(crate) fn push_protected(&mut self, text: &str, place: Span, used: Option<Span>) {
        self.protected.push(self.text.len());
        self.push(text, place, used);
    }

    /// Part of another line; what is not marked as used there is used at `used`.
    pub(crate) fn push_part(&mut self, line: &Self, range: Range<usize>, used: Option<Span>) {
        let shift = |at: usize| at.saturating_sub(range.start) + self.text.len();
        for (mark, end) in
            line.pieces().filter(|&(mark, end)| mark.at < range.end && end > range.start)
        {
            let at = mark.at.max(range.start);
            let place = mark.part(end, at..end.min(range.end));
            self.marks.push(Mark { at: shift(at), place, used: used.or(mark.used) });
        }
        let inside = line.protected.iter().filter(|at| range.contains(at));
        self.protected.extend(inside.map(|&at| shift(at)));
        self.text.push_str(line.text.get(range).unwrap_or_default());
    }

    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        part.push_part(self, range, None);
        part
    }

    /// Without blanks at its ends.
    pub(crate) fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start..start + self.text.trim().len())
    }

    /// Each mark, and where its text ends.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Mark, usize)> {
        let ends = self.marks.iter().skip(1).map(|mark| mark.at).chain([self.text.len()]);
        self.marks.iter().copied().zip(ends)
    }

    /// Where a part of it stands in a file: what comes from a definition stands where that is used.
    pub(crate) fn place(&self, range: Range<usize>) -> Span {
        hull(self.pieces(), range)
    }
}

impl Mark {
    /// Where a part of its text was written; `end` is where its text ends.
    pub(crate) fn part(&self, end: usize, range: Range<usize>) -> Span {
        let verbatim =
            self.place.end.saturating_sub(self.place.start) == end.saturating_sub(self.at);
        if !verbatim {
            return self.place;
        }
        let before = range.start.saturating_sub(self.at);
        let start = self.place.start + before;
        Span { start, end: start + range.len(), ..self.place }
    }
}

/// From where the first of these characters stands to where the last does.
pub(crate) fn hull(pieces: impl Iterator<Item = (Mark, usize)>, range: Range<usize>) -> Span {
    let touches = |&(mark, end): &(Mark, usize)| {
        (mark.at < range.end && end > range.start)
            || (range.is_empty() && mark.at <= range.start && end >= range.start)
    };
    pieces
        .filter(touches)
        .map(|(mark, end)| {
            let within = mark.at.max(range.start)..end.min(range.end).max(range.start);
            mark.used.unwrap_or_else(|| mark.part(end, within))
        })
        .reduce(Span::to)
        .unwrap_or_default()
}
