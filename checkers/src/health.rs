use std::time::Duration;

use crate::Outcome;

/// When to try, and when to believe; the words and rules are keepalived's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// From one attempt to the next, in quiet times.
    pub delay_loop: Duration,
    /// So many further attempts fail before a server that was up is down: `retry` and one in all.
    pub retry: u32,
    /// From a failed attempt to the next, while it is not decided.
    pub delay_before_retry: Duration,
    /// A server counts as not known, and not as up, until its first attempt.
    pub alpha: bool,
}

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

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the next attempt must be made"]
pub struct Verdict {
    /// What is believed from now on, if that changed or was judged for the first time.
    pub transition: Option<Standing>,
    /// When to try again.
    pub next: Next,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This long after this attempt began; at once if it took longer.
    AfterBegin(Duration),
    /// This long after this attempt ended.
    AfterEnd(Duration),
}

/// The judgement over the attempts of one check.
///
/// It has no clock: it says how long to wait, and is told what came of the attempt.
///
/// ```
/// use std::time::Duration;
/// use steadfast_checkers::{Health, Outcome, Policy, Report, Standing};
///
/// let second = Duration::from_secs(1);
/// let mut health = Health::new(Policy {
///     delay_loop: 6 * second,
///     retry: 1,
///     delay_before_retry: second,
///     alpha: true,
/// });
/// let verdict = health.handle_outcome(&Outcome::Pass(Report::default()));
/// assert_eq!(verdict.transition, Some(Standing::Up));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    policy: Policy,
    standing: Standing,
    /// Whether an attempt has decided anything.
    judged: bool,
    /// Failed attempts in a row while up.
    failures: u32,
}

impl Health {
    /// Nothing has been tried yet.
    pub fn new(policy: Policy) -> Self {
        let standing = if policy.alpha { Standing::Unknown } else { Standing::Up };
        Self { policy, standing, judged: false, failures: 0 }
    }

    /// What is believed now.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// An attempt came to this.
    ///
    /// The very first one decides, whatever `retry` is. From then on a server that is up is down
    /// after `retry` and one failures in a row, and one that is down is up after one success. An
    /// inconclusive attempt changes nothing and counts for nothing.
    pub fn handle_outcome(&mut self, outcome: &Outcome) -> Verdict {
        let quiet = Next::AfterBegin(self.policy.delay_loop);
        let soon = Next::AfterEnd(self.policy.delay_before_retry);
        match outcome {
            Outcome::Inconclusive(_) => Verdict { transition: None, next: soon },
            Outcome::Pass(_) => {
                self.failures = 0;
                Verdict { transition: self.judge(Standing::Up), next: quiet }
            }
            Outcome::Fail(_) => {
                self.failures = self.failures.saturating_add(1);
                let undecided = self.judged
                    && self.standing == Standing::Up
                    && self.failures <= self.policy.retry;
                if undecided {
                    return Verdict { transition: None, next: soon };
                }
                Verdict { transition: self.judge(Standing::Down), next: quiet }
            }
        }
    }

    fn judge(&mut self, standing: Standing) -> Option<Standing> {
        let first = !std::mem::replace(&mut self.judged, true);
        let before = std::mem::replace(&mut self.standing, standing);
        (first || before != standing).then_some(standing)
    }
}

#[cfg(test)]
mod tests;
