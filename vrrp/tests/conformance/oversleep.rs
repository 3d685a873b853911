//! X2: a router that is woken late does not trust what it did not hear.

use std::time::Duration;

use steadfast_vrrp::router::{AdvertiseReason, AnnounceReason, Event, State, StateReason};

use crate::support::*;

/// When the Backup of `config()` is due after a start at `START`.
const DOWN: Duration = Duration::from_micros(3_609_375);
/// One interval and the skew of priority 100.
const LISTEN: Duration = Duration::from_micros(1_609_375);

fn overslept(events: &[Event]) -> Option<(Duration, State)> {
    events.iter().find_map(|event| match event {
        Event::Overslept { by, state } => Some((*by, *state)),
        _ => None,
    })
}

#[test]
fn x2_a_backup_a_little_late_takes_over() {
    let mut router = Router::backup(config());
    router.wake(DOWN + ms(500));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x2_a_backup_that_overslept_listens_before_it_takes_over() {
    let mut router = Router::backup(config());
    router.wake(DOWN + ms(501));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(overslept(&router.events()), Some((ms(501), State::Backup)));
    assert_eq!(router.deadline(), at(DOWN + ms(501) + LISTEN));
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x2_a_backup_that_overslept_and_hears_the_active_router_stays() {
    let mut router = Router::backup(config());
    router.wake(ms(60_000));
    router.hear(ms(60_400), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    assert_eq!(router.deadline(), at(ms(60_400) + DOWN));
}

#[test]
fn x2_a_backup_that_is_always_late_takes_over_the_second_time() {
    let mut router = Router::backup(config());
    router.wake(DOWN + ms(600));
    router.wake(DOWN + ms(600) + LISTEN + ms(600));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x2_a_backup_nobody_could_rely_on_listens_again_and_again() {
    let mut router = Router::backup(config());
    for minute in 1..=3 {
        router.wake(ms(60_000 * minute));
        assert_eq!(router.state(), State::Backup);
    }
    assert_eq!(router.router.counters().overslept, 3);
}

#[test]
fn x2_a_backup_that_heard_somebody_since_is_not_excused_the_next_time() {
    let mut router = Router::backup(config());
    router.wake(ms(60_000));
    router.hear(ms(60_400), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    router.wake(ms(60_400) + DOWN + ms(600));
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn x2_packets_that_waited_meanwhile_count_from_their_arrival() {
    let mut router = Router::backup(config());
    let advert = Advert::new(HIGHER_ADDRESS, 150);
    for second in 1..=9 {
        let received = advert.received(at(ms(second * 1000)));
        router.router.handle_packet(at(ms(10_000)), &received, &advert.bytes()).unwrap();
    }
    router.wake(ms(10_000));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(overslept(&router.events()), None);
    assert_eq!(router.deadline(), at(ms(9000) + DOWN));
}

#[test]
fn x2_an_active_router_a_little_late_advertises() {
    let mut router = Router::active(config());
    router.wake(DOWN);
    assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
    assert_eq!(overslept(&router.events()), None);
}

#[test]
fn x2_how_late_is_too_late_for_an_active_router_depends_on_its_own_interval() {
    let mut router = Router::backup(config());
    router.hear(START, &Advert::new(HIGHER_ADDRESS, 150).every(10)).unwrap();
    let active_since = router.wake_when_due().duration_since(at(START));
    router.drain();
    router.wake(active_since + ms(2000));
    assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
}

#[test]
fn x2_an_active_router_that_overslept_is_silent_and_listens() {
    let mut router = Router::active(config()).installed();
    router.wake(DOWN + us(1));
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), []);
    let by = DOWN + us(1) - ms(1000);
    assert_eq!(overslept(&router.events()), Some((by, State::Active)));
    assert_eq!(router.deadline(), at(DOWN + us(1) + ms(1000)));
}

/// An Active router that slept for ten seconds and then listened for one.
fn listened() -> Router {
    let mut router = Router::active(config()).installed();
    router.wake(ms(10_000));
    router.drain();
    router.wake(ms(11_000));
    router
}

#[test]
fn x2_an_active_router_that_heard_nobody_speaks_again() {
    let mut router = listened();
    assert_eq!(router.sent(), [(100, AdvertiseReason::ListenedAgain)]);
    assert_eq!(router.wake_when_due(), at(ms(12_000)));
    assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
}

#[test]
fn x2_an_active_router_that_heard_nobody_announces_its_addresses_again() {
    let announced = listened().announced();
    assert!(announced.iter().any(|it| it.reason == AnnounceReason::ListenedAgain));
}

#[test]
fn x2_an_active_router_that_overslept_yields_where_it_must_not_preempt() {
    let mut router = Router::active(config().preempt(false));
    router.wake(ms(10_000));
    router.hear(ms(10_300), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Backup);
    assert!(matches!(router.reason(), StateReason::TakenOverWhileAsleep { .. }));
}

#[test]
fn x2_so_it_does_if_the_other_is_heard_before_the_timer_is_looked_at() {
    let mut router = Router::active(config().preempt(false));
    router.hear(ms(10_000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn x2_awake_it_does_not_yield_to_a_lower_priority() {
    let mut router = Router::active(config().preempt(false));
    router.hear(ms(500), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x2_with_preemption_it_asserts_itself_once_it_hears_a_lower_priority() {
    let mut router = Router::active(config());
    router.wake(ms(10_000));
    router.hear(ms(10_300), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), [(100, AdvertiseReason::LowerPriorityPeer)]);
}
