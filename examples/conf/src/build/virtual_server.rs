use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::Span;
use crate::check::{Entries, Entry};
use crate::model::{
    Forward, Persistence, PersistenceMask, Probe, Protocol, RealServer, Scheduler, ServiceFlags,
    SorryServer, VirtualServer,
};
use crate::tree::Word;
use crate::value::integer;

use super::checker::Inherited;
use super::real_server::{self, Service};
use super::{Context, method};

/// keepalived's own when persistence is wanted and no time is given.
const PERSISTENCE: Duration = Duration::from_secs(360);

/// The `virtual_server` blocks.
pub(super) fn build(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<VirtualServer> {
    root.all("virtual_server").filter_map(|entry| one(entry, context)).collect()
}

fn one(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<VirtualServer> {
    let inside = &entry.inside;
    let (address_word, rest) = entry.statement.arguments.split_first()?;
    let (address, port) = endpoint(address_word, rest, context)?;
    let scheduler = scheduler(inside, address_word.span, context);
    let forward = forward(inside, address_word.span, context);
    let service = Service {
        address,
        port,
        forward,
        weight: inside.integer("weight").unwrap_or_default(),
        inhibit_on_failure: inside.has("inhibit_on_failure"),
        checks: Inherited {
            virtualhost: inside.text("virtualhost"),
            alpha: inside.has("alpha"),
            ..Inherited::default().within(inside)
        },
    };
    let real_servers = real_servers(inside, address_word.span, &service, context);
    let protocol = protocol(inside, address_word.span, &real_servers, context);
    let (quorum, hysteresis) = quorum(inside, &real_servers, context);
    Some(VirtualServer {
        address,
        port,
        protocol,
        scheduler,
        flags: flags(inside, scheduler, protocol, context),
        persistence: persistence(inside, &service, address_word.span, context),
        quorum,
        hysteresis,
        quorum_up: context.script(inside, "quorum_up"),
        quorum_down: context.script(inside, "quorum_down"),
        alpha: inside.has("alpha"),
        omega: inside.has("omega"),
        sorry_server: sorry_server(inside, &service, context),
        real_servers,
        span: address_word.span,
    })
}

fn endpoint(address: &Word, rest: &[Word], context: &mut Context<'_>) -> Option<(IpAddr, u16)> {
    if let kind @ ("fwmark" | "group") = address.text.as_str() {
        context
            .error(address.span, format!("`virtual_server {kind}` is not supported yet"))
            .label("without it, these services would be missing")
            .help("write a `virtual_server IP PORT` for each service");
        return None;
    }
    let Ok(ip) = address.text.parse() else {
        context
            .error(address.span, format!("`{}` is not an IP address", address.text))
            .label("expected IP [PORT]");
        return None;
    };
    let port = match rest.first() {
        None => 0,
        Some(word) => match integer(&word.text).and_then(|port| u16::try_from(port).ok()) {
            Some(port) => port,
            None => {
                context
                    .error(word.span, format!("`{}` is not a port", word.text))
                    .label("expected a number from 1 to 65535");
                return None;
            }
        },
    };
    if let Some(extra) = rest.get(1) {
        context
            .warning(extra.span, format!("`{}` is too much after a port", extra.text))
            .label("ignored, as keepalived does");
    }
    Some((ip, port))
}

fn scheduler(inside: &Entries<'_>, service: Span, context: &mut Context<'_>) -> Scheduler {
    let entry = inside.either("lb_algo", "lvs_sched");
    if entry.is_none() {
        context
            .warning(service, "`lb_algo` is missing")
            .label("`lb_algo wlc` is used, as keepalived does");
    }
    entry
        .and_then(|entry| inside.text(entry.row.name))
        .and_then(|name| Scheduler::ALL.iter().find(|(known, _)| *known == name))
        .map_or(Scheduler::WeightedLeastConnection, |(_, scheduler)| *scheduler)
}

fn forward(inside: &Entries<'_>, service: Span, context: &mut Context<'_>) -> Forward {
    let Some(entry) = inside.either("lb_kind", "lvs_method") else {
        context
            .warning(service, "`lb_kind` is missing")
            .label("`lb_kind NAT` is used, as keepalived does");
        return Forward::Nat;
    };
    method::forward(entry, context).unwrap_or(Forward::Nat)
}

/// keepalived's default is UDP, which nobody means who checks by TCP.
fn protocol(
    inside: &Entries<'_>,
    service: Span,
    real_servers: &[RealServer],
    context: &mut Context<'_>,
) -> Protocol {
    if inside.has("protocol") {
        return match inside.text("protocol").as_deref() {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => Protocol::Sctp,
            _ => Protocol::Tcp,
        };
    }
    let check = real_servers.iter().flat_map(|server| &server.checkers).next();
    match check {
        Some(check) => {
            let name = match check.probe {
                Probe::Tcp => "TCP_CHECK",
                Probe::Http(_) => "HTTP_GET",
            };
            context
                .error(service, "`protocol` is missing")
                .label("keepalived would balance UDP here")
                .related(check.span, format!("{name} means that its servers speak TCP"))
                .help("add `protocol TCP`");
        }
        None => {
            context
                .warning(service, "`protocol` is missing")
                .label("`protocol UDP` is used, as keepalived does");
        }
    }
    Protocol::Udp
}

fn real_servers(
    inside: &Entries<'_>,
    span: Span,
    service: &Service,
    context: &mut Context<'_>,
) -> Vec<RealServer> {
    let mut servers: Vec<RealServer> = Vec::new();
    for entry in inside.all("real_server") {
        let Some(server) = real_server::build(entry, service, context) else { continue };
        let same =
            |other: &&RealServer| (other.address, other.port) == (server.address, server.port);
        match servers.iter().find(same) {
            Some(earlier) => {
                context
                    .warning(server.span, format!("{} is listed twice", server.address))
                    .label("this one is ignored, as keepalived does")
                    .related(earlier.span, "this one counts");
            }
            None => servers.push(server),
        }
    }
    if !inside.has("real_server") {
        context
            .error(span, "this service has no real_server")
            .label("keepalived drops it")
            .help("add `real_server IP PORT { … }`, or remove the service");
    }
    servers
}

fn flags(
    inside: &Entries<'_>,
    scheduler: Scheduler,
    protocol: Protocol,
    context: &mut Context<'_>,
) -> ServiceFlags {
    let mut flags = ServiceFlags {
        one_packet: inside.has("ops"),
        flag_1: inside.has("flag-1"),
        flag_2: inside.has("flag-2"),
        flag_3: inside.has("flag-3"),
    };
    for (name, owner) in [
        ("sh-fallback", Scheduler::SourceHashing),
        ("sh-port", Scheduler::SourceHashing),
        ("mh-fallback", Scheduler::MaglevHashing),
        ("mh-port", Scheduler::MaglevHashing),
    ] {
        let Some(entry) = inside.get(name) else { continue };
        if scheduler != owner {
            context.warning(entry.span(), format!("`{name}` has no effect")).label(format!(
                "it belongs to `lb_algo {}`, not {}",
                owner.name(),
                scheduler.name()
            ));
        } else if name.ends_with("port") {
            flags.flag_2 = true;
        } else {
            flags.flag_1 = true;
        }
    }
    if let Some(ops) = inside.get("ops").filter(|_| protocol != Protocol::Udp) {
        context
            .warning(ops.span(), "`ops` has no effect: it is for UDP")
            .label("dropped, as keepalived does");
        flags.one_packet = false;
    }
    flags
}

fn persistence(
    inside: &Entries<'_>,
    service: &Service,
    span: Span,
    context: &mut Context<'_>,
) -> Option<Persistence> {
    let timeout = inside.seconds("persistence_timeout").filter(|timeout| !timeout.is_zero());
    if let Some(entry) = inside.get("persistence_timeout")
        && inside.seconds("persistence_timeout").is_some_and(|timeout| timeout.is_zero())
    {
        context
            .warning(entry.span(), "`persistence_timeout 0` means no persistence")
            .label("keepalived calls this an error, and does the same")
            .help("remove the line");
    }
    let granularity = inside.get("persistence_granularity");
    let mask = match granularity {
        Some(entry) => mask(entry, service.address, context)?,
        None if service.address.is_ipv4() => PersistenceMask::V4(Ipv4Addr::BROADCAST),
        None => PersistenceMask::V6(128),
    };
    if service.port == 0 && timeout.is_none() && granularity.is_none() {
        context
            .warning(span, "a service of all ports must be persistent")
            .label("`persistence_timeout 360` is used, as keepalived does");
    } else if timeout.is_none() && granularity.is_none() {
        return None;
    }
    Some(Persistence { timeout: timeout.unwrap_or(PERSISTENCE), granularity: mask })
}

fn mask(entry: &Entry<'_>, service: IpAddr, context: &mut Context<'_>) -> Option<PersistenceMask> {
    let word = entry.statement.arguments.first()?;
    let (mask, expected) = if service.is_ipv4() {
        let mask = word.text.parse().ok().filter(|mask: &Ipv4Addr| !mask.is_unspecified());
        (mask.map(PersistenceMask::V4), "a mask such as 255.255.255.0")
    } else {
        let length = integer(&word.text).and_then(|n| u8::try_from(n).ok());
        let length = length.filter(|length| (1..=128).contains(length));
        (length.map(PersistenceMask::V6), "a number from 1 to 128")
    };
    if mask.is_none() {
        context
            .error(word.span, format!("`persistence_granularity` cannot be `{}`", word.text))
            .label(format!("expected {expected}"));
    }
    mask
}

/// Lowered until the servers can reach them, as keepalived does.
fn quorum(
    inside: &Entries<'_>,
    real_servers: &[RealServer],
    context: &mut Context<'_>,
) -> (NonZeroU32, u32) {
    let written: u32 = inside.integer("quorum").unwrap_or_default();
    let total: u32 = real_servers.iter().map(|server| u32::from(server.weight)).sum();
    let mut quorum = written.max(1);
    if quorum > total.max(1)
        && let Some(entry) = inside.get("quorum")
    {
        quorum = total.max(1);
        context
            .warning(
                entry.span(),
                format!("all servers together weigh {total}, less than the quorum"),
            )
            .label(format!("{quorum} is used, as keepalived does"));
    }
    let mut hysteresis = inside.integer("hysteresis").unwrap_or_default();
    if hysteresis >= quorum
        && let Some(entry) = inside.get("hysteresis")
    {
        hysteresis = quorum - 1;
        context
            .warning(entry.span(), format!("a hysteresis must be less than the quorum of {quorum}"))
            .label(format!("{hysteresis} is used, as keepalived does"));
    }
    (NonZeroU32::new(quorum).unwrap_or(NonZeroU32::MIN), hysteresis)
}

fn sorry_server(
    inside: &Entries<'_>,
    service: &Service,
    context: &mut Context<'_>,
) -> Option<SorryServer> {
    let method = inside.get("sorry_server_lvs_method");
    let forward = method.and_then(|entry| method::forward(entry, context));
    let forward = forward.unwrap_or(service.forward);
    let inhibit = inside.get("sorry_server_inhibit");
    let Some(entry) = inside.get("sorry_server") else {
        for stray in [method, inhibit].into_iter().flatten() {
            context.warning(
                stray.span(),
                format!("`{}` has no effect: there is no sorry_server", stray.row.name),
            );
        }
        return None;
    };
    let span = entry.statement.arguments.first()?.span;
    let (address, port) = real_server::endpoint(entry, service, forward, context)?;
    Some(SorryServer { address, port, forward, inhibit: inhibit.is_some(), span })
}
