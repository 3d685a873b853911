//! Text to tokens, by keepalived's rules.
//!
//! Line by line. `!` and `#` begin a comment anywhere, even inside a word; only `"…"` and a backslash
//! protect them. Braces outside quotes stand by themselves wherever they are. `//` at the beginning of a
//! word is taken for the comment its author meant, which keepalived does not do.

use crate::{Diagnostic, Diagnostics, Severity, SourceId, Span};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Without its quotes, and without the backslash of `\#` and `\!`.
    Word(String),
    Open,
    Close,
    EndOfLine,
}

pub(crate) fn lex(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        tokens: Vec::new(),
        diagnostics,
        slash_comments: Vec::new(),
        in_definition: false,
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        lexer.line(start, content);
        start = end;
    }
    lexer.report_slash_comments();
    lexer.tokens
}

struct Lexer<'d> {
    source: SourceId,
    tokens: Vec<Token>,
    diagnostics: &'d mut Diagnostics,
    slash_comments: Vec<Span>,
    in_definition: bool,
}

impl Lexer<'_> {
    fn span(&self, start: usize, length: usize) -> Span {
        Span { source: self.source, start, end: start + length }
    }

    fn push(&mut self, kind: Kind, start: usize, length: usize) {
        let span = self.span(start, length);
        self.tokens.push(Token { kind, span });
    }

    fn error(&mut self, start: usize, length: usize, message: &str, help: &str) {
        let span = self.span(start, length);
        let error = Diagnostic::new(Severity::Error, span, message);
        self.diagnostics.push(if help.is_empty() { error } else { error.help(help) });
    }

    fn line(&mut self, start: usize, line: &str) {
        if self.in_definition {
            self.in_definition = line.trim_end().ends_with('\\');
            return;
        }
        let trimmed = line.trim_start();
        let offset = start + (line.len() - trimmed.len());
        if is_definition(trimmed) {
            self.in_definition = trimmed.trim_end().ends_with('\\');
            self.error(
                offset,
                trimmed.trim_end().len(),
                "definitions are not supported yet",
                "write the value wherever it is used",
            );
            return;
        }
        if trimmed.starts_with('@') {
            self.error(
                offset,
                trimmed.trim_end().len(),
                "lines for one configuration id (`@id`) are not supported yet",
                "keep a file for each machine",
            );
            return;
        }
        self.words(start, line);
        self.push(Kind::EndOfLine, start + line.len(), 0);
    }

    fn words(&mut self, line_start: usize, line: &str) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let start = line_start + (line.len() - rest.len());
            let used = match first {
                ' ' | '\t' | '\r' | '\u{b}' | '\u{c}' => 1,
                '!' | '#' => return,
                '/' if rest.starts_with("//") && begins_word(line, line.len() - rest.len()) => {
                    let span = self.span(start, rest.trim_end().len());
                    self.slash_comments.push(span);
                    return;
                }
                '{' => {
                    self.push(Kind::Open, start, 1);
                    1
                }
                '}' => {
                    self.push(Kind::Close, start, 1);
                    1
                }
                '"' => self.quoted(start, rest),
                _ => self.word(start, rest),
            };
            rest = rest.get(used..).unwrap_or_default();
        }
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
        self.push(Kind::Word(text.to_owned()), start, length + 2);
        length + 2
    }

    /// A word without quotes; returns how many bytes it takes.
    fn word(&mut self, start: usize, rest: &str) -> usize {
        let mut text = String::new();
        let mut characters = rest.char_indices().peekable();
        let mut length = rest.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '$' if characters.next_if(|&(_, c)| c == '{').is_some() => {
                    let name = rest.get(at..).unwrap_or_default();
                    let name = name.find('}').and_then(|end| name.get(..=end)).unwrap_or(name);
                    self.error(
                        start + at,
                        name.len(),
                        "definitions are not supported yet",
                        "write the value itself",
                    );
                    text.push_str(name);
                    let end = at + name.len();
                    while characters.next_if(|&(at, _)| at < end).is_some() {}
                }
                '\\' => match characters.next_if(|&(_, c)| c == '#' || c == '!') {
                    Some((_, protected)) => text.push(protected),
                    None => {
                        text.push('\\');
                        text.extend(
                            characters.next_if(|&(_, c)| c == '"' || c == '\\').map(|(_, c)| c),
                        );
                    }
                },
                '{' | '}' | '"' | '!' | '#' => {
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
        if text.starts_with("~SEQ") || text.starts_with("~LST") {
            self.error(
                start,
                length,
                "sequences (`~SEQ`, `~LST`) are not supported yet",
                "write the lines out",
            );
        }
        self.check_characters(start, length, &text);
        self.push(Kind::Word(text), start, length);
        length
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

    /// All of them in one warning: who writes one writes many.
    fn report_slash_comments(&mut self) {
        let Some((&first, others)) = self.slash_comments.split_first() else { return };
        let message = match others.len() {
            0 => "keepalived does not know `//` comments".to_owned(),
            n => format!("keepalived does not know `//` comments: this one and {n} more"),
        };
        self.diagnostics.push(
            Diagnostic::new(Severity::Warning, first, message)
                .label("left out here, but keepalived reads these words")
                .help("begin comments with `#` or `!`"),
        );
    }
}

fn begins_word(line: &str, at: usize) -> bool {
    line.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|before| before.is_ascii_whitespace() || matches!(before, '{' | '}' | '"'))
}

/// `$NAME=`, with nothing before the equals sign.
fn is_definition(line: &str) -> bool {
    let Some((name, _)) = line.strip_prefix('$').and_then(|rest| rest.split_once('=')) else {
        return false;
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
