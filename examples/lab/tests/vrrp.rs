//! The VRRP driver on a real kernel, through the smallest daemon around it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::Duration;

use steadfast_lab::{Host, Network, Process, Topology, binary, wait_until};

const VIRTUAL_ADDRESS: &str = "10.0.0.100";
const PATIENCE: Duration = Duration::from_secs(20);
/// VRRPv3 at 0.1 s: the active down interval is below 0.4 s.
const INTERVAL: &str = "0.1";

fn pair() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "10.0.0.1/24"))
        .host("b", |host| host.link("eth0", "lan", "10.0.0.2/24"))
        .host("c", |host| host.link("eth0", "lan", "10.0.0.3/24"))
        .start()
        .unwrap()
}

fn vrrpd(host: &Host, priority: &str) -> Process {
    let arguments = [
        "--interface",
        "eth0",
        "--vrid",
        "51",
        "--priority",
        priority,
        "--advert-int",
        INTERVAL,
        VIRTUAL_ADDRESS,
    ];
    host.spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap()
}

fn has_address(host: &Host) -> bool {
    let shown = host.run("ip", ["-4", "addr", "show", "eth0"]).unwrap();
    shown.contains(&format!("inet {VIRTUAL_ADDRESS}/"))
}

fn wait_for_owner(owner: &Host, other: &Host, what: &str) {
    wait_until(PATIENCE, what, || has_address(owner) && !has_address(other)).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_address_that_somebody_deletes_is_put_back() {
    let network = pair();
    let a = network.host("a").unwrap();
    let router = vrrpd(a, "100");
    wait_until(PATIENCE, "the only router has the address", || has_address(a)).unwrap();

    a.run("ip", ["addr", "del", "10.0.0.100/32", "dev", "eth0"]).unwrap();
    wait_until(PATIENCE, "the loss is noticed", || router.log().contains("AddressLost")).unwrap();
    wait_until(PATIENCE, "the address is put back", || has_address(a)).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_router_whose_cable_is_pulled_gives_up_and_the_other_takes_over() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let on_a = vrrpd(a, "200");
    let _on_b = vrrpd(b, "100");
    wait_for_owner(a, b, "the one with the higher priority has the address");

    network.cut("a", "eth0").unwrap();
    wait_for_owner(b, a, "the other takes over");
    assert!(on_a.log().contains("Active -> Fault: fault: interface is down"), "{}", on_a.log());

    network.mend("a", "eth0").unwrap();
    wait_for_owner(a, b, "the first takes over again once its cable is plugged in");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_orderly_stop_leaves_no_address_behind_and_the_other_is_told() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut on_a = vrrpd(a, "200");
    let on_b = vrrpd(b, "100");
    wait_for_owner(a, b, "the one with the higher priority has the address");

    assert!(on_a.terminate(PATIENCE).unwrap().success());
    assert!(!has_address(a));
    wait_for_owner(b, a, "the other takes over");
    let told = "Backup -> Active: 10.0.0.1 gave up (priority 0)";
    assert!(on_b.log().contains(told), "{}", on_b.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn neighbours_learn_who_took_over() {
    let network = pair();
    let (a, b, c) =
        (network.host("a").unwrap(), network.host("b").unwrap(), network.host("c").unwrap());
    let mut on_a = vrrpd(a, "200");
    let _on_b = vrrpd(b, "100");
    wait_for_owner(a, b, "the one with the higher priority has the address");
    // Nothing listens there: being refused is enough to have asked for the hardware address.
    let refused = c.enter(|| std::net::TcpStream::connect((VIRTUAL_ADDRESS, 9))).unwrap();
    assert!(refused.is_err());

    on_a.kill().unwrap();
    let shown = b.run("ip", ["-br", "link", "show", "eth0"]).unwrap();
    let hardware = shown.split_whitespace().nth(2).unwrap().to_owned();
    wait_until(PATIENCE, "the neighbour's ARP table points to the other", || {
        c.run("ip", ["neigh", "show", VIRTUAL_ADDRESS]).unwrap().contains(&hardware)
    })
    .unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_missing_interface_is_named() {
    let network = pair();
    let host = network.host("a").unwrap();
    let arguments = ["--interface", "eth9", "--vrid", "51", VIRTUAL_ADDRESS];
    let mut router = host.spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap();
    assert!(!router.wait(PATIENCE).unwrap().success());
    assert!(router.log().contains("NoInterface"), "{}", router.log());
}
