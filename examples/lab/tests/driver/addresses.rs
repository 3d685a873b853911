//! Addresses as they are configured and announced.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use serde_json::Value;
use steadfast_lab::wait_until;
use steadfast_vrrp::announce::{NeighborAdvertisement, Pace};
use steadfast_vrrp_linux::{Options, VirtualAddress};

use crate::frames::{gratuitous_arp, neighbor_advertisement, usual_gap};
use crate::router::{PATIENCE, Router, address, config, instance, lan};

const IPV4: &str = "10.0.0.100";
const IPV6: &str = "2001:db8::100";

/// How the kernel has an address that a router holds as `change` says.
fn configured(held: &str, change: impl FnOnce(&mut VirtualAddress)) -> Value {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut instance = instance(config(&[IPV4]));
    let mut virtual_address = VirtualAddress::new(held.parse().unwrap());
    change(&mut virtual_address);
    instance.addresses = vec![virtual_address];
    let mut router = Router::start(host, instance);
    router.adds(held);
    let shown = address(host, "eth0", held).unwrap();
    router.stop();
    assert_eq!(address(host, "eth0", held), None, "it is left behind");
    shown
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_ipv6_address_is_usable_at_once_and_nobody_s_choice_to_send_from() {
    let shown = configured(IPV6, |_| {});
    assert_eq!(shown["prefixlen"], 128);
    assert_eq!(shown["nodad"], true);
    assert_eq!(shown["deprecated"], true);
    assert_eq!(shown["tentative"], Value::Null);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_ipv6_address_may_be_looked_for_at_the_neighbours_and_preferred_for_a_time() {
    let shown = configured(IPV6, |address| {
        address.detect_duplicates = true;
        address.preferred_lifetime = Some(Duration::from_secs(500));
        address.prefix_len = 64;
    });
    assert_eq!(shown["prefixlen"], 64);
    assert_eq!(shown["nodad"], Value::Null);
    assert!((490..=500).contains(&shown["preferred_life_time"].as_u64().unwrap()), "{shown}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_ipv4_address_has_its_broadcast_scope_label_and_no_route_if_so_wanted() {
    // The kernel refuses another scope within a prefix that the interface has.
    let shown = configured("10.0.7.100", |address| {
        address.prefix_len = 24;
        address.broadcast = Some("10.0.7.255".parse().unwrap());
        address.scope = 253;
        address.label = Some("eth0:vip".to_owned());
        address.prefix_route = false;
    });
    assert_eq!(shown["prefixlen"], 24);
    assert_eq!(shown["broadcast"], "10.0.7.255");
    assert_eq!(shown["scope"], "link");
    assert_eq!(shown["label"], "eth0:vip");
    assert_eq!(shown["noprefixroute"], true);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_may_have_another_end() {
    let peer: IpAddr = "10.0.9.1".parse().unwrap();
    let shown = configured(IPV4, |address| address.peer = Some(peer));
    assert_eq!(shown["address"], peer.to_string());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn g2_ipv6_addresses_are_announced_to_all_nodes_and_tcpdump_finds_nothing_wrong() {
    let network = lan();
    let host = network.host("a").unwrap();
    let capture = network.capture("lan").unwrap();
    let held: Ipv6Addr = IPV6.parse().unwrap();
    let instance = instance(config(&[IPV4]).unadvertised_addresses([held.into()]));
    let mut router = Router::start(host, instance);
    router.adds(IPV6);
    wait_until(PATIENCE, "it is announced five times", || {
        let frames = capture.frames().unwrap();
        frames.iter().filter_map(neighbor_advertisement).count() >= 5
    })
    .unwrap();
    router.stop();
    let captured = capture.finish().unwrap();
    let announced = captured.frames.iter().filter_map(neighbor_advertisement);
    let shown = host.run("ip", ["link", "show", "dev", "eth0"]).unwrap();
    for NeighborAdvertisement { source, target, mac } in announced {
        assert_eq!((source, target), (held, held));
        assert!(shown.contains(&mac.to_string()), "{mac} is not that of {shown}");
    }
    assert!(captured.is_sound(), "{}", captured.decoded);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_advertisement_comes_first_and_announcements_keep_their_pace() {
    let interval = Duration::from_millis(20);
    let network = lan();
    let capture = network.capture("lan").unwrap();
    let pace = Pace { garp_interval: interval, ..Pace::default() };
    let options = Options { pace, ..Options::default() };
    let instance = instance(config(&["10.0.0.101", "10.0.0.102", "10.0.0.103", "10.0.0.104"]));
    let router = Router::start_all(network.host("a").unwrap(), vec![instance], options);
    let gap = usual_gap(&[&capture], 20);
    router.stop();
    let frames = capture.finish().unwrap().frames;
    let first = frames.iter().position(|frame| frame.advertisement().is_some());
    assert!(first < frames.iter().position(|frame| gratuitous_arp(frame).is_some()));
    // What the capture tells of time is not exact.
    assert!(gap > interval * 3 / 4, "{gap:?}");
}
