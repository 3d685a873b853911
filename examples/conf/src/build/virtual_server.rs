use std::collections::{HashMap, hash_map};
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Span;
use crate::check::{Entries, Entry};
use crate::model::{
    Family, Forward, Frontend, GroupMember, Persistence, PersistenceEngine, PersistenceMask, Place,
    Probe, Protocol, RealServer, Scheduler, ServiceFlags, SorryServer, Ssl, TrackFile,
    VirtualServer,
};
use crate::value::{Value, integer};
use crate::virtual_servers::VirtualServers;

use super::checker::Inherited;
use super::real_server::{self, Service};
use super::{Context, frontend, method};

/// keepalived's own when persistence is wanted and no time is given.
const PERSISTENCE: Duration = Duration::from_secs(360);

/// The `virtual_server` blocks, and where each stands.
pub(super) fn build(
    root: &Entries<'_>,
    services: &mut VirtualServers<'_>,
    log_all_failures: bool,
    track_files: &[TrackFile],
    context: &mut Context<'_>,
) -> (Vec<Arc<VirtualServer>>, Vec<Span>) {
    let ssl = Arc::new(ssl(root, context));
    let checks = Inherited { log_all_failures, ssl, track_files, ..Inherited::default() };
    let (mut built, mut places) = (Vec::new(), Vec::new());
    while let Some(statements) = services.next_tree(context.diagnostics) {
        let entries = services.check(&statements, context.diagnostics);
        for entry in entries.iter() {
            let Some(service) = one(entry, root, &checks, context) else { continue };
            places.push(service.span.into());
            built.push(services.shared(service));
        }
    }
    (built, places)
}

/// The `SSL` block.
fn ssl(root: &Entries<'_>, context: &mut Context<'_>) -> Ssl {
    let Some(entry) = root.get("SSL") else { return Ssl::default() };
    let file = |name| entry.inside.text(name).map(PathBuf::from);
    if let Some(authorities) = entry.inside.get("ca") {
        context
            .note(authorities.span(), "servers must have a certificate that these have signed")
            .label("keepalived reads them and accepts any certificate")
            .help("remove `ca` if any certificate will do");
    }
    let ssl = Ssl { authorities: file("ca"), certificate: file("certificate"), key: file("key") };
    if ssl.certificate.is_some() != ssl.key.is_some() {
        context.error(entry.span(), "`certificate` and `key` go together");
    }
    ssl
}

