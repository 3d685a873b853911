//! X1: Fault, the state of a router that is unfit to hold the addresses.

use std::sync::Arc;

use steadfast_vrrp::router::{
    AdvertiseReason, FaultReason, NewMasterReason, Outcome, State, StateReason,
};

use crate::support::*;

fn tracked() -> FaultReason {
    FaultReason::Tracked(Arc::from("chk_nginx"))
}

#[test]
fn x1_an_active_router_gives_up_with_priority_0() {
    let mut router = Router::active(config());
    router.router.handle_fault(at(ms(400)), tracked());
    assert_eq!(router.state(), State::Fault);
    assert!(!router.router.holds_addresses());
    assert_eq!(router.sent(), [(0, AdvertiseReason::Resign)]);
    assert_eq!(router.reason(), StateReason::Fault(tracked()));
}

#[test]
fn x1_a_backup_says_nothing() {
    let mut router = Router::backup(config());
    router.router.handle_fault(at(ms(400)), FaultReason::InterfaceDown("eth0".into()));
    assert_eq!(router.state(), State::Fault);
    assert_eq!(router.transmits(), []);
}

#[test]
fn x1_is_deaf_and_silent() {
    let mut router = Router::active(config());
    router.router.handle_fault(at(ms(400)), tracked());
    router.drain();
    let heard = router.hear(ms(500), &Advert::new(HIGHER_ADDRESS, 0));
    router.wake(ms(60_000));
    assert_eq!(heard, Ok(Outcome::NotListening));
    assert_eq!(router.state(), State::Fault);
    assert_eq!(router.router.poll_timeout(), None);
    assert_eq!(router.transmits(), []);
}

#[test]
fn x1_recovery_enters_as_at_startup() {
    let mut router = Router::active(config());
    router.router.handle_fault(at(ms(400)), tracked());
    router.drain();
    router.router.clear_fault(at(ms(900)));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.reason(), StateReason::Recovered);
    assert_eq!(router.deadline(), at(ms(900) + us(3_609_375)));
}

#[test]
fn x1_the_owner_recovers_to_active() {
    let mut router = Router::new(config().priority(prio(255)));
    router.router.handle_startup(at(START));
    router.router.handle_fault(at(ms(400)), tracked());
    router.drain();
    router.router.clear_fault(at(ms(900)));
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), [(255, AdvertiseReason::BecameActive)]);
    assert_eq!(router.router.operational().new_master_reason, NewMasterReason::Priority);
}

#[test]
fn x1_a_fault_before_startup_holds_the_router_until_it_is_over() {
    let mut router = Router::new(config());
    router.router.handle_fault(at(START), tracked());
    assert_eq!(router.state(), State::Initialize);
    router.router.handle_startup(at(ms(10)));
    assert_eq!(router.state(), State::Fault);
    router.router.clear_fault(at(ms(20)));
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn x1_a_fault_that_ends_after_shutdown_starts_nothing() {
    let mut router = Router::backup(config());
    router.router.handle_fault(at(ms(10)), tracked());
    router.router.handle_shutdown(at(ms(20)));
    router.router.clear_fault(at(ms(30)));
    assert_eq!(router.state(), State::Initialize);
}
