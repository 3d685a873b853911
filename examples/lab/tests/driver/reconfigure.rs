//! Instances that come, go and change while others advertise.

use std::time::Duration;

use steadfast_lab::{Advertisement, Capture, Frame, Host, Network, wait_until};
use steadfast_vrrp::router::{State, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Priority, Vrid};
use steadfast_vrrp_linux::{Error, Instance};

use crate::router::{PATIENCE, Router, VRID, address, config, instance, lan};

const FIRST: &str = "10.0.0.100";
const SECOND: &str = "10.0.0.101";
const THIRD: &str = "10.0.0.102";
/// That of an instance that comes and goes.
const OTHER_VRID: u8 = 52;

fn has(host: &Host, held: &str) -> bool {
    address(host, "eth0", held).is_some()
}

/// The advertisements of a virtual router among the frames.
fn advertisements(frames: &[Frame], vrid: u8) -> Vec<Advertisement> {
    let all = frames.iter().filter_map(Frame::advertisement);
    all.filter(|sent| sent.vrid == vrid).collect()
}

fn gave_up(advertisements: &[Advertisement]) -> usize {
    advertisements.iter().filter(|sent| sent.priority == 0).count()
}

/// Long, so that a slow machine is not mistaken for a router that says nothing.
const INTERVAL: Duration = Duration::from_secs(2);
/// After a longer gap a Backup would take over.
const GAP: Duration = INTERVAL.saturating_mul(3);

/// An owner of these addresses that advertises every two seconds.
fn owner(addresses: &[&str]) -> Instance {
    let interval = AdverInterval::try_from(INTERVAL).unwrap();
    instance(config(addresses).interval(interval).priority(Priority::OWNER))
}

/// Such an owner, Active, whose advertisements are captured.
fn active<'a>(network: &'a Network, addresses: &[&str]) -> (Router, &'a Host, Capture<'a>) {
    let host = network.host("a").unwrap();
    let capture = network.capture("lan").unwrap();
    let mut router = Router::start(host, owner(addresses));
    addresses.iter().for_each(|address| router.adds(address));
    (router, host, capture)
}

/// Waits until it has advertised some more, and looks at what it was like until then.
fn assert_goes_on_advertising(capture: &Capture<'_>) {
    let sent = || advertisements(&capture.frames().unwrap(), VRID);
    let before = sent().len();
    wait_until(PATIENCE, "it goes on advertising", || sent().len() >= before + 2).unwrap();
    let sent = sent();
    assert!(Advertisement::longest_gap(&sent).unwrap() < GAP, "{sent:?}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_reconfigured_router_goes_on_advertising_and_keeps_the_addresses_that_it_had_before() {
    let network = lan();
    let (mut router, host, capture) = active(&network, &[FIRST, SECOND]);
    let lives = |held| address(host, "eth0", held).unwrap();
    let before = lives(SECOND);
    let other = owner(&[SECOND, THIRD]);
    router.runtime.block_on(router.handle.reconfigure(other)).unwrap();
    router.adds(THIRD);
    wait_until(PATIENCE, "what it gave up is removed", || !has(host, FIRST)).unwrap();
    assert_eq!(lives(SECOND), before);
    assert_eq!(router.snapshot().counters.master_transitions, 1);
    assert_goes_on_advertising(&capture);
    router.stop();
    let sent = advertisements(&capture.finish().unwrap().frames, VRID);
    assert_eq!(gave_up(&sent), 1, "only in the end");
}

/// An owner of one address with another VRID.
fn other_instance(held: &str) -> Instance {
    let addresses = VirtualAddresses::new([held.parse().unwrap()]).unwrap();
    let config = Config::builder(Vrid::new(OTHER_VRID).unwrap(), addresses)
        .interval(AdverInterval::try_from(Duration::from_millis(100)).unwrap())
        .priority(Priority::OWNER);
    Instance::new("other", "eth0", config.build().unwrap())
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_instance_comes_and_goes_while_another_advertises() {
    let network = lan();
    let (mut router, host, capture) = active(&network, &[FIRST]);
    for _ in 0..3 {
        router.runtime.block_on(router.handle.add(other_instance(SECOND))).unwrap();
        router.adds(SECOND);
        router.runtime.block_on(router.handle.remove("other")).unwrap();
        assert!(!has(host, SECOND), "it is gone when the removal is done");
    }
    assert_eq!(router.snapshot().state, State::Active);
    assert_goes_on_advertising(&capture);
    router.stop();
    let captured = capture.finish().unwrap();
    assert_eq!(gave_up(&advertisements(&captured.frames, OTHER_VRID)), 3);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_moves_from_one_instance_to_another() {
    let network = lan();
    let (mut router, host, _capture) = active(&network, &[FIRST, SECOND]);
    let without = owner(&[FIRST]);
    router.runtime.block_on(router.handle.reconfigure(without)).unwrap();
    router.runtime.block_on(router.handle.add(other_instance(SECOND))).unwrap();
    wait_until(PATIENCE, "the other announces it", || {
        let states = router.runtime.block_on(router.handle.snapshot()).unwrap();
        states.iter().all(|snapshot| snapshot.state == State::Active) && has(host, SECOND)
    })
    .unwrap();
    router.runtime.block_on(router.handle.remove("other")).unwrap();
    assert!(!has(host, SECOND));
    assert!(has(host, FIRST));
    router.stop();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_contradicts_a_running_instance_is_refused_and_changes_nothing() {
    let network = lan();
    let (mut router, host, _capture) = active(&network, &[FIRST]);
    let add = |router: &mut Router, instance| {
        router.runtime.block_on(router.handle.add(instance)).unwrap_err()
    };
    let taken = add(&mut router, other_instance(FIRST));
    assert!(matches!(taken, Error::DuplicateAddress { .. }), "{taken}");
    let nowhere = Instance { interface: "eth7".to_owned(), ..other_instance(SECOND) };
    let nowhere = add(&mut router, nowhere);
    assert!(matches!(nowhere, Error::NoInterface { .. }), "{nowhere}");
    let lesser = instance(config(&[FIRST]));
    let refused = router.runtime.block_on(router.handle.reconfigure(lesser)).unwrap_err();
    assert!(matches!(refused, Error::Incompatible { .. }), "{refused}");
    let unknown = router.runtime.block_on(router.handle.remove("other")).unwrap_err();
    assert!(matches!(unknown, Error::NoInstance(_)), "{unknown}");
    assert!(has(host, FIRST));
    assert_eq!(router.snapshot().state, State::Active);
    router.stop();
}
