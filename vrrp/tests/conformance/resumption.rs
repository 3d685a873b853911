//! X6: a router whose process died and was started again in time goes on as Active.

use std::time::Duration;

use steadfast_vrrp::router::{
    AdvertiseReason, AnnounceReason, Event, FaultReason, State, StateReason,
};

use crate::support::*;

/// The Active_Down_Interval of `config()`.
const DOWN: Duration = Duration::from_micros(3_609_375);

/// Resumes at `START`, so long after the end of the process before.
fn resumed_after(down: Duration) -> Router {
    let mut router = Router::new(config());
    router.router.handle_resumption(at(START), at(START) - down);
    router
}

#[test]
fn x6_it_is_active_and_holds_its_addresses_from_the_start() {
    let mut router = resumed_after(ms(1500));
    assert_eq!(router.state(), State::Active);
    assert!(router.router.holds_addresses());
    assert_eq!(router.reason(), StateReason::Resumed { down: ms(1500) });
}

#[test]
fn x6_it_advertises_at_once_and_every_interval_from_then_on() {
    for down in [ms(0), ms(10), ms(999), ms(1000), ms(2500)] {
        let mut router = resumed_after(down);
        assert_eq!(router.deadline().max(at(START)), at(START), "after {down:?}");
        router.wake(START);
        assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)], "after {down:?}");
        let next = router.deadline();
        assert!(next > at(START) && next <= at(ms(1000)), "{next:?} after {down:?}");
    }
}

#[test]
fn x6_it_announces_its_addresses_once_they_are_known_to_be_there() {
    let mut router = resumed_after(ms(10));
    router.wake(START);
    router.drain();
    router.router.handle_addresses_installed(at(ms(1)));
    assert_eq!(router.announced().first().unwrap().reason, AnnounceReason::Installed);
}

#[test]
fn x6_if_another_was_heard_meanwhile_it_is_an_ordinary_backup() {
    for priority in [50, 100, 150] {
        let mut router = resumed_after(ms(2500));
        let advert = Advert::new(LOWER_ADDRESS, priority);
        let received = advert.received(at(START) - ms(300));
        router.router.handle_packet(at(START), &received, &advert.bytes()).unwrap();
        router.wake(START);
        assert_eq!(router.state(), State::Backup, "{priority} was heard");
        assert_eq!(router.sent(), []);
        assert_eq!(router.deadline(), at(START) - ms(300) + DOWN);
        let reasons: Vec<_> = router.events();
        let taken_over = reasons.iter().any(|event| {
            matches!(event, Event::StateChange(change)
                if matches!(change.reason, StateReason::TakenOverBeforeResumption { .. }))
        });
        assert!(taken_over, "{reasons:?}");
    }
}

#[test]
fn x6_as_a_backup_it_preempts_as_any_other() {
    let mut router = resumed_after(ms(2500));
    let advert = Advert::new(LOWER_ADDRESS, 50);
    router
        .router
        .handle_packet(at(START), &advert.received(at(START) - ms(300)), &advert.bytes())
        .unwrap();
    router.drain();
    router.hear(ms(700), &advert).unwrap();
    router.wake_when_due();
    assert!(matches!(router.reason(), StateReason::Preempted { .. }));
}

#[test]
fn x6_a_router_that_gave_up_meanwhile_has_not_taken_over() {
    let mut router = resumed_after(ms(500));
    let advert = Advert::new(LOWER_ADDRESS, 0);
    router
        .router
        .handle_packet(at(START), &advert.received(at(START) - ms(300)), &advert.bytes())
        .unwrap();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), [(100, AdvertiseReason::PeerResigned)]);
}

#[test]
fn x6_who_is_heard_after_the_start_meets_an_active_router() {
    let mut router = resumed_after(ms(500));
    router.wake(START);
    router.drain();
    router.hear(ms(1), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), [(100, AdvertiseReason::LowerPriorityPeer)]);
    router.hear(ms(2), &Advert::new(LOWER_ADDRESS, 150)).unwrap();
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn x6_gone_for_longer_than_its_down_interval_it_listens_first() {
    let mut router = resumed_after(DOWN + ms(1));
    router.wake(START);
    assert_eq!(router.sent(), []);
    assert_eq!(router.deadline(), at(ms(1500)));
    router.wake_when_due();
    assert_eq!(router.sent(), [(100, AdvertiseReason::ListenedAgain)]);
}

#[test]
fn x6_in_a_fault_it_gives_up_as_it_would_have_before() {
    let mut router = Router::new(config());
    router.router.handle_fault(at(START), FaultReason::InterfaceDown("eth0".into()));
    router.router.handle_resumption(at(START), at(START) - ms(10));
    assert_eq!(router.state(), State::Fault);
    assert_eq!(router.sent(), [(0, AdvertiseReason::Resign)]);
}

#[test]
fn x6_a_router_that_runs_already_goes_on_as_it_is() {
    let mut router = Router::backup(config());
    router.router.handle_resumption(at(ms(1)), at(START));
    assert_eq!(router.state(), State::Backup);
}
