use std::net::Ipv4Addr;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use steadfast_vrrp::router::{State, Transmit, VirtualAddresses};
use steadfast_vrrp::{Config, Priority, Vrid};

use super::*;
use crate::observed::tests::INDEX;

const START: Instant = Instant::from_nanos(0);
const OURS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FIRST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const SECOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 101);

/// The kernel's side: one interface with an address of its own.
struct Machine(Observed);

impl Machine {
    fn new() -> Self {
        let mut machine = Self(Observed::default());
        machine.link(LinkFlags::Up | LinkFlags::Running);
        machine.has(OURS, 24);
        machine
    }

    fn link(&mut self, flags: LinkFlags) {
        let mut link = LinkMessage::default();
        link.header.index = INDEX;
        link.header.flags = flags;
        link.attributes.push(LinkAttribute::IfName("eth0".to_owned()));
        self.0.handle(&RouteNetlinkMessage::NewLink(link));
    }

    fn has(&mut self, address: Ipv4Addr, prefix_len: u8) {
        self.0.handle(&RouteNetlinkMessage::NewAddress(message(address, prefix_len)));
    }

    fn has_not(&mut self, address: Ipv4Addr, prefix_len: u8) {
        self.0.handle(&RouteNetlinkMessage::DelAddress(message(address, prefix_len)));
    }
}

fn message(address: Ipv4Addr, prefix_len: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.index = INDEX;
    message.header.prefix_len = prefix_len;
    message.attributes.push(AddressAttribute::Local(address.into()));
    message
}

/// A started owner, Active at once, of two addresses.
fn active(machine: &Machine) -> Running {
    let addresses = VirtualAddresses::new([FIRST.into(), SECOND.into()]).unwrap();
    let config = Config::builder(Vrid::new(1).unwrap(), addresses).priority(Priority::OWNER);
    let mut running = Running::new(Instance::new("VI_1", "eth0", config.build().unwrap()));
    running.follow(START, &machine.0, &[FIRST.into(), SECOND.into()]);
    running.router.handle_startup(START);
    assert_eq!(running.router.state(), State::Active);
    running
}

fn touched(changes: &[Change]) -> Vec<IpAddr> {
    changes.iter().map(Change::address).collect()
}

fn announced(running: &mut Running) -> usize {
    let mut count = 0;
    while let Some(transmit) = running.router.poll_transmit() {
        count += usize::from(matches!(transmit, Transmit::Announce(_)));
    }
    count
}

/// Both addresses are in.
fn settled(machine: &mut Machine) -> Running {
    let mut running = active(machine);
    assert_eq!(running.begin_changes(START, &machine.0).len(), 2);
    machine.has(FIRST, 32);
    machine.has(SECOND, 32);
    running.follow(START, &machine.0, &[]);
    assert!(!running.end_changes(START, Some(&machine.0)));
    announced(&mut running);
    running
}

#[test]
fn nothing_is_announced_before_the_addresses_are_in() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    assert_eq!(announced(&mut running), 0);
    machine.has(FIRST, 32);
    machine.has(SECOND, 32);
    running.end_changes(START, Some(&machine.0));
    assert!(announced(&mut running) > 0);
}

#[test]
fn addresses_that_are_in_already_are_announced_without_a_change() {
    let mut machine = Machine::new();
    machine.has(FIRST, 32);
    machine.has(SECOND, 32);
    let mut running = active(&machine);
    assert_eq!(running.begin_changes(START, &machine.0), []);
    assert!(announced(&mut running) > 0);
}

#[test]
fn changes_under_way_are_not_begun_again() {
    let machine = Machine::new();
    let mut running = active(&machine);
    assert_eq!(running.begin_changes(START, &machine.0).len(), 2);
    assert_eq!(running.begin_changes(START, &machine.0), []);
}

