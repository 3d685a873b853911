use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::Outcome;

/// Finds out, once, whether a server is well.
///
/// An attempt is bounded in time and memory by itself, and ends at once when its future is dropped.
/// It observes and does not judge: how often to try again is [`Health`](crate::Health)'s concern.
///
/// ```
/// use steadfast_checkers::{Check, Outcome, Report};
///
/// struct Always;
///
/// impl Check for Always {
///     async fn check(&self) -> Outcome {
///         Outcome::Pass(Report::default())
///     }
/// }
/// ```
pub trait Check: Send + Sync {
    /// Tries once.
    fn check(&self) -> impl Future<Output = Outcome> + Send;
}

/// Any check.
#[derive(Clone)]
pub struct BoxCheck(Arc<dyn ErasedCheck>);

impl BoxCheck {
    /// Forgets which check it is.
    pub fn new(check: impl Check + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl Check for BoxCheck {
    async fn check(&self) -> Outcome {
        self.0.check_boxed().await
    }
}

impl fmt::Debug for BoxCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxCheck")
    }
}

trait ErasedCheck: Send + Sync {
    fn check_boxed(&self) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>;
}

impl<C: Check> ErasedCheck for C {
    fn check_boxed(&self) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(self.check())
    }
}
