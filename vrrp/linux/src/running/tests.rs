use std::net::Ipv4Addr;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use steadfast_vrrp::announce::Pace;
use steadfast_vrrp::debounce::Delays;
use steadfast_vrrp::router::{State, Transmit, VirtualAddresses};
use steadfast_vrrp::{Config, Priority, Vrid};

use super::*;
use crate::VirtualMac;
use crate::addresses::Action;
use crate::macvlan::tests::macvlan;
use crate::observed::tests::{INDEX, new_link};
use crate::request::request;
use crate::sources::Sources;

const START: Instant = Instant::from_nanos(0);
const OURS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FIRST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const SECOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 101);

/// The kernel's side: one interface with an address of its own.
pub(crate) struct Machine(pub(crate) Observed);

impl Machine {
    pub(crate) fn new() -> Self {
        let mut machine = Self(Observed::default());
        machine.link(LinkFlags::Up | LinkFlags::Running);
        machine.has(OURS, 24);
        machine
    }

    /// The interface loses its carrier.
    pub(crate) fn cut(&mut self) {
        self.link(LinkFlags::Up);
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

fn owner_of(addresses: &[Ipv4Addr]) -> Instance {
    let addresses = addresses.iter().map(|address| IpAddr::from(*address));
    let addresses = VirtualAddresses::new(addresses).unwrap();
    let config = Config::builder(Vrid::new(1).unwrap(), addresses).priority(Priority::OWNER);
    Instance::new("VI_1", "eth0", config.build().unwrap())
}

/// A started owner, Active at once, of two addresses.
fn active(machine: &Machine) -> Running {
    let mut running = Running::new(owner_of(&[FIRST, SECOND]));
    follow(&mut running, START, machine, &[FIRST.into(), SECOND.into()]);
    running.router.handle_startup(START);
    assert_eq!(running.router.state(), State::Active);
    running
}

pub(crate) fn follow(
    running: &mut Running,
    now: Instant,
    machine: &Machine,
    virtual_addresses: &[IpAddr],
) {
    running.follow(now, &machine.0, &mut Sources::new(&machine.0, virtual_addresses));
}

fn touched(changes: &[Change]) -> Vec<IpAddr> {
    let address = |change: &Change| match &change.action {
        Action::Add(address) => Some(address.address),
        Action::Remove { address, .. } => Some(*address),
        _ => None,
    };
    changes.iter().filter_map(address).collect()
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
    follow(&mut running, START, machine, &[]);
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

    assert_eq!(running.begin_changes(START, &machine.0), []);
    assert!(running.wake_at() <= Some(START + RETRY));
    running.handle_timeout(START + RETRY);
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
    follow(&mut running, START, &machine, &[]);
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
    assert_eq!((announced(&mut running), running.addresses.retry_at), (0, None));
}

#[test]
fn an_interface_without_carrier_is_a_fault_unless_it_is_not_tracked() {
    for (track_interface, state) in [(true, State::Fault), (false, State::Active)] {
        let mut machine = Machine::new();
        let mut running = active(&machine);
        running.instance.track_interface = track_interface;
        machine.link(LinkFlags::Up);
        follow(&mut running, START, &machine, &[]);
        assert_eq!(running.router.state(), state);
    }
}

#[test]
fn a_link_counts_as_down_and_as_up_again_once_that_has_lasted() {
    let (down, up) = (Duration::from_secs(1), Duration::from_secs(3));
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.instance.link_delays = Delays { down, up };
    running.link.set_delays(running.instance.link_delays);

    machine.cut();
    follow(&mut running, START, &machine, &[]);
    assert_eq!(running.router.state(), State::Active);
    assert!(running.wake_at() <= Some(START + down));
    running.handle_timeout(START + down);
    assert_eq!(running.router.state(), State::Fault);
    assert_eq!(running.fault, Some(FaultReason::InterfaceDown("eth0".into())));

    let mended = START + down * 2;
    machine.link(LinkFlags::Up | LinkFlags::Running);
    follow(&mut running, mended, &machine, &[]);
    assert_eq!((running.router.state(), running.wake_at()), (State::Fault, Some(mended + up)));
    running.handle_timeout(mended + up);
    assert_eq!(running.router.state(), State::Active);
}

#[test]
fn an_interface_that_is_gone_counts_as_down_at_once() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    let hour = Duration::from_secs(3600);
    running.instance.link_delays = Delays { down: hour, up: hour };
    running.link.set_delays(running.instance.link_delays);
    let mut gone = LinkMessage::default();
    gone.header.index = INDEX;
    machine.0.handle(&RouteNetlinkMessage::DelLink(gone));
    follow(&mut running, START, &machine, &[]);
    assert_eq!(running.router.state(), State::Fault);
}

#[test]
fn a_declared_fault_outlasts_that_of_the_interface() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.declared_fault = Some(FaultReason::Operator);
    machine.link(LinkFlags::empty());
    follow(&mut running, START, &machine, &[]);
    machine.link(LinkFlags::Up | LinkFlags::Running);
    follow(&mut running, START, &machine, &[]);
    assert_eq!(running.router.state(), State::Fault);
    running.declared_fault = None;
    follow(&mut running, START, &machine, &[]);
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
        let packet = Packet {
            arrival: now,
            source: Ipv4Addr::new(192, 0, 2, last).into(),
            destination: Ipv4Addr::new(224, 0, 0, 18).into(),
            hop_limit: 255,
            message: &[0x31, 1],
            authenticated: None,
        };
        reported += usize::from(running.receive(now, &packet).is_some());
    }
    assert_eq!(reported, 2);
}

