use std::num::NonZeroU32;
use std::time::Duration;

/// When to try, and when to believe; the words and rules are keepalived's.
///
/// ```
/// use std::time::Duration;
/// use steadfast_checkers::Policy;
///
/// let policy = Policy { retry: 3, alpha: true, ..Policy::every(Duration::from_secs(6)) };
/// assert_eq!(policy.delay_before_retry, Duration::from_secs(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// From the beginning of one attempt to that of the next, in quiet times.
    pub delay_loop: Duration,
    /// So many further attempts fail before a server that was up is down: `retry` and one in all.
    pub retry: u32,
    /// From the end of a failed attempt to the next, while it is not decided.
    pub delay_before_retry: Duration,
    /// So many times in a row must all parts of a check pass before a server that was down is up.
    /// keepalived knows only 1.
    pub rise: NonZeroU32,
    /// From the beginning of one attempt to that of the next while a server comes up: it has passed,
    /// but not in all parts or not often enough. keepalived's `fast_recovery` is zero; `None` is
    /// `delay_loop`.
    pub delay_rising: Option<Duration>,
    /// Recovers as keepalived's HTTP_GET and SSL_GET do: the part that failed is tried until it
    /// passes, and only then do all parts, from the first on, count. One that fails among those is
    /// tried again after `delay_before_retry`, as often as it takes, and those before it still count.
    /// Otherwise recovery begins with the first part, and anew with each failure.
    pub failed_part_first: bool,
    /// From the beginning of one attempt to that of the next while a server is down; `None` is
    /// `delay_loop`.
    pub delay_down: Option<Duration>,
    /// An attempt fails when there is no route to the server, as keepalived has it; otherwise it is
    /// inconclusive. Whoever forwards packets to the server over the same routes cannot reach it either.
    pub no_route_fails: bool,
    /// A server counts as not known, and not as up, until its check has passed.
    pub alpha: bool,
}

impl Policy {
    /// Tries that often, and once again a second after a failure: keepalived's defaults for
    /// TCP_CHECK.
    pub const fn every(delay_loop: Duration) -> Self {
        Self {
            delay_loop,
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            rise: NonZeroU32::MIN,
            delay_rising: None,
            failed_part_first: false,
            delay_down: None,
            no_route_fails: false,
            alpha: false,
        }
    }
}
