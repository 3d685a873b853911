//! I: startup.

use steadfast_vrrp::router::{AdvertiseReason, Outcome, State, StateReason, Timer};

use crate::support::*;

#[test]
fn i1_the_owner_advertises_announces_and_is_active_at_once() {
    let mut router = Router::new(config().priority(prio(255)));
    router.router.handle_startup(at(START));
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.reason(), StateReason::Startup);
    assert_eq!(router.sent(), [(255, AdvertiseReason::BecameActive)]);
    router.router.handle_addresses_installed(at(START));
    assert_eq!(router.announced().len(), 2 * 5);
    assert_eq!(router.timer(), Timer::Adver);
    assert_eq!(router.deadline(), at(ms(1000)));
}

#[test]
fn i2_any_other_router_listens_for_a_whole_down_interval() {
    let mut router = Router::new(config());
    router.router.handle_startup(at(START));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.reason(), StateReason::Startup);
    assert_eq!(router.transmits(), []);
    assert_eq!(router.timer(), Timer::ActiveDown);
    assert_eq!(router.deadline(), at(us(3_609_375)));
}

#[test]
fn i_everything_but_startup_is_without_effect() {
    let mut router = Router::new(config());
    let heard = router.hear(ms(1), &Advert::new(HIGHER_ADDRESS, 0));
    router.wake(ms(60_000));
    router.router.handle_addresses_installed(at(START));
    router.router.handle_shutdown(at(START));
    router.router.clear_fault(at(START));
    assert_eq!(heard, Ok(Outcome::NotListening));
    assert_eq!(router.state(), State::Initialize);
    assert_eq!(router.router.poll_timeout(), None);
    assert_eq!(router.transmits(), []);
    assert_eq!(router.events(), []);
}

#[test]
fn i_a_second_startup_is_without_effect() {
    let mut router = Router::backup(config());
    router.router.handle_startup(at(ms(500)));
    assert_eq!(router.deadline(), at(us(3_609_375)));
    assert_eq!(router.events(), []);
}

#[test]
fn i_a_router_that_was_shut_down_can_be_started_again() {
    let mut router = Router::active(config());
    router.router.handle_shutdown(at(ms(100)));
    router.router.handle_startup(at(ms(200)));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.deadline(), at(ms(200) + us(3_609_375)));
}
