//! R5: what a flipped bit can do. P6: no sequence of events, however hostile, panics, grows without bound, or leaves a Backup
//! or Active router without a timer.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_vrrp::packet::{
    Authentication, ChecksumForm, ChecksumPolicy, Format, MAX_LEN, Password,
};
use steadfast_vrrp::router::{Event, FaultReason, State, Timer, Transmit};
use steadfast_vrrp::{AdverInterval, Instant, Priority};

use crate::support::*;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Startup,
    Resume { down: Duration },
    Shutdown,
    Fault,
    Recover,
    Priority(u8),
    Source(Option<u8>),
    Installed,
    Hear { last: u8, priority: u8, interval: u16, age: Duration },
    Garbage(Vec<u8>),
    Wake,
    WakeWhenDue,
    Reconfigure { interval: u16, priority: u8 },
}

pub(crate) fn step() -> impl Strategy<Value = (Duration, Step)> {
    let delay = prop_oneof![
        Just(Duration::ZERO),
        (0..5000u64).prop_map(Duration::from_millis),
        any::<u64>().prop_map(Duration::from_nanos),
    ];
    let hear = (any::<u8>(), any::<u8>(), 1..=4095u16, 0..10_000u64).prop_map(
        |(last, priority, interval, age)| Step::Hear {
            last,
            priority,
            interval,
            age: Duration::from_millis(age),
        },
    );
    let reconfigure = (1..=4095u16, 1..=254u8)
        .prop_map(|(interval, priority)| Step::Reconfigure { interval, priority });
    let step = prop_oneof![
        2 => Just(Step::Startup),
        1 => (0..10_000u64).prop_map(|millis| Step::Resume { down: Duration::from_millis(millis) }),
        1 => Just(Step::Shutdown),
        1 => Just(Step::Fault),
        1 => Just(Step::Recover),
        1 => (1..=255u8).prop_map(Step::Priority),
        1 => any::<Option<u8>>().prop_map(Step::Source),
        2 => Just(Step::Installed),
        6 => hear,
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Garbage),
        2 => Just(Step::Wake),
        6 => Just(Step::WakeWhenDue),
        1 => reconfigure,
    ];
    (delay, step)
}

pub(crate) fn apply(router: &mut Router, now: Instant, step: Step) {
    let vr = &mut router.router;
    match step {
        Step::Startup => vr.handle_startup(now),
        Step::Resume { down } => vr.handle_resumption(now, now - down),
        Step::Shutdown => vr.handle_shutdown(now),
        Step::Fault => vr.handle_fault(now, FaultReason::InterfaceDown("eth0".into())),
        Step::Recover => vr.clear_fault(now),
        Step::Priority(priority) => {
            let _ = vr.set_priority(now, prio(priority));
        }
        Step::Source(last) => {
            vr.set_source(last.map(|last| std::net::Ipv4Addr::new(192, 0, 2, last).into()));
        }
        Step::Installed => vr.handle_addresses_installed(now),
        Step::Hear { last, priority, interval, age } => {
            let advert = Advert::new(&format!("192.0.2.{last}"), priority).every(interval);
            let _ = vr.handle_packet(now, &advert.received(now - age), &advert.bytes());
        }
        Step::Garbage(bytes) => {
            let advert = Advert::new(HIGHER_ADDRESS, 1);
            let _ = vr.handle_packet(now, &advert.received(now), &bytes);
        }
        Step::Wake | Step::WakeWhenDue => vr.handle_timeout(now),
        Step::Reconfigure { interval, priority } => {
            let interval = AdverInterval::from_centis(interval).unwrap();
            let config = config().interval(interval).priority(prio(priority));
            let config = config.sync_group(vr.config().sync_group()).build().unwrap();
            vr.reconfigure(now, config).unwrap();
        }
    }
}

