//! Where an instance's advertisements go, and where they come from.

use std::net::IpAddr;

use crate::Span;
use crate::check::Entry;
use crate::model::{Destination, Family, UnicastPeer, VirtualAddress};
use crate::tree::{Statement, Word};
use crate::value::{self, integer};

use super::super::{Context, global};
use super::Reader;

/// Keywords that only make sense with `unicast_peer`.
const UNICAST: [&str; 4] =
    ["unicast_src_ip", "unicast_ttl", "unicast_fault_no_peer", "check_unicast_src"];
const TTL: u8 = 255;

impl Reader<'_, '_> {
    /// That of what is written first, as far as it says it.
    pub(super) fn family(&self, addresses: &[VirtualAddress]) -> Family {
        let inside = self.inside();
        if inside.has("native_ipv6") {
            return Family::Ipv6;
        }
        let source = || self.source_entry().and_then(|entry| inside.address(entry.row.name));
        let first = addresses.first().map(|first| first.address).or_else(source);
        first.map(Family::of).unwrap_or_default()
    }

    /// Leaves out what is of another family, as keepalived does.
    pub(super) fn of_family(
        &self,
        family: Family,
        addresses: Vec<VirtualAddress>,
        context: &mut Context<'_>,
    ) -> Vec<VirtualAddress> {
        let (same, other): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| Family::of(address.address) == family);
        for VirtualAddress { address, span, .. } in other {
            context
                .warning(span, format!("{address} cannot be advertised over {family}"))
                .label("left out, as keepalived does")
                .help("move it to `virtual_ipaddress_excluded`, or to an instance of its own");
        }
        same
    }

    fn source_entry(&self) -> Option<&Entry<'_>> {
        self.inside().either("mcast_src_ip", "unicast_src_ip")
    }

    pub(super) fn source(&self, family: Family, context: &mut Context<'_>) -> Option<IpAddr> {
        let entry = self.source_entry()?;
        let source = self.inside().address(entry.row.name)?;
        if Family::of(source) != family {
            context
                .error(entry.span(), format!("an {family} instance cannot send from {source}"))
                .help("an instance is of the family of its first virtual address");
        }
        Some(source)
    }

    pub(super) fn destination(
        &self,
        family: Family,
        source: Option<IpAddr>,
        strict: Option<Span>,
        context: &mut Context<'_>,
    ) -> Destination {
        let inside = self.inside();
        let group = self.group(family, context);
        let peers = self.peers(family, source, context);
        let keyword = UNICAST.iter().find_map(|name| inside.get(name));
        if !peers.is_empty() {
            if let (Some(strict), Some(entry)) = (strict, inside.get("unicast_peer")) {
                context
                    .error(entry.statement.keyword.span, "strict mode has no unicast")
                    .related(strict, "strict mode is asked for here");
            }
            return Destination::Unicast {
                peers,
                ttl: inside.integer("unicast_ttl").unwrap_or(TTL),
                check_source: inside.has("check_unicast_src") || self.defaults.check_unicast_src,
            };
        }
        if inside.has("unicast_fault_no_peer") {
            context
                .warning(self.name, "this instance has no `unicast_peer`: it stays in FAULT")
                .label("as `unicast_fault_no_peer` says");
            return Destination::NoPeer(group);
        }
        // Those that it names may be what is wrong.
        let names_peers = inside.lines("unicast_peer").next().is_some();
        if let Some(entry) = keyword.or_else(|| inside.get("unicast_peer"))
            && !names_peers
        {
            context
                .warning(
                    entry.span(),
                    format!("`{}` without a `unicast_peer` is multicast", entry.row.name),
                )
                .label(format!("advertisements go to {group}, as keepalived does"))
                .help("name the other routers: `unicast_peer { … }`");
        }
        Destination::Multicast(group)
    }

    fn group(&self, family: Family, context: &mut Context<'_>) -> IpAddr {
        let default = match family {
            Family::Ipv4 => self.defaults.multicast_group4.into(),
            Family::Ipv6 => self.defaults.multicast_group6.into(),
        };
        let group = global::multicast_group(self.inside(), "mcast_dst_ip", context);
        let Some(group) = group else { return default };
        if Family::of(group) != family
            && let Some(entry) = self.inside().get("mcast_dst_ip")
        {
            context.error(entry.span(), format!("an {family} instance cannot send to {group}"));
        }
        group
    }

    fn peers(
        &self,
        family: Family,
        source: Option<IpAddr>,
        context: &mut Context<'_>,
    ) -> Vec<UnicastPeer> {
        let mut peers: Vec<UnicastPeer> = Vec::new();
        for line in self.inside().all("unicast_peer").flat_map(|entry| entry.lines()) {
            let Some(peer) = peer(line, family, context) else { continue };
            if peers.iter().any(|earlier| earlier.address == peer.address) {
                context
                    .warning(line.keyword.span, format!("{} is a peer already", peer.address))
                    .label("this one is ignored");
                continue;
            }
            if source == Some(peer.address) {
                context
                    .warning(line.keyword.span, format!("{} is this router itself", peer.address))
                    .label("the source of its own advertisements");
            }
            peers.push(peer);
        }
        peers
    }
}

/// `IP [min_ttl N] [max_ttl N]`.
fn peer(line: &Statement<'_>, family: Family, context: &mut Context<'_>) -> Option<UnicastPeer> {
    let word = &line.keyword;
    let Some(address) = value::address(word, context.diagnostics) else {
        context
            .error(word.span, format!("`{}` is not an address", word.text))
            .label("expected IP [min_ttl N] [max_ttl N]");
        return None;
    };
    if Family::of(address) != family {
        context.error(word.span, format!("a peer of an {family} instance cannot be {address}"));
        return None;
    }
    if address.is_multicast() || address.is_unspecified() {
        context.error(word.span, format!("{address} is not the address of a router"));
        return None;
    }
    let mut peer = UnicastPeer { address, min_ttl: 0, max_ttl: u8::MAX };
    let mut words = line.arguments.iter();
    while let Some(option) = words.next() {
        let bound = match option.text {
            "min_ttl" => &mut peer.min_ttl,
            "max_ttl" => &mut peer.max_ttl,
            name => {
                context
                    .error(option.span, format!("unknown word `{name}` after a peer"))
                    .label("expected `min_ttl N` or `max_ttl N`");
                return None;
            }
        };
        *bound = ttl(option, words.next(), context)?;
    }
    if peer.min_ttl > peer.max_ttl {
        context.error(line.span(), "no TTL is both at least `min_ttl` and at most `max_ttl`");
    }
    Some(peer)
}

fn ttl(option: &Word<'_>, value: Option<&Word<'_>>, context: &mut Context<'_>) -> Option<u8> {
    let name = &option.text;
    let Some(value) = value else {
        context.error(option.span, format!("`{name}` needs a value"));
        return None;
    };
    let ttl = integer(value.text).and_then(|ttl| u8::try_from(ttl).ok());
    if ttl.is_none() {
        context
            .error(value.span, format!("`{name}` cannot be `{}`", value.text))
            .label("expected a number from 0 to 255");
    }
    ttl
}
