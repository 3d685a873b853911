use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{LONGEST_WAIT, Outcome, Policy};

/// An inconclusive attempt is not repeated sooner, even if a policy knows no delay before retries:
/// who is short of something does not get it back by asking without a pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What is believed of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing yet.
    Unknown,
    /// It is well.
    Up,
    /// It is not.
    Down,
}

/// The judgement over the attempts of one check.
///
/// It has no clock and makes no attempts. Its run loop: wait until [`poll_timeout`], say
/// [`handle_begin`], make the attempt at the part that this gives, and tell [`handle_outcome`] what
/// came of it.
///
/// ```
/// use std::time::{Duration, Instant};
/// use steadfast_checkers::{Health, Outcome, Policy, Report, Standing};
///
/// let second = Duration::from_secs(1);
/// let policy = Policy { alpha: true, ..Policy::every(6 * second) };
/// let start = Instant::now();
/// let mut health = Health::new(policy, 1, start);
///
/// assert_eq!(health.poll_timeout(), Some(start));
/// assert_eq!(health.handle_begin(start), 0);
/// let transition = health.handle_outcome(start + second, &Outcome::Pass(Report::default()));
/// assert_eq!(transition, Some(Standing::Up));
/// assert_eq!(health.poll_timeout(), Some(start + 6 * second));
/// ```
///
/// [`poll_timeout`]: Self::poll_timeout
/// [`handle_begin`]: Self::handle_begin
/// [`handle_outcome`]: Self::handle_outcome
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    policy: Arc<Policy>,
    standing: Standing,
    /// Whether what is believed has been found out, and is not only assumed.
    judged: bool,
    /// Failed attempts in a row.
    failures: u32,
    /// Parts passed that count towards being up.
    successes: u32,
    parts: u32,
    /// The part to try next, or being tried.
    part: u32,
    /// That part took the server down, and must pass before anything counts.
    must_pass_first: bool,
    attempt: Attempt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Due(Due),
    UnderWay { since: Instant, late: Duration },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    at: Instant,
    after: Wait,
}

/// What is waited for before an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Somebody else's choice: a warm-up, or a wish.
    Other,
    Loop,
    Rising,
    Down,
    Retry,
    Pause,
}

impl Wait {
    fn under(self, policy: &Policy) -> Duration {
        match self {
            Self::Other => Duration::ZERO,
            Self::Loop => policy.delay_loop,
            Self::Rising => policy.delay_rising.unwrap_or(policy.delay_loop),
            Self::Down => policy.delay_down.unwrap_or(policy.delay_loop),
            Self::Retry => policy.delay_before_retry,
            Self::Pause => policy.delay_before_retry.max(SHORTEST_PAUSE),
        }
    }

    /// A retry follows the end of an attempt; everything else its beginning, so that slow answers do
    /// not stretch the interval.
    const fn is_from_end(self) -> bool {
        matches!(self, Self::Retry | Self::Pause)
    }
}

impl Health {
    /// Nothing has been tried yet of a check in so many parts, at least one; the first attempt is
    /// due at `first`. Judgements of many checks can share a policy.
    pub fn new(policy: impl Into<Arc<Policy>>, parts: u32, first: Instant) -> Self {
        let policy = policy.into();
        Self {
            standing: if policy.alpha { Standing::Unknown } else { Standing::Up },
            judged: false,
            failures: 0,
            successes: 0,
            parts: parts.max(1),
            part: 0,
            must_pass_first: false,
            attempt: Attempt::Due(Due { at: first, after: Wait::Other }),
            policy,
        }
    }