const THIRD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 102);

#[test]
fn a_reconfigured_router_stays_active_and_changes_only_the_addresses_that_differ() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    running.reconfigure(START, owner_of(&[SECOND, THIRD])).unwrap();
    assert_eq!(running.router.state(), State::Active);
    let changes = running.begin_changes(START, &machine.0);
    let added: Vec<_> = changes.iter().filter_map(Change::added).collect();
    assert_eq!(added, [IpAddr::from(THIRD)]);
    assert_eq!(touched(&changes), [IpAddr::from(THIRD), IpAddr::from(FIRST)]);

    machine.has(THIRD, 32);
    machine.has_not(FIRST, 32);
    assert!(!running.end_changes(START, Some(&machine.0)));
    assert!(announced(&mut running) > 0, "they are announced anew");
    assert_eq!(running.begin_changes(START, &machine.0), []);
}

#[test]
fn an_address_that_is_given_up_is_left_alone_once_it_is_gone() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    running.reconfigure(START, owner_of(&[SECOND])).unwrap();
    assert_eq!(touched(&running.begin_changes(START, &machine.0)), [IpAddr::from(FIRST)]);
    machine.has_not(FIRST, 32);
    running.end_changes(START, Some(&machine.0));
    assert_eq!(running.begin_changes(START, &machine.0), []);
    machine.has(FIRST, 24);
    running.look_again();
    assert_eq!(running.begin_changes(START, &machine.0), []);
}

#[test]
fn an_address_that_another_instance_takes_over_is_not_removed() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    running.reconfigure(START, owner_of(&[SECOND])).unwrap();
    running.leave_to(&Instance { name: "VI_2".to_owned(), ..owner_of(&[FIRST]) });
    assert_eq!(running.begin_changes(START, &machine.0), []);
}

#[test]
fn another_interface_is_refused_and_nothing_changes() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    let elsewhere = Instance { interface: "eth1".to_owned(), ..owner_of(&[THIRD]) };
    let refused = running.reconfigure(START, elsewhere).unwrap_err();
    assert_eq!(refused.to_string(), "VI_1 is on eth0: to be on eth1, remove it and add it");
    running.look_again();
    assert_eq!(running.begin_changes(START, &machine.0), []);
}

#[test]
fn a_router_that_stops_has_released_its_addresses_once_they_are_gone_or_cannot_be_removed() {
    for gone in [true, false] {
        let mut machine = Machine::new();
        let mut running = settled(&mut machine);
        running.router.handle_shutdown(START);
        assert!(!running.has_released_addresses());
        assert_eq!(running.begin_changes(START, &machine.0).len(), 2);
        assert!(!running.has_released_addresses());
        if gone {
            machine.has_not(FIRST, 32);
            machine.has_not(SECOND, 32);
        }
        running.end_changes(START, Some(&machine.0));
        running.begin_changes(START, &machine.0);
        assert!(running.has_released_addresses());
    }
}

