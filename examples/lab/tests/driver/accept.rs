//! Packets to the addresses of routers that are not to accept any.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use steadfast_lab::{Host, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp_linux::{Instance, Nftables, NoticeKind, Options, VirtualAddress, spawn};

use crate::router::{PATIENCE, Router, address, config, instance, lan};

const IPV4: &str = "10.0.0.100";
const IPV6: &str = "2001:db8::100";
/// A slow machine answers sooner.
const KNOCK: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options { nftables: Some(Nftables::default()), ..Options::default() }
}

/// Starts a router; `None` on a kernel that cannot drop what is to be dropped: there it is refused.
fn start(host: &Host, instance: Instance) -> Option<Router> {
    let drops = host.run("nft", ["add table inet probe"]).is_ok()
        && host
            .run("nft", ["add chain inet probe input { type filter hook input priority 0; }"])
            .is_ok();
    if drops {
        host.run("nft", ["delete table inet probe"]).unwrap();
        return Some(Router::start_all(host, vec![instance], options()));
    }
    if instance.config.accept() {
        return None;
    }
    let spawned = host.enter(|| spawn(vec![instance], options())).unwrap();
    let refused = spawned.unwrap_err().to_string();
    assert!(refused.contains("it takes nf_tables"), "{refused}");
    None
}

/// A router of both addresses that accepts nothing to them.
fn silent() -> Instance {
    instance(config(&[IPV4]).unadvertised_addresses([IPV6.parse().unwrap()]).accept(false))
}

fn ruleset(host: &Host) -> String {
    host.run("nft", ["list", "ruleset"]).unwrap()
}

/// Whether somebody who knocks at the address from there is answered, if only by a refusal.
fn answers(host: &Host, address: &str) -> bool {
    let door = SocketAddr::new(address.parse().unwrap(), 9);
    let knock = || TcpStream::connect_timeout(&door, KNOCK);
    match host.enter(knock).unwrap() {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionRefused,
    }
}

/// A peer whose own addresses are of both families.
fn peer_of_both(host: &Host) {
    host.run("ip", ["address", "add", "2001:db8::2/64", "dev", "eth0", "nodad"]).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a7_without_accept_mode_packets_to_the_addresses_are_dropped_but_for_neighbour_discovery() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    peer_of_both(b);
    let Some(mut router) = start(a, silent()) else { return };
    router.adds(IPV6);
    assert!(!answers(b, IPV4));
    assert!(!answers(b, IPV6));
    assert!(answers(b, "10.0.0.1"), "its own address answers");
    let neighbours = b.run("ip", ["neighbour"]).unwrap();
    let resolved = |address: &str| {
        neighbours.lines().any(|line| line.starts_with(address) && line.contains("lladdr"))
    };
    assert!(resolved(IPV4) && resolved(IPV6), "{neighbours}");
    router.stop();
    assert_eq!(ruleset(a), "", "the table is left behind");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a7_the_owner_accepts_packets_in_any_case() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let owner = instance(config(&[IPV4]).priority(Priority::OWNER).strict(true));
    // On any kernel: nothing needs dropping.
    let mut router = Router::start_all(a, vec![owner], options());
    router.adds(IPV4);
    assert!(answers(b, IPV4));
    let rules = a.run("nft", ["list", "ruleset"]).unwrap_or_default();
    assert!(!rules.contains("steadfast"), "{rules}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a7_strict_mode_does_not_accept() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let strict = instance(config(&[IPV4]).strict(true));
    let Some(mut router) = start(a, strict) else { return };
    router.adds(IPV4);
    assert!(!answers(b, IPV4));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_backup_drops_nothing() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut active = Router::start(b, instance(config(&[IPV4]).priority(Priority::OWNER)));
    active.adds(IPV4);
    let Some(backup) = start(a, silent()) else { return };
    backup.hears(2);
    let nothing = || !ruleset(a).contains("steadfast");
    wait_until(PATIENCE, "the table of the start is gone", nothing).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_an_earlier_run_left_is_taken_over_and_what_is_others_is_left_alone() {
    let network = lan();
    let a = network.host("a").unwrap();
    // Where that fails the router is refused.
    for left in ["inet steadfast_vrrp", "ip others"] {
        let _no_nftables = a.run("nft", [format!("add table {left}")]);
        let _no_nftables = a.run("nft", [format!("add chain {left} stale")]);
    }
    let Some(mut router) = start(a, silent()) else { return };
    router.adds(IPV4);
    let rules = ruleset(a);
    assert_eq!(rules.matches("chain stale").count(), 1, "that of others: {rules}");
    assert!(rules.contains(IPV4) && rules.contains("table ip others"), "{rules}");
    router.stop();
    assert!(ruleset(a).contains("others"));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_table_that_somebody_else_removes_or_changes_is_made_again() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let Some(mut router) = start(a, silent()) else { return };
    router.adds(IPV6);
    let ways: [&[&str]; 4] = [
        &["flush", "ruleset"],
        &["delete", "table", "inet", "steadfast_vrrp"],
        &["flush", "chain", "inet", "steadfast_vrrp", "input"],
        &["delete", "element", "inet", "steadfast_vrrp", "ipv4", "{", IPV4, "}"],
    ];
    for way in ways {
        let whole = ruleset(a);
        a.run("nft", way).unwrap();
        router.says(|kind| matches!(kind, NoticeKind::TableChanged(_)).then_some(()));
        wait_until(PATIENCE, "the table is whole again", || ruleset(a) == whole).unwrap();
        assert!(!answers(b, IPV4));
    }
    // What is done to tables of others, and what the driver does itself, is not its business.
    a.run("nft", ["add table ip others"]).unwrap();
    router.stop();
    assert_eq!(ruleset(a), "table ip others {\n}\n");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_reconfigured_router_accepts_or_does_not_as_it_is_told() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let Some(mut router) = start(a, instance(config(&[IPV4]))) else { return };
    router.adds(IPV4);
    assert!(answers(b, IPV4));
    let reconfigure = |accept: bool| {
        let instance = instance(config(&[IPV4]).accept(accept));
        router.runtime.block_on(router.handle.reconfigure(instance)).unwrap();
    };
    reconfigure(false);
    wait_until(PATIENCE, "packets are dropped", || ruleset(a).contains(IPV4)).unwrap();
    assert!(!answers(b, IPV4));
    reconfigure(true);
    wait_until(PATIENCE, "packets are accepted", || answers(b, IPV4)).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_a_table_a_router_that_is_not_to_accept_is_refused() {
    let network = lan();
    let a = network.host("a").unwrap();
    let refused = a.enter(|| spawn(vec![silent()], Options::default())).unwrap().unwrap_err();
    let expected = "VI: packets to its addresses are to be dropped, for which it takes nf_tables";
    assert!(refused.to_string().starts_with(expected), "{refused}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn thousands_of_addresses_are_dropped_together() {
    let network = lan();
    let a = network.host("a").unwrap();
    let mut instance = instance(config(&[IPV4]).accept(false));
    let number = |n: u16| format!("10.9.{}.{}", n / 250, n % 250 + 1);
    let more = (0..2500).map(|n| VirtualAddress::new(number(n).parse().unwrap()));
    instance.addresses.extend(more);
    let Some(mut router) = start(a, instance) else { return };
    router.adds(&number(2499));
    let rules = ruleset(a);
    assert!((0..2500).all(|n| rules.contains(&number(n))));
    router.stop();
    assert!(address(a, "eth0", IPV4).is_none());
}
