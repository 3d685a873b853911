//! What instances and drivers may be told beyond the protocol.

use std::net::IpAddr;
use std::time::Duration;

use steadfast_lab::{Captured, Network, Topology, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp::announce::Pace;
use steadfast_vrrp::router::{FaultReason, State, StateReason};
use steadfast_vrrp_linux::{
    AnnounceElsewhere, Instance, Options, OtherInterfaces, PaceGroup, VirtualAddress,
};

use crate::frames::{announced_at, gratuitous_arp, usual_gap};
use crate::router::{PATIENCE, Router, config, instance, lan};

const IPV4: &str = "10.0.0.100";
const ELSEWHERE: &str = "10.1.0.100";

fn owner(addresses: &[&str]) -> Instance {
    instance(config(addresses).priority(Priority::OWNER))
}

/// A host on two LANs, advertising on the first.
fn two_lans() -> Network {
    Topology::new()
        .bridge("inner")
        .bridge("outer")
        .host("a", |host| {
            host.link("eth0", "inner", "10.0.0.1/24").link("eth1", "outer", "10.1.0.1/24")
        })
        .start()
        .unwrap()
}

/// A router with one address where it advertises and one on the other LAN. It is no owner: interfaces
/// that have only just been made are ready once it is Active.
fn with_address_elsewhere() -> Instance {
    let mut instance = instance(config(&[IPV4]));
    let mut elsewhere = VirtualAddress::new(ELSEWHERE.parse().unwrap());
    elsewhere.interface = Some("eth1".to_owned());
    instance.addresses.push(elsewhere);
    let addresses = [ELSEWHERE.parse().unwrap()];
    instance.config = config(&[IPV4]).unadvertised_addresses(addresses).build().unwrap();
    instance
}

fn announced(captured: &Captured, address: &str) -> usize {
    let address: IpAddr = address.parse().unwrap();
    let all = captured.frames.iter().filter_map(gratuitous_arp);
    all.filter(|announced| IpAddr::from(announced.address) == address).count()
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_on_another_interface_is_configured_and_announced_there() {
    let network = two_lans();
    let host = network.host("a").unwrap();
    let (inner, outer) = (network.capture("inner").unwrap(), network.capture("outer").unwrap());
    let mut router = Router::start(host, with_address_elsewhere());
    router.adds(ELSEWHERE);
    let shown = host.run("ip", ["address", "show", "dev", "eth1"]).unwrap();
    assert!(shown.contains(ELSEWHERE), "{shown}");
    let sent = || router.snapshot().counters.advertisement_sent > 3;
    wait_until(PATIENCE, "some advertisements were sent", sent).unwrap();
    router.stop();
    assert!(!host.has_address(ELSEWHERE).unwrap());
    let (inner, outer) = (inner.finish().unwrap(), outer.finish().unwrap());
    assert!(announced(&inner, IPV4) > 0 && announced(&outer, ELSEWHERE) > 0);
    assert_eq!((announced(&inner, ELSEWHERE), announced(&outer, IPV4)), (0, 0));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn garp_extra_if_announces_what_is_on_another_interface_again_and_again() {
    let network = two_lans();
    let (inner, outer) = (network.capture("inner").unwrap(), network.capture("outer").unwrap());
    let mut instance = with_address_elsewhere();
    instance.announce_elsewhere =
        Some(AnnounceElsewhere { interval: Duration::from_millis(50), on: OtherInterfaces::All });
    let mut router = Router::start(network.host("a").unwrap(), instance);
    router.adds(ELSEWHERE);
    let announced_often = || announced_at(&[&outer]).len() > 10;
    wait_until(PATIENCE, "it is announced more often than in a takeover", announced_often).unwrap();
    router.stop();
    assert_eq!(announced(&inner.finish().unwrap(), IPV4) % 5, 0, "no more than in a takeover");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn interfaces_of_a_pace_group_share_its_pace() {
    let interval = Duration::from_millis(50);
    let network = two_lans();
    let (inner, outer) = (network.capture("inner").unwrap(), network.capture("outer").unwrap());
    let mut second = instance(config(&[ELSEWHERE]));
    (second.name, second.interface) = ("other".to_owned(), "eth1".to_owned());
    let pace = Pace { garp_interval: interval, ..Pace::default() };
    let interfaces = ["eth0", "eth1"].map(str::to_owned).to_vec();
    let pace_groups = vec![PaceGroup { interfaces, pace }];
    let options = Options { pace_groups, ..Options::default() };
    let instances = vec![instance(config(&[IPV4])), second];
    let router = Router::start_all(network.host("a").unwrap(), instances, options);
    let gap = usual_gap(&[&inner, &outer], 10);
    router.stop();
    // Each at its own pace, half of them would follow one on the other interface sooner.
    assert!(gap > interval * 3 / 4, "{gap:?}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn track_src_ip_makes_the_loss_of_a_configured_source_a_fault() {
    let network = lan();
    let host = network.host("a").unwrap();
    host.run("ip", ["address", "add", "10.7.0.1/24", "dev", "eth0"]).unwrap();
    let mut tracking = owner(&[IPV4]);
    tracking.source = Some("10.7.0.1".parse().unwrap());
    tracking.track_source = true;
    let mut router = Router::start(host, tracking);
    router.reaches(State::Active);
    host.run("ip", ["address", "del", "10.7.0.1/24", "dev", "eth0"]).unwrap();
    assert_eq!(
        router.reaches(State::Fault),
        StateReason::Fault(FaultReason::NoSourceAddress("eth0".into()))
    );
    host.run("ip", ["address", "add", "10.7.0.1/24", "dev", "eth0"]).unwrap();
    router.reaches(State::Active);
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_startup_delay_keeps_all_in_initialize() {
    let network = lan();
    let delay = Duration::from_secs(3);
    let options = Options { startup_delay: delay, ..Options::default() };
    let host = network.host("a").unwrap();
    let began = std::time::Instant::now();
    let mut router = Router::start_all(host, vec![owner(&[IPV4])], options);
    assert_eq!(router.snapshot().state, State::Initialize);
    router.reaches(State::Active);
    assert!(began.elapsed() >= delay);
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_snapshot_shows_the_operational_state() {
    let network = lan();
    let mut router = Router::start(network.host("a").unwrap(), owner(&[IPV4]));
    router.reaches(State::Active);
    let snapshot = router.snapshot();
    assert!(snapshot.operational.is_owner);
    assert_eq!(snapshot.operational.effective_priority, snapshot.priority);
    assert_eq!(snapshot.operational.master_down_interval, Duration::from_nanos(600_781_250));
    router.stop();
}
