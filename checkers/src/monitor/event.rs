use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Outcome, Standing};

/// What is new about a check.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event<K> {
    /// Which check.
    pub key: K,
    /// What is believed of the server now.
    pub standing: Standing,
    /// The same, if it changed or was judged for the first time.
    pub transition: Option<Standing>,
    /// What the attempt found; the reason, where there is a transition. Of one that passed before this
    /// key asked for it only how long it took is known, and the weight.
    pub outcome: Arc<Outcome>,
    /// How long the attempt took.
    pub took: Duration,
}

/// A transition that was.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record {
    /// When.
    pub at: Instant,
    /// What was believed from then on.
    pub standing: Standing,
    /// What the attempt found that decided; `None` if it passed.
    pub why: Option<Arc<Outcome>>,
}
