//! Advertisements as they leave and arrive.

use std::net::IpAddr;

use steadfast_lab::{Capture, Frame, Network, Topology, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp::router::{
    ConfigBuilder, Destination, ReceiveError, State, StateReason, UnicastPeer,
};
use steadfast_vrrp_linux::NoticeKind;

use crate::router::{PATIENCE, Router, address, config, instance, lan};

const IPV4: &str = "10.0.0.100";

fn priority(priority: u8) -> Priority {
    Priority::new(priority).unwrap()
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_a_backup_takes_over_from_a_router_that_stops() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let addresses = ["fe80::100", "2001:db8::100"];
    let mut high = Router::start(a, instance(config(&addresses).priority(priority(150))));
    addresses.iter().for_each(|address| high.adds(address));
    let mut low = Router::start(b, instance(config(&addresses)));
    low.reaches(State::Backup);
    low.hears(3);
    high.stop();
    assert!(matches!(low.reaches(State::Active), StateReason::PeerResigned { .. }));
    addresses.iter().for_each(|address| low.adds(address));
    assert!(addresses.iter().all(|virtual_address| address(a, "eth0", virtual_address).is_none()));
    low.stop();
}

/// Two hosts that are one hop apart.
fn two_lans() -> Network {
    Topology::new()
        .bridge("east")
        .bridge("west")
        .host("a", |host| {
            host.link("eth0", "east", "10.0.0.1/24").ip("route add default via 10.0.0.254")
        })
        .host("b", |host| {
            host.link("eth0", "west", "10.0.1.1/24").ip("route add default via 10.0.1.254")
        })
        .host("between", |host| {
            host.sysctl("net.ipv4.ip_forward", "1").link("eth0", "east", "10.0.0.254/24").link(
                "eth1",
                "west",
                "10.0.1.254/24",
            )
        })
        .start()
        .unwrap()
}

/// Sends to a peer and listens to nobody else, nor to that if it is too far away.
fn unicast(peer: [u8; 4], min_ttl: u8) -> ConfigBuilder {
    let peer = UnicastPeer { address: peer.into(), min_ttl, max_ttl: 255 };
    let peers = vec![peer];
    config(&[IPV4]).destination(Destination::Unicast { peers, ttl: 255, check_source: true })
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_unicast_peer_behind_a_router_is_heard_where_its_ttl_is_within_bounds() {
    let network = two_lans();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let high = unicast([10, 0, 1, 1], 254).priority(priority(150));
    let mut high = Router::start(a, instance(high));
    high.reaches(State::Active);
    let mut low = Router::start(b, instance(unicast([10, 0, 0, 1], 254)));
    low.reaches(State::Backup);
    low.hears(10);
    low.stop();

    let mut strict = Router::start(b, instance(unicast([10, 0, 0, 1], 255)));
    let found = strict.says(|kind| match kind {
        NoticeKind::Discarded { reason: ReceiveError::PeerHopLimit { found, .. }, .. } => {
            Some(*found)
        }
        _ => None,
    });
    assert_eq!(found, 254);
    strict.reaches(State::Active);
    strict.stop();
    high.stop();
}

/// Where the last advertisement of those that passed came from.
fn last_source(capture: &Capture<'_>) -> Option<IpAddr> {
    let frames = capture.frames().unwrap();
    frames.iter().rev().find_map(Frame::advertisement).map(|last| last.source)
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_next_address_of_the_interface_is_sent_from_when_the_first_is_gone() {
    let network = lan();
    let host = network.host("a").unwrap();
    let capture = network.capture("lan").unwrap();
    host.run("ip", ["addr", "add", "10.7.0.1/24", "dev", "eth0"]).unwrap();
    let mut router = Router::start(host, instance(config(&[IPV4])));
    router.adds(IPV4);
    let sends_from = |source: [u8; 4]| {
        let what = format!("it sends from {}", IpAddr::from(source));
        wait_until(PATIENCE, what, || last_source(&capture) == Some(source.into())).unwrap();
    };
    sends_from([10, 0, 0, 1]);
    host.run("ip", ["addr", "del", "10.0.0.1/24", "dev", "eth0"]).unwrap();
    sends_from([10, 7, 0, 1]);
    assert_eq!(router.snapshot().state, State::Active);
    router.stop();
}
