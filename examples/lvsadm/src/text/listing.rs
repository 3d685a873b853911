//! The table, as `-L` shows it.

use std::fmt::Write;

use steadfast_ipvs::{
    Destination, DestinationKey, DestinationStatus, ForwardMethod, Info, Netmask, Protocol,
    Scheduler, Service, ServiceKey, ServiceStatus, Stats, Tunnel, TunnelChecksum,
};

use super::Style;
use super::counters::{Precision, cut, exact};
use crate::command::{Columns, List};

const SERVER_TITLE: &str = "  -> RemoteAddress:Port";

/// The first line of a listing of all services.
pub(crate) fn version(info: &Info) -> String {
    let Info { version, connection_table_size } = info;
    format!("IP Virtual Server version {version} (size={connection_table_size})\n")
}

/// The titles and the services with their destinations.
pub(crate) fn listing(services: &[ServiceStatus], list: &List, style: Style<'_>) -> String {
    let precision = if list.exact { Precision::Exact } else { Precision::Rounded };
    let mut text = titles(list.columns);
    for service in services {
        let name = name(&service.key, style);
        // Writing to a String cannot fail.
        let _ = match list.columns {
            Columns::Stats => writeln!(text, "{name:<33}{}", stats(&service.stats, precision)),
            Columns::Rate => writeln!(text, "{name:<33}{}", rates(&service.stats, precision)),
            _ => writeln!(text, "{name} {}", settings(&service.service)),
        };
        for (server, status) in &service.destinations {
            text += &destination(&service.key, server, status, list.columns, precision, style);
        }
    }
    text
}

fn titles(columns: Columns) -> String {
    const SERVICE: &str = "Prot LocalAddress:Port";
    let counters = |titles: [&str; 5]| {
        let titles: String = titles.iter().map(|title| format!(" {title:>8}")).collect();
        format!("{SERVICE:<33}{titles}\n{SERVER_TITLE}\n")
    };
    match columns {
        Columns::Connections => format!(
            "{SERVICE} Scheduler Flags\n\
             {SERVER_TITLE}           Forward Weight ActiveConn InActConn\n"
        ),
        Columns::TunnelInformation => format!(
            "{SERVICE} Scheduler Flags\n\
             {SERVER_TITLE}           Forward TunnelInfo    Weight ActiveConn InActConn\n"
        ),
        Columns::Thresholds => format!(
            "{SERVICE:<33} {:<10} {:<10} {:<10} {:<10}\n{SERVER_TITLE}\n",
            "Uthreshold", "Lthreshold", "ActiveConn", "InActConn"
        ),
        Columns::PersistentConnections => format!(
            "{SERVICE:<33} {:<9} {:<11} {:<10} {:<10}\n{SERVER_TITLE}\n",
            "Weight", "PersistConn", "ActiveConn", "InActConn"
        ),
        Columns::Stats => counters(["Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"]),
        Columns::Rate => counters(["CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"]),
    }
}

fn name(key: &ServiceKey, style: Style<'_>) -> String {
    match key {
        ServiceKey::Address { protocol, address, port } => {
            let name = match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
            };
            format!("{name:<4} {}", style.column(*address, *port, Some(*protocol)))
        }
        ServiceKey::FirewallMark { mark, family } => {
            format!("FWM  {}{}", signed(mark.get()), super::ipv6(*family, " IPv6"))
        }
    }
}

/// ipvsadm shows marks as signed numbers.
pub(super) fn signed(mark: u32) -> i32 {
    mark.cast_signed()
}

fn settings(service: &Service) -> String {
    let mut text = service.scheduler.to_string();
    if let Some(flags) = flags(service) {
        text += &format!(" ({flags})");
    }
    if let Some(persistence) = &service.persistence {
        text += &format!(" persistent {}", persistence.timeout().as_secs());
        if let Some(netmask) = partial(persistence.netmask()) {
            text += &format!(" mask {netmask}");
        }
        if let Some(engine) = service.engine {
            text += &format!(" pe {engine}");
        }
    }
    if service.flags.one_packet {
        text += " ops";
    }
    text
}

