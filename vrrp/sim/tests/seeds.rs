//! What a seed gives, and a short run over some; `cargo lab sim` makes the long ones.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::Duration;

use steadfast_vrrp_sim::{Coverage, Options, Property, Routers, run};

fn options(routers: u8, minutes: u64) -> Options {
    Options {
        routers: Routers::new(routers).unwrap(),
        sync_groups: false,
        duration: Duration::from_secs(60 * minutes),
    }
}

#[test]
fn all_properties_hold_with_one_to_eight_routers() {
    let mut covered = Coverage::default();
    for seed in 0..48 {
        match run(seed, &options(1 + (seed % 8) as u8, 20), &mut |_| {}) {
            Ok(coverage) => covered += &coverage,
            Err(failure) => panic!("{failure}"),
        }
    }
    assert_eq!(covered.worlds, 48);
    assert!(covered.faults.len() >= 20, "{covered}");
    assert!(covered.operations.len() >= 11, "{covered}");
    assert!(covered.transitions.len() >= 15, "{covered}");
    assert!(covered.checks.values().all(|checks| *checks > 10), "{covered}");
}

#[test]
fn a_seed_gives_the_same_world_again() {
    let mut moments = [vec![], vec![]];
    for moments in &mut moments {
        run(7, &options(4, 3), &mut |moment| moments.push(moment.to_string())).unwrap();
    }
    assert!(moments[0].len() > 1000);
    assert!(moments[0] == moments[1]);
}

#[test]
fn another_seed_gives_another_world() {
    let coverage = |seed| run(seed, &options(4, 3), &mut |_| {}).unwrap();
    assert_ne!(coverage(1), coverage(2));
}

#[test]
fn groups_stay_in_step_and_one_machine_is_active() {
    let mut covered = Coverage::default();
    for seed in 0..24 {
        let options = Options { sync_groups: true, ..options(2 + (seed % 4) as u8, 20) };
        match run(seed, &options, &mut |_| {}) {
            Ok(coverage) => covered += &coverage,
            Err(failure) => panic!("{failure}"),
        }
    }
    assert!(covered.faults.len() >= 18, "{covered}");
    assert!(covered.transitions.len() >= 14, "{covered}");
    assert!(covered.checks.values().all(|checks| *checks > 10), "{covered}");
}

#[test]
fn a_panic_is_a_failure_with_its_seed() {
    let mut moments = 0;
    let failure = run(7, &options(4, 3), &mut |_| {
        moments += 1;
        assert!(moments < 100, "on purpose");
    });
    let failure = failure.unwrap_err();
    assert_eq!((failure.seed, failure.violation.property), (7, Property::Sane));
    assert_eq!(failure.violation.detail, "panicked: on purpose");
}
