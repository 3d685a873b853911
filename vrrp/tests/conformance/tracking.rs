//! X3: effective priority from tracked objects, as keepalived's `track_interface`, `track_script`,
//! `track_file` and `track_process`.

use proptest::prelude::*;
use steadfast_vrrp::Priority;
use steadfast_vrrp::priority::{Effective, InvalidWeight, Status, Tracked, Weight};
use steadfast_vrrp::router::FaultReason;

use crate::support::*;

fn weight(number: i16) -> Weight {
    Weight::new(number).unwrap()
}

fn tracked(weight: Weight, status: Status) -> Tracked {
    Tracked { name: "it".into(), weight, status }
}

/// The priority of a router of 100, or nothing if it is in Fault.
fn effective(weight: Weight, status: Status) -> Option<u8> {
    let Effective { priority, fault } = Effective::of(prio(100), &[tracked(weight, status)]);
    fault.is_none().then_some(priority.get())
}

#[test]
fn x3_tracking_by_weight_and_status() {
    use Status::{Down, Unknown, Up, Value};
    let cases = [
        (weight(20), [Some(100), Some(120), Some(100)]),
        (weight(-20), [Some(100), Some(100), Some(80)]),
        (weight(20).reversed(), [Some(100), Some(80), Some(100)]),
        (weight(-20).reversed(), [Some(100), Some(100), Some(120)]),
        (Weight::REQUIRED, [None, Some(100), None]),
        (Weight::REQUIRED.reversed(), [None, None, Some(100)]),
    ];
    for (weight, expected) in cases {
        let found = [Unknown, Up, Down].map(|status| effective(weight, status));
        assert_eq!(found, expected, "weight {weight}: unknown, up, down");
    }
    let cases = [
        (weight(1), Value(30), Some(130)),
        (weight(-2), Value(30), Some(40)),
        (weight(2).reversed(), Value(30), Some(40)),
        (weight(1), Value(-253), Some(1)),
        (weight(1), Value(-254), None),
        (weight(-254), Value(1), None),
        (weight(254), Value(i32::MAX), Some(254)),
        (weight(254), Value(i32::MIN), None),
        (Weight::REQUIRED, Value(0), Some(100)),
        (Weight::REQUIRED, Value(1), None),
        (Weight::REQUIRED.reversed(), Value(0), None),
        (Weight::REQUIRED.reversed(), Value(-1), Some(100)),
    ];
    for (weight, status, expected) in cases {
        assert_eq!(effective(weight, status), expected, "weight {weight}: {status:?}");
    }
}

#[test]
fn x3_tracking_adds_up_and_stays_between_1_and_254() {
    let sums = [
        (vec![10, 20], 130),
        (vec![100, -50], 150),
        (vec![100, 100], 254),
        (vec![-100], 1),
        // Added up before it is limited.
        (vec![200, -150], 150),
    ];
    for (numbers, expected) in sums {
        let status = |number| if number > 0 { Status::Up } else { Status::Down };
        let tracked: Vec<_> =
            numbers.iter().map(|&number| tracked(weight(number), status(number))).collect();
        let effective = Effective::of(prio(100), &tracked);
        assert_eq!(effective.priority, prio(expected), "{numbers:?}");
    }
}

#[test]
fn x3_tracking_leaves_an_owner_its_priority_and_makes_its_weights_faults() {
    let down = tracked(weight(-20), Status::Down);
    let Effective { priority, fault } = Effective::of(Priority::OWNER, &[down]);
    assert_eq!(priority, Priority::OWNER);
    assert_eq!(fault, Some(FaultReason::Tracked("it".into())));
    let up = tracked(weight(20), Status::Up);
    assert_eq!(Effective::of(Priority::OWNER, &[up]).fault, None);
}

#[test]
fn x3_tracking_names_the_first_fault() {
    let [mut first, mut second] = [(); 2].map(|()| tracked(Weight::REQUIRED, Status::Down));
    (first.name, second.name) = ("first".into(), "second".into());
    let effective = Effective::of(prio(100), &[first, second]);
    assert_eq!(effective.fault, Some(FaultReason::Tracked("first".into())));
}

#[test]
fn x3_tracking_has_weights_from_minus_254_to_254() {
    assert!(Weight::new(-254).is_ok() && Weight::new(254).is_ok());
    for weight in [-255, 255, i16::MIN, i16::MAX] {
        assert_eq!(Weight::new(weight), Err(InvalidWeight { weight }));
    }
}

proptest! {
    #[test]
    fn x3_tracking_never_makes_or_unmakes_an_owner(
        base in 1..=255u8,
        weights in proptest::collection::vec((-254..=254i16, any::<bool>(), any::<i32>()), 0..20),
    ) {
        let tracked: Vec<_> = weights
            .into_iter()
            .map(|(number, reverse, value)| {
                let weight = weight(number);
                let weight = if reverse { weight.reversed() } else { weight };
                tracked(weight, Status::Value(value))
            })
            .collect();
        let priority = Effective::of(prio(base), &tracked).priority;
        prop_assert_eq!(priority.is_owner(), base == 255);
    }
}
