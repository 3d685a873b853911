use std::net::IpAddr;

use smallvec::SmallVec;

use crate::Span;
use crate::check::Entry;
use crate::model::{Family, Forward, Frontend, GroupMember, RealServer};
use crate::value::Value;

use super::checker::{self, Inherited};
use super::{Context, Saying, method};

/// What a real server takes from its service.
pub(super) struct Service<'f> {
    pub(super) frontend: Frontend,
    pub(super) forward: Forward,
    pub(super) weight: u16,
    pub(super) inhibit_on_failure: bool,
    pub(super) checks: Inherited<'f>,
}

pub(super) fn build(
    entry: &Entry<'_>,
    service: &Service<'_>,
    context: &mut Context<'_>,
) -> Option<RealServer> {
    let inside = &entry.inside;
    let span = entry.statement.arguments.first()?.span;
    let forward = inside.get("lvs_method").and_then(|method| method::forward(method, context));
    let forward = forward.unwrap_or(service.forward);
    let (address, port) = endpoint(entry, service, forward, context)?;
    let Some(Value::Endpoint(_, written_port)) = entry.value else { return None };
    let mut checks = service.checks.within(inside);
    checks.alpha = inside.flag("alpha").unwrap_or(checks.alpha);
    let server = checker::Server { address, port, written_port: written_port.unwrap_or(port) };
    let mut checkers = SmallVec::new();
    for entry in inside.iter() {
        checker::build(entry, server, &checks, &mut checkers, context);
    }
    let has_check = |lines: &[crate::tree::Statement<'_>]| {
        lines.iter().any(|line| {
            line.keyword.text.ends_with("_CHECK") || line.keyword.text.ends_with("_GET")
        })
    };
    if !has_check(entry.lines()) {
        context.note(span, format!("{address} is never checked")).label("it counts as up, always");
    }
    let weight = inside.integer("weight").unwrap_or(service.weight);
    if weight == 0 {
        context.note(span, "a server of weight 0 gets no new connections");
    }
    let (upper, lower) = (inside.integer("uthreshold"), inside.integer("lthreshold"));
    let (upper, lower): (u32, u32) = (upper.unwrap_or_default(), lower.unwrap_or_default());
    if upper != 0 && lower > upper {
        context.error(span, format!("its `lthreshold` {lower} is above its `uthreshold` {upper}"));
    }
    Some(RealServer {
        address,
        port,
        weight,
        forward,
        upper_threshold: upper,
        lower_threshold: lower,
        inhibit_on_failure: inside.flag("inhibit_on_failure").unwrap_or(service.inhibit_on_failure),
        notify_up: context.script(inside, "notify_up").map(Box::new),
        notify_down: context.script(inside, "notify_down").map(Box::new),
        smtp_alert: inside.flag("smtp_alert").unwrap_or(context.alerts.server),
        checkers,
        span: span.into(),
    })
}

/// The address and port of a `real_server` or `sorry_server`: as the kernel will have it, but of a group
/// as it is written, for its members have ports of their own.
pub(super) fn endpoint(
    entry: &Entry<'_>,
    service: &Service<'_>,
    forward: Forward,
    context: &mut Context<'_>,
) -> Option<(IpAddr, u16)> {
    let Some(Value::Endpoint(address, port)) = entry.value else { return None };
    let span = entry.statement.arguments.first()?.span;
    check_family(address, span, service, forward, context);
    let services = match &service.frontend {
        Frontend::Address { port, .. } => *port,
        // Marked packets keep their port, unless NAT changes it.
        Frontend::FirewallMark(_) => {
            return Some((address, port.filter(|_| forward == Forward::Nat).unwrap_or_default()));
        }
        Frontend::Group { members, .. } => {
            let other = |member: &GroupMember| match member {
                GroupMember::Addresses(range) => Some(range.port()) != port,
                GroupMember::FirewallMark(_) => false,
            };
            if port.is_some() && forward != Forward::Nat && members.iter().any(other) {
                cannot_change_the_port(entry, forward, context)?
                    .label("the port of each service of the group is used, as keepalived does");
            }
            return Some((address, port.or_else(|| common_port(members)).unwrap_or_default()));
        }
    };
    let Some(port) = port.filter(|&port| port != services) else {
        return Some((address, services));
    };
    if forward == Forward::Nat {
        return Some((address, port));
    }
    cannot_change_the_port(entry, forward, context)?
        .label(format!("port {services} is used, as keepalived does"));
    Some((address, services))
}

fn cannot_change_the_port<'d>(
    entry: &Entry<'_>,
    forward: Forward,
    context: &'d mut Context<'_>,
) -> Option<Saying<'d>> {
    let method = if forward == Forward::DirectRouting { "DR" } else { "TUN" };
    let word = entry.statement.arguments.get(1)?;
    let warning =
        context.warning(word.span, format!("{method} cannot change the port of a packet"));
    Some(warning.help("let the server listen on the service's port, or use `lb_kind NAT`"))
}

/// The port of a group, if there is only one.
fn common_port(members: &[GroupMember]) -> Option<u16> {
    let mut ports = members.iter().map(|member| match member {
        GroupMember::Addresses(range) => range.port(),
        GroupMember::FirewallMark(_) => 0,
    });
    let first = ports.next()?;
    ports.all(|port| port == first).then_some(first)
}

/// Only a tunnel can carry one family in the other.
fn check_family(
    address: IpAddr,
    span: Span,
    service: &Service<'_>,
    forward: Forward,
    context: &mut Context<'_>,
) {
    let other = Family::of(address) != service.frontend.family();
    if other && !matches!(forward, Forward::Tunnel(_)) {
        let served = match &service.frontend {
            Frontend::Address { address, .. } => address.to_string(),
            other => other.to_string(),
        };
        context
            .error(span, format!("{address} cannot serve {served}"))
            .label("an address of the other family")
            .help("only `lb_kind TUN` can mix IPv4 and IPv6");
    }
}