#[test]
fn what_may_not_be_announced_yet_is_announced_when_it_may() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    running.begin_changes(START, &machine.0);
    machine.has(FIRST, 32);
    machine.has(SECOND, 32);
    running.end_changes(START, Some(&machine.0));
    let interval = Duration::from_millis(5);
    let mut pacer = Pacer::new(Pace { garp_interval: interval, ..Pace::default() });
    let mut sent = Vec::new();
    let mut now = START;
    while sent.len() < 10 {
        while let Some(transmit) = running.poll_transmit(now, &mut pacer) {
            if let Transmit::Announce(announce) = transmit {
                sent.push((now, announce.address));
            }
        }
        now = running.wake_at().unwrap();
    }
    let times: Vec<_> = sent.iter().map(|(at, _)| *at).collect();
    let expected: Vec<_> = (0..10).map(|count| START + interval * count).collect();
    assert_eq!(times, expected);
}

#[test]
fn advertisements_do_not_wait_for_announcements() {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    let mut pacer = Pacer::new(Pace { garp_interval: RETRY * 100, ..Pace::default() });
    pacer.admit(START, Family::Ipv4).unwrap();
    running.router.handle_shutdown(START);
    let transmit = running.poll_transmit(START, &mut pacer);
    assert!(matches!(transmit, Some(Transmit::Advertisement(_))), "{transmit:?}");
}

/// Settled, and then an address is missing while the interface is as `flags` say.
fn lost(on_lost_address: OnLostAddress, flags: LinkFlags) -> Option<IpAddr> {
    let mut machine = Machine::new();
    let mut running = settled(&mut machine);
    running.instance.on_lost_address = on_lost_address;
    running.instance.track_interface = false;
    machine.has_not(SECOND, 32);
    machine.link(flags);
    follow(&mut running, START, &machine, &[]);
    assert_eq!(running.doubt_addresses(), on_lost_address == OnLostAddress::GiveUp);
    let lost = running.give_up_lost(&machine.0);
    follow(&mut running, START, &machine, &[]);
    assert_eq!(running.router.state() == State::Fault, lost.is_some());
    lost
}

#[test]
fn an_address_that_is_lost_is_given_up_if_so_wanted() {
    let up = LinkFlags::Up | LinkFlags::Running;
    assert_eq!(lost(OnLostAddress::GiveUp, up), Some(SECOND.into()));
    assert_eq!(lost(OnLostAddress::PutBack, up), None);
}

#[test]
fn an_address_that_went_with_its_interface_is_not_lost() {
    assert_eq!(lost(OnLostAddress::GiveUp, LinkFlags::empty()), None);
}

/// The actions of changes to be made now.
fn actions(running: &mut Running, machine: &Machine) -> Vec<Action> {
    let changes = running.begin_changes(START, &machine.0);
    changes.into_iter().map(|change| change.action).collect()
}

#[test]
fn a_macvlan_is_made_then_set_up_before_its_addresses_are_added_and_removed_after_them() {
    let mut machine = Machine::new();
    let mut running = active(&machine);
    let virtual_mac = VirtualMac::new(Vrid::new(51).unwrap(), Family::Ipv4);
    running.instance.virtual_mac = Some(virtual_mac);
    running.plan_macvlans(vec![macvlan()]);
    assert_eq!(
        actions(&mut running, &machine),
        [Action::AddMacvlan(macvlan()), Action::WriteDown(macvlan().before)]
    );

    machine.0.handle(&new_link(INDEX + 1, "vrrp.51", LinkFlags::empty()));
    running.macvlan_made("vrrp.51");
    running.end_changes(START, Some(&machine.0));
    let begun = running.begin_changes(START, &machine.0);
    assert_eq!(begun[0].action, Action::SetUp(true));
    assert_eq!(touched(&begun), [IpAddr::from(FIRST), IpAddr::from(SECOND)]);
    for addition in &begun[1..] {
        machine.0.handle(&request(addition).0);
    }
    machine.0.handle(&new_link(INDEX + 1, "vrrp.51", LinkFlags::Up));
    running.end_changes(START, Some(&machine.0));
    assert!(announced(&mut running) > 0);

    running.leave(START);
    let left = running.begin_changes(START, &machine.0);
    assert_eq!(touched(&left), [IpAddr::from(FIRST), IpAddr::from(SECOND)]);
    assert_eq!(left.last().unwrap().action, Action::RemoveLink);
}
