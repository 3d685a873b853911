use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::time::{advance, sleep, timeout};

use super::*;
use crate::Report;

const SECOND: Duration = Duration::from_secs(1);
const POLICY: Policy = Policy { retry: 0, alpha: true, ..Policy::every(SECOND) };
const EVERY: MonitorOptions =
    MonitorOptions { at_once: NonZeroUsize::new(900).unwrap(), every_attempt: true };

/// Takes a while, and panics the first time if it is to.
struct Scripted {
    takes: Duration,
    panics_first: bool,
    attempts: Arc<AtomicUsize>,
}

impl Scripted {
    fn boxed(takes: Duration, panics_first: bool) -> (BoxCheck, Arc<AtomicUsize>) {
        let attempts = Arc::new(AtomicUsize::new(0));
        let check = Self { takes, panics_first, attempts: Arc::clone(&attempts) };
        (BoxCheck::unique(check), attempts)
    }
}

impl Check for Scripted {
    async fn check(&self) -> Outcome {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        assert!(attempt > 0 || !self.panics_first, "on purpose");
        sleep(self.takes).await;
        Outcome::Pass(Report::default())
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_begin_one_delay_loop_apart() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(SECOND / 4, false);
    let begin = Instant::now();
    monitor.add("a", check, POLICY, SECOND);
    for ended in 1..=3_u32 {
        events.next().await.unwrap();
        assert_eq!(begin.elapsed(), ended * SECOND + SECOND / 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_takes_longer_than_its_interval_does_not_overlap_itself() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(10 * SECOND, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    sleep(9 * SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    events.next().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_is_inconclusive_and_goes_on() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, true);
    monitor.add("a", check, POLICY, Duration::ZERO);
    let first = events.next().await.unwrap();
    assert_eq!(first.outcome.to_string(), "the check panicked: on purpose");
    let second = events.next().await.unwrap();
    assert_eq!(second.transition, Some(Standing::Up));
}

#[tokio::test(start_paused = true)]
async fn a_slow_check_delays_no_other() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (slow, _) = Scripted::boxed(100 * SECOND, false);
    let (quick, _) = Scripted::boxed(Duration::ZERO, false);
    let begin = Instant::now();
    monitor.add("slow", slow, POLICY, Duration::ZERO);
    monitor.add("quick", quick, POLICY, SECOND);
    assert_eq!(events.next().await.unwrap().key, "quick");
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_is_not_heard_of_again() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.remove(&"a");
    sleep(10 * SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[test]
fn warmups_are_spread_evenly() {
    let spread: Vec<_> = (0..4).map(|position| spread(4 * SECOND, position, 4)).collect();
    assert_eq!(spread, [Duration::ZERO, SECOND, 2 * SECOND, 3 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_monitor_breaks_off_what_is_under_way_and_ends_the_events() {
    /// Tells when its attempt is no longer under way.
    struct UnderWay(Arc<AtomicUsize>);
    impl Drop for UnderWay {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    struct Endless(Arc<AtomicUsize>);
    impl Check for Endless {
        async fn check(&self) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            let _under_way = UnderWay(Arc::clone(&self.0));
            pending().await
        }
    }

    let (monitor, mut events) = Monitor::new(EVERY);
    let under_way = Arc::new(AtomicUsize::new(0));
    monitor.add("a", BoxCheck::unique(Endless(Arc::clone(&under_way))), POLICY, Duration::ZERO);
    sleep(SECOND).await;
    assert_eq!(under_way.load(Ordering::Relaxed), 1);
    drop(monitor);
    assert!(events.next().await.is_none());
    // Tasks that are broken off end at their runtime's next turn.
    sleep(SECOND).await;
    assert_eq!(under_way.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_takes_the_place_of_one_with_the_same_key() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (before, attempts_before) = Scripted::boxed(Duration::ZERO, false);
    let (after, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", before, POLICY, SECOND);
    monitor.add("a", after, POLICY, SECOND);
    assert_eq!(events.next().await.unwrap().transition, Some(Standing::Up));
    assert_eq!(attempts_before.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_than_allowed_are_under_way_at_once() {
    let (monitor, mut events) =
        Monitor::new(MonitorOptions { at_once: NonZeroUsize::new(2).unwrap(), ..EVERY });
    let begin = Instant::now();
    for key in 0..6 {
        let (check, _) = Scripted::boxed(SECOND, false);
        monitor.add(key, check, Policy { delay_loop: 60 * SECOND, ..POLICY }, Duration::ZERO);
    }
    for second in [1, 1, 2, 2, 3, 3] {
        events.next().await.unwrap();
        assert_eq!(begin.elapsed(), second * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn servers_that_hang_delay_none_that_is_new() {
    /// Fails, and from the second time on takes for ever.
    struct Hanging(AtomicUsize);
    impl Check for Hanging {
        async fn check(&self) -> Outcome {
            if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                pending::<()>().await;
            }
            Outcome::Fail(crate::Failure::Refused(([127, 0, 0, 1], 80).into()))
        }
    }
    let (monitor, mut events) =
        Monitor::new(MonitorOptions { at_once: NonZeroUsize::new(4).unwrap(), ..EVERY });
    for key in 0..10 {
        let check = BoxCheck::unique(Hanging(AtomicUsize::new(0)));
        monitor.add(key, check, POLICY, Duration::ZERO);
        events.next().await.unwrap();
    }
    sleep(10 * SECOND).await;
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    let begin = Instant::now();
    monitor.add(100, check, POLICY, SECOND);
    assert_eq!(events.next().await.unwrap().key, 100);
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn servers_that_were_never_tried_and_hang_delay_none_that_answers() {
    struct Hanging;
    impl Check for Hanging {
        async fn check(&self) -> Outcome {
            pending().await
        }
    }
    let (monitor, mut events) =
        Monitor::new(MonitorOptions { at_once: NonZeroUsize::new(4).unwrap(), ..EVERY });
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add(100, check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    let begin = Instant::now();
    for key in 0..10 {
        monitor.add(key, BoxCheck::unique(Hanging), POLICY, Duration::ZERO);
    }
    assert_eq!(events.next().await.unwrap().key, 100);
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_check_with_an_unread_event_waits_with_its_next_attempt() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    sleep(100 * SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    events.next().await.unwrap();
    events.next().await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn an_unread_event_delays_no_other_check() {
    let (monitor, _events) = Monitor::new(MonitorOptions::default());
    let (unread, _) = Scripted::boxed(Duration::ZERO, false);
    let (other, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("unread", unread, POLICY, Duration::ZERO);
    sleep(SECOND / 2).await;
    monitor.add("other", other, POLICY, Duration::ZERO);
    sleep(SECOND / 4).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn once_nobody_reads_events_checks_go_on() {
    let (monitor, events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    drop(events);
    monitor.add("a", check, POLICY, Duration::ZERO);
    sleep(10 * SECOND + SECOND / 2).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 11);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_brings_nothing_new_is_not_told() {
    let (monitor, mut events) = Monitor::new(MonitorOptions::default());
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    assert!(timeout(9 * SECOND + SECOND / 2, events.next()).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 10);
}

/// Equal to all of its number; counts the attempts of all.
#[derive(Debug, Clone)]
struct Numbered(u32, Arc<AtomicUsize>);

impl PartialEq for Numbered {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Numbered {}

impl Hash for Numbered {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Check for Numbered {
    async fn check(&self) -> Outcome {
        self.1.fetch_add(1, Ordering::Relaxed);
        Outcome::Pass(Report::default())
    }
}

#[tokio::test(start_paused = true)]
async fn equal_checks_are_made_once_and_told_to_each_key() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = Numbered(1, Arc::default());
    monitor.add("a", BoxCheck::new(check.clone()), POLICY, Duration::ZERO);
    monitor.add("b", BoxCheck::new(check.clone()), POLICY, Duration::ZERO);
    let keys = [events.next().await.unwrap().key, events.next().await.unwrap().key];
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(check.1.load(Ordering::Relaxed), 1);
    assert_eq!(monitor.checks(), 1);
}

#[tokio::test(start_paused = true)]
async fn equal_checks_under_different_policies_are_made_apart() {
    let (monitor, _events) = Monitor::new(EVERY);
    let check = Numbered(1, Arc::default());
    monitor.add("a", BoxCheck::new(check.clone()), POLICY, SECOND);
    monitor.add("b", BoxCheck::new(check), Policy { retry: 7, ..POLICY }, SECOND);
    assert_eq!(monitor.checks(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_joins_a_check_is_told_how_it_stands() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    monitor.add("a", check.clone(), POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.add("b", check, POLICY, Duration::ZERO);
    let told = events.next().await.unwrap();
    assert_eq!((told.key, told.transition), ("b", Some(Standing::Up)));
}

#[tokio::test(start_paused = true)]
async fn a_shared_check_goes_on_for_the_key_that_is_left() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    monitor.add("a", check.clone(), POLICY, SECOND);
    monitor.add("b", check, POLICY, SECOND);
    monitor.remove(&"a");
    assert_eq!(events.next().await.unwrap().key, "b");
}

#[tokio::test(start_paused = true)]
async fn the_same_check_added_again_goes_on_as_it_was() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    let begin = Instant::now();
    monitor.add("a", check.clone(), POLICY, Duration::ZERO);
    events.next().await.unwrap();
    sleep(SECOND / 2).await;
    monitor.add("a", check, POLICY, Duration::ZERO);
    assert_eq!(events.next().await.unwrap().transition, None);
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn another_policy_keeps_what_is_believed() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.set_policy(&"a", Policy { delay_loop: 9 * SECOND, ..POLICY });
    assert_eq!(monitor.standing(&"a"), Some(Standing::Up));
}

#[tokio::test(start_paused = true)]
async fn a_paused_check_breaks_off_its_attempt_and_makes_no_other() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(SECOND, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    sleep(SECOND / 2).await;
    monitor.pause(&"a");
    assert!(timeout(10 * SECOND, events.next()).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_check_is_tried_after_its_warm_up() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    monitor.pause(&"a");
    sleep(10 * SECOND).await;
    let resumed = Instant::now();
    monitor.resume(&"a", 3 * SECOND);
    events.next().await.unwrap();
    assert_eq!(resumed.elapsed(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_key_of_a_shared_check_is_told_what_it_missed() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    monitor.add("a", check.clone(), POLICY, SECOND);
    monitor.add("b", check, POLICY, SECOND);
    monitor.pause(&"b");
    assert_eq!(events.next().await.unwrap().key, "a");
    monitor.resume(&"b", Duration::ZERO);
    let told = events.next().await.unwrap();
    assert_eq!((told.key, told.transition), ("b", Some(Standing::Up)));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_key_is_told_what_it_missed_even_if_those_who_heard_it_are_gone() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    monitor.add("a", check.clone(), POLICY, SECOND);
    monitor.add("b", check, POLICY, SECOND);
    monitor.pause(&"b");
    assert_eq!(events.next().await.unwrap().key, "a");
    monitor.remove(&"a");
    monitor.resume(&"b", Duration::ZERO);
    let told = events.next().await.unwrap();
    assert_eq!((told.key, told.transition), ("b", Some(Standing::Up)));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_key_that_missed_nothing_is_told_nothing_but_its_attempts() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    monitor.add("a", check.clone(), POLICY, Duration::ZERO);
    monitor.add("b", check, POLICY, Duration::ZERO);
    let keys = [events.next().await.unwrap().key, events.next().await.unwrap().key];
    assert_eq!(keys, ["a", "b"]);
    monitor.pause(&"b");
    monitor.resume(&"b", Duration::ZERO);
    assert!(timeout(SECOND / 2, events.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_paused_key_whose_partner_is_removed_in_an_attempt_is_tried_once_it_is_resumed() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(SECOND, false);
    monitor.add("a", check.clone(), POLICY, Duration::ZERO);
    monitor.add("b", check, POLICY, Duration::ZERO);
    monitor.pause(&"b");
    sleep(SECOND / 2).await;
    monitor.remove(&"a");
    monitor.resume(&"b", Duration::ZERO);
    let told = timeout(10 * SECOND, events.next()).await.unwrap().unwrap();
    assert_eq!(told.key, "b");
}

#[tokio::test(start_paused = true)]
async fn a_paused_check_stays_so_under_another_policy() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, SECOND);
    monitor.pause(&"a");
    monitor.set_policy(&"a", Policy { retry: 7, ..POLICY });
    assert!(timeout(10 * SECOND, events.next()).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn another_policy_keeps_the_history() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.set_policy(&"a", Policy { retry: 7, ..POLICY });
    assert_eq!(monitor.history(&"a").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_joins_a_check_under_another_policy_than_before_is_told_how_it_stands() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    let other = Policy { retry: 7, ..POLICY };
    monitor.add("a", check.clone(), POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.set_policy(&"a", other);
    monitor.add("b", check, other, Duration::ZERO);
    let told = events.next().await.unwrap();
    assert_eq!((told.key, told.transition), ("b", Some(Standing::Up)));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_shared_with_a_check_not_tried_yet_keeps_what_is_believed() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let check = BoxCheck::new(Numbered(1, Arc::default()));
    let other = Policy { retry: 7, ..POLICY };
    monitor.add("known", check.clone(), POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.add("new", check, other, 100 * SECOND);
    monitor.set_policy(&"known", other);
    for key in ["new", "known"] {
        let told = events.next().await.unwrap();
        assert_eq!((told.key, told.transition), (key, Some(Standing::Up)));
        assert_eq!(monitor.standing(&key), Some(Standing::Up));
    }
    assert_eq!(monitor.history(&"known").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_interval_holds_from_the_next_attempt_on() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, Policy { delay_loop: 3600 * SECOND, ..POLICY }, Duration::ZERO);
    events.next().await.unwrap();
    let changed = Instant::now();
    monitor.set_policy(&"a", POLICY);
    events.next().await.unwrap();
    assert_eq!(changed.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_was_held_up_while_its_monitor_was_dropped_begins_nothing() {
    let (monitor, _events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    let shared = Arc::clone(&monitor.0);
    drop(monitor);
    assert_eq!(begin_what_is_due(&shared, &mut Files::default()), None);
    sleep(SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_made_at_once() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    let begin = Instant::now();
    monitor.add("a", check, POLICY, 100 * SECOND);
    sleep(SECOND).await;
    monitor.check_now(&"a");
    events.next().await.unwrap();
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_history_has_the_last_transitions_and_the_latest_first() {
    /// Passes and fails by turns.
    struct Fickle(AtomicUsize);
    impl Check for Fickle {
        async fn check(&self) -> Outcome {
            if self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                Outcome::Pass(Report::default())
            } else {
                Outcome::Fail(crate::Failure::Refused(([127, 0, 0, 1], 80).into()))
            }
        }
    }
    let (monitor, mut events) = Monitor::new(EVERY);
    monitor.add("a", BoxCheck::unique(Fickle(AtomicUsize::new(0))), POLICY, Duration::ZERO);
    for _ in 0..20 {
        events.next().await.unwrap();
    }
    let history: Vec<_> = monitor
        .history(&"a")
        .iter()
        .map(|record| (record.standing, record.why.is_none()))
        .collect();
    let expected = [(Standing::Down, false), (Standing::Up, true)].repeat(4);
    assert_eq!(history, expected);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_what_is_believed_of_each_server() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (tried, _) = Scripted::boxed(Duration::ZERO, false);
    let (waiting, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("tried", tried, POLICY, Duration::ZERO);
    monitor.add("waiting", waiting, POLICY, 9 * SECOND);
    events.next().await.unwrap();
    let expected = HashMap::from([("tried", Standing::Up), ("waiting", Standing::Unknown)]);
    assert_eq!(monitor.snapshot(), expected);
    monitor.remove(&"tried");
    assert_eq!(monitor.snapshot(), HashMap::from([("waiting", Standing::Unknown)]));
}

#[tokio::test(start_paused = true)]
async fn attempts_missed_while_the_runtime_stood_still_are_not_made_up_for() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, attempts) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    advance(100 * SECOND).await;
    events.next().await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert!(timeout(SECOND / 2, events.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_beyond_the_clock_is_waited_for_without_a_panic() {
    let (monitor, mut events) = Monitor::new(EVERY);
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::MAX);
    assert!(timeout(SECOND, events.next()).await.is_err());
}

/// What can happen to a schedule.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add { key: u8, check: u32, policy: Policy },
    Remove(u8),
    SetPolicy(u8, Policy),
    Pause(u8),
    Resume(u8),
    CheckNow(u8),
    Begin,
    End(char),
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..4_u8;
    let policy =
        || (0..2_u32, any::<bool>()).prop_map(|(retry, alpha)| Policy { retry, alpha, ..POLICY });
    let step = prop_oneof![
        (key(), 0..2_u32, policy()).prop_map(|(key, check, policy)| Step::Add {
            key,
            check,
            policy
        }),
        key().prop_map(Step::Remove),
        (key(), policy()).prop_map(|(key, policy)| Step::SetPolicy(key, policy)),
        key().prop_map(Step::Pause),
        key().prop_map(Step::Resume),
        key().prop_map(Step::CheckNow),
        Just(Step::Begin),
        proptest::sample::select(vec!['p', 'f', 'i']).prop_map(Step::End),
        Just(Step::Read),
    ];
    proptest::collection::vec(step, 0..60)
}

fn outcome(letter: char) -> Outcome {
    match letter {
        'p' => Outcome::Pass(Report::default()),
        'f' => Outcome::Fail(crate::Failure::Refused(([127, 0, 0, 1], 80).into())),
        _ => Outcome::Inconclusive(LocalError::Panicked("test".to_owned())),
    }
}

/// A schedule, and what its reader knows.
struct Model {
    schedule: Schedule<u8>,
    now: std::time::Instant,
    begun: VecDeque<Attempt>,
    told: HashMap<u8, Standing>,
}

impl Model {
    fn take(&mut self, step: Step) {
        let Self { schedule, now, begun, told } = self;
        *now += SECOND / 3;
        match step {
            Step::Add { key, check, policy } => {
                let check = BoxCheck::new(Numbered(check, Arc::default()));
                schedule.add(*now, key, check, policy, Duration::ZERO);
            }
            Step::Remove(key) => drop(schedule.remove(*now, &key)),
            Step::SetPolicy(key, policy) => drop(schedule.set_policy(*now, &key, policy)),
            Step::Pause(key) => drop(schedule.pause(*now, &key)),
            Step::Resume(key) => schedule.resume(*now, &key),
            Step::CheckNow(key) => schedule.check_now(*now, &key),
            Step::Begin => begun.extend(schedule.begin(*now)),
            // It may have been broken off: then its end must not matter.
            Step::End(letter) => {
                if let Some(attempt) = begun.pop_front() {
                    schedule.end(*now, attempt.id, attempt.serial, outcome(letter));
                }
            }
            Step::Read => {
                if let Some(event) = schedule.next_event() {
                    told.extend(event.transition.map(|standing| (event.key, standing)));
                }
            }
        }
    }

    /// From now on all attempts come to this, and all is read.
    fn settle(&mut self, letter: char) {
        for _ in 0..200 {
            for step in [Step::Begin, Step::End(letter), Step::Read] {
                self.take(step);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_warm_up_is_never_longer_than_the_longest(
        longest in any::<Duration>(), position in any::<usize>(), count in any::<usize>()
    ) {
        prop_assert!(spread(longest, position, count) <= longest);
    }

    #[test]
    fn whatever_happened_every_check_that_is_not_paused_goes_on_and_its_keys_are_told(
        steps in steps()
    ) {
        let mut model = Model {
            schedule: Schedule::new(2, false),
            now: std::time::Instant::now(),
            begun: VecDeque::new(),
            told: HashMap::new(),
        };
        for step in steps {
            model.take(step);
        }
        for key in 0..4 {
            model.take(Step::Resume(key));
        }
        (0..200).for_each(|_| model.take(Step::Read));
        for key in model.schedule.keys() {
            if let Some(latest) = model.schedule.history(key).first() {
                prop_assert_eq!(model.told.get(key), Some(&latest.standing));
            }
        }
        for (letter, expected) in [('f', Standing::Down), ('p', Standing::Up)] {
            model.settle(letter);
            for key in model.schedule.keys() {
                prop_assert_eq!(model.schedule.standing(key), Some(expected));
                prop_assert_eq!(model.told.get(key), Some(&expected));
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_is_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    std::fs::write(&path, "0").unwrap();
    let (monitor, mut events) = Monitor::new(MonitorOptions::default());
    let check = BoxCheck::new(crate::file::FileCheck::new(&path));
    monitor.add("a", check, Policy { delay_loop: 3600 * SECOND, ..POLICY }, Duration::ZERO);
    assert_eq!(events.next().await.unwrap().transition, Some(Standing::Up));
    std::fs::write(&path, "1").unwrap();
    let told = timeout(20 * SECOND, events.next()).await.unwrap().unwrap();
    assert_eq!(told.transition, Some(Standing::Down));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_read_is_read_once_more() {
    struct Slow(Arc<AtomicUsize>);
    impl Check for Slow {
        async fn check(&self) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            sleep(SECOND).await;
            Outcome::Pass(Report::default())
        }

        fn watched_file(&self) -> Option<&std::path::Path> {
            Some(std::path::Path::new("/nonexistent/state"))
        }
    }
    let (monitor, mut events) = Monitor::new(MonitorOptions::default());
    let attempts = Arc::new(AtomicUsize::new(0));
    let check = BoxCheck::unique(Slow(Arc::clone(&attempts)));
    let (path, policy) =
        ("/nonexistent/state".into(), Policy { delay_loop: 3600 * SECOND, ..POLICY });
    monitor.add("a", check, policy, Duration::ZERO);
    sleep(SECOND / 2).await;
    handle_changes(&monitor.0, vec![Changed::File(path), Changed::Any]);
    events.next().await.unwrap();
    sleep(100 * SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_check_later_is_told_its_weight_and_how_long_it_took() {
    struct Weighs;
    impl Check for Weighs {
        async fn check(&self) -> Outcome {
            sleep(SECOND).await;
            let weight = Some(crate::DynamicWeight::Absolute(7));
            Outcome::Pass(Report { weight, ..Report::default() })
        }
    }
    let (monitor, mut events) = Monitor::new(MonitorOptions::default());
    let check = BoxCheck::unique(Weighs);
    monitor.add("first", check.clone(), POLICY, Duration::ZERO);
    events.next().await.unwrap();
    monitor.add("later", check, POLICY, Duration::ZERO);
    let told = events.next().await.unwrap();
    let Outcome::Pass(report) = &*told.outcome else { panic!("{}", told.outcome) };
    let expected = ("later", Some(crate::DynamicWeight::Absolute(7)), SECOND, SECOND);
    assert_eq!((told.key, report.weight, report.total, told.took), expected);
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_told_attempt_by_attempt() {
    let (monitor, mut events) = Monitor::new(MonitorOptions::default());
    let (check, _) = Scripted::boxed(Duration::ZERO, false);
    monitor.add("a", check, POLICY, Duration::ZERO);
    events.next().await.unwrap();
    assert!(timeout(10 * SECOND, events.next()).await.is_err());
    monitor.tell_every_attempt(&"a", true);
    events.next().await.unwrap();
    events.next().await.unwrap();
}
