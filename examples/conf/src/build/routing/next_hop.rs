//! Several ways of one route.

use std::net::IpAddr;
use std::slice::Iter;

use crate::Span;
use crate::model::{HopWeight, NextHop, Route};
use crate::tree::Word;

use super::{Context, Line};

impl Line<'_, '_> {
    /// What follows `nexthop`, up to the next one or the end.
    pub(super) fn next_hop(
        &mut self,
        keyword: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<NextHop> {
        let mut hop = through(None);
        while words.as_slice().first().is_some_and(|word| word.text != "nexthop") {
            let word = words.next()?;
            match word.text {
                "via" => hop.gateway = Some(self.gateway(word, words)?),
                "dev" | "oif" => hop.interface = Some(self.interface(word, words)?),
                "weight" => hop.weight = self.number(word, words)?,
                "onlink" => hop.on_link = true,
                _ => return self.unknown(word, "nexthop"),
            }
        }
        if hop.gateway.is_none() && hop.interface.is_none() {
            self.context.error(keyword.span, "`nexthop` needs `via` or `dev`");
            return None;
        }
        Some(hop)
    }

    /// `or`: the older word for a second way, beside that of `via`.
    pub(super) fn second_way(
        &mut self,
        route: &mut Route,
        keyword: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<()> {
        let second = self.address(keyword, words)?;
        let Some(first) = route.gateway.take() else {
            self.context
                .error(keyword.span, "`or` comes once, after `via`")
                .help("write `nexthop via …` for each way");
            return None;
        };
        route.next_hops.extend([first, second].map(|gateway| through(Some(gateway))));
        Some(())
    }
}

fn through(gateway: Option<IpAddr>) -> NextHop {
    NextHop { gateway, interface: None, on_link: false, weight: HopWeight::default() }
}

/// A route has one way or several; only one of several is one.
pub(super) fn settle(route: &mut Route, span: Span, context: &mut Context<'_>) -> Option<()> {
    if route.next_hops.is_empty() {
        return Some(());
    }
    let has_one = route.gateway.is_some() || route.interface.is_some() || route.on_link;
    if has_one || route.encapsulation.is_some() {
        context
            .error(span, "a route has one way, or several")
            .help("write `via`, `dev` and `onlink` after each `nexthop`");
        return None;
    }
    if route.next_hops.len() == 1
        && let Some(NextHop { gateway, interface, on_link, weight: _ }) = route.next_hops.pop()
    {
        (route.gateway, route.interface, route.on_link) = (gateway, interface, on_link);
    }
    Some(())
}
