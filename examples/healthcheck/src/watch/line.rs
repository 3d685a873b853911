use std::time::Instant;

use steadfast_checkers::{Event, Outcome, Standing};

use crate::report::latency;

/// What is known of a target.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) standing: Standing,
    pub(super) since: Instant,
    passed: u64,
    failed: u64,
    last: String,
}

impl Line {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            standing: Standing::Unknown,
            since: Instant::now(),
            passed: 0,
            failed: 0,
            last: "not checked yet".to_owned(),
        }
    }

    pub(super) fn take(&mut self, event: &Event<usize>) {
        if event.transition.is_some() {
            self.since = Instant::now();
        }
        self.standing = event.standing;
        match &*event.outcome {
            Outcome::Pass(report) => {
                self.passed += 1;
                self.last = latency(report);
            }
            outcome => {
                self.failed += u64::from(matches!(outcome, Outcome::Fail(_)));
                self.last = outcome.to_string();
            }
        }
    }

    /// With so much room for the name, if it does not need more.
    pub(super) fn text(&self, room: usize, now: Instant) -> String {
        let Self { name, passed, failed, last, .. } = self;
        let since = now.saturating_duration_since(self.since).as_secs();
        let standing = word(self.standing);
        format!("{standing:<8}{name:<room$}  {since} s  {passed} passed, {failed} failed  {last}")
    }
}

pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Unknown => "unknown",
        Standing::Up => "up",
        Standing::Down => "down",
    }
}
