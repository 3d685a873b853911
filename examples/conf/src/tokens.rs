//! The tokens of a whole configuration, in little room: there may be millions.

use std::collections::HashMap;
use std::iter;
use std::ops::Range;

use crate::source::{narrow, widen};
use crate::{SourceId, Sources, Span};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<T> {
    pub(crate) kind: Kind<T>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind<T> {
    /// Without its quotes, and without the backslash of `\#` and `\!`.
    Word(T),
    Open,
    Close,
    EndOfLine,
}

impl Token<&str> {
    pub(crate) fn to_owned(&self) -> Token<String> {
        let kind = match self.kind {
            Kind::Word(text) => Kind::Word(text.to_owned()),
            Kind::Open => Kind::Open,
            Kind::Close => Kind::Close,
            Kind::EndOfLine => Kind::EndOfLine,
        };
        Token { kind, span: self.span }
    }
}

/// What a word is, seen from the text at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// That text.
    Plain,
    /// That text without its quotes.
    Quoted,
    /// Another.
    Other(String),
}

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    packed: Vec<Packed>,
    /// From which token on they are of which source.
    sources: Vec<(usize, SourceId)>,
    /// The words that are other than the text at their place, by the position of their token.
    others: HashMap<usize, String>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    start: u32,
    /// And what it is, in the last three bits.
    length: u32,
}

impl Packed {
    const BITS: u32 = 3;
    const PLAIN: u32 = 0;
    const QUOTED: u32 = 1;
    const OTHER: u32 = 2;
    const OPEN: u32 = 3;
    const CLOSE: u32 = 4;
    /// From here on they are words again, each the last of its line.
    const LAST: u32 = 5;
    const KIND: u32 = (1 << Self::BITS) - 1;

    /// Where in its line a word is makes no difference.
    fn kind(self) -> u32 {
        let kind = self.length & Self::KIND;
        kind.checked_sub(Self::LAST).unwrap_or(kind)
    }

    fn is_word(self) -> bool {
        self.kind() <= Self::OTHER
    }

    fn ends_line(self) -> bool {
        self.length & Self::KIND >= Self::LAST
    }
}

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.packed.len()
    }

    pub(crate) fn clear(&mut self) {
        self.packed.clear();
        self.sources.clear();
        self.others.clear();
    }

    /// Makes room for the tokens of a text: to make more and more again, of millions, takes time.
    pub(crate) fn reserve(&mut self, text: &str) {
        /// With the blanks before it. Few texts have shorter ones.
        const LENGTH_OF_TOKEN: usize = 5;
        self.packed.reserve(text.len() / LENGTH_OF_TOKEN);
    }

    pub(crate) fn word(&mut self, word: Word, span: Span) {
        let kind = match word {
            Word::Plain => Packed::PLAIN,
            Word::Quoted => Packed::QUOTED,
            Word::Other(text) => {
                self.others.insert(self.packed.len(), text);
                Packed::OTHER
            }
        };
        self.add(kind, span);
    }

    pub(crate) fn open(&mut self, span: Span) {
        self.add(Packed::OPEN, span);
    }

    pub(crate) fn close(&mut self, span: Span) {
        self.add(Packed::CLOSE, span);
    }

    /// Braces end a line anyway.
    pub(crate) fn end_of_line(&mut self) {
        if let Some(last) = self.packed.last_mut()
            && last.is_word()
            && !last.ends_line()
        {
            last.length += Packed::LAST;
        }
    }

    fn add(&mut self, kind: u32, Span { source, start, end }: Span) {
        if self.sources.last().is_none_or(|(_, last)| *last != source) {
            self.sources.push((self.packed.len(), source));
        }
        let length = narrow(end.saturating_sub(start)) << Packed::BITS | kind;
        self.packed.push(Packed { start: narrow(start), length });
    }

    /// Puts a token that was taken off back.
    pub(crate) fn push(&mut self, Token { kind, span }: Token<String>) {
        match kind {
            Kind::Word(text) => self.word(Word::Other(text), span),
            Kind::Open => self.open(span),
            Kind::Close => self.close(span),
            Kind::EndOfLine => self.end_of_line(),
        }
    }

    /// Takes off the tokens from a position on.
    pub(crate) fn split_off(&mut self, first: usize, sources: &Sources) -> Vec<Token<String>> {
        let last = self.of(first..self.len(), sources).map(|token| token.to_owned()).collect();
        self.packed.truncate(first);
        self.sources.retain(|(from, _)| *from < first);
        self.others.retain(|at, _| *at < first);
        last
    }

    /// The tokens at these positions.
    pub(crate) fn of<'t>(
        &'t self,
        range: Range<usize>,
        sources: &'t Sources,
    ) -> impl Iterator<Item = Token<&'t str>> + use<'t> {
        let mut packed = range.clone().zip(self.packed.get(range).unwrap_or_default());
        let mut end_of_line = None;
        iter::from_fn(move || {
            if end_of_line.is_some() {
                return end_of_line.take();
            }
            let (at, token) = packed.next()?;
            let span = self.span(at, *token);
            if token.ends_line() {
                let span = Span { start: span.end, ..span };
                end_of_line = Some(Token { kind: Kind::EndOfLine, span });
            }
            let kind = match token.kind() {
                Packed::OPEN => Kind::Open,
                Packed::CLOSE => Kind::Close,
                kind => Kind::Word(self.text(at, kind, span, sources)),
            };
            Some(Token { kind, span })
        })
    }

    fn span(&self, at: usize, token: Packed) -> Span {
        let next = self.sources.partition_point(|(from, _)| *from <= at);
        let source = next.checked_sub(1).and_then(|index| self.sources.get(index));
        let source = source.map_or_else(SourceId::default, |(_, source)| *source);
        let start = widen(token.start);
        Span { source, start, end: start + widen(token.length >> Packed::BITS) }
    }

    fn text<'t>(&'t self, at: usize, kind: u32, span: Span, sources: &'t Sources) -> &'t str {
        match kind {
            Packed::PLAIN => sources.text(span),
            Packed::QUOTED => {
                let text = sources.text(span);
                text.get(1..text.len().saturating_sub(1)).unwrap_or_default()
            }
            _ => self.others.get(&at).map_or("", String::as_str),
        }
    }

    /// Where each statement outside of any block begins and ends.
    pub(crate) fn statements(&self) -> Vec<Range<usize>> {
        let mut starts = Vec::new();
        let (mut depth, mut same_line) = (0_usize, false);
        for (at, token) in self.packed.iter().enumerate() {
            if token.is_word() && depth == 0 && !same_line {
                starts.push(at);
            }
            same_line = token.is_word() && !token.ends_line();
            match token.kind() {
                Packed::OPEN => depth += 1,
                Packed::CLOSE => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        // Braces before the first word are a statement by themselves, and wrong.
        if starts.first().is_none_or(|first| *first > 0) {
            starts.insert(0, 0);
        }
        let ends = starts.iter().skip(1).copied().chain([self.len()]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// Whether a statement is of a keyword.
    pub(crate) fn is_of(&self, keyword: &str, statement: &Range<usize>, sources: &Sources) -> bool {
        let at = statement.start;
        self.packed.get(at).is_some_and(|token| {
            token.is_word()
                && self.text(at, token.kind(), self.span(at, *token), sources) == keyword
        })
    }
}
