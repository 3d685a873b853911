//! X2: a router that is woken late does not trust what it did not hear.

use std::time::Duration;

use steadfast_vrrp::router::{
    AdvertiseReason, AnnounceReason, Event, State, StateReason, Transmit,
};

use crate::support::*;

/// When the Backup of `config()` is due after a start at `START`.
const DOWN: Duration = Duration::from_micros(3_609_375);
/// Two intervals and the skew of priority 100.
const LISTEN: Duration = Duration::from_micros(2_609_375);

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
    let mut router = Router::active(config());
    router.wake(DOWN + us(1));
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), []);
    let by = DOWN + us(1) - ms(1000);
    assert_eq!(overslept(&router.events()), Some((by, State::Active)));
    assert_eq!(router.deadline(), at(DOWN + us(1) + ms(1500)));
}

/// An Active router that slept for ten seconds and then listened for one and a half.
fn listened() -> Router {
    let mut router = Router::active(config()).installed();
    router.wake(ms(10_000));
    router.drain();
    router.wake(ms(11_500));
    router
}

#[test]
fn x2_an_active_router_that_heard_nobody_speaks_again() {
    let mut router = listened();
    assert_eq!(router.sent(), [(100, AdvertiseReason::ListenedAgain)]);
    assert_eq!(router.wake_when_due(), at(ms(12_500)));
    assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
}

#[test]
fn x2_of_two_routers_asleep_together_the_active_one_speaks_first() {
    let mut active = Router::active(config());
    let mut backup = Router::backup(config().priority(prio(254)));
    active.wake(ms(60_000));
    backup.wake(ms(60_000));
    assert!(active.deadline() < backup.deadline());
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

/// The other's clock may run faster than ours, or its priority be higher: it took over before our
/// own down interval had passed.
#[test]
fn x2_so_it_does_if_the_other_took_over_early_in_its_sleep() {
    let mut router = Router::active(config().preempt(false));
    let advert = Advert::new(LOWER_ADDRESS, 50);
    router
        .router
        .handle_packet(at(ms(10_000)), &advert.received(at(ms(3500))), &advert.bytes())
        .unwrap();
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn x2_it_does_not_yield_to_whom_it_heard_before_it_fell_asleep() {
    let mut router = Router::active(config().preempt(false));
    let advert = Advert::new(LOWER_ADDRESS, 50);
    router
        .router
        .handle_packet(at(ms(10_000)), &advert.received(at(ms(900))), &advert.bytes())
        .unwrap();
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x2_it_does_so_without_a_word_that_would_make_the_other_yield_as_well() {
    let mut router = Router::active(config().preempt(false).higher_prio_send_advert(true));
    router.hear(ms(10_000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.sent(), []);
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

#[test]
fn x2_while_it_listens_priority_zero_makes_it_speak_and_announce_at_once() {
    let mut router = Router::active(config().preempt(false)).installed();
    router.wake(ms(10_000));
    router.drain();
    router.hear(ms(10_300), &Advert::new(LOWER_ADDRESS, 0)).unwrap();
    let transmits = router.transmits();
    assert!(matches!(
        transmits.first(),
        Some(Transmit::Advertisement(it)) if it.reason == AdvertiseReason::PeerResigned
    ));
    assert!(matches!(
        transmits.last(),
        Some(Transmit::Announce(it)) if it.reason == AnnounceReason::ListenedAgain
    ));
}

#[test]
fn x2_once_it_has_spoken_it_is_awake_and_yields_to_no_lower_router() {
    let mut router = Router::active(config().preempt(false));
    router.wake(ms(10_000));
    router.hear(ms(10_300), &Advert::new(LOWER_ADDRESS, 0)).unwrap();
    router.hear(ms(10_400), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.state(), State::Active);
}

/// An Active router that steps down when one of priority 254 may have taken over.
fn stepping_down() -> Router {
    let config = config().preempt(false).timer_expired_backup(Some(prio(254)));
    Router::active(config).installed()
}

#[test]
fn x2_timer_expired_backup_steps_down_once_the_best_other_may_have_taken_over() {
    // Three intervals, and the skew time of priority 254.
    let down = us(3_007_812);
    let mut router = stepping_down();
    router.wake(down);
    assert_eq!(router.state(), State::Active);
    let mut router = stepping_down();
    router.wake(down + us(1));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.sent(), []);
    assert_eq!(router.deadline(), at(down + us(1) + DOWN));
    let by = down + us(1) - ms(1000);
    assert_eq!(router.reason(), StateReason::TimerExpired { by });
}

#[test]
fn x2_timer_expired_backup_that_nobody_succeeded_takes_over_again() {
    let mut router = stepping_down();
    router.wake(ms(10_000));
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
}
