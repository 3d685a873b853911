//! Text to tokens, by keepalived's rules.
//!
//! Line by line. `!` and `#` begin a comment anywhere, even inside a word; only `"…"` and a backslash
//! protect them. Braces outside quotes stand by themselves wherever they are. `//` at the beginning of a
//! word is taken for the comment its author meant, which keepalived does not do.

use crate::reader::Strictness;
use crate::tokens::{Tokens, Word};
use crate::{Diagnostic, Diagnostics, Severity, SourceId, Span};

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'l> {
    pub(crate) source: SourceId,
    /// Where it begins in the source.
    pub(crate) start: usize,
    pub(crate) text: &'l str,
    /// Offsets of `#` and `!` that begin no comment.
    pub(crate) protected: &'l [usize],
}

/// What came of the lines so far.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub(crate) tokens: Tokens,
    /// Whether the last line asks for files to be read at its place.
    pub(crate) includes: bool,
    pub(crate) slash_comments: Vec<Span>,
}

impl Lexed {
    pub(crate) fn line(&mut self, line: Raw<'_>, diagnostics: &mut Diagnostics) {
        self.includes = false;
        let mut lexer = Lexer { line, lexed: self, diagnostics };
        lexer.words();
        lexer.lexed.tokens.end_of_line();
    }

    /// All of them in one warning: who writes one writes many.
    pub(crate) fn report_slash_comments(&self, diagnostics: &mut Diagnostics) {
        let Some((&first, others)) = self.slash_comments.split_first() else { return };
        let message = match others.len() {
            0 => "keepalived does not know `//` comments".to_owned(),
            n => format!("keepalived does not know `//` comments: this one and {n} more"),
        };
        diagnostics.push(
            Diagnostic::new(Severity::Warning, first, message)
                .label("left out here, but keepalived reads these words")
                .help("begin comments with `#` or `!`"),
        );
    }
}

struct Lexer<'l, 'd> {
    line: Raw<'l>,
    lexed: &'d mut Lexed,
    diagnostics: &'d mut Diagnostics,
}

impl Lexer<'_, '_> {
    fn span(&self, start: usize, length: usize) -> Span {
        let start = self.line.start + start;
        Span { source: self.line.source, start, end: start + length }
    }

    fn push(&mut self, word: Word, start: usize, length: usize) {
        let span = self.span(start, length);
        self.lexed.tokens.word(word, span);
    }

    fn error(&mut self, start: usize, length: usize, message: &str, help: &str) {
        let span = self.span(start, length);
        let error = Diagnostic::new(Severity::Error, span, message);
        self.diagnostics.push(if help.is_empty() { error } else { error.help(help) });
    }

    fn words(&mut self) {
        let line = self.line.text;
        let mut begins_statement = true;
        let mut pattern_follows = false;
        let mut start = line.len() - line.trim_ascii_start().len();
        while let Some((rest, first)) =
            line.get(start..).and_then(|rest| Some((rest, rest.chars().next()?)))
        {
            start += match first {
                ' ' | '\t' | '\r' | '\u{b}' | '\u{c}' => 1,
                '!' | '#' if !self.line.protected.contains(&start) => return,
                '/' if rest.starts_with("//") && begins_word(line, start) => {
                    let span = self.span(start, rest.trim_end().len());
                    self.lexed.slash_comments.push(span);
                    return;
                }
                _ if std::mem::take(&mut pattern_follows) && first != '"' => {
                    self.pattern(start, rest)
                }
                '{' | '}' => {
                    let brace = self.span(start, 1);
                    if first == '{' {
                        self.lexed.tokens.open(brace);
                    } else {
                        self.lexed.tokens.close(brace);
                    }
                    begins_statement = true;
                    1
                }
                '"' => {
                    begins_statement = false;
                    self.quoted(start, rest)
                }
                _ => {
                    let length = self.word(start, rest);
                    let word = rest.get(..length).unwrap_or_default();
                    pattern_follows = begins_statement && is_include(word);
                    self.lexed.includes |= pattern_follows;
                    begins_statement = false;
                    length
                }
            };
        }
    }

