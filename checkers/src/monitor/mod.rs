//! Runs any number of checks.

mod entries;
mod event;
mod files;
mod found;
mod schedule;
mod turns;

use std::any::Any;
use std::collections::HashMap;
use std::future::pending;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

pub use self::event::{Event, Record};
use self::files::{Changed, Files};
use self::schedule::{Attempt, Schedule, Serial};
use crate::{BoxCheck, Check, LONGEST_WAIT, LocalError, Outcome, Policy, Standing};

/// How a monitor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonitorOptions {
    /// So many attempts may be under way at once: each holds a file descriptor, or two. What is
    /// waited for a turn is not charged to the time that an attempt has. Servers whose last attempt
    /// did not pass get no more than half of the turns, and together with those that were never tried
    /// no more than three quarters.
    pub at_once: NonZeroUsize,
    /// Tells of every attempt, and not only of those that bring something new.
    pub every_attempt: bool,
}

/// As many attempts at once as there may be file descriptors (`RLIMIT_NOFILE`), less a hundred or a
/// quarter for others; only news.
///
/// With a limit of 1024, as usual, and 10 000 servers that do not answer within 5 seconds, that is
/// too few: raise it.
impl Default for MonitorOptions {
    fn default() -> Self {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let at_once = limit.saturating_sub(100.min(limit / 4));
        Self {
            at_once: NonZeroUsize::new(at_once).unwrap_or(NonZeroUsize::MIN),
            every_attempt: false,
        }
    }
}

/// Runs any number of checks, each in its own time.
///
/// A check never overlaps itself, and a slow one delays no other. One that panics is reported as
/// inconclusive and goes on. Equal checks under equal policies are made once for all the keys that
/// they were added with. Dropping the monitor ends everything.
///
/// ```no_run
/// use std::time::Duration;
/// use steadfast_checkers::{BoxCheck, ConnectOptions, Monitor, Policy, TcpCheck, spread};
///
/// # async fn example(servers: Vec<std::net::SocketAddr>) {
/// let policy = Policy { alpha: true, ..Policy::every(Duration::from_secs(6)) };
/// let (monitor, mut events) = Monitor::new(Default::default());
/// for (position, server) in servers.iter().enumerate() {
///     let check = BoxCheck::new(TcpCheck::new(ConnectOptions::new(*server)));
///     monitor.add(*server, check, policy, spread(policy.delay_loop, position, servers.len()));
/// }
/// while let Some(event) = events.next().await {
///     if let Some(standing) = event.transition {
///         println!("{} is {standing:?}: {}", event.key, event.outcome);
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Monitor<K>(Arc<Shared<K>>);

/// What a monitor finds, in order of time: transitions, the first failure after successes and the
/// reverse, changes of a weight that a server asks for; or every attempt, if so
/// [configured](MonitorOptions::every_attempt).
///
/// No event is ever lost: a check that has one unread waits with its next attempt until that is
/// read. Once this is dropped nothing waits any more, and [`Monitor::snapshot`] tells how things
/// stand.
#[derive(Debug)]
pub struct Events<K: Clone + Eq + Hash>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    state: Mutex<State<K>>,
    /// Something may be due sooner than was thought.
    rescheduled: Notify,
    /// There is something to tell, or there will not be any more.
    told: Notify,
}

#[derive(Debug)]
struct State<K> {
    schedule: Schedule<K>,
    attempts: HashMap<Serial, AbortHandle>,
    driver: Option<AbortHandle>,
    /// Until when that sleeps; `None` if nothing but a change wakes it.
    sleeps_until: Option<std::time::Instant>,
    closed: bool,
}

