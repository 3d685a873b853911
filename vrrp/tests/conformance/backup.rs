//! B: what a Backup does, with its times to the nanosecond.

use std::time::Duration;

use steadfast_vrrp::Version;
use steadfast_vrrp::packet::Authentication;
use steadfast_vrrp::router::{AdvertiseReason, State, Timer};

use crate::support::*;

#[test]
fn b1_holds_no_addresses_and_sends_nothing() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    router.router.handle_addresses_installed(at(ms(20)));
    assert!(!router.router.holds_addresses());
    assert_eq!(router.transmits(), []);
}

#[test]
fn b2_shutdown_cancels_the_timer_and_sends_nothing() {
    let mut router = Router::backup(config());
    router.router.handle_shutdown(at(ms(10)));
    assert_eq!(router.state(), State::Initialize);
    assert_eq!(router.router.poll_timeout(), None);
    assert_eq!(router.transmits(), []);
}

#[test]
fn b3_becomes_active_when_the_active_down_timer_fires() {
    let mut router = Router::backup(config());
    router.router.handle_timeout(at(us(3_609_374)));
    assert_eq!(router.state(), State::Backup, "not a moment too early");
    router.router.handle_timeout(at(us(3_609_375)));
    assert_eq!(router.state(), State::Active);
    assert!(router.router.holds_addresses());
    assert_eq!(router.sent(), [(100, AdvertiseReason::BecameActive)]);
    assert_eq!(router.timer(), Timer::Adver);
    assert_eq!(router.deadline(), at(us(4_609_375)));
}

#[test]
fn b4_priority_0_leaves_the_skew_time() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    assert_eq!(router.timer(), Timer::ActiveDown);
    assert_eq!(router.deadline(), at(ms(10) + us(609_375)));
}

#[test]
fn b4_a_second_priority_0_does_not_postpone() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    router.hear(ms(300), &Advert::new(LOWER_ADDRESS, 0)).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(609_375)));
}

#[test]
fn b5_a_priority_no_lower_than_ours_restarts_the_timer() {
    for priority in [100, 101, 255] {
        for source in [LOWER_ADDRESS, HIGHER_ADDRESS] {
            let mut router = Router::backup(config());
            router.hear(ms(10), &Advert::new(source, priority)).unwrap();
            assert_eq!(router.deadline(), at(ms(10) + us(3_609_375)), "{priority} {source}");
        }
    }
}

#[test]
fn b5_without_preemption_any_priority_restarts_the_timer() {
    let mut router = Router::backup(config().preempt(false));
    router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 1)).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(3_609_375)));
}

#[test]
fn b5_the_timer_runs_from_the_arrival_of_the_packet() {
    let mut router = Router::backup(config());
    let advert = Advert::new(HIGHER_ADDRESS, 150);
    let received = advert.received(at(ms(10)));
    router.router.handle_packet(at(ms(900)), &received, &advert.bytes()).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(3_609_375)));
}

#[test]
fn b6_a_lower_priority_leaves_the_timer_running() {
    let mut router = Router::backup(config());
    for second in 1..=3 {
        router.hear(ms(second * 1000), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
        assert_eq!(router.deadline(), at(us(3_609_375)));
    }
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
}

#[test]
fn b6_a_lower_priority_does_not_teach_its_interval() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 99).every(10)).unwrap();
    router.hear(ms(20), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    assert_eq!(router.deadline(), at(ms(20) + us(609_375)));
}

#[test]
fn b7_the_learned_interval_governs() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150).every(10)).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(360_937) + Duration::from_nanos(500)));
    router.hear(ms(20), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    assert_eq!(router.deadline(), at(ms(20) + us(60_937) + Duration::from_nanos(500)));
}

#[test]
fn b7_v2_has_its_skew_in_seconds() {
    let mut router = Router::backup(config().version(Version::V2).interval(centis(200)));
    assert_eq!(router.deadline(), at(us(6_609_375)));
    let resigning = Advert::v2(HIGHER_ADDRESS, 0, Authentication::None).every(200);
    router.hear(ms(10), &resigning).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(609_375)));
}

#[test]
fn b_down_intervals_are_exact() {
    for (priority, interval, nanos) in [
        (254, 1, 30_078_125),
        (100, 1, 36_093_750),
        (1, 1, 39_960_937),
        (254, 10, 300_781_250),
        (1, 100, 3_996_093_750),
        (1, 4095, 163_640_039_062),
    ] {
        let router = Router::backup(config().priority(prio(priority)).interval(centis(interval)));
        let expected = Duration::from_nanos(nanos);
        assert_eq!(router.deadline(), at(expected), "{priority} every {interval} cs");
    }
}
