use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::Print;

/// Where text goes line by line, and how deep in blocks it is.
pub(super) struct Page<'w> {
    out: &'w mut dyn Write,
    depth: usize,
    /// What became of the lines so far; after one that cannot be written no more are.
    written: fmt::Result,
}

impl<'w> Page<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, depth: 0, written: Ok(()) }
    }

    /// Whether all lines could be written.
    pub(super) fn end(self) -> fmt::Result {
        self.written
    }

    /// One line as it is.
    pub(super) fn line(&mut self, line: impl Display) {
        if self.written.is_ok() {
            let indent = 4 * self.depth;
            self.written = writeln!(self.out, "{:indent$}{line}", "");
        }
    }

    /// A keyword and its value.
    pub(super) fn value(&mut self, keyword: &str, value: impl Display) {
        self.line(format_args!("{keyword} {value}"));
    }

    /// A keyword and its value, if there is one.
    pub(super) fn optional(&mut self, keyword: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(keyword, value);
        }
    }

    /// A keyword that takes no value, if it holds.
    pub(super) fn alone(&mut self, keyword: &str, holds: bool) {
        if holds {
            self.line(keyword);
        }
    }

    /// A keyword that is on or off.
    pub(super) fn switch(&mut self, keyword: &str, on: bool) {
        self.value(keyword, if on { "on" } else { "off" });
    }

    /// A block, `opener` being what stands before its brace.
    pub(super) fn block(&mut self, opener: impl Display, inside: impl FnOnce(&mut Self)) {
        self.line(format_args!("{opener} {{"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line("}");
    }

    /// A block of lines, if there are any.
    pub(super) fn lines<T: Print>(&mut self, keyword: &str, lines: &[T]) {
        if !lines.is_empty() {
            self.block(keyword, |page| page.each(lines));
        }
    }

    pub(super) fn each<T: Print>(&mut self, things: &[T]) {
        for thing in things {
            thing.print(self);
        }
    }
}

/// One word, in quotes if it needs them.
pub(super) struct Word<'a>(pub(super) &'a str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let special = |c: char| c.is_whitespace() || "!#{}\"".contains(c);
        if self.0.is_empty() || self.0.starts_with("//") || self.0.contains(special) {
            write!(f, "\"{}\"", self.0)
        } else {
            f.write_str(self.0)
        }
    }
}

/// Text in quotes, as the shell-like keywords read it.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Bytes as digits in pairs.
pub(super) struct Hexadecimal<'a>(pub(super) &'a [u8]);

impl Display for Hexadecimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A time in seconds, with as many decimals as it needs.
pub(super) struct Seconds(pub(super) Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.0.as_secs(), self.0.subsec_micros());
        let text = format!("{whole}.{micros:06}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
