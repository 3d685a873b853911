//! What attempts have found, in little room: nearly all servers pass nearly always.

use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use smallvec::{SmallVec, smallvec};

use super::event::Record;
use crate::{DynamicWeight, Outcome, Report};

/// So many transitions of a check are remembered.
const HISTORY: usize = 8;

/// What is known of a check that has been tried.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Of the last attempt that brought some. Those since then have found the same.
    pub(super) news: News,
    /// The latest first.
    history: SmallVec<[Record; 1]>,
}

/// What is kept of an attempt.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// What else it measured is not.
    Pass {
        took: Duration,
        weight: Option<DynamicWeight>,
    },
    Other {
        took: Duration,
        outcome: Arc<Outcome>,
    },
}

impl Found {
    pub(super) fn new(news: News) -> Self {
        Self { news, history: smallvec![] }
    }

    pub(super) fn record(&mut self, record: Record) {
        self.history.truncate(HISTORY - 1);
        self.history.insert(0, record);
    }

    pub(super) fn history(&self) -> &[Record] {
        &self.history
    }
}

impl News {
    pub(super) fn of(outcome: &Arc<Outcome>, took: Duration) -> Self {
        match &**outcome {
            Outcome::Pass(report) => Self::Pass { took, weight: report.weight },
            _ => Self::Other { took, outcome: Arc::clone(outcome) },
        }
    }

    pub(super) fn is_pass(&self) -> bool {
        matches!(self, Self::Pass { .. })
    }

    /// Whether another outcome is of interest after this, decisive or not.
    pub(super) fn differs(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Pass { weight, .. }, Outcome::Pass(report)) => *weight != report.weight,
            (Self::Pass { .. }, _) => true,
            (Self::Other { outcome: before, .. }, after) => {
                discriminant(&**before) != discriminant(after)
            }
        }
    }

    /// What it found, and how long it took, for who has not been told.
    pub(super) fn outcome(&self) -> (Arc<Outcome>, Duration) {
        match self {
            Self::Pass { took, weight } => {
                let report = Report { total: *took, weight: *weight, ..Report::default() };
                (Arc::new(Outcome::Pass(report)), *took)
            }
            Self::Other { took, outcome } => (Arc::clone(outcome), *took),
        }
    }
}
