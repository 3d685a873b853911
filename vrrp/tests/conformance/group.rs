//! X3: synchronisation groups, as keepalived's `vrrp_sync_group`.

use proptest::prelude::*;
use steadfast_vrrp::group::{GroupChange, Member, SyncGroup};
use steadfast_vrrp::router::{
    AdvertiseReason, AnnounceReason, ConfigBuilder, FaultReason, Peer, State, StateReason,
};
use steadfast_vrrp::{Instant, Priority};

use crate::hostile::{apply, step};
use crate::support::*;

/// The inner and the outer router of one machine.
struct Pair {
    group: SyncGroup,
    inner: Router,
    outer: Router,
}

impl Pair {
    fn new(inner: ConfigBuilder, outer: ConfigBuilder) -> Self {
        let [inner, outer] = [inner, outer].map(|config| Router::new(config.sync_group(true)));
        Self { group: SyncGroup::default(), inner, outer }
    }

    fn started() -> Self {
        let mut pair = Self::new(config(), config());
        pair.start();
        pair.inner.drain();
        pair.outer.drain();
        pair
    }

    fn start(&mut self) -> Option<GroupChange> {
        self.inner.router.handle_startup(at(START));
        self.outer.router.handle_startup(at(START));
        self.synchronise(at(START))
    }

    fn synchronise(&mut self, now: Instant) -> Option<GroupChange> {
        let mut members = [
            Member::new("inner", &mut self.inner.router),
            Member::new("outer", &mut self.outer.router),
        ];
        self.group.synchronise(now, &mut members)
    }

    /// Both heard nothing; installed, and all that was said is taken.
    fn active() -> Self {
        let mut pair = Self::started();
        let now = pair.inner.wake_when_due();
        pair.outer.wake_when_due();
        pair.synchronise(now);
        pair.inner.router.handle_addresses_installed(now);
        pair.outer.router.handle_addresses_installed(now);
        pair.inner.drain();
        pair.outer.drain();
        assert_eq!(pair.states(), [State::Active; 2]);
        pair
    }

    fn states(&self) -> [State; 2] {
        [self.inner.state(), self.outer.state()]
    }
}

const SOON: u64 = 5000;

#[test]
fn x3_group_members_do_not_start_without_its_word() {
    let mut pair = Pair::new(config(), config());
    pair.inner.router.handle_startup(at(START));
    assert_eq!(pair.states(), [State::Initialize; 2]);
    let change = pair.start().unwrap();
    assert_eq!((change.from, change.to), (State::Initialize, State::Backup));
    assert_eq!(pair.states(), [State::Backup; 2]);
    assert_eq!(pair.inner.reason(), StateReason::Startup);
}

#[test]
fn x3_group_becomes_active_when_its_slowest_member_would() {
    let slow = config().interval(centis(200));
    let mut pair = Pair::new(config(), slow);
    pair.start();
    let due = pair.inner.wake_when_due();
    assert_eq!(pair.synchronise(due), None);
    assert_eq!(pair.states(), [State::Backup; 2]);
    let due = pair.outer.wake_when_due();
    let change = pair.synchronise(due).unwrap();
    assert_eq!((change.to, change.member), (State::Active, None));
    assert_eq!(pair.states(), [State::Active; 2]);
    assert_eq!(pair.inner.sent(), [(100, AdvertiseReason::BecameActive)]);
    assert_eq!(pair.outer.sent(), [(100, AdvertiseReason::BecameActive)]);
}