    /// What is believed now.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    pub(crate) fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// When the next attempt is due; `None` while one is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.attempt {
            Attempt::Due(due) => Some(due.at),
            Attempt::UnderWay { .. } => None,
        }
    }

    /// When the attempt under way has begun.
    pub(crate) fn under_way_since(&self) -> Option<Instant> {
        match self.attempt {
            Attempt::Due(_) => None,
            Attempt::UnderWay { since, .. } => Some(since),
        }
    }

    /// Goes on under another policy, with what is believed up to now.
    ///
    /// If the delay before the next attempt is another one now, the rest of it is longer or shorter in
    /// the same proportion: checks that are spread over their interval stay so.
    pub fn set_policy(&mut self, now: Instant, policy: impl Into<Arc<Policy>>) {
        let before = std::mem::replace(&mut self.policy, policy.into());
        if let Attempt::Due(due) = &mut self.attempt {
            let rest = due.at.saturating_duration_since(now);
            due.at =
                later(now, scaled(rest, due.after.under(&before), due.after.under(&self.policy)));
        }
    }

    /// Believes what another judgement over the same check has found out, unless it has found out
    /// something itself.
    pub(crate) fn learn(&mut self, other: &Self) {
        if !self.judged && other.judged {
            (self.standing, self.judged) = (other.standing, true);
        }
    }

    /// The next attempt is due then; one under way does not count.
    pub fn reschedule(&mut self, due: Instant) {
        self.attempt = Attempt::Due(Due { at: due, after: Wait::Other });
    }

    /// An attempt begins, because it is due or because somebody wants to know now. Gives the part
    /// of the check to try.
    ///
    /// One that begins late does not put off those after it: the delay until the next is so much
    /// shorter, by half at most. Checks that a standstill has pushed together spread again so.
    pub fn handle_begin(&mut self, now: Instant) -> u32 {
        let late = match self.attempt {
            Attempt::Due(due) => now.saturating_duration_since(due.at),
            Attempt::UnderWay { .. } => Duration::ZERO,
        };
        self.attempt = Attempt::UnderWay { since: now, late };
        self.part
    }

    /// The attempt came to this. Gives what is believed from now on, if that changed or was judged
    /// for the first time.
    ///
    /// While a server is up, the parts of its check take turns, one at each attempt. A part that
    /// failed is tried again. Until all parts have passed once, the first failure decides, whatever
    /// `retry` is; from then on a server that is up is down after `retry` and one failures in a row.
    /// One that is down, or not known, is up once all parts have passed in a row, `rise` times. An
    /// inconclusive attempt changes nothing and counts for nothing, but for want of a route if that
    /// [fails](Policy::no_route_fails).
    pub fn handle_outcome(&mut self, now: Instant, outcome: &Outcome) -> Option<Standing> {
        let (transition, after) = match outcome {
            Outcome::Inconclusive(error) if self.policy.no_route_fails && error.is_no_route() => {
                self.failed()
            }
            Outcome::Inconclusive(_) => (None, Wait::Pause),
            Outcome::Pass(_) => self.passed(),
            Outcome::Fail(_) => self.failed(),
        };
        let delay = after.under(&self.policy);
        let at = match self.attempt {
            Attempt::UnderWay { since, late } if !after.is_from_end() => {
                later(since, delay.saturating_sub(late.min(delay / 2)))
            }
            _ => later(now, delay),
        };
        // At once, and only once, if the attempt took longer than the delay.
        let at = at.max(now);
        self.attempt = Attempt::Due(Due { at, after });
        transition
    }

    fn passed(&mut self) -> (Option<Standing>, Wait) {
        self.failures = 0;
        if std::mem::take(&mut self.must_pass_first) {
            self.part = 0;
            return (None, Wait::Rising);
        }
        self.part = (self.part + 1) % self.parts;
        if !self.judged || self.standing != Standing::Up {
            self.successes = self.successes.saturating_add(1);
            let (rounds, meanwhile) = match self.standing {
                Standing::Up => (1, Wait::Loop),
                Standing::Unknown | Standing::Down => (self.policy.rise.get(), Wait::Rising),
            };
            if self.successes < self.parts.saturating_mul(rounds) {
                return (None, meanwhile);
            }
        }
        self.successes = 0;
        (self.judge(Standing::Up), Wait::Loop)
    }

    fn failed(&mut self) -> (Option<Standing>, Wait) {
        self.failures = self.failures.saturating_add(1);
        let up = self.standing == Standing::Up;
        if self.judged && up && self.failures <= self.policy.retry {
            return (None, Wait::Retry);
        }
        if self.policy.failed_part_first {
            let coming_up = self.standing == Standing::Down && !self.must_pass_first;
            if coming_up {
                // Whole rounds before this one were not in a row.
                self.successes = self.part;
                return (None, Wait::Retry);
            }
            self.must_pass_first = true;
        } else {
            self.part = 0;
        }
        self.successes = 0;
        (self.judge(Standing::Down), Wait::Down)
    }

    fn judge(&mut self, standing: Standing) -> Option<Standing> {
        let first = !std::mem::replace(&mut self.judged, true);
        let before = std::mem::replace(&mut self.standing, standing);
        (first || before != standing).then_some(standing)
    }
}

/// So much of another delay as was left of one.
fn scaled(rest: Duration, before: Duration, after: Duration) -> Duration {
    if before == after || before.is_zero() {
        return rest;
    }
    let (rest, before) = (rest.min(before).as_secs_f64(), before.as_secs_f64());
    after.min(LONGEST_WAIT).mul_f64(rest / before)
}

fn later(instant: Instant, delay: Duration) -> Instant {
    instant + delay.min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
