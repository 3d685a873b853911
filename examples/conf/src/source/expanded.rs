//! Text that stands in no file as it is: what came of definitions and sequences.

use std::ops::Range;

use super::{Packed, Span, narrow, widen};
use crate::reader::line::{Line, Mark, hull};

/// More places than a reader can take in.
const MOST_RELATED: usize = 6;

/// All expanded lines, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Expanded {
    text: String,
    marks: Vec<Compact>,
    lines: Vec<(u32, Option<ContextId>)>,
    contexts: Vec<Context>,
}

/// What a line was expanded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextId(u32);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) outer: Option<ContextId>,
    pub(crate) place: Span,
    pub(crate) what: String,
}

/// A [`Mark`] in half the room: there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Compact {
    at: u32,
    place: Packed,
    used: Option<Packed>,
}

impl Expanded {
    /// Takes a line; says where its text begins.
    pub(crate) fn add(&mut self, line: &Line, context: Option<ContextId>) -> usize {
        let start = self.text.len();
        self.lines.push((narrow(start), context));
        self.marks.extend(line.marks().iter().map(|mark| Compact {
            at: narrow(start + mark.at),
            place: mark.place.into(),
            used: mark.used.map(Packed::from),
        }));
        self.text.push_str(line.text());
        self.text.push('\n');
        start
    }

    pub(crate) fn context(&mut self, context: Context) -> ContextId {
        self.contexts.push(context);
        ContextId(narrow(self.contexts.len() - 1))
    }

    pub(crate) fn text(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where this text stands in a file, and the places that it comes from.
    pub(crate) fn resolve(&self, range: Range<usize>) -> (Span, Vec<(Span, String)>) {
        let place = hull(self.pieces(range.start), range.clone());
        let mut related: Vec<(Span, String)> = Vec::new();
        for (mark, end) in self.pieces(range.start).take_while(|(mark, _)| mark.at < range.end) {
            let within = mark.at.max(range.start)..end.min(range.end);
            if mark.used.is_some() && end > range.start {
                let text = self.text.get(within.clone()).unwrap_or_default();
                related.push((mark.part(end, within), format!("`{text}` comes from here")));
            }
        }
        let line = self.lines.partition_point(|&(start, _)| widen(start) <= range.start);
        let mut context = line.checked_sub(1).and_then(|line| self.lines.get(line)?.1);
        while let Some(Context { outer, place, what }) = context.and_then(|id| self.get(id)) {
            related.push((*place, what.clone()));
            context = *outer;
        }
        related.dedup_by_key(|(place, _)| *place);
        related.truncate(MOST_RELATED);
        (place, related)
    }

    fn get(&self, ContextId(index): ContextId) -> Option<&Context> {
        self.contexts.get(widen(index))
    }

    /// The pieces from the one in which an offset lies.
    fn pieces(&self, offset: usize) -> impl Iterator<Item = (Mark, usize)> {
        let first = self.marks.partition_point(|mark| widen(mark.at) <= offset).saturating_sub(1);
        let marks = self.marks.get(first..).unwrap_or_default();
        let ends = marks.iter().skip(1).map(|mark| widen(mark.at)).chain([self.text.len()]);
        marks.iter().map(Compact::mark).zip(ends).map(|(mark, end)| {
            // The end of a line belongs to no mark.
            let line = self.text.get(mark.at..end).unwrap_or_default();
            (mark, mark.at + line.trim_end_matches('\n').len())
        })
    }
}

impl Compact {
    fn mark(&self) -> Mark {
        Mark { at: widen(self.at), place: self.place.into(), used: self.used.map(Span::from) }
    }
}