impl<K> Shared<K> {
    /// A panic elsewhere has left the state as whole as it was: each change is made in one go.
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Shared<K> {
    /// Wakes those whom a change concerns: most attempts that end concern nobody.
    fn announce(&self, state: MutexGuard<'_, State<K>>) {
        let due = state.schedule.poll_timeout();
        let sooner = due.is_some_and(|due| state.sleeps_until.is_none_or(|until| due < until));
        let tells = state.schedule.has_events();
        drop(state);
        if sooner {
            self.rescheduled.notify_one();
        }
        if tells {
            self.told.notify_one();
        }
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Monitor<K> {
    /// A monitor without checks, on the tokio runtime that this is called on.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn new(options: MonitorOptions) -> (Self, Events<K>) {
        let state = State {
            schedule: Schedule::new(options.at_once.get(), options.every_attempt),
            attempts: HashMap::new(),
            driver: None,
            sleeps_until: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            rescheduled: Notify::new(),
            told: Notify::new(),
        });
        let driver = tokio::spawn(drive(Arc::clone(&shared))).abort_handle();
        shared.lock().driver = Some(driver);
        (Self(Arc::clone(&shared)), Events(shared))
    }

    /// Adds a check, in place of one with the same key. If that is equal, nothing changes.
    ///
    /// Its first attempt comes after `warmup`, unless an equal check is made already. Give many
    /// checks different ones, so that they do not all start at once: [`spread`] does that.
    pub fn add(&self, key: K, check: BoxCheck, policy: Policy, warmup: Duration) {
        self.change(|schedule, now| schedule.add(now, key, check, policy, warmup));
    }

    /// As [`add`](Self::add) for many checks, which takes less time than one by one. `checks` must not
    /// ask anything of the monitor.
    pub fn add_all(&self, checks: impl IntoIterator<Item = (K, BoxCheck, Policy, Duration)>) {
        /// An iterator may promise any number.
        const AT_ONCE: usize = 1 << 16;
        let checks = checks.into_iter();
        let (least, most) = checks.size_hint();
        self.change(|schedule, now| {
            schedule.reserve(most.unwrap_or(least).min(AT_ONCE));
            let added = checks.filter_map(|(key, check, policy, warmup)| {
                schedule.add(now, key, check, policy, warmup)
            });
            added.collect::<Vec<_>>()
        });
    }

    /// Removes a check; an attempt under way is broken off. Of what it has told already, some may
    /// still be unread.
    pub fn remove(&self, key: &K) {
        self.change(|schedule, now| schedule.remove(now, key));
    }

    /// Goes on under another policy, with what is believed up to now. The time until the next attempt
    /// changes in proportion to the delay that it is the rest of; a paused check stays paused.
    pub fn set_policy(&self, key: &K, policy: Policy) {
        self.change(|schedule, now| schedule.set_policy(now, key, policy));
    }

    /// Tells every attempt of a check, or only what is news again, whatever the monitor's
    /// [options](MonitorOptions::every_attempt) say.
    pub fn tell_every_attempt(&self, key: &K, every: bool) {
        self.change(|schedule, _| {
            schedule.tell_every_attempt(key, every);
            None
        });
    }

    /// No more attempts for this key, and nothing told to it, until it is resumed; what is believed
    /// stays (`ha_suspend`).
    pub fn pause(&self, key: &K) {
        self.change(|schedule, now| schedule.pause(now, key));
    }

    /// Attempts again, the first not before `warmup` has passed.
    pub fn resume(&self, key: &K, warmup: Duration) {
        self.change(|schedule, now| {
            schedule.resume(now + warmup.min(LONGEST_WAIT), key);
            None
        });
    }

    /// Makes the next attempt at once.
    pub fn check_now(&self, key: &K) {
        self.change(|schedule, now| {
            schedule.check_now(now, key);
            None
        });
    }

    /// What is believed of a server now; `None` if there is no such check.
    pub fn standing(&self, key: &K) -> Option<Standing> {
        self.0.lock().schedule.standing(key)
    }

    /// What is believed of every server now; events that are still unread have led to it.
    pub fn snapshot(&self) -> HashMap<K, Standing> {
        let state = self.0.lock();
        let standing = |key: &K| Some((key.clone(), state.schedule.standing(key)?));
        state.schedule.keys().filter_map(standing).collect()
    }

    /// The last transitions of a check, the latest first.
    pub fn history(&self, key: &K) -> Vec<Record> {
        self.0.lock().schedule.history(key)
    }

    /// How many checks are made; keys that share one count once.
    pub fn checks(&self) -> usize {
        self.0.lock().schedule.checks()
    }

    /// Makes a change, which gives the attempts that are of no more use.
    fn change<S: IntoIterator<Item = Serial>>(
        &self,
        change: impl FnOnce(&mut Schedule<K>, std::time::Instant) -> S,
    ) {
        let mut state = self.0.lock();
        for serial in change(&mut state.schedule, Instant::now().into_std()) {
            if let Some(attempt) = state.attempts.remove(&serial) {
                attempt.abort();
            }
        }
        self.0.announce(state);
    }
}

impl<K> Drop for Monitor<K> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let driver = state.driver.take();
        for task in driver.into_iter().chain(state.attempts.drain().map(|(_, task)| task)) {
            task.abort();
        }
        drop(state);
        self.0.told.notify_one();
    }
}

