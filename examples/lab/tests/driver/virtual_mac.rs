//! The MAC address of the virtual router itself.

use std::net::Ipv4Addr;

use steadfast_lab::{Captured, Frame, Host, Process, binary, wait_until};
use steadfast_vrrp::announce::GratuitousArp;
use steadfast_vrrp::router::State;
use steadfast_vrrp::{Family, MacAddress, Vrid};
use steadfast_vrrp_linux::{
    Error, Instance, Options, VirtualAddress, VirtualInterface, VirtualMac, spawn,
};

use crate::frames::{announced_at, gratuitous_arp, neighbor_advertisement};
use crate::router::{PATIENCE, Router, VRID, address, config, instance, lan};

const ADDRESS: &str = "10.0.0.100";
const MACVLAN: &str = "vrrp.51";
const VIRTUAL: MacAddress = MacAddress([0x00, 0x00, 0x5e, 0x00, 0x01, VRID]);

fn with_virtual_mac(addresses: &[&str]) -> Instance {
    let mut instance = instance(config(addresses));
    instance.virtual_mac = Some(VirtualMac::new(Vrid::new(VRID).unwrap(), Family::Ipv4));
    instance
}

fn link(host: &Host, name: &str) -> Option<String> {
    host.run("ip", ["-details", "link", "show", "dev", name]).ok()
}

fn setting(host: &Host, name: &str) -> String {
    let read = || std::fs::read_to_string(format!("/proc/sys/net/{name}"));
    host.enter(read).unwrap().unwrap().trim().to_owned()
}

/// `arp_ignore` and `arp_announce` of the interface under it.
fn arp_settings(host: &Host) -> [String; 2] {
    ["arp_ignore", "arp_announce"].map(|name| setting(host, &format!("ipv4/conf/eth0/{name}")))
}

/// The MAC addresses that frames of a kind came from.
fn sources(captured: &Captured, is_kind: impl Fn(&Frame) -> bool) -> Vec<MacAddress> {
    let frames = captured.frames.iter().filter(|frame| is_kind(frame));
    let mut sources: Vec<_> =
        frames.map(|frame| MacAddress(frame.bytes[6..12].try_into().unwrap())).collect();
    sources.dedup();
    sources
}

