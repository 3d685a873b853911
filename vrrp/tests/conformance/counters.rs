//! M: counters and operational state, under the names of RFC 8347; receive errors are counted in
//! the tests of their rows.

use steadfast_vrrp::router::{FaultReason, LastEvent, NewMasterReason, Operational, State};

use crate::support::*;

fn last_event(router: &Router) -> LastEvent {
    router.router.operational().last_event
}

#[test]
fn m_operational_state_of_a_backup() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150).every(200)).unwrap();
    let Operational { state, is_owner, effective_priority, last_adv_source, .. } =
        router.router.operational();
    assert_eq!((state, is_owner, effective_priority), (State::Backup, false, prio(100)));
    assert_eq!(last_adv_source, Some(ip(HIGHER_ADDRESS)));
    let Operational { master_down_interval, skew_time, new_master_reason, .. } =
        router.router.operational();
    assert_eq!((master_down_interval, skew_time), (us(7_218_750), us(1_218_750)));
    assert_eq!(new_master_reason, NewMasterReason::NotMaster);
}

#[test]
fn m_up_since_it_left_initialize() {
    let mut router = Router::new(config());
    assert_eq!(router.router.operational().up_since, None);
    router.router.handle_startup(at(ms(10)));
    router.wake_when_due();
    assert_eq!(router.router.operational().up_since, Some(at(ms(10))));
    router.router.handle_shutdown(at(ms(20)));
    assert_eq!(router.router.operational().up_since, None);
}

#[test]
fn m_last_event_of_a_start_and_a_stop() {
    let mut router = Router::new(config());
    assert_eq!(last_event(&router), LastEvent::None);
    router.router.handle_startup(at(START));
    assert_eq!(last_event(&router), LastEvent::Startup);
    router.router.handle_shutdown(at(START));
    assert_eq!(last_event(&router), LastEvent::Shutdown);
}

#[test]
fn m_last_event_of_an_election() {
    let mut router = Router::backup(config());
    router.wake_when_due();
    assert_eq!(last_event(&router), LastEvent::MasterTimeout);
    router.hear(ms(5000), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    assert_eq!(last_event(&router), LastEvent::HigherPriorityBackup);

    for (delay, expected) in
        [(0, LastEvent::LowerPriorityMaster), (10, LastEvent::PreemptHoldTimeout)]
    {
        let mut router = Router::backup(config().preempt_delay(ms(delay)));
        router.hear(ms(10), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
        router.wake(ms(20));
        router.hear(ms(30), &Advert::new(LOWER_ADDRESS, 50)).unwrap();
        router.wake_when_due();
        assert_eq!(last_event(&router), expected);
    }
}

#[test]
fn m_last_event_of_a_fault_and_its_end() {
    for (fault, expected) in [
        (
            FaultReason::InterfaceDown("eth0".into()),
            [LastEvent::InterfaceDown, LastEvent::InterfaceUp],
        ),
        (
            FaultReason::NoSourceAddress("eth0".into()),
            [LastEvent::NoPrimaryIpAddress, LastEvent::PrimaryIpAddress],
        ),
        (FaultReason::Operator, [LastEvent::Fault, LastEvent::Recovered]),
    ] {
        let mut router = Router::backup(config());
        router.router.handle_fault(at(ms(10)), fault);
        assert_eq!(last_event(&router), expected[0]);
        router.router.clear_fault(at(ms(20)));
        assert_eq!(last_event(&router), expected[1]);
    }
}