impl<K: Clone + Eq + Hash> Events<K> {
    /// The next event; `None` once the monitor is gone and all have been read.
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event<K>> {
        loop {
            match self.poll() {
                ControlFlow::Break(end) => return end,
                ControlFlow::Continue(()) => self.0.told.notified().await,
            }
        }
    }

    fn poll(&self) -> ControlFlow<Option<Event<K>>> {
        let mut state = self.0.lock();
        match state.schedule.next_event() {
            Some(event) => {
                // Its check waited for that.
                self.0.announce(state);
                ControlFlow::Break(Some(event))
            }
            None if state.closed => ControlFlow::Break(None),
            None => ControlFlow::Continue(()),
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Events<K> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.schedule.unheard();
        self.0.announce(state);
    }
}

/// Begins attempts when they are due, until it is aborted.
async fn drive<K: Clone + Eq + Hash + Send + Sync + 'static>(shared: Arc<Shared<K>>) {
    let mut files = Files::default();
    loop {
        let due = begin_what_is_due(&shared, &mut files);
        let waiting = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = waiting => {}
            () = shared.rescheduled.notified() => {}
            changed = files.changed() => handle_changes(&shared, changed),
        }
    }
}

/// When the next one is due.
fn begin_what_is_due<K>(shared: &Arc<Shared<K>>, files: &mut Files) -> Option<Instant>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
{
    let mut state = shared.lock();
    if state.closed {
        // Aborted already, but on its way here before that.
        return None;
    }
    while let Some(attempt) = state.schedule.begin(Instant::now().into_std()) {
        if let Some(file) = attempt.check.watched_file() {
            // Before it is read, so that no change is missed. A file that cannot be watched, since its
            // folder does not exist, is still read at each attempt.
            let _watched = files.watch(file);
        }
        let serial = attempt.serial;
        let task = tokio::spawn(make(Arc::clone(shared), attempt));
        // It cannot have ended: to tell so it needs the lock.
        state.attempts.insert(serial, task.abort_handle());
    }
    state.sleeps_until = state.schedule.poll_timeout();
    state.sleeps_until.map(Instant::from_std)
}

fn handle_changes<K: Clone + Eq + Hash>(shared: &Shared<K>, changed: Vec<Changed>) {
    let now = Instant::now().into_std();
    let schedule = &mut shared.lock().schedule;
    for change in changed {
        let files = match change {
            Changed::File(file) => vec![file],
            Changed::Any => schedule.files(),
        };
        for file in files {
            schedule.file_changed(now, &file);
        }
    }
}

async fn make<K: Clone + Eq + Hash>(shared: Arc<Shared<K>>, attempt: Attempt) {
    let Attempt { id, serial, check, part } = attempt;
    let outcome = match AssertUnwindSafe(check.check_part(part)).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Outcome::Inconclusive(LocalError::Panicked(words(panic.as_ref()))),
    };
    let mut state = shared.lock();
    state.attempts.remove(&serial);
    state.schedule.end(Instant::now().into_std(), id, serial, outcome);
    shared.announce(state);
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The warm-up of the check at `position` of `count`, spread evenly over `longest`.
pub fn spread(longest: Duration, position: usize, count: usize) -> Duration {
    let part = u32::try_from(position).unwrap_or(u32::MAX);
    let whole = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    longest / whole * part.min(whole)
}

#[cfg(test)]
mod tests;