    /// The file name after `include`, in which braces are alternatives.
    fn pattern(&mut self, start: usize, rest: &str) -> usize {
        let mut depth = 0_usize;
        let end = rest.char_indices().find(|&(at, c)| match c {
            '{' => {
                depth += 1;
                false
            }
            '}' => {
                let closes_more = depth == 0;
                depth = depth.saturating_sub(1);
                closes_more
            }
            '!' | '#' => !self.line.protected.contains(&(start + at)),
            c => c.is_ascii_whitespace() || c == '"',
        });
        let length = end.map_or(rest.len(), |(at, _)| at);
        let text = rest.get(..length).unwrap_or_default();
        if length > 0 {
            self.check_characters(start, length, text);
            self.push(Word::Plain, start, length);
        }
        length
    }

    /// A word in quotes; returns how many bytes it takes, quotes included.
    fn quoted(&mut self, start: usize, rest: &str) -> usize {
        let mut escaped = false;
        let inner = rest.get(1..).unwrap_or_default();
        let closing = inner.char_indices().find(|&(_, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let Some((length, _)) = closing else {
            let length = rest.trim_end().len();
            self.error(
                start,
                length,
                "this quote is not closed on its line",
                "end the text with another `\"`",
            );
            return rest.len();
        };
        let text = inner.get(..length).unwrap_or_default();
        self.check_characters(start, length + 2, text);
        self.push(Word::Quoted, start, length + 2);
        length + 2
    }

    /// A word without quotes; returns how many bytes it takes.
    fn word(&mut self, start: usize, rest: &str) -> usize {
        let is_simple = |byte: u8| {
            byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'!' | b'#' | b'{' | b'}' | b'"')
        };
        let simple = rest.bytes().position(|byte| !is_simple(byte)).unwrap_or(rest.len());
        if matches!(rest.as_bytes().get(simple), None | Some(b' ' | b'\t' | b'{' | b'}' | b'"')) {
            self.push(Word::Plain, start, simple);
            return simple;
        }
        let mut text = String::new();
        let mut characters = rest.char_indices().peekable();
        let mut length = rest.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => match characters.next_if(|&(_, c)| c == '#' || c == '!') {
                    Some((_, protected)) => text.push(protected),
                    None => {
                        text.push('\\');
                        text.extend(
                            characters.next_if(|&(_, c)| c == '"' || c == '\\').map(|(_, c)| c),
                        );
                    }
                },
                '!' | '#' if self.line.protected.contains(&(start + at)) => text.push(c),
                '!' | '#' => {
                    self.warn_of_comment(start + at, rest.get(at..).unwrap_or_default());
                    length = at;
                    break;
                }
                '{' | '}' | '"' => {
                    length = at;
                    break;
                }
                c if c.is_ascii_whitespace() || c == '\u{b}' => {
                    length = at;
                    break;
                }
                c => text.push(c),
            }
        }
        self.check_characters(start, length, &text);
        // Only a backslash makes it another than what is written.
        let plain = text.len() == length;
        self.push(if plain { Word::Plain } else { Word::Other(text) }, start, length);
        length
    }

    /// In a password, `!` and `#` are seldom meant to begin a comment.
    fn warn_of_comment(&mut self, start: usize, comment: &str) {
        let comment = comment.trim_end();
        let mut characters = comment.chars();
        let Some(sign) = characters.next() else { return };
        if characters.next().is_some_and(char::is_whitespace) {
            return;
        }
        let span = self.span(start, comment.len());
        self.diagnostics.push(
            Diagnostic::new(
                Severity::Warning,
                span,
                format!("`{sign}` begins a comment, even in the middle of a word"),
            )
            .label("this is not read")
            .help("if it belongs to the word, write the word in quotes; if not, put a blank before it"),
        );
    }

    fn check_characters(&mut self, start: usize, length: usize, text: &str) {
        if text.contains(char::REPLACEMENT_CHARACTER) {
            self.error(start, length, "this word is not UTF-8", "save the file as UTF-8");
        } else if text.contains(|c: char| c.is_control()) {
            self.error(start, length, "this word contains a control character", "");
        } else if text.contains(|c: char| c.is_whitespace() && !c.is_ascii()) {
            self.error(
                start,
                length,
                "this word contains a blank that is not an ordinary one",
                "replace it by a space, or write the word in quotes if it is meant",
            );
        }
    }
}

pub(crate) fn begins_word(line: &str, at: usize) -> bool {
    line.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|before| before.is_ascii_whitespace() || matches!(before, '{' | '}' | '"'))
}

/// Whether a keyword takes the name of a file to read at its place.
pub(crate) fn is_include(keyword: &str) -> bool {
    Strictness::of(keyword).is_some()
}

#[cfg(test)]
pub(crate) mod tests;
