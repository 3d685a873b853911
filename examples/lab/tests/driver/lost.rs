//! Addresses that somebody else takes away.

use std::net::IpAddr;

use steadfast_lab::{Host, wait_until};
use steadfast_vrrp::router::{FaultReason, State, StateReason};
use steadfast_vrrp_linux::{NoticeKind, OnLostAddress};

use crate::router::{PATIENCE, Router, address, config, instance, lan};

const IPV4: &str = "10.0.0.100";
const IPV6: &str = "2001:db8::100";

fn start(host: &Host, on_lost_address: OnLostAddress) -> Router {
    let held: IpAddr = IPV6.parse().unwrap();
    let mut instance = instance(config(&[IPV4]).unadvertised_addresses([held]));
    instance.on_lost_address = on_lost_address;
    let mut router = Router::start(host, instance);
    router.adds(IPV6);
    router
}

fn delete(host: &Host, address: &str) {
    host.run("ip", ["addr", "del", address, "dev", "eth0"]).unwrap();
}

fn loses(router: &mut Router, address: &str) {
    let address: IpAddr = address.parse().unwrap();
    router.says(|kind| {
        matches!(kind, NoticeKind::AddressLost(lost) if *lost == address).then_some(())
    });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_lost_address_is_put_back_and_the_router_stays_active() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = start(host, OnLostAddress::PutBack);
    for (lost, prefix) in [(IPV4, "10.0.0.100/32"), (IPV6, "2001:db8::100/128")] {
        delete(host, prefix);
        loses(&mut router, lost);
        router.adds(lost);
        assert!(address(host, "eth0", lost).is_some());
    }
    assert_eq!(router.snapshot().state, State::Active);
    assert_eq!(router.snapshot().counters.master_transitions, 1);
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_lost_address_is_given_up_with_all_others_if_so_wanted() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = start(host, OnLostAddress::GiveUp);
    delete(host, "10.0.0.100/32");
    loses(&mut router, IPV4);
    let reason = router.reaches(State::Fault);
    assert_eq!(reason, StateReason::Fault(FaultReason::AddressLost(IPV4.parse().unwrap())));
    wait_until(PATIENCE, "the other is gone as well", || address(host, "eth0", IPV6).is_none())
        .unwrap();
    router.clear_fault();
    router.adds(IPV4);
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn addresses_that_go_with_their_interface_are_not_given_up() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = start(host, OnLostAddress::GiveUp);
    host.run("ip", ["link", "set", "eth0", "down"]).unwrap();
    let reason = router.reaches(State::Fault);
    assert_eq!(reason, StateReason::Fault(FaultReason::InterfaceDown("eth0".into())));
    host.run("ip", ["link", "set", "eth0", "up"]).unwrap();
    router.adds(IPV6);
    router.stop();
}
