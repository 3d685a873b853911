//! Of a configuration only what is outside of any block.

use crate::Sources;
use crate::tokens::{Kind, Tokens};

/// Tokens outside of any block, and the braces of blocks.
#[derive(Debug, Default)]
pub(super) struct Outermost {
    pub(super) tokens: Tokens,
    depth: usize,
}

impl Outermost {
    /// Takes what follows of a configuration; leaves nothing of it.
    pub(super) fn take(&mut self, next: &mut Tokens, sources: &Sources) {
        for token in next.of(0..next.len(), sources) {
            let before = self.depth;
            match token.kind {
                Kind::Open => self.depth += 1,
                Kind::Close => self.depth = before.saturating_sub(1),
                Kind::Word(_) | Kind::EndOfLine => {}
            }
            if before == 0 || self.depth == 0 {
                self.tokens.push(token.to_owned());
            }
        }
        next.clear();
    }
}
