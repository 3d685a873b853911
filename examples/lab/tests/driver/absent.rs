//! Interfaces that are not there at the start.

use steadfast_lab::Host;
use steadfast_vrrp::router::{FaultReason, State, StateReason};
use steadfast_vrrp::{Family, Vrid};
use steadfast_vrrp_linux::{Error, Instance, Options, VirtualAddress, VirtualMac, spawn};

use crate::router::{Router, VRID, address, config, instance, lan};

const ADDRESS: &str = "192.0.2.100";

/// On an interface that nobody has yet.
fn early() -> Instance {
    let mut instance = instance(config(&[ADDRESS]));
    instance.interface = "late0".to_owned();
    instance.dynamic_interfaces = true;
    instance
}

fn ip(host: &Host, arguments: &str) {
    host.run("ip", arguments.split_whitespace().collect::<Vec<_>>()).unwrap();
}

fn make_interface(host: &Host) {
    ip(host, "link add late0 type veth peer name late1");
    ip(host, "addr add 192.0.2.1/24 dev late0");
    ip(host, "link set late1 up");
    ip(host, "link set late0 up");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_its_interface_an_instance_is_in_fault_until_that_appears() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut router = Router::start(host, early());
    let reason = router.reaches(State::Fault);
    assert_eq!(reason, StateReason::Fault(FaultReason::InterfaceDown("late0".into())));
    for _ in 0..2 {
        make_interface(host);
        router.adds(ADDRESS);
        assert!(address(host, "late0", ADDRESS).is_some());
        ip(host, "link del late0");
        router.reaches(State::Fault);
    }
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_virtual_mac_waits_for_the_interface_under_it() {
    let network = lan();
    let host = network.host("a").unwrap();
    let mut instance = early();
    instance.virtual_mac = Some(VirtualMac::new(Vrid::new(VRID).unwrap(), Family::Ipv4));
    let mut router = Router::start(host, instance);
    router.reaches(State::Fault);
    make_interface(host);
    router.adds(ADDRESS);
    assert!(address(host, "vrrp.51", ADDRESS).is_some());
    router.stop();
    assert!(host.run("ip", ["link", "show", "vrrp.51"]).is_err());
    let setting =
        host.enter(|| std::fs::read_to_string("/proc/sys/net/ipv4/conf/late0/arp_ignore"));
    assert_eq!(setting.unwrap().unwrap().trim(), "0");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_waits_for_its_interface_alone() {
    const OTHER: &str = "192.0.2.200";
    let network = lan();
    let host = network.host("a").unwrap();
    let mut instance = Instance { interface: "eth0".to_owned(), ..early() };
    let interface = Some("late0".to_owned());
    let other = VirtualAddress { interface, ..VirtualAddress::new(OTHER.parse().unwrap()) };
    instance.addresses.push(other);
    let mut router = Router::start(host, instance);
    router.adds(ADDRESS);
    make_interface(host);
    router.adds(OTHER);
    assert!(address(host, "late0", OTHER).is_some());
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_missing_interface_is_an_error_unless_it_may_be_missing() {
    let network = lan();
    let strict = Instance { dynamic_interfaces: false, ..early() };
    let start = || spawn(vec![strict], Options::default());
    let refused = network.host("a").unwrap().enter(start).unwrap().err();
    assert!(matches!(refused, Some(Error::NoInterface { .. })), "{refused:?}");
}
