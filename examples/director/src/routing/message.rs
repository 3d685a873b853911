//! Addresses, routes and rules as the kernel's messages about them (rtnetlink(7)).

use std::collections::BTreeMap;
use std::net::IpAddr;

use nix::net::if_::if_nametoindex;
use rtnetlink::packet_core::Nla;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope, CacheInfo,
};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteNextHop,
    RouteNextHopFlags, RouteProtocol, RouteScope, RouteType,
};
use rtnetlink::packet_route::rule::{RuleAction as Action, RuleAttribute, RuleMessage};
use steadfast_conf::model::{
    Family, Metric, MetricValue, NextHop, Prefix, Route, RouteKind, Rule, RuleAction,
    VirtualAddress,
};

use super::encapsulation;
use crate::links::own_address;

/// RTPROT_KEEPALIVED: what says that a route or rule is ours, also after a crash.
pub(super) const OURS: u8 = 18;
/// RT_TABLE_COMPAT: the number is in an attribute.
const IN_ATTRIBUTE: u8 = 252;
const FOR_EVER: u32 = u32::MAX;

/// There is no such interface.
#[derive(Debug, thiserror::Error)]
#[error("there is no interface {0}")]
pub(super) struct NoInterface(String);

fn index(name: &str) -> Result<u32, NoInterface> {
    if_nametoindex(name).map_err(|_| NoInterface(name.to_owned()))
}

fn family(family: Family) -> AddressFamily {
    match family {
        Family::Ipv4 => AddressFamily::Inet,
        Family::Ipv6 => AddressFamily::Inet6,
    }
}

fn table(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(IN_ATTRIBUTE)
}

pub(super) fn address(address: &VirtualAddress) -> Result<AddressMessage, NoInterface> {
    let mut message = AddressMessage::default();
    message.header.family = family(Family::of(address.address));
    message.header.index = index(address.interface.as_deref().unwrap_or_default())?;
    message.header.prefix_len = address.prefix_len;
    message.header.scope = AddressScope::from(address.scope);
    message.header.flags = AddressHeaderFlags::empty();
    let mut flags = AddressFlags::empty();
    flags.set(AddressFlags::Noprefixroute, !address.prefix_route);
    flags.set(AddressFlags::Mcautojoin, address.autojoin);
    flags.set(AddressFlags::Homeaddress, address.home);
    flags.set(AddressFlags::Managetempaddr, address.manage_temporary);
    let is_ipv6 = address.address.is_ipv6();
    flags.set(AddressFlags::Nodad, is_ipv6 && !address.detect_duplicates);
    let attributes = &mut message.attributes;
    attributes.push(AddressAttribute::Local(address.address));
    attributes.push(AddressAttribute::Address(address.peer.unwrap_or(address.address)));
    attributes.extend(address.broadcast.map(AddressAttribute::Broadcast));
    attributes.extend(address.label.clone().map(AddressAttribute::Label));
    if !flags.is_empty() {
        attributes.push(AddressAttribute::Flags(flags));
    }
    if let Some(lifetime) = address.preferred_lifetime {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = FOR_EVER;
        lifetimes.ifa_preferred = u32::try_from(lifetime.as_secs()).unwrap_or(FOR_EVER);
        attributes.push(AddressAttribute::CacheInfo(lifetimes));
    }
    Ok(message)
}

/// Whether that is the address that was wanted; the kernel says more about it than it was told.
pub(super) fn is_that_address(wanted: &AddressMessage, there: &AddressMessage) -> bool {
    let place = |message: &AddressMessage| (message.header.index, message.header.prefix_len);
    place(wanted) == place(there) && own_address(wanted) == own_address(there)
}

