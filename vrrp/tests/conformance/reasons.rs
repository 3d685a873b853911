//! X4: every change of state says why, and the counters agree.

use steadfast_vrrp::router::{FaultReason, NewMasterReason, Peer, State, StateReason};

use crate::support::*;

fn peer(address: &str, priority: u8) -> Peer {
    Peer { address: ip(address), priority: Some(prio(priority)) }
}

#[test]
fn x4_silence_says_how_long_and_who_was_heard_last() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    router.wake_when_due();
    let expected = StateReason::Silence {
        duration: us(3_609_375),
        last_heard: Some(peer(HIGHER_ADDRESS, 150)),
    };
    let change = router.state_change();
    assert_eq!((change.from, change.to), (State::Backup, State::Active));
    assert_eq!(change.at, at(ms(10) + us(3_609_375)));
    assert_eq!(change.reason, expected);
    assert_eq!(
        expected.to_string(),
        "nothing heard for 3.609s, last from 192.0.2.11 with priority 150"
    );
    assert_eq!(router.router.operational().new_master_reason, NewMasterReason::NoResponse);
}

#[test]
fn x4_silence_from_the_start_says_that_nobody_was_heard() {
    let mut router = Router::backup(config());
    router.wake_when_due();
    let expected = StateReason::Silence { duration: us(3_609_375), last_heard: None };
    assert_eq!(router.reason(), expected);
}

#[test]
fn x4_a_successor_says_who_gave_up() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    router.wake_when_due();
    assert_eq!(router.reason(), StateReason::PeerResigned { peer: ip(HIGHER_ADDRESS) });
    assert_eq!(router.router.operational().new_master_reason, NewMasterReason::Priority);
}

#[test]
fn x4_a_preemption_says_whose() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
    router.wake_when_due();
    let expected = StateReason::Preempted { peer: peer(HIGHER_ADDRESS, 99), ours: prio(100) };
    assert_eq!(router.reason(), expected);
    assert_eq!(router.router.operational().new_master_reason, NewMasterReason::Preempted);
}

#[test]
fn x4_a_higher_priority_says_whose_and_how_much() {
    let mut router = Router::active(config());
    router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 150)).unwrap();
    let expected = StateReason::HigherPriority { peer: peer(LOWER_ADDRESS, 150), ours: prio(100) };
    assert_eq!(router.reason(), expected);
}

#[test]
fn x4_operator_and_shutdown_are_told_apart() {
    let mut router = Router::backup(config());
    router.router.handle_fault(at(ms(10)), FaultReason::Operator);
    assert_eq!(router.reason(), StateReason::Fault(FaultReason::Operator));
    router.router.handle_shutdown(at(ms(20)));
    assert_eq!(router.reason(), StateReason::Shutdown);
}

#[test]
fn x4_counters_follow_what_happened() {
    let mut router = Router::active(config());
    router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    router.drain();
    router.hear(ms(20), &Advert::new(LOWER_ADDRESS, 0)).unwrap();
    router.drain();
    router.router.handle_shutdown(at(ms(30)));
    router.drain();
    let counters = router.router.counters();
    assert_eq!(counters.master_transitions, 1);
    assert_eq!(counters.advertisement_rcvd, 2);
    assert_eq!(counters.priority_zero_pkts_rcvd, 1);
    assert_eq!(counters.advertisement_sent, 4);
    assert_eq!(counters.priority_zero_pkts_sent, 1);
}

#[test]
fn x4_events_nobody_takes_are_bounded_and_counted() {
    let mut router = Router::active(config());
    for millis in 0..100 {
        router.hear(ms(millis), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    }
    assert_eq!(router.events().len(), 32);
    assert_eq!(router.router.counters().events_lost, 68);
}

#[test]
fn x4_what_happened_is_said_in_the_words_of_keepalived() {
    let mut router = Router::active(config());
    router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    router.hear(ms(20), &Advert::new(HIGHER_ADDRESS, 100)).unwrap();
    router.router.handle_fault(at(ms(30)), FaultReason::Tracked("chk_haproxy".into()));
    router.router.handle_shutdown(at(ms(40)));
    let said: Vec<_> = router.events().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Received advert from 192.0.2.9 with priority 50, which must yield: asserting \
             ourselves",
            "Entering BACKUP STATE: advert from 192.0.2.11 with priority 100, the same as ours, \
             and our address 192.0.2.10 is lower",
            "Entering FAULT STATE: tracked chk_haproxy failed",
            "Stopped: shutdown",
        ]
    );
}
