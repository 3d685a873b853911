use proptest::prelude::*;

use super::*;
use crate::{Failure, LocalError, Report};

const LOOP: Duration = Duration::from_secs(6);
const RETRY: Duration = Duration::from_secs(3);
const POLICY: Policy =
    Policy { delay_loop: LOOP, retry: 2, delay_before_retry: RETRY, alpha: false };
const ALPHA: Policy = Policy { alpha: true, ..POLICY };

fn outcome(letter: char) -> Outcome {
    let target = ([127, 0, 0, 1], 80).into();
    match letter {
        'p' => Outcome::Pass(Report::default()),
        'f' => Outcome::Fail(Failure::Refused(target)),
        _ => Outcome::Inconclusive(LocalError::Panicked("test".to_owned())),
    }
}

/// Attempts by letter (pass, fail, inconclusive), and after each the standing (U, D, ? unknown) and
/// the delay (l loop, r retry).
fn sequence(policy: Policy, attempts: &str) -> String {
    let mut health = Health::new(policy);
    let judged = attempts.chars().map(|letter| {
        let verdict = health.handle_outcome(&outcome(letter));
        let standing = match health.standing() {
            Standing::Unknown => '?',
            Standing::Up => 'U',
            Standing::Down => 'D',
        };
        let delay = if verdict.next == Next::AfterBegin(LOOP) { 'l' } else { 'r' };
        format!("{standing}{delay}")
    });
    judged.collect::<Vec<_>>().join(" ")
}

#[test]
fn with_two_retries_the_third_failure_in_a_row_is_decisive() {
    assert_eq!(sequence(POLICY, "pfff"), "Ul Ur Ur Dl");
}

#[test]
fn a_success_between_failures_starts_the_count_anew() {
    assert_eq!(sequence(POLICY, "pffpfff"), "Ul Ur Ur Ul Ur Ur Dl");
}

#[test]
fn without_retries_the_first_failure_is_decisive() {
    assert_eq!(sequence(Policy { retry: 0, ..POLICY }, "pf"), "Ul Dl");
}

#[test]
fn the_very_first_attempt_decides_whatever_the_retries() {
    assert_eq!(sequence(POLICY, "f"), "Dl");
    assert_eq!(sequence(ALPHA, "f"), "Dl");
}

#[test]
fn a_server_that_is_down_is_up_after_one_success() {
    assert_eq!(sequence(POLICY, "ffp"), "Dl Dl Ul");
}

#[test]
fn with_alpha_it_is_unknown_until_the_first_attempt() {
    assert_eq!(Health::new(ALPHA).standing(), Standing::Unknown);
    assert_eq!(sequence(ALPHA, "p"), "Ul");
}

#[test]
fn without_alpha_it_is_up_before_the_first_attempt() {
    assert_eq!(Health::new(POLICY).standing(), Standing::Up);
}

#[test]
fn an_inconclusive_attempt_changes_nothing_and_is_repeated_soon() {
    assert_eq!(sequence(ALPHA, "iip"), "?r ?r Ul");
    assert_eq!(sequence(POLICY, "pfifif"), "Ul Ur Ur Ur Ur Dl");
}

#[test]
fn the_first_judgement_is_told_even_if_it_is_what_was_assumed() {
    let mut health = Health::new(POLICY);
    assert_eq!(health.handle_outcome(&outcome('p')).transition, Some(Standing::Up));
    assert_eq!(health.handle_outcome(&outcome('p')).transition, None);
}

proptest! {
    #[test]
    fn as_many_failures_in_a_row_always_bring_it_down(
        before in "[pfi]{0,20}", retry in 0_u32..5, alpha in any::<bool>()
    ) {
        let mut health = Health::new(Policy { retry, alpha, ..POLICY });
        for letter in before.chars() {
            let _verdict = health.handle_outcome(&outcome(letter));
        }
        for _ in 0..=retry {
            let _verdict = health.handle_outcome(&outcome('f'));
        }
        prop_assert_eq!(health.standing(), Standing::Down);
    }

    #[test]
    fn one_success_always_brings_it_up(before in "[pfi]{0,20}", alpha in any::<bool>()) {
        let mut health = Health::new(Policy { alpha, ..POLICY });
        for letter in before.chars() {
            let _verdict = health.handle_outcome(&outcome(letter));
        }
        let _verdict = health.handle_outcome(&outcome('p'));
        prop_assert_eq!(health.standing(), Standing::Up);
    }

    #[test]
    fn a_transition_is_told_exactly_when_the_standing_changes(attempts in "[pfi]{1,40}") {
        let mut health = Health::new(ALPHA);
        for letter in attempts.chars() {
            let before = health.standing();
            let verdict = health.handle_outcome(&outcome(letter));
            let changed = before != health.standing();
            prop_assert_eq!(verdict.transition.is_some(), changed);
        }
    }
}
