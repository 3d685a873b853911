//! Listings as JSON: numbers in full, addresses and ports as numbers, every attribute always there.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, NonZeroU16};

use serde::Serialize;
use steadfast_ipvs::{
    Connection, DestinationKey, DestinationStatus, Family, ForwardMethod, Info, MulticastGroup,
    Netmask, Rates, Service, ServiceKey, ServiceStatus, Stats, SyncDaemon, Timeouts, Tunnel,
    TunnelChecksum,
};

#[derive(Serialize)]
pub(crate) struct JsonTable {
    version: String,
    connection_table_size: u32,
    services: Vec<JsonService>,
}

impl JsonTable {
    pub(crate) fn new(info: &Info, services: &[ServiceStatus]) -> Self {
        Self {
            version: info.version.to_string(),
            connection_table_size: info.connection_table_size,
            services: services.iter().map(JsonService::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonService {
    #[serde(flatten)]
    key: JsonKey,
    scheduler: String,
    flags: Vec<&'static str>,
    persistence: Option<JsonPersistence>,
    engine: Option<String>,
    stats: Counters,
    rates: Counters,
    destinations: Vec<JsonDestination>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonKey {
    Address { protocol: String, address: IpAddr, port: u16 },
    FirewallMark { fwmark: u32, family: &'static str },
}

#[derive(Serialize)]
struct JsonPersistence {
    timeout: u64,
    /// A netmask of IPv4 or the length of an IPv6 prefix.
    netmask: String,
}

#[derive(Serialize)]
struct Counters {
    connections: u64,
    packets_in: u64,
    packets_out: u64,
    bytes_in: u64,
    bytes_out: u64,
}

#[derive(Serialize)]
struct JsonDestination {
    address: IpAddr,
    port: u16,
    forward: String,
    tunnel: Option<JsonTunnel>,
    weight: u32,
    upper_threshold: u32,
    lower_threshold: u32,
    active_connections: u32,
    inactive_connections: u32,
    persistent_connections: u32,
    stats: Counters,
    rates: Counters,
}

#[derive(Serialize)]
struct JsonTunnel {
    r#type: &'static str,
    port: Option<u16>,
    checksum: Option<&'static str>,
}

impl JsonService {
    fn new(listed: &ServiceStatus) -> Self {
        let ServiceStatus { key, service, stats, destinations } = listed;
        Self {
            key: JsonKey::new(key),
            scheduler: service.scheduler.to_string(),
            flags: flags(service),
            persistence: service.persistence.map(|persistence| JsonPersistence {
                timeout: persistence.timeout().as_secs(),
                netmask: match persistence.netmask() {
                    Netmask::V4(mask) => mask.to_string(),
                    Netmask::V6(prefix) => prefix.to_string(),
                },
            }),
            engine: service.engine.map(|engine| engine.to_string()),
            stats: Counters::total(stats),
            rates: Counters::rate(&stats.rates),
            destinations: destinations.iter().map(JsonDestination::new).collect(),
        }
    }
}

impl JsonKey {
    fn new(key: &ServiceKey) -> Self {
        match key {
            ServiceKey::Address { protocol, address, port } => {
                Self::Address { protocol: protocol.to_string(), address: *address, port: *port }
            }
            ServiceKey::FirewallMark { mark, family } => Self::FirewallMark {
                fwmark: mark.get(),
                family: match family {
                    Family::Ipv4 => "ipv4",
                    Family::Ipv6 => "ipv6",
                },
            },
        }
    }
}

fn flags(service: &Service) -> Vec<&'static str> {
    let flags = &service.flags;
    [
        (flags.scheduler_1, "flag-1"),
        (flags.scheduler_2, "flag-2"),
        (flags.scheduler_3, "flag-3"),
        (flags.one_packet, "ops"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}

impl Counters {
    fn total(stats: &Stats) -> Self {
        let Stats { connections, packets_in, packets_out, bytes_in, bytes_out, .. } = *stats;
        Self { connections, packets_in, packets_out, bytes_in, bytes_out }
    }

    fn rate(rates: &Rates) -> Self {
        let Rates { connections, packets_in, packets_out, bytes_in, bytes_out } = *rates;
        Self { connections, packets_in, packets_out, bytes_in, bytes_out }
    }
}

impl JsonDestination {
    fn new((key, status): &(DestinationKey, DestinationStatus)) -> Self {
        let DestinationStatus { destination, connections, stats } = status;
        Self {
            address: key.address,
            port: key.port,
            forward: forward(destination.forward),
            tunnel: JsonTunnel::of(destination.forward),
            weight: destination.weight.get(),
            upper_threshold: destination.thresholds.upper(),
            lower_threshold: destination.thresholds.lower(),
            active_connections: connections.active,
            inactive_connections: connections.inactive,
            persistent_connections: connections.persistent,
            stats: Counters::total(stats),
            rates: Counters::rate(&stats.rates),
        }
    }
}

fn forward(method: ForwardMethod) -> String {
    match method {
        ForwardMethod::Masquerade => "masquerade".to_owned(),
        ForwardMethod::LocalNode => "local".to_owned(),
        ForwardMethod::Tunnel(_) => "tunnel".to_owned(),
        ForwardMethod::DirectRoute => "route".to_owned(),
        ForwardMethod::Bypass => "bypass".to_owned(),
        ForwardMethod::Unknown(_) => method.to_string(),
    }
}

impl JsonTunnel {
    fn of(method: ForwardMethod) -> Option<Self> {
        let ForwardMethod::Tunnel(tunnel) = method else { return None };
        Some(match tunnel {
            Tunnel::Ipip => Self { r#type: "ipip", port: None, checksum: None },
            Tunnel::Gue { port, checksum } => Self {
                r#type: "gue",
                port: Some(port.get()),
                checksum: Some(self::checksum(checksum)),
            },
            Tunnel::Gre { checksum } => {
                Self { r#type: "gre", port: None, checksum: Some(self::checksum(checksum)) }
            }
        })
    }
}

fn checksum(checksum: TunnelChecksum) -> &'static str {
    match checksum {
        TunnelChecksum::None => "none",
        TunnelChecksum::Computed => "computed",
        TunnelChecksum::Remote => "remote",
    }
}

/// Seconds.
#[derive(Serialize)]
pub(crate) struct JsonTimeouts {
    tcp: u64,
    tcp_fin: u64,
    udp: u64,
}

impl JsonTimeouts {
    pub(crate) fn new(timeouts: &Timeouts) -> Self {
        Self {
            tcp: timeouts.tcp().as_secs(),
            tcp_fin: timeouts.tcp_fin().as_secs(),
            udp: timeouts.udp().as_secs(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct JsonDaemons {
    daemons: Vec<JsonDaemon>,
}

#[derive(Serialize)]
struct JsonDaemon {
    role: String,
    interface: String,
    sync_id: u8,
    max_length: Option<NonZeroU16>,
    group: Option<IpAddr>,
    port: Option<NonZeroU16>,
    ttl: Option<NonZeroU8>,
}

impl JsonDaemons {
    pub(crate) fn new(daemons: &[SyncDaemon]) -> Self {
        let daemon = |daemon: &SyncDaemon| {
            let SyncDaemon { role, interface, sync_id, max_length, group, port, ttl } = *daemon;
            JsonDaemon {
                role: role.to_string(),
                interface: interface.to_string(),
                sync_id,
                max_length,
                group: group.map(MulticastGroup::address),
                port,
                ttl,
            }
        };
        Self { daemons: daemons.iter().map(daemon).collect() }
    }
}

#[derive(Serialize)]
pub(crate) struct JsonConnection<'a> {
    protocol: &'a str,
    state: &'a str,
    expires: u64,
    client: JsonEndpoint,
    #[serde(rename = "virtual")]
    virtual_address: JsonEndpoint,
    server: JsonEndpoint,
    engine: Option<JsonEngine<'a>>,
}

#[derive(Serialize)]
struct JsonEndpoint {
    address: IpAddr,
    port: u16,
}

#[derive(Serialize)]
struct JsonEngine<'a> {
    name: &'a str,
    data: Cow<'a, str>,
}

impl<'a> JsonConnection<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        let endpoint = |at: SocketAddr| JsonEndpoint { address: at.ip(), port: at.port() };
        Self {
            protocol: connection.protocol.name(),
            state: connection.state.name(),
            expires: connection.expires.as_secs(),
            client: endpoint(connection.client),
            virtual_address: endpoint(connection.virtual_address),
            server: endpoint(connection.server),
            engine: connection.engine.as_ref().map(|known| JsonEngine {
                name: known.engine.name(),
                data: String::from_utf8_lossy(&known.data),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use steadfast_ipvs::Version;

    use super::*;
    use crate::samples::table;

    fn listed() -> Value {
        let version = Version { major: 1, minor: 2, patch: 1 };
        let info = Info { version, connection_table_size: 4096 };
        serde_json::to_value(JsonTable::new(&info, &table())).unwrap()
    }

    #[test]
    fn a_service_says_all_that_can_be_set() {
        let listed = listed();
        assert_eq!(listed["version"], "1.2.1");
        let service = &listed["services"][4];
        assert_eq!(service["protocol"], "tcp");
        assert_eq!(service["address"], "fd00:1111:2222:3333:4444:5555:6666:7777");
        assert_eq!(service["port"], 65_535);
        assert_eq!(service["flags"], json!(["flag-1", "flag-2", "ops"]));
        assert_eq!(service["persistence"], json!({ "timeout": 300, "netmask": "64" }));
        assert_eq!(service["engine"], "sip");
    }

    #[test]
    fn a_large_mark_stays_positive() {
        let service = &listed()["services"][7];
        assert_eq!(service["fwmark"], u32::MAX);
        assert_eq!(service["family"], "ipv4");
        assert_eq!(service["persistence"], Value::Null);
    }

    #[test]
    fn counters_of_servers_are_whole() {
        let server = &listed()["services"][0]["destinations"][0];
        assert_eq!(server["rates"]["connections"], 100_000_000_000u64);
        assert_eq!(server["rates"]["bytes_out"], u64::MAX);
        assert_eq!(server["upper_threshold"], 10);
        assert_eq!(server["persistent_connections"], 7);
    }

    #[test]
    fn tunnels_are_described() {
        let servers = &listed()["services"][1]["destinations"];
        let gue = json!({ "type": "gue", "port": 65_535, "checksum": "remote" });
        assert_eq!(servers[2]["tunnel"], gue);
        let ipip = json!({ "type": "ipip", "port": null, "checksum": null });
        assert_eq!(servers[5]["tunnel"], ipip);
        assert_eq!(servers[6]["forward"], "bypass");
        assert_eq!(servers[6]["tunnel"], Value::Null);
    }
}
