//! Who is killed when there is no memory left: not the supervisor, which starts the worker again. The
//! worker and its scripts are as likely to be as whatever started us has them.

use std::fs;

use tracing::warn;

const SCORE: &str = "/proc/self/oom_score_adj";
const NEVER: &str = "-1000";

/// We are not killed.
#[derive(Debug)]
pub(crate) struct Spared {
    /// The score that we were started with, as far as it is known.
    own: Option<String>,
}

impl Spared {
    /// From now on, if we are privileged.
    pub(crate) fn from_now_on() -> Self {
        let own = fs::read_to_string(SCORE).ok();
        set(NEVER);
        Self { own }
    }

    /// Starts something that is not spared: it inherits what we are at that moment.
    pub(crate) fn start<T>(&self, start: impl FnOnce() -> T) -> T {
        let Some(own) = &self.own else { return start() };
        if let Err(error) = fs::write(SCORE, own) {
            warn!("the worker is not killed for want of memory: {error}");
        }
        let started = start();
        set(NEVER);
        started
    }
}

fn set(score: &str) {
    let _for_the_privileged_only = fs::write(SCORE, score);
}
