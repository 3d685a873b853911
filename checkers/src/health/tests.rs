use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::{Failure, LocalError, Report};

const SECOND: Duration = Duration::from_secs(1);
const POLICY: Policy = Policy { retry: 2, ..Policy::every(Duration::from_secs(6)) };
const ALPHA: Policy = Policy { alpha: true, ..POLICY };

fn outcome(letter: char) -> Outcome {
    let target = ([127, 0, 0, 1], 80).into();
    match letter {
        'p' => Outcome::Pass(Report::default()),
        'f' => Outcome::Fail(Failure::Refused(target)),
        'r' => Outcome::Inconclusive(LocalError::Socket {
            target,
            what: "connecting",
            source: std::io::Error::from_raw_os_error(libc::ENETUNREACH),
        }),
        _ => Outcome::Inconclusive(LocalError::Panicked("test".to_owned())),
    }
}

/// Makes attempts by letter (pass, fail, inconclusive), each when it is due.
fn attempt(health: &mut Health, takes: Duration, letter: char) -> Option<Standing> {
    let begin = health.poll_timeout().unwrap();
    health.handle_begin(begin);
    health.handle_outcome(begin + takes, &outcome(letter))
}

/// For each attempt by letter the second in which it begins, and what is believed after it
/// (`U`p, `D`own, `?`).
fn sequence(policy: Policy, takes: Duration, attempts: &str) -> String {
    let start = Instant::now();
    let mut health = Health::new(policy, 1, start);
    let attempts = attempts.chars().map(|letter| {
        let begin = health.poll_timeout().unwrap().duration_since(start).as_secs();
        attempt(&mut health, takes, letter);
        format!("{begin}{}", initial(health.standing()))
    });
    attempts.collect::<Vec<_>>().join(" ")
}

fn initial(standing: Standing) -> char {
    match standing {
        Standing::Unknown => '?',
        Standing::Up => 'U',
        Standing::Down => 'D',
    }
}

/// The same for a check in three parts `a`, `b` and `c`: which was tried in which second, and what
/// was believed after it.
fn in_parts(policy: Policy, attempts: &str) -> String {
    let start = Instant::now();
    let mut health = Health::new(policy, 3, start);
    let attempts = attempts.chars().map(|letter| {
        let begin = health.poll_timeout().unwrap();
        let part = ['a', 'b', 'c'][usize::try_from(health.handle_begin(begin)).unwrap()];
        health.handle_outcome(begin, &outcome(letter));
        format!("{part}{}{}", begin.duration_since(start).as_secs(), initial(health.standing()))
    });
    attempts.collect::<Vec<_>>().join(" ")
}

fn quick(policy: Policy, attempts: &str) -> String {
    sequence(policy, Duration::ZERO, attempts)
}

#[test]
fn while_up_it_is_tried_every_delay_loop() {
    assert_eq!(quick(POLICY, "ppp"), "0U 6U 12U");
}

#[test]
fn with_two_retries_the_third_failure_in_a_row_is_decisive() {
    assert_eq!(quick(POLICY, "pfff"), "0U 6U 7U 8D");
}

#[test]
fn a_success_between_failures_starts_the_count_anew() {
    assert_eq!(quick(POLICY, "pffpfff"), "0U 6U 7U 8U 14U 15U 16D");
}

#[test]
fn without_retries_the_first_failure_is_decisive() {
    assert_eq!(quick(Policy { retry: 0, ..POLICY }, "pf"), "0U 6D");
}

#[test]
fn the_very_first_attempt_decides_whatever_the_retries() {
    assert_eq!(quick(POLICY, "f"), "0D");
    assert_eq!(quick(ALPHA, "f"), "0D");
}

#[test]
fn while_down_it_is_tried_every_delay_loop_and_is_up_after_one_success() {
    assert_eq!(quick(POLICY, "fffp"), "0D 6D 12D 18U");
}

#[test]
fn after_recovery_all_retries_are_granted_again() {
    assert_eq!(quick(POLICY, "ffpfff"), "0D 6D 12U 18U 19U 20D");
}

#[test]
fn with_alpha_it_is_unknown_until_the_first_attempt() {
    assert_eq!(Health::new(ALPHA, 1, Instant::now()).standing(), Standing::Unknown);
    assert_eq!(quick(ALPHA, "p"), "0U");
}

#[test]
fn without_alpha_it_is_up_before_the_first_attempt() {
    assert_eq!(Health::new(POLICY, 1, Instant::now()).standing(), Standing::Up);
}

#[test]
fn an_inconclusive_attempt_changes_nothing_and_is_repeated_soon() {
    assert_eq!(quick(ALPHA, "iip"), "0? 1? 2U");
    assert_eq!(quick(POLICY, "pfifif"), "0U 6U 7U 8U 9U 10D");
}