fn one(
    entry: &Entry<'_>,
    root: &Entries<'_>,
    checks: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Option<VirtualServer> {
    let inside = &entry.inside;
    let address_word = entry.statement.arguments.first()?;
    let frontend = frontend::build(entry, root, context)?;
    let scheduler = scheduler(inside, address_word.span, context);
    let forward = forward(inside, address_word.span, context);
    let service = Service {
        frontend,
        forward,
        weight: inside.integer("weight").unwrap_or_default(),
        inhibit_on_failure: inside.has("inhibit_on_failure"),
        checks: Inherited { alpha: inside.has("alpha"), ..checks.within(inside) },
    };
    let real_servers = real_servers(inside, address_word.span, &service, context);
    let protocol = protocol(inside, &service.frontend, address_word.span, &real_servers, context);
    let (quorum, hysteresis) = quorum(inside, &real_servers, context);
    let persistence = persistence(inside, &service, address_word.span, context);
    let sorry_server = sorry_server(inside, &service, context);
    let ha_suspend = ha_suspend(inside, &service.frontend, context);
    Some(VirtualServer {
        frontend: service.frontend,
        protocol,
        scheduler,
        flags: flags(inside, scheduler, protocol, context),
        persistence,
        quorum,
        hysteresis,
        quorum_up: context.script(inside, "quorum_up").map(Box::new),
        quorum_down: context.script(inside, "quorum_down").map(Box::new),
        smtp_alert: inside.flag("smtp_alert").unwrap_or(context.alerts.service),
        alpha: inside.has("alpha"),
        omega: inside.has("omega"),
        ha_suspend,
        sorry_server,
        real_servers,
        span: address_word.span.into(),
    })
}

fn ha_suspend(inside: &Entries<'_>, frontend: &Frontend, context: &mut Context<'_>) -> bool {
    let Some(entry) = inside.get("ha_suspend") else { return false };
    let has_address = match frontend {
        Frontend::Address { .. } => true,
        Frontend::FirewallMark(_) => false,
        Frontend::Group { members, .. } => {
            members.iter().any(|member| matches!(member, GroupMember::Addresses(_)))
        }
    };
    if !has_address {
        context
            .warning(entry.span(), "`ha_suspend` has no effect: a mark has no address")
            .label("dropped, as keepalived does");
    } else if matches!(frontend, Frontend::Group { .. }) {
        context
            .note(entry.span(), "checks pause while none of the group's addresses is here")
            .label("keepalived never checks the servers of a group with `ha_suspend`");
    }
    has_address
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
    frontend: &Frontend,
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
    // A mark is of packets, whatever they carry.
    if matches!(frontend, Frontend::FirewallMark(_)) {
        return Protocol::Tcp;
    }
    let checks = real_servers.iter().flat_map(|server| &server.checkers);
    let check = checks
        .into_iter()
        .find(|check| matches!(check.probe, Probe::Tcp(_) | Probe::Http(_) | Probe::Smtp(_)));
    match check {
        Some(check) => {
            let name = check.probe.name();
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
    service: &Service<'_>,
    context: &mut Context<'_>,
) -> Vec<RealServer> {
    let mut servers: Vec<RealServer> = Vec::new();
    let mut seen: HashMap<_, (Place, &Option<Value>)> = HashMap::new();
    for entry in inside.all("real_server") {
        let Some(server) = real_server::build(entry, service, context) else { continue };
        match seen.entry((server.address, server.port)) {
            hash_map::Entry::Occupied(earlier) => {
                let (place, value) = *earlier.get();
                let twice = context
                    .warning(server.span, format!("{} is listed twice", server.address))
                    .related(place, "this one counts");
                if entry.value == *value {
                    twice.label("this one is ignored, as keepalived does");
                } else {
                    twice
                        .label("this one is ignored: packets keep their port on the way to it")
                        .help("put its checks into the other: all of them must pass");
                }
            }
            hash_map::Entry::Vacant(first) => {
                first.insert((server.span, &entry.value));
                servers.push(server);
            }
        }
    }
    servers.shrink_to_fit();
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
    service: &Service<'_>,
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
        Some(entry) => mask(entry, service.frontend.family(), context)?,
        None => match service.frontend.family() {
            Family::Ipv4 => PersistenceMask::V4(Ipv4Addr::BROADCAST),
            Family::Ipv6 => PersistenceMask::V6(128),
        },
    };
    let engine = inside.has("persistence_engine").then_some(PersistenceEngine::Sip);
    let wanted = timeout.is_some() || granularity.is_some() || engine.is_some();
    if has_all_ports(&service.frontend) && !wanted {
        context
            .warning(span, "a service of all ports must be persistent")
            .label("`persistence_timeout 360` is used, as keepalived does");
    } else if !wanted {
        return None;
    }
    Some(Persistence { timeout: timeout.unwrap_or(PERSISTENCE), granularity: mask, engine })
}

fn has_all_ports(frontend: &Frontend) -> bool {
    match frontend {
        Frontend::Address { port, .. } => *port == 0,
        Frontend::FirewallMark(_) => false,
        Frontend::Group { members, .. } => members
            .iter()
            .any(|member| matches!(member, GroupMember::Addresses(range) if range.port() == 0)),
    }
}

fn mask(entry: &Entry<'_>, family: Family, context: &mut Context<'_>) -> Option<PersistenceMask> {
    let word = entry.statement.arguments.first()?;
    let (mask, expected) = if family == Family::Ipv4 {
        let mask = word.text.parse().ok().filter(|mask: &Ipv4Addr| !mask.is_unspecified());
        (mask.map(PersistenceMask::V4), "a mask such as 255.255.255.0")
    } else {
        let length = integer(word.text).and_then(|n| u8::try_from(n).ok());
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
    let weights = real_servers.iter().map(|server| u32::from(server.weight));
    let total = weights.fold(0, u32::saturating_add);
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
    let needed = quorum.saturating_add(hysteresis);
    if hysteresis > 0
        && needed > total
        && let Some(entry) = inside.get("hysteresis")
    {
        context
            .warning(
                entry.span(),
                format!(
                    "all servers together weigh {total}, and the quorum is gained at {needed} only"
                ),
            )
            .label(format!("so much above the quorum of {quorum}"))
            .help("lower one of them: as it is, there is never a quorum");
    }
    (NonZeroU32::new(quorum).unwrap_or(NonZeroU32::MIN), hysteresis)
}

fn sorry_server(
    inside: &Entries<'_>,
    service: &Service<'_>,
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
    Some(SorryServer { address, port, forward, inhibit: inhibit.is_some(), span: span.into() })
}