pub(super) fn route(route: &Route) -> Result<RouteMessage, NoInterface> {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = family(route.family);
    header.destination_prefix_length = route.destination.length;
    header.tos = route.tos;
    header.table = table(route.table);
    header.protocol = RouteProtocol::from(OURS);
    header.kind = match route.kind {
        RouteKind::Unicast => RouteType::Unicast,
        RouteKind::Local => RouteType::Local,
        RouteKind::Blackhole => RouteType::BlackHole,
        RouteKind::Unreachable => RouteType::Unreachable,
        RouteKind::Prohibit => RouteType::Prohibit,
        RouteKind::Throw => RouteType::Throw,
    };
    header.scope = match (route.scope, route.family, route.kind) {
        (Some(scope), ..) => RouteScope::from(scope),
        (None, Family::Ipv4, RouteKind::Local) => RouteScope::Host,
        _ => RouteScope::Universe,
    };
    if route.on_link {
        header.flags = RouteFlags::Onlink;
    }
    let attributes = &mut message.attributes;
    attributes.push(RouteAttribute::Table(route.table));
    if route.destination.length > 0 {
        attributes.push(RouteAttribute::Destination(route.destination.address.into()));
    }
    attributes.extend(route.gateway.map(|gateway| RouteAttribute::Gateway(gateway.into())));
    attributes.extend(route.source.map(|source| RouteAttribute::PrefSource(source.into())));
    if let Some(interface) = &route.interface {
        attributes.push(RouteAttribute::Oif(index(interface)?));
    }
    if !route.next_hops.is_empty() {
        let next_hops: Result<_, _> = route.next_hops.iter().map(next_hop).collect();
        attributes.push(RouteAttribute::MultiPath(next_hops?));
    }
    attributes.extend(route.encapsulation.iter().flat_map(encapsulation::attributes));
    attributes.extend(route.metric.map(RouteAttribute::Priority));
    if !route.metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics(&route.metrics)));
    }
    Ok(message)
}

/// Which are locked is told as the bits of their numbers.
fn metrics(wanted: &BTreeMap<Metric, MetricValue>) -> Vec<RouteMetric> {
    let mut metrics: Vec<_> = wanted.iter().map(|(kind, it)| metric(*kind, it.value)).collect();
    let locked = wanted.iter().zip(&metrics).filter(|((_, wanted), _)| wanted.is_locked);
    let locked = locked.fold(0, |bits, (_, metric)| bits | (1 << metric.kind()));
    if locked != 0 {
        metrics.push(RouteMetric::Lock(locked));
    }
    metrics
}

fn metric(metric: Metric, value: u32) -> RouteMetric {
    match metric {
        Metric::Mtu => RouteMetric::Mtu(value),
        Metric::Window => RouteMetric::Window(value),
        Metric::Rtt => RouteMetric::Rtt(value),
        Metric::RttVar => RouteMetric::RttVar(value),
        Metric::Ssthresh => RouteMetric::SsThresh(value),
        Metric::Cwnd => RouteMetric::Cwnd(value),
        Metric::Advmss => RouteMetric::Advmss(value),
        Metric::Reordering => RouteMetric::Reordering(value),
        Metric::Hoplimit => RouteMetric::Hoplimit(value),
        Metric::Initcwnd => RouteMetric::InitCwnd(value),
        Metric::RtoMin => RouteMetric::RtoMin(value),
        Metric::Initrwnd => RouteMetric::InitRwnd(value),
        Metric::Quickack => RouteMetric::QuickAck(value),
        Metric::FastopenNoCookie => RouteMetric::FastopenNoCookie(value),
    }
}

fn next_hop(hop: &NextHop) -> Result<RouteNextHop, NoInterface> {
    let mut message = RouteNextHop::default();
    if let Some(interface) = &hop.interface {
        message.interface_index = index(interface)?;
    }
    message.hops = hop.weight.beyond_one();
    message.flags.set(RouteNextHopFlags::Onlink, hop.on_link);
    message.attributes.extend(hop.gateway.map(|it| RouteAttribute::Gateway(it.into())));
    Ok(message)
}

/// Whether these are the ways that were wanted, in any order: the kernel has its own for IPv6.
fn are_those_ways(wanted: &[RouteNextHop], there: &[RouteNextHop]) -> bool {
    let on_link = |hop: &RouteNextHop| hop.flags.contains(RouteNextHopFlags::Onlink);
    let is_that = |wanted: &RouteNextHop, there: &RouteNextHop| {
        (wanted.hops, on_link(wanted)) == (there.hops, on_link(there))
            && gateway(&wanted.attributes) == gateway(&there.attributes)
            && [0, there.interface_index].contains(&wanted.interface_index)
    };
    wanted.len() == there.len()
        && wanted.iter().all(|wanted| there.iter().any(|there| is_that(wanted, there)))
}