fn check(router: &mut Router) {
    let state = router.state();
    let timer = router.router.poll_timeout().map(|timeout| timeout.reason);
    match state {
        State::Initialize | State::Fault => assert_eq!(timer, None),
        State::Backup => {
            assert!(matches!(timer, Some(Timer::ActiveDown | Timer::PreemptDelay)), "{timer:?}");
        }
        State::Active => assert!(
            matches!(timer, Some(Timer::Adver | Timer::SecondAnnouncement | Timer::Refresh)),
            "{timer:?}"
        ),
    }
    assert_eq!(router.router.holds_addresses(), state == State::Active);
    let transmits = router.transmits();
    assert!(transmits.len() <= 1 + 5 * VIRTUAL.len(), "{}", transmits.len());
    for transmit in transmits {
        match transmit {
            Transmit::Announce(_) => assert_eq!(state, State::Active),
            Transmit::Advertisement(advertise) => {
                let leaving = advertise.priority.is_none();
                assert!(leaving || state == State::Active, "{advertise:?} in {state}");
                let destination = steadfast_vrrp::packet::MULTICAST_IPV4.into();
                let carrier = advertise.carrier(destination).unwrap();
                let mut buffer = [0; MAX_LEN];
                router.router.encode(&advertise, carrier, &mut buffer).unwrap();
            }
        }
    }
    assert!(router.events().len() <= 32);
}

proptest! {
    #[test]
    fn p6_any_sequence_of_events_leaves_a_sane_router(
        priority in 1..=254u8,
        preempt in any::<bool>(),
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut router = Router::new(config().priority(Priority::new(priority).unwrap()).preempt(preempt));
        let mut now = at(START);
        for (delay, step) in steps {
            now = match (&step, router.router.poll_timeout()) {
                (Step::WakeWhenDue, Some(timeout)) => now.max(timeout.at),
                _ => now + delay,
            };
            apply(&mut router, now, step);
            check(&mut router);
        }
    }
}

/// What a Backup is left with: when it will become Active, and why that may be.
fn left_with(router: &mut Router) -> (Instant, Vec<Event>) {
    (router.deadline(), router.events())
}

fn format_and_source() -> impl Strategy<Value = (Format, &'static str)> {
    let password = Authentication::SimplePassword(Password::new(b"secret12").unwrap());
    let v2 = |authentication| (Format::V2 { authentication }, HIGHER_ADDRESS);
    let v3 = |checksum, source| (Format::V3 { checksum }, source);
    prop_oneof![
        Just(v2(Authentication::None)),
        Just(v2(password)),
        Just(v3(ChecksumForm::MessageOnly, HIGHER_ADDRESS)),
        Just(v3(ChecksumForm::PseudoHeader, HIGHER_ADDRESS)),
        Just(v3(ChecksumForm::PseudoHeader, "fe80::b")),
    ]
}

proptest! {
    #[test]
    fn r5_any_flipped_bit_is_caught_or_harmless(
        (format, source) in format_and_source(),
        priority in any::<u8>(),
        seconds in 1..=40u16,
        bit in any::<prop::sample::Index>(),
    ) {
        let advert = Advert { format, ..Advert::new(source, priority).every(seconds * 100) };
        let builder = if source == HIGHER_ADDRESS { config() } else { config_of(&VIRTUAL_IPV6) };
        let builder = builder.version(format.version()).interval(advert.interval);
        let builder = match format {
            Format::V2 { authentication } => builder.authentication(authentication),
            Format::V3 { checksum } => builder.checksum_policy(ChecksumPolicy::Only(checksum)),
        };
        let (mut whole, mut flipped) = (Router::backup(builder.clone()), Router::backup(builder));
        let before = flipped.deadline();
        whole.hear(ms(10), &advert).unwrap();

        let mut bytes = advert.bytes();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let received = advert.received(at(ms(10)));
        match flipped.router.handle_packet(at(ms(10)), &received, &bytes) {
            Ok(_) => prop_assert_eq!(left_with(&mut flipped), left_with(&mut whole)),
            Err(_) => prop_assert_eq!(left_with(&mut flipped), (before, vec![])),
        }
    }
}
