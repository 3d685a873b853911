//! The `virtual_server` blocks. There may be thousands, so each is a tree only while it is read, and
//! those that are as they were before are not kept a second time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::check::{self, Entries, WithoutEffect};
use crate::model::{Frontend, Model, VirtualServer};
use crate::tokens::Tokens;
use crate::tree::{self, Statement};
use crate::{Diagnostics, Sources};

/// Those that are still to be read.
pub(crate) struct VirtualServers<'t> {
    tokens: &'t Tokens,
    sources: &'t Sources,
    statements: std::vec::IntoIter<Range<usize>>,
    without_effect: &'t mut WithoutEffect,
    earlier: HashMap<&'t Frontend, &'t Arc<VirtualServer>>,
}

impl<'t> VirtualServers<'t> {
    pub(crate) const KEYWORD: &'static str = "virtual_server";

    pub(crate) fn new(
        tokens: &'t Tokens,
        sources: &'t Sources,
        statements: Vec<Range<usize>>,
        without_effect: &'t mut WithoutEffect,
        earlier: &'t Model,
    ) -> Self {
        let earlier = earlier.virtual_servers.iter();
        let earlier = earlier.map(|service| (&service.frontend, service)).collect();
        Self { tokens, sources, statements: statements.into_iter(), without_effect, earlier }
    }

    pub(crate) fn next_tree(
        &mut self,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Statement<'t>>> {
        let statement = self.statements.next()?;
        Some(tree::build(self.tokens.of(statement, self.sources), diagnostics))
    }

    pub(crate) fn check<'s>(
        &mut self,
        statements: &'s [Statement<'s>],
        diagnostics: &mut Diagnostics,
    ) -> Entries<'s> {
        check::check(statements, self.sources, self.without_effect, diagnostics)
    }

    /// The one of the earlier model, if it is equal and what may be warned of in it stands where it
    /// stood.
    pub(crate) fn shared(&self, service: VirtualServer) -> Arc<VirtualServer> {
        let is_same = |earlier: &&&Arc<VirtualServer>| {
            ****earlier == service && earlier.looked_at().eq(service.looked_at())
        };
        match self.earlier.get(&service.frontend).filter(is_same) {
            Some(earlier) => Arc::clone(earlier),
            None => Arc::new(service),
        }
    }
}
