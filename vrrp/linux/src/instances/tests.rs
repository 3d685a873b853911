use std::time::Duration;

use steadfast_vrrp::router::{State, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Family, Vrid};

use super::*;
use crate::Instance;
use crate::observed::tests::INDEX;
use crate::running::tests::{Machine, follow};

const START: Instant = Instant::from_nanos(0);
const PLACE: Place = (INDEX, Family::Ipv4);

/// A Backup that was started, with that VRID and interval.
fn backup(vrid: u8, interval: Duration) -> Running {
    let addresses = VirtualAddresses::new([[192, 0, 2, vrid].into()]).unwrap();
    let config = Config::builder(Vrid::new(vrid).unwrap(), addresses)
        .interval(AdverInterval::try_from(interval).unwrap());
    let name = format!("VI_{vrid}");
    let mut running = Running::new(Instance::new(name, "eth0", config.build().unwrap()));
    follow(&mut running, START, &Machine::new(), &[]);
    running.router.handle_startup(START);
    running
}

fn instances(intervals: &[Duration]) -> Instances {
    let mut instances = Instances::default();
    for (vrid, interval) in (1..).zip(intervals) {
        instances.add(backup(vrid, *interval));
    }
    instances.index();
    settle(&mut instances);
    instances
}

/// As if all had been carried out; says for which instances.
fn settle(instances: &mut Instances) -> Vec<String> {
    let touched = instances.take_touched();
    let name = |id: &Id| instances.get(*id).unwrap().instance.name.clone();
    let names = touched.iter().map(name).collect();
    instances.let_go(touched);
    names
}

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(1);

fn deadline(instances: &Instances, name: &str) -> Instant {
    instances.get(instances.named(name).unwrap()).unwrap().wake_at().unwrap()
}

#[test]
fn the_earliest_deadline_of_all_is_the_next() {
    let mut instances = instances(&[LONG, SHORT, LONG]);
    assert_eq!(instances.wake_at(), Some(deadline(&instances, "VI_2")));
}

#[test]
fn whose_time_has_come_is_woken_and_nobody_else() {
    let mut instances = instances(&[LONG, SHORT, LONG, SHORT]);
    let now = deadline(&instances, "VI_2");
    instances.handle_timeouts(now);
    assert_eq!(settle(&mut instances), ["VI_2", "VI_4"]);
    assert!(instances.wake_at() > Some(now));
}

#[test]
fn a_deadline_that_was_postponed_wakes_nobody_before_its_time() {
    let mut instances = instances(&[SHORT]);
    let before = deadline(&instances, "VI_1");
    // A fault and its end start the router anew.
    let running = instances.get_mut(Id(0)).unwrap();
    let mut machine = Machine::new();
    machine.cut();
    follow(running, START + SHORT, &machine, &[]);
    follow(running, START + SHORT, &Machine::new(), &[]);
    settle(&mut instances);
    assert_eq!(instances.wake_at(), Some(before + SHORT));
    instances.handle_timeouts(before);
    assert!(settle(&mut instances).is_empty());
}

#[test]
fn a_deadline_that_was_advanced_wakes_in_time() {
    let mut instances = instances(&[LONG]);
    let running = instances.get_mut(Id(0)).unwrap();
    running.router.set_priority(START, steadfast_vrrp::Priority::new(254).unwrap()).unwrap();
    settle(&mut instances);
    let advanced = deadline(&instances, "VI_1");
    assert_eq!(instances.wake_at(), Some(advanced));
    instances.handle_timeouts(advanced);
    assert_eq!(settle(&mut instances), ["VI_1"]);
}

#[test]
fn who_wants_nothing_is_not_waited_for() {
    let mut instances = instances(&[SHORT]);
    instances.get_mut(Id(0)).unwrap().router.handle_shutdown(START);
    settle(&mut instances);
    assert_eq!(instances.wake_at(), None);
}

#[test]
fn a_packet_finds_its_instance_by_place_and_vrid() {
    let mut instances = instances(&[SHORT, SHORT]);
    let mut find = |place, vrid| {
        let packet = Packet {
            source: [192, 0, 2, 9].into(),
            destination: [224, 0, 0, 18].into(),
            hop_limit: 255,
            arrival: START,
            message: &[0x31, vrid],
            authenticated: None,
        };
        instances.addressee(place, &packet).map(|running| running.instance.name.clone())
    };
    assert_eq!(find(PLACE, 2).as_deref(), Some("VI_2"));
    assert_eq!(find(PLACE, 3), None);
    assert_eq!(find((INDEX, Family::Ipv6), 2), None);
    assert_eq!(find((INDEX + 1, Family::Ipv4), 2), None);
}

#[test]
fn an_instance_counts_as_touched_once_however_often_it_is() {
    let mut instances = instances(&[SHORT, SHORT]);
    for _ in 0..3 {
        instances.get_mut(Id(1));
    }
    assert_eq!(settle(&mut instances), ["VI_2"]);
    assert!(settle(&mut instances).is_empty());
}

/// Two started members of a group, the second of another VRID and address.
fn group() -> Instances {
    let mut instances = Instances::default();
    for vrid in [1, 2] {
        let addresses = VirtualAddresses::new([[192, 0, 2, vrid].into()]).unwrap();
        let config = Config::builder(Vrid::new(vrid).unwrap(), addresses).sync_group(true);
        let mut instance = Instance::new(format!("VI_{vrid}"), "eth0", config.build().unwrap());
        instance.sync_group = Some("VG".to_owned());
        let mut running = Running::new(instance);
        follow(&mut running, START, &Machine::new(), &[]);
        running.router.handle_startup(START);
        instances.add(running);
    }
    instances.index();
    instances.synchronise(START);
    settle(&mut instances);
    instances
}

fn states(instances: &Instances) -> Vec<State> {
    instances.iter().map(|running| running.router.state()).collect()
}

fn cut(instances: &mut Instances, name: &str) {
    let mut machine = Machine::new();
    machine.cut();
    let running = instances.get_mut(instances.named(name).unwrap()).unwrap();
    follow(running, START, &machine, &[]);
}

#[test]
fn members_of_a_group_start_and_fall_together_and_the_group_says_so() {
    let mut instances = group();
    assert_eq!(states(&instances), [State::Backup; 2]);
    cut(&mut instances, "VI_2");
    let changes = instances.synchronise(START);
    assert_eq!(states(&instances), [State::Fault; 2]);
    let [(name, change)] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((name.as_str(), change.to), ("VG", State::Fault));
    let mut touched = settle(&mut instances);
    touched.sort();
    assert_eq!(touched, ["VI_1", "VI_2"]);
    assert!(instances.synchronise(START).is_empty());
}

#[test]
fn a_member_that_is_removed_holds_the_others_back_no_longer() {
    let mut instances = group();
    cut(&mut instances, "VI_2");
    instances.synchronise(START);
    instances.get_mut(Id(1)).unwrap().leave(START);
    instances.index();
    instances.synchronise(START);
    assert_eq!(states(&instances), [State::Backup, State::Initialize]);
}