#[test]
fn want_of_a_route_counts_against_a_server_only_if_told_so() {
    assert_eq!(quick(POLICY, "prrr"), "0U 6U 7U 8U");
    assert_eq!(quick(Policy { no_route_fails: true, ..POLICY }, "prrr"), "0U 6U 7U 8D");
}

#[test]
fn an_inconclusive_first_attempt_does_not_use_up_that_the_first_one_decides() {
    assert_eq!(quick(POLICY, "if"), "0U 1D");
}

#[test]
fn an_inconclusive_attempt_is_not_repeated_without_a_pause() {
    let start = Instant::now();
    let mut health = Health::new(Policy { delay_before_retry: Duration::ZERO, ..POLICY }, 1, start);
    attempt(&mut health, Duration::ZERO, 'i');
    assert_eq!(health.poll_timeout(), Some(start + SHORTEST_PAUSE));
}

#[test]
fn the_interval_is_from_begin_to_begin_and_the_retry_from_end_to_begin() {
    assert_eq!(sequence(POLICY, 2 * SECOND, "ppfff"), "0U 6U 12U 15U 18D");
}

#[test]
fn an_attempt_that_outlasts_the_interval_is_followed_at_once_by_one_attempt() {
    assert_eq!(sequence(POLICY, 20 * SECOND, "ppp"), "0U 20U 40U");
}

/// When the attempt after one that passed is due, if that began so late.
fn after_an_attempt_begun_late_by(late: Duration) -> Duration {
    let due = Instant::now();
    let mut health = Health::new(POLICY, 1, due);
    health.handle_begin(due + late);
    health.handle_outcome(due + late + SECOND, &outcome('p'));
    health.poll_timeout().unwrap() - due
}

#[test]
fn an_attempt_that_begins_late_does_not_put_off_the_next() {
    assert_eq!(after_an_attempt_begun_late_by(2 * SECOND), 6 * SECOND);
}

#[test]
fn after_an_attempt_that_begins_very_late_half_of_the_interval_passes_until_the_next() {
    assert_eq!(after_an_attempt_begun_late_by(100 * SECOND), 103 * SECOND);
}

#[test]
fn with_a_rise_of_three_it_is_up_after_three_successes_in_a_row() {
    let policy = Policy { rise: NonZeroU32::new(3).unwrap(), ..POLICY };
    assert_eq!(quick(policy, "fppfppp"), "0D 6D 12D 18D 24D 30D 36U");
}

#[test]
fn while_it_comes_up_it_is_tried_after_delay_rising() {
    let rise = NonZeroU32::new(3).unwrap();
    let policy = Policy { rise, delay_rising: Some(2 * SECOND), ..POLICY };
    assert_eq!(quick(policy, "fpppp"), "0D 6D 8D 10U 16U");
}

#[test]
fn while_it_is_down_it_is_tried_after_delay_down() {
    let policy = Policy { delay_down: Some(9 * SECOND), ..POLICY };
    assert_eq!(quick(policy, "ffpp"), "0D 9D 18U 24U");
}

#[test]
fn while_up_the_parts_take_turns() {
    assert_eq!(in_parts(POLICY, "pppp"), "a0U b6U c12U a18U");
}

#[test]
fn a_part_that_fails_is_tried_again_itself() {
    assert_eq!(in_parts(POLICY, "pppfpp"), "a0U b6U c12U a18U a19U b25U");
}

#[test]
fn recovery_begins_with_the_first_part_and_needs_all_of_them() {
    assert_eq!(in_parts(POLICY, "ppppfffppp"), "a0U b6U c12U a18U b24U b25U b26D a32D b38D c44U");
}

#[test]
fn a_failure_while_it_comes_up_begins_recovery_anew() {
    assert_eq!(in_parts(POLICY, "fpfppp"), "a0D a6D b12D a18D b24D c30U");
}

#[test]
fn fast_recovery_does_not_wait_between_the_parts() {
    let policy = Policy { delay_rising: Some(Duration::ZERO), ..POLICY };
    assert_eq!(in_parts(policy, "fppp"), "a0D a6D b6D c6U");
}

#[test]
fn with_alpha_all_parts_must_pass_at_first() {
    assert_eq!(in_parts(ALPHA, "ppp"), "a0? b6? c12U");
}

const HTTP: Policy = Policy { failed_part_first: true, ..POLICY };

/// What keepalived 2.2.7 does with an HTTP_GET of three URLs, `retry 2`, `delay_loop 6` and
/// `delay_before_retry 1`.
#[test]
fn the_part_that_failed_must_pass_before_all_count() {
    assert_eq!(
        in_parts(HTTP, "pppppfpppfffpppp"),
        "a0U b6U c12U a18U b24U c30U c31U a37U b43U c49U c50U c51D c57D a63D b69D c75U"
    );
    assert_eq!(in_parts(HTTP, "fpppp"), "a0D a6D a12D b18D c24U");
}