#[test]
fn an_address_that_cannot_be_added_does_not_keep_the_other_from_being_announced() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    machine.has(FIRST, 32);
    running.end_changes(START, Some(&machine.0));
    assert!(announced(&mut running) > 0);
}

#[test]
fn what_failed_is_tried_again_later_and_then_announced_on_its_own() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    machine.has(FIRST, 32);
    running.end_changes(START, Some(&machine.0));

    assert_eq!(running.retry_at(), Some(START + RETRY));
    assert_eq!(running.begin_changes(START, &machine.0), []);
    let again = running.begin_changes(START + RETRY, &machine.0);
    assert_eq!(touched(&again), [IpAddr::from(SECOND)]);
    machine.has(SECOND, 32);
    assert!(running.end_changes(START + RETRY, Some(&machine.0)), "too late for the router's own");
}

#[test]
fn an_address_that_is_lost_is_added_at_once() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    assert_eq!(running.begin_changes(START, &machine.0), []);
    machine.has_not(SECOND, 32);
    running.follow(START, &machine.0, &[]);
    assert_eq!(touched(&running.begin_changes(START, &machine.0)), [IpAddr::from(SECOND)]);
}

#[test]
fn a_change_of_state_does_not_wait_for_what_is_to_be_tried_again() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    machine.has(FIRST, 32);
    running.end_changes(START, Some(&machine.0));
    running.router.handle_shutdown(START);
    assert_eq!(touched(&running.begin_changes(START, &machine.0)), [IpAddr::from(FIRST)]);
}

#[test]
fn what_is_not_known_of_the_kernel_is_neither_announced_nor_tried_again() {
    let machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    running.end_changes(START, None);
    assert_eq!((announced(&mut running), running.retry_at()), (0, None));
}

#[test]
fn an_interface_without_carrier_is_a_fault_unless_it_is_not_tracked() {
    for (track_interface, state) in [(true, State::Fault), (false, State::Active)] {
        let mut machine = Machine::new();
        let mut running = active(&machine);
        running.instance.track_interface = track_interface;
        machine.link(LinkFlags::Up);
        running.follow(START, &machine.0, &[]);
        assert_eq!(running.router.state(), state);
    }
}

#[test]
fn a_declared_fault_outlasts_that_of_the_interface() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.declared_fault = Some(FaultReason::Operator);
    machine.link(LinkFlags::empty());
    running.follow(START, &machine.0, &[]);
    machine.link(LinkFlags::Up | LinkFlags::Running);
    running.follow(START, &machine.0, &[]);
    assert_eq!(running.router.state(), State::Fault);
    running.declared_fault = None;
    running.follow(START, &machine.0, &[]);
    assert_eq!(running.router.state(), State::Active);
}

#[test]
fn the_same_failure_is_reported_once_in_each_state() {
    let machine = Machine::new();
    let mut running = active(&machine);
    while running.poll_event().is_some() {}
    let failure = || Error::NoInstance("it".to_owned());
    assert!(running.failure(failure()).is_some());
    assert!(running.failure(failure()).is_none());
    running.router.handle_shutdown(START);
    while running.poll_event().is_some() {}
    assert!(running.failure(failure()).is_some());
}

#[test]
fn a_flood_of_discarded_packets_is_reported_once_a_second() {
    let machine = Machine::new();
    let mut running = active(&machine);
    let mut reported = 0;
    for packet in 0..=2_000_u64 {
        let now = START + Duration::from_millis(packet);
        // Two senders in turn, each with another reason than the last.
        let last = if packet.is_multiple_of(2) { 7 } else { 8 };
        let received = Received {
            arrival: now,
            source: Ipv4Addr::new(192, 0, 2, last).into(),
            destination: Ipv4Addr::new(224, 0, 0, 18).into(),
            hop_limit: 255,
            unicast: false,
        };
        reported += usize::from(running.receive(now, &received, &[0x31, 1]).is_some());
    }
    assert_eq!(reported, 2);
}