fn is_advertisement(frame: &Frame) -> bool {
    frame.advertisement().is_some()
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_macvlan_is_there_from_start_to_stop_and_up_while_it_has_the_address() {
    let network = lan();
    let [a, b] = ["a", "b"].map(|name| network.host(name).unwrap());
    let before = arp_settings(a);
    let mut first = Router::start(a, with_virtual_mac(&[ADDRESS]));
    first.adds(ADDRESS);
    let mut second = Router::start(b, with_virtual_mac(&[ADDRESS]));
    second.reaches(State::Backup);

    let active = link(a, MACVLAN).unwrap();
    assert!(active.contains(&VIRTUAL.to_string()), "{active}");
    assert!(active.contains("macvlan mode vepa") && active.contains("LOWER_UP"), "{active}");
    assert!(address(a, MACVLAN, ADDRESS).is_some());
    assert_eq!(address(a, "eth0", ADDRESS), None);
    let backup = link(b, MACVLAN).unwrap();
    assert!(!backup.contains(",UP"), "{backup}");

    first.stop();
    second.adds(ADDRESS);
    assert!(address(b, MACVLAN, ADDRESS).is_some());
    second.stop();
    for host in [a, b] {
        assert_eq!(link(host, MACVLAN), None);
        assert_eq!(arp_settings(host), before);
    }
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn advertisements_and_announcements_come_from_the_virtual_mac_and_only_it_answers_arp() {
    let network = lan();
    let [a, b] = ["a", "b"].map(|name| network.host(name).unwrap());
    let capture = network.capture("lan").unwrap();
    let mut router = Router::start(a, with_virtual_mac(&[ADDRESS]));
    router.adds(ADDRESS);
    answers(b, ADDRESS);
    let neighbour = b.run("ip", ["neigh", "show", ADDRESS]).unwrap();
    assert!(neighbour.contains(&VIRTUAL.to_string()), "{neighbour}");
    answers(b, "10.0.0.1");
    let neighbour = b.run("ip", ["neigh", "show", "10.0.0.1"]).unwrap();
    assert!(!neighbour.contains(&VIRTUAL.to_string()), "{neighbour}");
    router.stop();

    let captured = capture.finish().unwrap();
    assert_eq!(sources(&captured, is_advertisement), [VIRTUAL]);
    let announcement = GratuitousArp { mac: VIRTUAL, address: ADDRESS.parse().unwrap() };
    let announced =
        captured.frames.iter().filter(|frame| GratuitousArp::decode(&frame.bytes).is_some());
    let announced: Vec<_> =
        announced.map(|frame| GratuitousArp::decode(&frame.bytes).unwrap()).collect();
    assert!(announced.len() >= 5 && announced.iter().all(|arp| *arp == announcement));
    assert!(captured.is_sound(), "{}", captured.decoded);
}

/// Waits until a packet to an address, and one back, have passed: a refused connection is both.
fn answers(host: &Host, address: &str) {
    let address: Ipv4Addr = address.parse().unwrap();
    let reached = || {
        let connected = std::net::TcpStream::connect((address, 9));
        connected.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    };
    wait_until(PATIENCE, format!("{address} answers"), || host.enter(reached).unwrap()).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn with_xmit_base_advertisements_come_from_the_interface_and_announcements_from_the_virtual_mac() {
    let network = lan();
    let capture = network.capture("lan").unwrap();
    let mut instance = with_virtual_mac(&[ADDRESS]);
    instance.virtual_mac.as_mut().unwrap().xmit_base = true;
    let router = Router::start(network.host("a").unwrap(), instance);
    let announced = || !announced_at(&[&capture]).is_empty();
    wait_until(PATIENCE, "the address is announced", announced).unwrap();
    router.stop();
    let captured = capture.finish().unwrap();
    let advertisers = sources(&captured, is_advertisement);
    assert!(advertisers.len() == 1 && advertisers[0] != VIRTUAL, "{advertisers:?}");
    assert_eq!(sources(&captured, |frame| gratuitous_arp(frame).is_some()), [VIRTUAL]);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn routers_with_the_same_virtual_mac_hear_each_other_also_while_both_are_active() {
    let network = lan();
    let [a, b] = ["a", "b"].map(|name| network.host(name).unwrap());
    network.isolate("a", "eth0").unwrap();
    let [mut first, mut second] =
        [a, b].map(|host| Router::start(host, with_virtual_mac(&[ADDRESS])));
    first.adds(ADDRESS);
    second.adds(ADDRESS);
    network.reunite("a", "eth0").unwrap();
    // Of equal priority, the greater address wins.
    first.reaches(State::Backup);
    wait_until(PATIENCE, "the address is gone", || address(a, MACVLAN, ADDRESS).is_none()).unwrap();
    assert!(address(b, MACVLAN, ADDRESS).is_some());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_too_advertisements_and_announcements_come_from_the_virtual_mac() {
    const VIRTUAL: MacAddress = MacAddress([0x00, 0x00, 0x5e, 0x00, 0x02, VRID]);
    let network = lan();
    let [a, b] = ["a", "b"].map(|name| network.host(name).unwrap());
    let capture = network.capture("lan").unwrap();
    let mut instance = instance(config(&["fe80::100", "2001:db8::100"]));
    instance.virtual_mac = Some(VirtualMac::new(Vrid::new(VRID).unwrap(), Family::Ipv6));
    let mut first = Router::start(a, instance.clone());
    first.adds("2001:db8::100");
    let mut second = Router::start(b, instance);
    second.reaches(State::Backup);
    first.stop();
    second.adds("2001:db8::100");
    second.stop();
    let captured = capture.finish().unwrap();
    assert_eq!(sources(&captured, is_advertisement), [VIRTUAL]);
    let is_announcement = |frame: &Frame| neighbor_advertisement(frame).is_some();
    assert_eq!(sources(&captured, is_announcement), [VIRTUAL]);
    assert!(captured.is_sound(), "{}", captured.decoded);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn ipv6_addresses_live_on_the_macvlan_which_has_none_of_its_own() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut instance = with_virtual_mac(&[ADDRESS]);
    let address = VirtualAddress::new("2001:db8::100".parse().unwrap());
    instance.addresses.push(address);
    let mut router = Router::start(host, instance);
    router.adds("2001:db8::100");
    let shown = host.run("ip", ["-6", "-oneline", "addr", "show", "dev", MACVLAN]).unwrap();
    assert!(shown.lines().count() == 1 && shown.contains("2001:db8::100/128"), "{shown}");
    router.stop();
    assert_eq!(link(host, MACVLAN), None);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_macvlan_that_somebody_deletes_is_made_again() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = Router::start(host, with_virtual_mac(&[ADDRESS]));
    router.adds(ADDRESS);
    host.run("ip", ["link", "del", MACVLAN]).unwrap();
    router.adds(ADDRESS);
    assert!(address(host, MACVLAN, ADDRESS).is_some());
    assert_eq!(setting(host, "ipv4/conf/vrrp.51/arp_ignore"), "1");
    router.stop();
    assert_eq!(link(host, MACVLAN), None);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_on_another_interface_has_a_virtual_mac_there() {
    const OTHER: &str = "192.0.2.100";
    let network = lan();
    let host = network.host("a").unwrap();
    let ip = |line: &str| host.run("ip", line.split_whitespace().collect::<Vec<_>>()).unwrap();
    ip("link add eth1 type veth peer name far1");
    ip("link set far1 up");
    ip("link set eth1 up");
    let mut instance = with_virtual_mac(&[ADDRESS]);
    instance.virtual_interfaces.push(VirtualInterface {
        interface: "vrrp1.51".to_owned(),
        address: VIRTUAL,
        base: "eth1".to_owned(),
    });
    let mut other = VirtualAddress::new(OTHER.parse().unwrap());
    other.interface = Some("vrrp1.51".to_owned());
    instance.addresses.push(other);
    let mut router = Router::start(host, instance);
    router.adds(OTHER);
    let made = link(host, "vrrp1.51").unwrap();
    assert!(made.contains("vrrp1.51@eth1") && made.contains(&VIRTUAL.to_string()), "{made}");
    assert!(
        address(host, "vrrp1.51", OTHER).is_some() && address(host, MACVLAN, ADDRESS).is_some()
    );
    assert_eq!(setting(host, "ipv4/conf/eth1/arp_ignore"), "1");
    ip("link del vrrp1.51");
    router.adds(OTHER);
    assert!(address(host, "vrrp1.51", OTHER).is_some());
    router.stop();
    assert_eq!((link(host, "vrrp1.51"), link(host, MACVLAN)), (None, None));
    assert_eq!(setting(host, "ipv4/conf/eth1/arp_ignore"), "0");
}

fn speaker(host: &Host) -> Process {
    let options = ["--interface", "eth0", "--vrid", "51", "--advert-int", "0.1", "--use-vmac"];
    host.spawn("speaker", binary("vrrp-speaker").unwrap(), [&options[..], &[ADDRESS]].concat())
        .unwrap()
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_a_killed_router_left_is_taken_over_and_in_the_end_all_is_as_before() {
    let network = lan();
    let host = network.host("a").unwrap();
    let has_address = || link(host, MACVLAN).is_some() && address(host, MACVLAN, ADDRESS).is_some();
    let mut killed = speaker(host);
    wait_until(PATIENCE, "the address is there", has_address).unwrap();
    killed.kill().unwrap();
    let left = link(host, MACVLAN).unwrap();
    assert_eq!(arp_settings(host), ["1", "2"]);

    let mut router = Router::start(host, with_virtual_mac(&[ADDRESS]));
    let index = |link: &str| link.split(':').next().unwrap().to_owned();
    assert_eq!(index(&link(host, MACVLAN).unwrap()), index(&left), "it is another one");
    router.adds(ADDRESS);
    router.stop();
    assert_eq!(link(host, MACVLAN), None);
    assert_eq!(arp_settings(host), ["0", "0"]);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_is_terminated_leaves_no_macvlan() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = speaker(host);
    let has_address = || link(host, MACVLAN).is_some() && address(host, MACVLAN, ADDRESS).is_some();
    wait_until(PATIENCE, "the address is there", has_address).unwrap();
    assert!(router.terminate(PATIENCE).unwrap().success());
    assert_eq!(link(host, MACVLAN), None);
    assert_eq!(arp_settings(host), ["0", "0"]);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_interface_of_that_name_that_is_none_of_ours_is_left_alone() {
    let network = lan();
    let host = network.host("a").unwrap();
    host.run("ip", ["link", "add", MACVLAN, "type", "bridge"]).unwrap();
    let start = || spawn(vec![with_virtual_mac(&[ADDRESS])], Options::default());
    let refused = host.enter(start).unwrap().err();
    assert!(matches!(refused, Some(Error::InterfaceExists { .. })), "{refused:?}");
    assert!(link(host, MACVLAN).unwrap().contains("bridge"));
    assert_eq!(arp_settings(host), ["0", "0"]);
}
