//! X3: keepalived's options about preemption and the down timer.

use steadfast_vrrp::router::{ConfigError, State, Timer};

use crate::support::*;

/// A Backup of priority 200 that gives a lower one ten seconds, hearing it every second.
fn heard_for(seconds: u64) -> Router {
    let mut router = Router::backup(config().priority(prio(200)).preempt_delay(ms(10_000)));
    for second in 1..=seconds {
        while router.deadline() <= at(ms(second * 1000)) {
            router.wake_when_due();
        }
        router.hear(ms(second * 1000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    }
    router
}

#[test]
fn x3_preempt_delay_leaves_a_lower_priority_active_for_its_time() {
    assert_eq!(heard_for(10).state(), State::Backup);
    let mut router = heard_for(10);
    assert_eq!(router.wake_when_due(), at(ms(11_000)), "counted from the first advertisement");
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.timer(), Timer::ActiveDown);
}

#[test]
fn x3_preempt_delay_over_the_lower_priority_is_preempted() {
    // Last listened to at 10 s, so due a down interval later.
    let mut router = heard_for(13);
    assert_eq!(router.deadline(), at(ms(10_000) + us(3_218_750)));
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x3_preempt_delay_does_not_delay_taking_over_from_a_silent_router() {
    let mut router = heard_for(2);
    assert_eq!(router.wake_when_due(), at(ms(2000) + us(3_218_750)));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x3_preempt_delay_does_not_delay_taking_over_from_one_that_gives_up() {
    let mut router = heard_for(2);
    router.hear(ms(2100), &Advert::new(LOWER_ADDRESS, 0)).unwrap();
    assert_eq!(router.wake_when_due(), at(ms(2100) + us(218_750)));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn x3_preempt_delay_starts_anew_after_a_higher_priority_was_heard() {
    let mut router = heard_for(2);
    router.hear(ms(2500), &Advert::new(HIGHER_ADDRESS, 250)).unwrap();
    router.hear(ms(3000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    for second in 4..=12 {
        router.hear(ms(second * 1000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    }
    assert_eq!(router.deadline(), at(ms(13_000)));
}

#[test]
fn x3_preempt_delay_that_was_over_starts_anew_too() {
    let mut router = heard_for(12);
    router.hear(ms(12_500), &Advert::new(HIGHER_ADDRESS, 250)).unwrap();
    router.hear(ms(13_000), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
    assert_eq!(router.deadline(), at(ms(13_000) + us(3_218_750)), "listened to again");
}

#[test]
fn x3_a_preemption_delay_needs_preemption() {
    let config = config().preempt(false).preempt_delay(ms(1)).build();
    assert_eq!(config.unwrap_err(), ConfigError::PreemptDelayWithoutPreempt);
}

#[test]
fn x3_down_timer_adverts_sets_the_number_of_missed_advertisements() {
    let router = Router::backup(config().down_timer_adverts(1));
    assert_eq!(router.deadline(), at(us(1_609_375)));
    for adverts in [0, 101] {
        let config = config().down_timer_adverts(adverts).build();
        assert_eq!(config.unwrap_err(), ConfigError::DownTimerAdverts { adverts });
    }
}
