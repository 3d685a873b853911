//! What ipvsadm 1.31 prints, byte for byte.

mod connections;
mod counters;
mod endpoint;
mod listing;
mod save;

#[cfg(test)]
mod tests;

pub(crate) use connections::{connection, connections_title};
pub(crate) use endpoint::Style;
pub(crate) use listing::{listing, version};
pub(crate) use save::save;

use std::fmt::Display;

use steadfast_ipvs::{Family, Protocol, ServiceKey, SyncDaemon, Timeouts};

/// The protocol whose port names a service's servers have.
fn protocol(key: &ServiceKey) -> Option<Protocol> {
    match key {
        ServiceKey::Address { protocol, .. } => Some(*protocol),
        ServiceKey::FirewallMark { .. } => None,
    }
}

fn ipv6(family: Family, word: &'static str) -> &'static str {
    match family {
        Family::Ipv4 => "",
        Family::Ipv6 => word,
    }
}

/// `-L --timeout`.
pub(crate) fn timeouts(timeouts: &Timeouts) -> String {
    let [tcp, tcp_fin, udp] =
        [timeouts.tcp(), timeouts.tcp_fin(), timeouts.udp()].map(|timeout| timeout.as_secs());
    format!("Timeout (tcp tcpfin udp): {tcp} {tcp_fin} {udp}\n")
}

/// `-L --daemon`.
pub(crate) fn daemons(daemons: &[SyncDaemon]) -> String {
    let mut text = String::new();
    for daemon in daemons {
        let SyncDaemon { role, interface, sync_id, max_length, group, port, ttl } = daemon;
        text += &format!("{role} sync daemon (mcast={interface}, syncid={sync_id}");
        text += &parameter("maxlen", *max_length);
        text += &parameter("group", *group);
        text += &parameter("port", *port);
        text += &parameter("ttl", *ttl);
        text += ")\n";
    }
    text
}

/// Kernels before Linux 4.3 do not tell.
fn parameter(name: &str, value: Option<impl Display>) -> String {
    value.map(|value| format!(", {name}={value}")).unwrap_or_default()
}
