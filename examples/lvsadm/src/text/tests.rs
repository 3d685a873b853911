use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU16};

use steadfast_ipvs::message::{Header, Reply, Request, replies};
use steadfast_ipvs::{
    ConnectionTable, Destination, DestinationKey, Family, ForwardMethod, Info, MulticastGroup,
    Protocol, ServiceFlags, ServiceStatus, SyncDaemon, SyncRole, Tunnel, TunnelChecksum, Version,
    Weight,
};

use super::*;
use crate::command::{Columns, List};
use crate::names::Names;
use crate::samples::table;
use crate::table::sort;

const INFO: Info =
    Info { version: Version { major: 1, minor: 2, patch: 1 }, connection_table_size: 4096 };

fn listed(list: List) -> String {
    let mut services = table();
    if !list.unsorted {
        sort(&mut services);
    }
    version(&INFO) + &listing(&services, &list, Style::Numeric)
}

fn columns(columns: Columns) -> String {
    listed(List { columns, ..List::default() })
}

fn exact(columns: Columns) -> String {
    listed(List { columns, exact: true, ..List::default() })
}

#[test]
fn the_plain_listing_is_ipvsadms() {
    assert_eq!(columns(Columns::Connections), include_str!("../../tests/data/numeric.txt"));
}

#[test]
fn the_unsorted_listing_is_ipvsadms() {
    let unsorted = listed(List { unsorted: true, ..List::default() });
    assert_eq!(unsorted, include_str!("../../tests/data/unsorted.txt"));
}

#[test]
fn counters_are_rounded_as_by_ipvsadm() {
    assert_eq!(columns(Columns::Stats), include_str!("../../tests/data/stats.txt"));
    assert_eq!(columns(Columns::Rate), include_str!("../../tests/data/rate.txt"));
}

#[test]
fn exact_counters_are_ipvsadms() {
    assert_eq!(exact(Columns::Stats), include_str!("../../tests/data/stats-exact.txt"));
    assert_eq!(exact(Columns::Rate), include_str!("../../tests/data/rate-exact.txt"));
}

#[test]
fn thresholds_are_shown_as_by_ipvsadm() {
    assert_eq!(columns(Columns::Thresholds), include_str!("../../tests/data/thresholds.txt"));
}

#[test]
fn templates_of_persistence_are_shown_as_by_ipvsadm() {
    assert_eq!(
        columns(Columns::PersistentConnections),
        include_str!("../../tests/data/persistent-conn.txt")
    );
}

#[test]
fn tunnels_are_shown_as_by_ipvsadm() {
    assert_eq!(columns(Columns::TunnelInformation), include_str!("../../tests/data/tun-info.txt"));
}

#[test]
fn saved_rules_are_ipvsadms() {
    let mut services = table();
    sort(&mut services);
    assert_eq!(save(&services, Style::Numeric), include_str!("../../tests/data/save.txt"));
}

#[test]
fn a_scheduler_flag_without_a_name_leaves_empty_parentheses() {
    let mut service = table().swap_remove(2);
    service.service.flags = ServiceFlags { scheduler_3: true, ..ServiceFlags::default() };
    let shown = listing(&[service], &List::default(), Style::Numeric);
    assert!(shown.ends_with("TCP  10.0.0.1:80 mh ()\n"), "{shown}");
}

/// As another program can make it.
fn tunnel_of_unknown_type() -> ServiceStatus {
    const GRE_ATTRIBUTE: [u8; 5] = [5, 0, 13, 0, 2];
    let mut listed = table().swap_remove(2);
    let server = DestinationKey { address: Ipv4Addr::new(10, 0, 0, 2).into(), port: 80 };
    let gre = ForwardMethod::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::None });
    let gre = Destination::new(gre, Weight::from(1));
    let mut bytes = Vec::new();
    let header = Header { family: 34, sequence: 1, acknowledge: false };
    Request::NewDestination(&listed.key, &server, &gre).encode(header, &mut bytes);
    let at = bytes.windows(GRE_ATTRIBUTE.len()).position(|bytes| bytes == GRE_ATTRIBUTE).unwrap();
    bytes[at + GRE_ATTRIBUTE.len() - 1] = 3;
    let Some(Reply::Destination(server, status)) = replies(&bytes).map(|read| read.reply).next()
    else {
        panic!("{bytes:?}")
    };
    listed.destinations = vec![(server, status)];
    listed
}

