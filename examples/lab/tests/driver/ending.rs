//! What is left when something ends.

use std::time::Duration;

use steadfast_lab::{Host, wait_until};
use steadfast_vrrp::router::{State, StateReason};
use steadfast_vrrp::{Priority, Vrid};
use steadfast_vrrp_linux::Options;

use crate::router::{PATIENCE, Router, config, instance, lan};

const IPV4: &str = "10.0.0.100";
const GROUP: &str = "224.0.0.18";

fn is_joined(host: &Host) -> bool {
    host.run("ip", ["maddress", "show", "dev", "eth0"]).unwrap().contains(GROUP)
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_multicast_group_is_left_with_the_last_instance() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut second = instance(config(&["10.0.0.101"]));
    second.name = "other".to_owned();
    let addresses = second.config.addresses().clone();
    let vrid = Vrid::new(52).unwrap();
    second.config = steadfast_vrrp::Config::builder(vrid, addresses).build().unwrap();
    let both = vec![instance(config(&[IPV4])), second];
    let mut router = Router::start_all(host, both, Options::default());
    assert!(is_joined(host));
    let remove = |router: &mut Router, name| {
        router.runtime.block_on(router.handle.remove(name)).unwrap();
    };
    remove(&mut router, "other");
    assert!(is_joined(host), "another instance needs it");
    remove(&mut router, "VI");
    assert!(!is_joined(host));
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_dropped_handle_says_goodbye_and_leaves_nothing() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let high = config(&[IPV4]).priority(Priority::new(150).unwrap());
    let mut high = Router::start(a, instance(high));
    high.adds(IPV4);
    let mut low = Router::start(b, instance(config(&[IPV4])));
    low.hears(2);
    drop(high);
    assert!(!a.has_address(IPV4).unwrap());
    assert!(matches!(low.reaches(State::Active), StateReason::PeerResigned { .. }));
    low.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn packets_for_virtual_routers_that_are_not_here_are_counted() {
    let network = lan();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut stranger = instance(config(&["10.0.0.200"]).priority(Priority::OWNER));
    let addresses = stranger.config.addresses().clone();
    let interval = Duration::from_millis(10).try_into().unwrap();
    let vrid = Vrid::new(77).unwrap();
    let config_of_stranger = steadfast_vrrp::Config::builder(vrid, addresses).interval(interval);
    stranger.config = config_of_stranger.priority(Priority::OWNER).build().unwrap();
    let stranger = Router::start(b, stranger);
    let options = Options { receive_buffer: Some(1 << 20), ..Options::default() };
    let router = Router::start_all(a, vec![instance(config(&[IPV4]))], options);
    let counted = || router.snapshot().unknown_vrids > 0;
    wait_until(PATIENCE, "some are counted", counted).unwrap();
    let snapshot = router.snapshot();
    assert_eq!(snapshot.counters.advertisement_rcvd, 0);
    router.stop();
    stranger.stop();
}