#[test]
fn until_all_parts_have_passed_once_a_failure_decides() {
    assert_eq!(in_parts(HTTP, "pfpppp"), "a0U b6D b12D a18D b24D c30U");
    let alpha = Policy { alpha: true, ..HTTP };
    assert_eq!(in_parts(alpha, "pfpppp"), "a0? b6D b12D a18D b24D c30U");
}

#[test]
fn a_part_that_goes_on_failing_is_tried_after_delay_down_and_no_other_is() {
    let policy = Policy { delay_down: Some(9 * SECOND), ..HTTP };
    assert_eq!(in_parts(policy, "fffp"), "a0D a9D a18D a27D");
}

#[test]
fn a_part_that_fails_on_the_way_up_is_retried_and_those_before_it_still_count() {
    assert_eq!(in_parts(HTTP, "fppffffpp"), "a0D a6D a12D b18D b19D b20D b21D b22D c28U");
}

#[test]
fn fast_recovery_waits_for_the_part_that_failed_only() {
    let policy = Policy { delay_rising: Some(Duration::ZERO), ..HTTP };
    assert_eq!(in_parts(policy, "ffpppp"), "a0D a6D a12D a12D b12D c12U");
}

#[test]
fn whole_rounds_before_a_failure_do_not_count_as_in_a_row() {
    let policy = Policy { rise: NonZeroU32::new(2).unwrap(), ..HTTP };
    assert_eq!(
        in_parts(policy, "fpppppfpppppp"),
        "a0D a6D a12D b18D c24D a30D b36D b37D c43D a49D b55D c61U a67U"
    );
}

#[test]
fn another_policy_changes_nothing_of_what_is_believed() {
    let mut health = Health::new(POLICY, 1, Instant::now());
    attempt(&mut health, SECOND, 'f');
    health.set_policy(Instant::now(), Policy { alpha: true, ..POLICY });
    assert_eq!(health.standing(), Standing::Down);
}

#[test]
fn under_another_policy_the_rest_of_a_delay_changes_in_proportion() {
    let start = Instant::now();
    let mut health = Health::new(POLICY, 1, start);
    attempt(&mut health, Duration::ZERO, 'p');
    health.set_policy(start + 2 * SECOND, Policy::every(60 * SECOND));
    assert_eq!(health.poll_timeout(), Some(start + 42 * SECOND));
    health.set_policy(start + 12 * SECOND, Policy::every(6 * SECOND));
    assert_eq!(health.poll_timeout(), Some(start + 15 * SECOND));
}

#[test]
fn another_policy_leaves_alone_when_an_attempt_comes_whose_delay_is_the_same() {
    let start = Instant::now();
    let mut health = Health::new(POLICY, 1, start + 3 * SECOND);
    health.set_policy(start, Policy::every(60 * SECOND));
    assert_eq!(health.poll_timeout(), Some(start + 3 * SECOND));
    attempt(&mut health, Duration::ZERO, 'p');
    attempt(&mut health, Duration::ZERO, 'f');
    health.set_policy(start + 63 * SECOND, Policy::every(6 * SECOND));
    assert_eq!(health.poll_timeout(), Some(start + 64 * SECOND));
}

#[test]
fn nothing_is_due_while_an_attempt_is_under_way() {
    let start = Instant::now();
    let mut health = Health::new(POLICY, 1, start);
    health.handle_begin(start);
    assert_eq!(health.poll_timeout(), None);
}

#[test]
fn the_first_judgement_is_told_even_if_it_is_what_was_assumed() {
    let mut health = Health::new(POLICY, 1, Instant::now());
    assert_eq!(attempt(&mut health, SECOND, 'p'), Some(Standing::Up));
    assert_eq!(attempt(&mut health, SECOND, 'p'), None);
}

#[test]
fn delays_beyond_the_clock_are_waited_for_without_a_panic() {
    let endless = Policy { delay_before_retry: Duration::MAX, ..Policy::every(Duration::MAX) };
    let start = Instant::now();
    let mut health = Health::new(endless, 1, start);
    attempt(&mut health, SECOND, 'p');
    assert_eq!(health.poll_timeout(), Some(start + LONGEST_WAIT));
}