#[test]
fn a_tunnel_of_unknown_type_is_one_of_no_type() {
    let list = List { columns: Columns::TunnelInformation, ..List::default() };
    let shown = listing(&[tunnel_of_unknown_type()], &list, Style::Numeric);
    assert!(shown.contains(" Tunnel  n/a           1 "), "{shown}");
    let saved = save(&[tunnel_of_unknown_type()], Style::Numeric);
    assert!(saved.ends_with(" -r 10.0.0.2:80 -i -w 1\n"), "{saved}");
}

#[test]
fn daemons_are_shown_as_by_ipvsadm() {
    let interface = "br0".parse().unwrap();
    let master = SyncDaemon {
        max_length: NonZeroU16::new(1472),
        group: Some(MulticastGroup::new(Ipv4Addr::new(224, 0, 0, 81)).unwrap()),
        port: NonZeroU16::new(8848),
        ttl: NonZeroU8::new(1),
        ..SyncDaemon::new(SyncRole::Master, interface)
    };
    let backup = SyncDaemon { sync_id: 5, ..SyncDaemon::new(SyncRole::Backup, interface) };
    assert_eq!(
        daemons(&[master, backup]),
        "master sync daemon (mcast=br0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n\
         backup sync daemon (mcast=br0, syncid=5)\n"
    );
}

/// With a line for each shape that the kernel writes.
const CONNECTIONS: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A010002 C992 0A010001 0050 0A02000C 0050 ESTABLISHED     899
TCP fd01:0000:0000:0000:0000:0000:0000:0000 0000 \
fd01:0000:0000:0000:0000:0000:0000:0001 0051 fd02:0000:0000:0000:0000:0000:0000:0011 0051 \
ASSURED         299
UDP 0A010005 0035 C0A80001 0035 FFFFFFFF FFFF UDP              59
SCT 0A010005 0035 C0A80001 0035 0A02000C 0050 C-ECHOED        3600
TCP 0A010005 0035 C0A80001 0035 0A02000C 0050 SYN_RECV        360000
IP  00000000 0000 00000007 0000 0A02000C 0000 NONE           0
UDP 0A010002 0000 0A010001 13C4 0A02000C 13C4 UDP              59 sip 2818585e34b62c85@10.0.0.1
TCP 0A010002 C992 0A010001 0050 fd02:0000:0000:0000:0000:0000:0000:0011 0051 TIME_WAIT  5
";

fn connections(engine: bool) -> String {
    let table = ConnectionTable::new(CONNECTIONS.as_bytes());
    let lines = table.map(|read| connection(&read.unwrap(), engine, Style::Numeric));
    connections_title(engine).to_owned() + &lines.collect::<String>()
}

#[test]
fn connections_are_shown_as_by_ipvsadm() {
    assert_eq!(connections(false), include_str!("../../tests/data/connections.txt"));
    assert_eq!(connections(true), include_str!("../../tests/data/connections-engine.txt"));
}

/// Every host has a name of as many letters as its address ends with.
struct LongNames;

impl Names for LongNames {
    fn port(&self, _: &str, _: Protocol) -> Option<u16> {
        None
    }

    fn service(&self, port: u16, protocol: Protocol) -> Option<String> {
        (port == 8080 && protocol == Protocol::Tcp).then(|| "http-alt".to_owned())
    }

    fn address(&self, _: &str, _: Family) -> Option<IpAddr> {
        None
    }

    fn host(&self, address: IpAddr) -> Option<String> {
        let last = match address {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        };
        (last > 0).then(|| "a".repeat(last.into()))
    }
}

fn named(address: &str, port: u16, protocol: Option<Protocol>) -> [String; 2] {
    let (style, address) = (Style::Named(&LongNames), address.parse().unwrap());
    [style.column(address, port, protocol), style.endpoint(address, port, protocol)]
}

#[test]
fn an_ipv4_name_is_cut_to_its_column_and_saved_whole() {
    let [column, saved] = named("10.0.0.24", 8080, Some(Protocol::Tcp));
    assert_eq!(column, "aaaaaaaaaaaaaaaaaaaaaaaa:htt");
    assert_eq!(saved, "aaaaaaaaaaaaaaaaaaaaaaaa:http-alt");
}

#[test]
fn an_ipv6_name_is_cut_at_59_letters_only() {
    let [column, saved] = named("fd00::28", 8080, Some(Protocol::Tcp));
    assert_eq!(column, format!("[{}]:http-alt", "a".repeat(40)));
    assert_eq!(saved, column);
    let [column, _] = named("fd00::64", 8080, Some(Protocol::Tcp));
    assert_eq!(column, format!("[{}", "a".repeat(58)));
}

#[test]
fn what_has_no_name_is_shown_as_a_number() {
    let [_, saved] = named("10.0.0.0", 8080, None);
    assert_eq!(saved, "10.0.0.0:8080");
}
