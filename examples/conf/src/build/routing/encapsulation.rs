//! What packets of a route travel in.

use std::slice::Iter;
use std::str::FromStr;

use crate::model::{Encapsulation, MplsLabel, OuterHeader};
use crate::tree::Word;

use super::{Line, number};

/// The kernel's MAX_NEW_LABELS (net/mpls/internal.h).
const MOST_LABELS: usize = 30;

impl Line<'_, '_> {
    /// What follows `encap`: its type, and what that needs.
    pub(super) fn encapsulation(
        &mut self,
        keyword: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<Encapsulation> {
        let kind = self.value(keyword, words)?;
        match kind.text {
            "mpls" => self.parsed(&kind, words, labels).map(Encapsulation::Mpls),
            "ip" => self.tunnel(&kind, ["tos", "ttl"], words).map(Encapsulation::Ip),
            "ip6" => self.tunnel(&kind, ["tc", "hoplimit"], words).map(Encapsulation::Ip6),
            text => {
                self.context
                    .error(kind.span, format!("`encap` cannot be `{text}`"))
                    .label("expected `mpls`, `ip` or `ip6`");
                None
            }
        }
    }

    fn tunnel<A: FromStr>(
        &mut self,
        kind: &Word<'_>,
        [tos, ttl]: [&str; 2],
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<OuterHeader<A>> {
        let mut tunnel =
            OuterHeader { id: None, destination: None, source: None, tos: None, ttl: None };
        // `src` and `tos` are words of a route as well, before or after something else.
        let is_ours = |word: &Word<'_>| ["id", "dst", "src", tos, ttl].contains(&word.text);
        while let Some(word) = words.as_slice().first().copied().filter(|word| is_ours(word)) {
            words.next();
            match word.text {
                "id" => tunnel.id = Some(self.parsed(word, words, |text| text.parse().ok())?),
                "dst" => tunnel.destination = Some(self.parsed(word, words, end)?),
                "src" => tunnel.source = Some(self.parsed(word, words, end)?),
                text if text == tos => tunnel.tos = Some(self.number(word, words)?),
                _ => tunnel.ttl = Some(self.number(word, words)?),
            }
        }
        if tunnel.id.is_none() && tunnel.destination.is_none() {
            let message = format!("`encap {}` needs `id` or `dst`", kind.text);
            self.context.error(kind.span, message);
            return None;
        }
        Some(tunnel)
    }
}

fn labels(text: &str) -> Option<Vec<MplsLabel>> {
    let labels: Option<Vec<_>> = text.split('/').map(number).collect();
    labels.filter(|labels| labels.len() <= MOST_LABELS)
}

fn end<A: FromStr>(text: &str) -> Option<A> {
    text.parse().ok()
}