/// The scheduler's flags, if it has any, by the names that they have with it; the third one of `sh`
/// and `mh` has none.
pub(super) fn flags(service: &Service) -> Option<String> {
    let names: &[&str] = match service.scheduler {
        Scheduler::SH => &["sh-fallback", "sh-port"],
        Scheduler::MH => &["mh-fallback", "mh-port"],
        _ => &["flag-1", "flag-2", "flag-3"],
    };
    let flags = &service.flags;
    let set = [flags.scheduler_1, flags.scheduler_2, flags.scheduler_3];
    let shown: Vec<_> =
        names.iter().zip(set).filter_map(|(name, set)| set.then_some(*name)).collect();
    set.contains(&true).then(|| shown.join(","))
}

/// A netmask, if it is not that of a whole address.
pub(super) fn partial(netmask: Netmask) -> Option<String> {
    match netmask {
        Netmask::V4(mask) => (!mask.is_broadcast()).then(|| mask.to_string()),
        Netmask::V6(prefix) => (prefix != 128).then(|| prefix.to_string()),
    }
}

fn destination(
    key: &ServiceKey,
    server: &DestinationKey,
    status: &DestinationStatus,
    columns: Columns,
    precision: Precision,
    style: Style<'_>,
) -> String {
    let name = style.column(server.address, server.port, super::protocol(key));
    let DestinationStatus { destination, connections, .. } = status;
    let (active, inactive) = (connections.active, connections.inactive);
    let (weight, thresholds) = (destination.weight, destination.thresholds);
    let rest = match columns {
        Columns::Stats => stats(&cut(&status.stats), precision),
        Columns::Rate => server_rates(&cut(&status.stats), precision),
        Columns::Connections => {
            let forward = forward(destination);
            format!(" {forward:<7} {weight:<6} {active:<10} {inactive:<10}")
        }
        Columns::TunnelInformation => {
            let (forward, tunnel) = (forward(destination), tunnel(destination));
            format!(" {forward:<7} {tunnel:<13} {weight:<6} {active:<10} {inactive:<10}")
        }
        Columns::Thresholds => {
            let (upper, lower) = (thresholds.upper(), thresholds.lower());
            format!(" {upper:<10} {lower:<10} {active:<10} {inactive:<10}")
        }
        Columns::PersistentConnections => {
            let persistent = connections.persistent;
            format!(" {weight:<9} {persistent:<11} {active:<10} {inactive:<10}")
        }
    };
    format!("  -> {name:<28}{rest}\n")
}

fn stats(stats: &Stats, precision: Precision) -> String {
    let Stats { connections, packets_in, packets_out, bytes_in, bytes_out, .. } = *stats;
    let counters = [connections, packets_in, packets_out, bytes_in, bytes_out];
    counters.into_iter().map(|counter| precision.column(counter)).collect()
}

fn rates(stats: &Stats, precision: Precision) -> String {
    let rates = &stats.rates;
    [rates.connections, rates.packets_in, rates.packets_out, rates.bytes_in, rates.bytes_out]
        .into_iter()
        .map(|rate| precision.column(rate))
        .collect()
}

/// Only bytes are ever rounded.
fn server_rates(stats: &Stats, precision: Precision) -> String {
    let rates = &stats.rates;
    let exact: String =
        [rates.connections, rates.packets_in, rates.packets_out].into_iter().map(exact).collect();
    exact + &precision.column(rates.bytes_in) + &precision.column(rates.bytes_out)
}

/// ipvsadm has no word for what it cannot set.
pub(super) const NO_WORD: &str = "(null)";

fn forward(destination: &Destination) -> &'static str {
    match destination.forward {
        ForwardMethod::Masquerade => "Masq",
        ForwardMethod::LocalNode => "Local",
        ForwardMethod::Tunnel(_) => "Tunnel",
        ForwardMethod::Unknown(method) if method.is_tunnel() => "Tunnel",
        ForwardMethod::DirectRoute => "Route",
        ForwardMethod::Bypass | ForwardMethod::Unknown(_) => NO_WORD,
    }
}

fn tunnel(destination: &Destination) -> String {
    let word = |checksum| match checksum {
        TunnelChecksum::None => "-c",
        TunnelChecksum::Computed => "+c",
        TunnelChecksum::Remote => "r+c",
    };
    match destination.forward {
        ForwardMethod::Tunnel(Tunnel::Ipip) => "ipip".to_owned(),
        ForwardMethod::Tunnel(Tunnel::Gue { port, checksum }) => {
            format!("gue:{port}:{}", word(checksum))
        }
        ForwardMethod::Tunnel(Tunnel::Gre { checksum }) => format!("gre:{}", word(checksum)),
        _ => "n/a".to_owned(),
    }
}