proptest! {
    #[test]
    fn as_many_failures_in_a_row_always_bring_it_down(
        before in "[pfi]{0,20}", retry in 0_u32..5, alpha in any::<bool>()
    ) {
        let mut health = Health::new(Policy { retry, alpha, ..POLICY }, 1, Instant::now());
        for letter in before.chars() {
            attempt(&mut health, SECOND, letter);
        }
        for _ in 0..=retry {
            attempt(&mut health, SECOND, 'f');
        }
        prop_assert_eq!(health.standing(), Standing::Down);
    }

    #[test]
    fn fewer_failures_in_a_row_never_take_down_what_is_up(
        before in "[pfi]{0,20}", retry in 1_u32..5, alpha in any::<bool>()
    ) {
        let mut health = Health::new(Policy { retry, alpha, ..POLICY }, 1, Instant::now());
        for letter in before.chars().chain(['p']) {
            attempt(&mut health, SECOND, letter);
        }
        for _ in 0..retry {
            attempt(&mut health, SECOND, 'f');
        }
        prop_assert_eq!(health.standing(), Standing::Up);
    }

    #[test]
    fn one_success_always_brings_it_up(before in "[pfi]{0,20}", alpha in any::<bool>()) {
        let mut health = Health::new(Policy { alpha, ..POLICY }, 1, Instant::now());
        for letter in before.chars().chain(['p']) {
            attempt(&mut health, SECOND, letter);
        }
        prop_assert_eq!(health.standing(), Standing::Up);
    }

    #[test]
    fn as_many_rounds_in_a_row_always_bring_it_up(
        before in "[pfi]{0,30}", parts in 1_u32..4, rise in 1_u32..4, http in any::<bool>(),
        alpha in any::<bool>(), retry in 0_u32..3
    ) {
        let rise = NonZeroU32::new(rise).unwrap();
        let policy = Policy { rise, alpha, retry, failed_part_first: http, ..POLICY };
        let mut health = Health::new(policy, parts, Instant::now());
        for letter in before.chars() {
            attempt(&mut health, SECOND, letter);
        }
        // That of the part that failed, at most, comes before them.
        for _ in 0..=parts * rise.get() {
            attempt(&mut health, SECOND, 'p');
        }
        prop_assert_eq!(health.standing(), Standing::Up);
    }

    #[test]
    fn what_was_down_is_up_only_after_all_parts_have_passed_as_often_as_it_takes(
        attempts in "[pfi]{1,60}", parts in 1_u32..4, rise in 1_u32..4, http in any::<bool>()
    ) {
        let policy =
            Policy { rise: NonZeroU32::new(rise).unwrap(), failed_part_first: http, ..POLICY };
        let mut health = Health::new(policy, parts, Instant::now());
        attempt(&mut health, SECOND, 'f');
        let (mut passed, mut down) = (vec![0; parts as usize], true);
        for letter in attempts.chars() {
            let begin = health.poll_timeout().unwrap();
            let part = health.handle_begin(begin) as usize;
            health.handle_outcome(begin, &outcome(letter));
            if letter == 'p' {
                passed[part] += 1;
            }
            let still = health.standing() == Standing::Down;
            if down && !still {
                prop_assert!(passed.iter().all(|times| *times >= rise), "{:?}", passed);
            }
            if !down && still {
                passed.fill(0);
            }
            down = still;
        }
    }

    #[test]
    fn under_any_other_policy_the_next_attempt_is_no_later_than_its_longest_delay(
        attempts in "[pfi]{0,10}", before in 0_u32..100, after in 0_u32..100, passed in 0_u32..200
    ) {
        let mut health = Health::new(Policy::every(before * SECOND), 1, Instant::now());
        for letter in attempts.chars() {
            attempt(&mut health, SECOND, letter);
        }
        let policy = Policy::every(after * SECOND);
        let now = health.poll_timeout().unwrap() + passed * SECOND - before * SECOND;
        health.set_policy(now, policy);
        let longest = policy.delay_loop.max(policy.delay_before_retry).max(before * SECOND);
        prop_assert!(health.poll_timeout() <= Some(now + longest + SECOND));
        prop_assert!(health.poll_timeout() >= Some(now));
    }

    #[test]
    fn a_transition_is_told_exactly_when_the_standing_changes(attempts in "[pfi]{1,40}") {
        let mut health = Health::new(ALPHA, 1, Instant::now());
        for letter in attempts.chars() {
            let before = health.standing();
            let told = attempt(&mut health, SECOND, letter).is_some();
            prop_assert_eq!(told, before != health.standing());
        }
    }

    #[test]
    fn the_next_attempt_is_never_due_before_the_last_has_ended(
        attempts in "[pfi]{1,40}", takes in 0_u32..20
    ) {
        let takes = takes * SECOND;
        let mut health = Health::new(POLICY, 1, Instant::now());
        for letter in attempts.chars() {
            let end = health.poll_timeout().unwrap() + takes;
            attempt(&mut health, takes, letter);
            prop_assert!(health.poll_timeout() >= Some(end));
        }
    }
}