fn gateway(attributes: &[RouteAttribute]) -> Option<&RouteAddress> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(gateway) => Some(gateway),
        _ => None,
    })
}

/// Whether that is the route that was wanted. What was left to the kernel may be anything.
pub(super) fn is_that_route(wanted: &RouteMessage, there: &RouteMessage) -> bool {
    let key = |message: &RouteMessage| {
        let header = &message.header;
        let family = header.address_family;
        (family, header.destination_prefix_length, header.tos, header.protocol, header.kind)
    };
    let there_is = |wanted| there.attributes.iter().any(|there| is_that_attribute(wanted, there));
    key(wanted) == key(there)
        && gateway(&wanted.attributes) == gateway(&there.attributes)
        && encapsulation::is_any(wanted) == encapsulation::is_any(there)
        && wanted.attributes.iter().all(there_is)
}

fn is_that_attribute(wanted: &RouteAttribute, there: &RouteAttribute) -> bool {
    match (wanted, there) {
        (RouteAttribute::Metrics(wanted), RouteAttribute::Metrics(there)) => {
            wanted.iter().all(|metric| there.contains(metric))
        }
        (RouteAttribute::MultiPath(wanted), RouteAttribute::MultiPath(there)) => {
            are_those_ways(wanted, there)
        }
        // The kernel also tells what was left to it.
        (RouteAttribute::Encap(wanted), RouteAttribute::Encap(there)) => {
            wanted.iter().all(|inside| there.contains(inside))
        }
        (wanted, there) => wanted == there,
    }
}

pub(super) fn rule(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    let header = &mut message.header;
    let length = |prefix: &Option<Prefix>| prefix.map_or(0, |prefix| prefix.length);
    header.family = family(rule.family);
    header.src_len = length(&rule.from);
    header.dst_len = length(&rule.to);
    header.tos = rule.tos;
    let attributes = &mut message.attributes;
    attributes.push(RuleAttribute::Priority(rule.priority));
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(OURS)));
    header.action = match rule.action {
        RuleAction::Table(number) => {
            header.table = table(number);
            attributes.push(RuleAttribute::Table(number));
            Action::ToTable
        }
        RuleAction::Goto(number) => {
            attributes.push(RuleAttribute::Goto(number));
            Action::Goto
        }
        RuleAction::Nop => Action::Nop,
        RuleAction::Blackhole => Action::Blackhole,
        RuleAction::Unreachable => Action::Unreachable,
        RuleAction::Prohibit => Action::Prohibit,
    };
    let address = |prefix: Prefix| -> IpAddr { prefix.address };
    attributes.extend(rule.from.map(address).map(RuleAttribute::Source));
    attributes.extend(rule.to.map(address).map(RuleAttribute::Destination));
    attributes.extend(rule.incoming.clone().map(RuleAttribute::Iifname));
    attributes.extend(rule.outgoing.clone().map(RuleAttribute::Oifname));
    if let Some((mark, mask)) = rule.mark {
        attributes.push(RuleAttribute::FwMark(mark));
        attributes.push(RuleAttribute::FwMask(mask));
    }
    message
}

/// Whether that is the rule that was wanted.
pub(super) fn is_that_rule(wanted: &RuleMessage, there: &RuleMessage) -> bool {
    let key = |message: &RuleMessage| {
        let header = &message.header;
        (header.family, header.src_len, header.dst_len, header.tos, header.action)
    };
    let conditions = |message: &RuleMessage| {
        let condition = |attribute: &&RuleAttribute| {
            matches!(
                attribute,
                RuleAttribute::Iifname(_) | RuleAttribute::Oifname(_) | RuleAttribute::FwMark(_)
            )
        };
        message.attributes.iter().filter(condition).count()
    };
    key(wanted) == key(there)
        && conditions(wanted) == conditions(there)
        && wanted.attributes.iter().all(|attribute| there.attributes.contains(attribute))
}

/// Whether a rule was made by us, now or before a crash.
pub(super) fn is_ours(rule: &RuleMessage) -> bool {
    rule.attributes.contains(&RuleAttribute::Protocol(RouteProtocol::from(OURS)))
}
