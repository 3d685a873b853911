use std::any::Any;
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{BoxCheck, Check, Health, LocalError, Next, Outcome, Policy, Standing};

/// So many attempts at once: fewer than the descriptors that a process usually may have.
const AT_ONCE: usize = 900;

/// Runs any number of checks, each in its own time.
///
/// A check never overlaps itself, and a slow one delays no other. One that panics is reported as
/// inconclusive and goes on. Dropping the monitor ends everything.
#[derive(Debug)]
pub struct Monitor<K> {
    tasks: HashMap<K, JoinHandle<()>>,
    permits: Arc<Semaphore>,
    events: mpsc::UnboundedSender<Event<K>>,
}

/// What became of an attempt.
#[derive(Debug)]
pub struct Event<K> {
    /// Which check.
    pub key: K,
    /// What it found.
    pub outcome: Outcome,
    /// What is believed of the server from now on, if that changed or was judged for the first time.
    pub transition: Option<Standing>,
}

/// What a monitor finds, in order of time.
#[derive(Debug)]
pub struct Events<K>(mpsc::UnboundedReceiver<Event<K>>);

impl<K> Events<K> {
    /// The next event; `None` once the monitor is gone and all have been read.
    pub async fn next(&mut self) -> Option<Event<K>> {
        self.0.recv().await
    }
}

impl<K: Clone + Eq + Hash + Send + 'static> Monitor<K> {
    /// A monitor without checks. Its events are queued without bound: read them.
    pub fn new() -> (Self, Events<K>) {
        let (events, outbox) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        (Self { tasks: HashMap::new(), permits, events }, Events(outbox))
    }

    /// Adds a check, in place of one with the same key, on the tokio runtime that this is called on.
    ///
    /// Its first attempt comes after `warmup`. Give many checks different ones, so that they do not
    /// all start at once: [`spread`] does that.
    pub fn add(&mut self, key: K, check: BoxCheck, policy: Policy, warmup: Duration) {
        let permits = Arc::clone(&self.permits);
        let run =
            run(key.clone(), check, Health::new(policy), warmup, permits, self.events.clone());
        if let Some(before) = self.tasks.insert(key, tokio::spawn(run)) {
            before.abort();
        }
    }

    /// Removes a check; an attempt under way is broken off.
    pub fn remove(&mut self, key: &K) {
        if let Some(task) = self.tasks.remove(key) {
            task.abort();
        }
    }
}

impl<K> Drop for Monitor<K> {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort();
        }
    }
}

/// The warm-up of the check at `position` of `count`, spread evenly over `longest`.
pub fn spread(longest: Duration, position: usize, count: usize) -> Duration {
    let part = u32::try_from(position).unwrap_or(u32::MAX);
    let whole = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    longest.mul_f64(f64::from(part.min(whole)) / f64::from(whole))
}

async fn run<K: Clone>(
    key: K,
    check: BoxCheck,
    mut health: Health,
    warmup: Duration,
    permits: Arc<Semaphore>,
    events: mpsc::UnboundedSender<Event<K>>,
) {
    sleep(warmup).await;
    loop {
        // Only a closed semaphore refuses, and nobody closes it.
        let Ok(permit) = permits.acquire().await else { return };
        // What was waited for a permit is not charged to the attempt.
        let begin = Instant::now();
        let outcome = attempt(&check).await;
        drop(permit);
        let verdict = health.handle_outcome(&outcome);
        let event = Event { key: key.clone(), outcome, transition: verdict.transition };
        if events.send(event).is_err() {
            return;
        }
        match verdict.next {
            Next::AfterBegin(delay) => sleep_until(begin + delay).await,
            Next::AfterEnd(delay) => sleep(delay).await,
        }
    }
}

async fn attempt(check: &BoxCheck) -> Outcome {
    match AssertUnwindSafe(check.check()).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Outcome::Inconclusive(LocalError::Panicked(words(panic.as_ref()))),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Report;

    const SECOND: Duration = Duration::from_secs(1);
    const POLICY: Policy =
        Policy { delay_loop: SECOND, retry: 0, delay_before_retry: SECOND, alpha: true };

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
            (BoxCheck::new(check), attempts)
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
        let (mut monitor, mut events) = Monitor::new();
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
        let (mut monitor, mut events) = Monitor::new();
        let (check, attempts) = Scripted::boxed(10 * SECOND, false);
        monitor.add("a", check, POLICY, Duration::ZERO);
        sleep(9 * SECOND).await;
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
        events.next().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_panics_is_inconclusive_and_goes_on() {
        let (mut monitor, mut events) = Monitor::new();
        let (check, _) = Scripted::boxed(Duration::ZERO, true);
        monitor.add("a", check, POLICY, Duration::ZERO);
        let first = events.next().await.unwrap();
        assert_eq!(first.outcome.to_string(), "the check panicked: on purpose");
        let second = events.next().await.unwrap();
        assert_eq!(second.transition, Some(Standing::Up));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_check_delays_no_other() {
        let (mut monitor, mut events) = Monitor::new();
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
        let (mut monitor, mut events) = Monitor::new();
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
}
