//! Tokens to statements.

use crate::tokens::{Kind, Token};
use crate::{Diagnostic, Diagnostics, Severity, Span};

/// Deeper than any keyword nests; keeps hostile input from exhausting the stack.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'t> {
    pub(crate) keyword: Word<'t>,
    pub(crate) arguments: Vec<Word<'t>>,
    pub(crate) block: Option<Vec<Self>>,
}

impl Statement<'_> {
    /// From the keyword to the last argument.
    pub(crate) fn span(&self) -> Span {
        self.arguments.last().map_or(self.keyword.span, |last| self.keyword.span.to(last.span))
    }
}

/// Builds the tree. Braces that do not fit are reported, and what lies between them is still read.
pub(crate) fn build<'t>(
    tokens: impl IntoIterator<Item = Token<&'t str>>,
    diagnostics: &mut Diagnostics,
) -> Vec<Statement<'t>> {
    let mut builder = Builder { levels: vec![Level::default()], same_line: false, diagnostics };
    for token in tokens {
        match token.kind {
            Kind::Word(text) => builder.word(Word { text, span: token.span }),
            Kind::EndOfLine => builder.same_line = false,
            Kind::Open => builder.open(token.span),
            Kind::Close => builder.close(token.span),
        }
    }
    builder.finish()
}

/// A block being read: its statements so far, and the brace that opened it.
#[derive(Default)]
struct Level<'t> {
    statements: Vec<Statement<'t>>,
    opened: Option<Span>,
    /// Whether it belongs to the last statement of the level above; if not, it is dropped.
    owned: bool,
}

struct Builder<'t, 'd> {
    /// Never empty: the file itself, then each open block.
    levels: Vec<Level<'t>>,
    /// Whether a further word belongs to the last statement.
    same_line: bool,
    diagnostics: &'d mut Diagnostics,
}

impl<'t> Builder<'t, '_> {
    fn last_statement(&mut self) -> Option<&mut Statement<'t>> {
        self.levels.last_mut()?.statements.last_mut()
    }

    fn word(&mut self, word: Word<'t>) {
        if self.same_line
            && let Some(statement) = self.last_statement()
        {
            statement.arguments.push(word);
            return;
        }
        if let Some(level) = self.levels.last_mut() {
            level.statements.push(Statement { keyword: word, arguments: Vec::new(), block: None });
        }
        self.same_line = true;
    }

    fn open(&mut self, brace: Span) {
        self.same_line = false;
        let owned = self.last_statement().is_some_and(|statement| statement.block.is_none());
        if owned {
            if let Some(statement) = self.last_statement() {
                statement.block = Some(Vec::new());
            }
        } else {
            self.diagnostics.push(
                Diagnostic::new(Severity::Error, brace, "this block belongs to no keyword")
                    .help("write a keyword before the brace, or remove it and its partner"),
            );
        }
        if self.levels.len() == MAX_DEPTH {
            self.diagnostics.push(Diagnostic::new(
                Severity::Error,
                brace,
                "blocks are nested too deeply here",
            ));
        }
        self.levels.push(Level { statements: Vec::new(), opened: Some(brace), owned });
    }

    fn close(&mut self, brace: Span) {
        self.same_line = false;
        if self.levels.len() == 1 {
            self.diagnostics.push(
                Diagnostic::new(Severity::Error, brace, "this brace closes nothing")
                    .help("remove it, or look above for a block closed too early"),
            );
        } else {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let too_deep = self.levels.len() > MAX_DEPTH;
        let Some(level) = self.levels.pop() else { return };
        if level.owned
            && !too_deep
            && let Some(owner) = self.last_statement()
        {
            owner.block = Some(level.statements);
        }
    }

    fn finish(mut self) -> Vec<Statement<'t>> {
        if let Some(brace) = self.levels.last().and_then(|level| level.opened) {
            let owner = self.levels.iter().rev().nth(1).and_then(|level| level.statements.last());
            let name = owner.map_or(String::new(), |owner| format!(" of `{}`", owner.keyword.text));
            self.diagnostics.push(
                Diagnostic::new(Severity::Error, brace, format!("the block{name} is never closed"))
                    .label("opened here")
                    .help("add a `}` where the block ends"),
            );
        }
        while self.levels.len() > 1 {
            self.pop();
        }
        self.levels.pop().map(|level| level.statements).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