#[test]
fn x3_group_waits_as_long_as_one_member_hears_a_better_router() {
    let mut pair = Pair::started();
    let due = pair.inner.wake_when_due();
    pair.outer.hear(ms(SOON), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    pair.synchronise(due);
    for _ in 0..5 {
        let due = pair.inner.wake_when_due();
        pair.synchronise(due);
    }
    assert_eq!(pair.states(), [State::Backup; 2]);
}

#[test]
fn x3_group_member_that_waits_and_hears_a_better_router_is_not_ready_any_more() {
    let mut pair = Pair::started();
    pair.inner.wake_when_due();
    pair.inner.hear(ms(SOON), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    let due = pair.outer.wake_when_due();
    assert_eq!(pair.synchronise(due), None);
    assert_eq!(pair.states(), [State::Backup; 2]);
}

#[test]
fn x3_group_falls_to_backup_together_without_priority_0() {
    let mut pair = Pair::active();
    pair.inner.hear(ms(SOON), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    let change = pair.synchronise(at(ms(SOON))).unwrap();
    assert_eq!((change.to, change.member.as_deref()), (State::Backup, Some("inner")));
    assert_eq!(pair.states(), [State::Backup; 2]);
    assert_eq!(pair.outer.sent(), []);
    assert_eq!(pair.outer.reason(), StateReason::GroupBackup { member: "inner".into() });
}

#[test]
fn x3_group_member_that_falls_does_not_say_what_it_was_about_to() {
    let mut pair = Pair::active();
    let due = pair.outer.wake_when_due();
    pair.inner.hear(ms(SOON), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    pair.synchronise(due);
    assert_eq!(pair.outer.state(), State::Backup);
    assert_eq!(pair.outer.sent(), []);
}

#[test]
fn x3_group_falls_to_fault_together_with_priority_0() {
    let mut pair = Pair::active();
    pair.outer.router.handle_fault(at(ms(SOON)), FaultReason::InterfaceDown("eth0".into()));
    let change = pair.synchronise(at(ms(SOON))).unwrap();
    assert_eq!((change.to, change.member.as_deref()), (State::Fault, Some("outer")));
    assert_eq!(pair.states(), [State::Fault; 2]);
    assert_eq!(pair.inner.sent(), [(0, AdvertiseReason::Resign)]);
    assert_eq!(pair.outer.sent(), [(0, AdvertiseReason::Resign)]);
    let reason = FaultReason::Group("outer".into());
    assert_eq!(pair.inner.reason(), StateReason::Fault(reason));
}

#[test]
fn x3_group_recovers_when_the_last_fault_is_over() {
    let mut pair = Pair::active();
    pair.inner.router.handle_fault(at(ms(SOON)), FaultReason::InterfaceDown("eth0".into()));
    pair.outer.router.handle_fault(at(ms(SOON)), FaultReason::InterfaceDown("eth0".into()));
    pair.synchronise(at(ms(SOON)));
    pair.outer.router.clear_fault(at(ms(SOON)));
    pair.synchronise(at(ms(SOON)));
    assert_eq!(pair.states(), [State::Fault; 2]);
    pair.inner.drain();
    pair.inner.router.clear_fault(at(ms(SOON)));
    let change = pair.synchronise(at(ms(SOON))).unwrap();
    assert_eq!((change.from, change.to), (State::Fault, State::Backup));
    assert_eq!(pair.states(), [State::Backup; 2]);
    assert_eq!(pair.inner.reason(), StateReason::Recovered);
}

#[test]
fn x3_group_that_starts_in_a_fault_does_not_pass_through_backup() {
    let mut pair = Pair::new(config(), config());
    pair.outer.router.handle_fault(at(START), FaultReason::InterfaceDown("eth0".into()));
    pair.start();
    assert_eq!(pair.states(), [State::Fault; 2]);
    assert_eq!(pair.inner.events().len(), 1);
}

#[test]
fn x3_group_of_owners_is_active_at_once() {
    let owner = || config().priority(Priority::OWNER);
    let mut pair = Pair::new(owner(), owner());
    assert_eq!(pair.start().unwrap().to, State::Active);
    assert_eq!(pair.states(), [State::Active; 2]);
}

#[test]
fn x3_group_waits_for_the_other_member_though_one_is_the_owner() {
    let mut pair = Pair::new(config().priority(Priority::OWNER), config());
    assert_eq!(pair.start().unwrap().to, State::Backup);
    let due = pair.outer.wake_when_due();
    pair.synchronise(due);
    assert_eq!(pair.states(), [State::Active; 2]);
}

#[test]
fn x3_group_owner_that_yielded_to_another_owner_is_not_ready() {
    let owner = || config().priority(Priority::OWNER);
    let mut pair = Pair::new(owner(), owner());
    pair.start();
    pair.inner.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 255)).unwrap();
    pair.synchronise(at(ms(10)));
    assert_eq!(pair.states(), [State::Backup; 2]);
}

#[test]
fn x3_group_asserts_itself_for_all_members() {
    let mut pair = Pair::active();
    pair.inner.hear(ms(SOON), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    pair.synchronise(at(ms(SOON)));
    for router in [&mut pair.inner, &mut pair.outer] {
        let announced = router.announced();
        assert!(!announced.is_empty());
        assert!(announced.iter().all(|it| it.reason == AnnounceReason::LowerPriorityPeer));
    }
    pair.synchronise(at(ms(SOON)));
    assert_eq!(pair.outer.announced(), []);
}

#[test]
fn x3_group_takes_over_from_a_router_that_gives_up_both() {
    let mut pair = Pair::started();
    let resigned = Advert::new(HIGHER_ADDRESS, 0);
    pair.inner.hear(ms(10), &resigned).unwrap();
    pair.outer.hear(ms(20), &resigned).unwrap();
    pair.inner.wake_when_due();
    let due = pair.outer.wake_when_due();
    pair.synchronise(due);
    assert_eq!(pair.states(), [State::Active; 2]);
    assert_eq!(due, at(ms(20) + us(609_375)));
    let expected = StateReason::PeerResigned { peer: ip(HIGHER_ADDRESS) };
    assert_eq!(pair.inner.reason(), expected);
}

#[test]
fn x3_group_member_that_preempts_says_whom() {
    let mut pair = Pair::started();
    for router in [&mut pair.inner, &mut pair.outer] {
        router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
        router.wake_when_due();
    }
    pair.synchronise(at(ms(SOON)));
    let peer = Peer { address: ip(LOWER_ADDRESS), priority: Some(prio(50)) };
    assert_eq!(pair.outer.reason(), StateReason::Preempted { peer, ours: prio(100) });
}

#[test]
fn x3_group_that_is_shut_down_is_in_initialize() {
    let mut pair = Pair::active();
    pair.inner.router.handle_shutdown(at(ms(SOON)));
    pair.outer.router.handle_shutdown(at(ms(SOON)));
    assert_eq!(pair.synchronise(at(ms(SOON))).unwrap().to, State::Initialize);
    assert_eq!(pair.states(), [State::Initialize; 2]);
}

#[test]
fn x3_a_member_that_leaves_its_group_need_not_wait_for_it() {
    let mut pair = Pair::new(config(), config());
    pair.outer.router.handle_fault(at(START), FaultReason::InterfaceDown("eth0".into()));
    pair.start();
    pair.inner.router.reconfigure(at(ms(10)), config().build().unwrap()).unwrap();
    assert_eq!(pair.inner.state(), State::Backup);
}

#[test]
fn x3_an_empty_group_does_nothing() {
    let mut group = SyncGroup::default();
    assert_eq!(group.synchronise(at(START), &mut []), None);
    assert_eq!(group.state(), State::Initialize);
}

proptest! {
    #[test]
    fn x3_group_members_that_are_started_are_always_in_one_state(
        steps in proptest::collection::vec((any::<bool>(), step()), 0..60),
    ) {
        let mut pair = Pair::new(config(), config());
        let mut now = at(START);
        for (inner, (delay, step)) in steps {
            now = now + delay;
            apply(if inner { &mut pair.inner } else { &mut pair.outer }, now, step);
            pair.synchronise(now);
            let running = pair.states().into_iter().filter(|state| *state != State::Initialize);
            let running: Vec<_> = running.collect();
            prop_assert!(running.windows(2).all(|pair| pair[0] == pair[1]), "{running:?}");
            prop_assert_eq!(pair.synchronise(now), None, "it is settled");
        }
    }
}
