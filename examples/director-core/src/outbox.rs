//! Mails that wait to be sent: what goes into one, when it is tried, and when tried again.
//!
//! keepalived sends a mail for each change and forgets it if nobody takes it. Here changes within a
//! second go together: a failing switch is one mail, not a thousand. A mail of one change is
//! keepalived's, to the letter. One that is not taken is tried again, with what has happened since.
//!
//! ```
//! use std::time::Duration;
//! use steadfast_director_core::notify::Alert;
//! use steadfast_director_core::outbox::Outbox;
//! use steadfast_vrrp::Instant;
//!
//! let now = Instant::from_nanos(0);
//! let mut outbox = Outbox::default();
//! outbox.handle_alert(now, Alert {
//!     subject: "VRRP Instance A - Entering MASTER state".to_owned(),
//!     text: "=> VRRP Instance is now owning VRRP VIPs <=".to_owned(),
//! });
//! let at = outbox.poll_timeout().ok_or("something waits")?;
//! assert_eq!(at.duration_since(now), Duration::from_secs(1));
//! let mail = outbox.poll_mail(at).ok_or("it is time")?;
//! assert_eq!(mail.subject("lb1"), "[lb1] VRRP Instance A - Entering MASTER state");
//! outbox.handle_sent(at);
//! # Ok::<(), &str>(())
//! ```

use std::collections::VecDeque;
use std::fmt::Write;
use std::time::Duration;

use steadfast_vrrp::Instant;

use crate::notify::Alert;

/// Changes within this time go into one mail.
const TOGETHER: Duration = Duration::from_secs(1);
/// How many changes wait. Of more, the oldest are only counted.
const CAPACITY: usize = 1000;
/// The pause after the first failure; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Who reads a mail that comes so late wants to know when it was.
const LATE: Duration = Duration::from_secs(5);

/// The changes that nobody has been told of yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    waiting: VecDeque<(Instant, Alert)>,
    under_way: Option<UnderWay>,
    /// Changes that had to be forgotten since the last mail that was taken.
    forgotten: u64,
    failures: u32,
    /// Not before this moment is the next mail tried.
    next: Option<Instant>,
}

/// The mail that is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct UnderWay {
    /// How many of the waiting changes are in it: the first ones.
    listed: usize,
    /// How many of the forgotten changes it does not tell of.
    untold: u64,
}

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What happened and how long ago, oldest first. Never empty.
    changes: Vec<(Duration, Alert)>,
    /// How many changes before those are missing.
    forgotten: u64,
}

/// What becomes of a mail that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It may be taken later.
    Temporary,
    /// The server will never take it.
    Permanent,
}

impl Outbox {
    /// Something changed that is to be mailed.
    pub fn handle_alert(&mut self, now: Instant, alert: Alert) {
        self.next.get_or_insert(now + TOGETHER);
        self.waiting.push_back((now, alert));
        if self.waiting.len() > CAPACITY {
            self.waiting.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
            if let Some(mail) = &mut self.under_way {
                match mail.listed.checked_sub(1) {
                    Some(rest) => mail.listed = rest,
                    None => mail.untold = mail.untold.saturating_add(1),
                }
            }
        }
    }

    /// When there will be a mail to send; `None` while one is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next.filter(|_| self.under_way.is_none())
    }

    /// The mail to be sent now. The next one comes when it is known what became of this one.
    pub fn poll_mail(&mut self, now: Instant) -> Option<Mail> {
        self.poll_timeout().filter(|at| *at <= now)?;
        self.under_way = Some(UnderWay { listed: self.waiting.len(), untold: 0 });
        let changes = self.waiting.iter();
        let changes = changes.map(|(at, alert)| (now.duration_since(*at), alert.clone()));
        Some(Mail { changes: changes.collect(), forgotten: self.forgotten })
    }

    /// The mail under way has been taken.
    pub fn handle_sent(&mut self, now: Instant) {
        self.drop_under_way(now);
        self.failures = 0;
    }

    /// The mail under way has not been taken. Says how long it is until the next attempt.
    pub fn handle_failure(&mut self, now: Instant, failure: Failure) -> Option<Duration> {
        if failure == Failure::Permanent {
            self.drop_under_way(now);
            return None;
        }
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures));
        let pause = pause.min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.under_way = None;
        self.next = Some(now + pause);
        Some(pause)
    }

    /// The program ends: what waits is to be sent at once.
    pub fn handle_end(&mut self, now: Instant) {
        self.next = self.next.map(|_| now);
    }

    fn drop_under_way(&mut self, now: Instant) {
        let Some(UnderWay { listed, untold }) = self.under_way.take() else { return };
        self.waiting.drain(..listed.min(self.waiting.len()));
        self.forgotten = untold;
        self.next = (!self.waiting.is_empty()).then(|| now + TOGETHER);
    }
}

impl Mail {
    /// How long ago the last of its changes was.
    pub fn age(&self) -> Duration {
        self.changes.last().map_or(Duration::ZERO, |(age, _)| *age)
    }

    /// The subject, for a machine of that name: keepalived's if it is about one change.
    pub fn subject(&self, router_id: &str) -> String {
        match self.changes.as_slice() {
            [(_, one)] if self.forgotten == 0 => format!("[{router_id}] {}", one.subject),
            [.., (_, last)] => {
                format!("[{router_id}] {} changes, the last: {}", self.count(), last.subject)
            }
            [] => format!("[{router_id}]"),
        }
    }

    /// The text: keepalived's if it is about one change; otherwise each change and its text.
    pub fn text(&self) -> String {
        if let ([(age, one)], 0) = (self.changes.as_slice(), self.forgotten) {
            return format!("{}{}\n", one.text, ago(*age));
        }
        let mut text = String::new();
        if self.forgotten > 0 {
            text = format!("{} earlier changes are not listed\n\n", self.forgotten);
        }
        for (age, change) in &self.changes {
            let Alert { subject, text: what } = change;
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "{subject}{}\n{what}\n", ago(*age));
        }
        text
    }

    fn count(&self) -> u64 {
        let listed = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        listed.saturating_add(self.forgotten)
    }
}

fn ago(age: Duration) -> String {
    if age < LATE { String::new() } else { format!(" ({} s before this mail)", age.as_secs()) }
}

#[cfg(test)]
mod tests;
