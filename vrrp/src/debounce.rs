//! Links that come and go, as they count: a change counts once it has lasted.
//!
//! ```
//! use core::time::Duration;
//! use steadfast_vrrp::Instant;
//! use steadfast_vrrp::debounce::{Debounce, Delays};
//!
//! let start = Instant::from_nanos(0);
//! let mut link = Debounce::new(Delays { down: Duration::from_secs(1), up: Duration::ZERO });
//! link.handle_seen(start, true);
//! link.handle_seen(start, false);
//! assert_eq!(link.is_up(), Some(true), "it may come back");
//! let timeout = link.poll_timeout().ok_or("it waits")?;
//! link.handle_timeout(timeout);
//! assert_eq!(link.is_up(), Some(false));
//! # Ok::<(), &str>(())
//! ```

use core::time::Duration;

use crate::Instant;

/// How long a change has to last until it counts: keepalived's `interface_up_down_delays`. Default
/// not at all.
///
/// With a `down` of more than two advertisement intervals, to be exact
/// [`down_timer_adverts`](crate::router::ConfigBuilder::down_timer_adverts) less one, a Backup takes
/// the silence of a link that is down for that of the Active router, and becomes Active first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Delays {
    /// How long it has to be down to count as down.
    pub down: Duration,
    /// How long it has to be up to count as up.
    pub up: Duration,
}

/// Something that may be up or down, such as a link.
#[derive(Debug, Clone)]
pub struct Debounce {
    delays: Delays,
    /// What it counts as, once it has been seen.
    counted: Option<bool>,
    /// Since when it has been seen otherwise.
    otherwise_since: Option<Instant>,
}

impl Debounce {
    /// Something that has not been seen yet.
    pub const fn new(delays: Delays) -> Self {
        Self { delays, counted: None, otherwise_since: None }
    }

    /// Changes the delays, also that of a change which does not count yet.
    pub const fn set_delays(&mut self, delays: Delays) {
        self.delays = delays;
    }

    /// It has been seen to be up, or down. The first time that counts at once.
    pub fn handle_seen(&mut self, now: Instant, up: bool) {
        if *self.counted.get_or_insert(up) == up {
            self.otherwise_since = None;
        } else {
            self.otherwise_since.get_or_insert(now);
            self.handle_timeout(now);
        }
    }

    /// When what was seen counts, unless it is seen to change before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let delay = if self.counted? { self.delays.down } else { self.delays.up };
        self.otherwise_since.map(|since| since + delay)
    }

    /// What has lasted for long enough counts.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.counted = self.counted.map(|up| !up);
            self.otherwise_since = None;
        }
    }

    /// Whether it counts as up; `None` before it has been seen.
    pub const fn is_up(&self) -> Option<bool> {
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: Delays = Delays { down: Duration::from_secs(3), up: Duration::from_secs(5) };

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn seen(first: bool) -> Debounce {
        let mut link = Debounce::new(DELAYS);
        link.handle_seen(at(0), first);
        link
    }

    #[test]
    fn what_is_seen_first_counts_at_once() {
        assert_eq!(Debounce::new(DELAYS).is_up(), None);
        for up in [true, false] {
            assert_eq!((seen(up).is_up(), seen(up).poll_timeout()), (Some(up), None));
        }
    }

    #[test]
    fn each_change_counts_after_its_own_delay_and_not_before() {
        for (first, due) in [(true, 13), (false, 15)] {
            let mut link = seen(first);
            link.handle_seen(at(10), !first);
            link.handle_timeout(at(due - 1));
            assert_eq!((link.is_up(), link.poll_timeout()), (Some(first), Some(at(due))));
            link.handle_timeout(at(due));
            assert_eq!((link.is_up(), link.poll_timeout()), (Some(!first), None));
        }
    }

    #[test]
    fn what_is_undone_in_time_never_counted() {
        let mut link = seen(true);
        link.handle_seen(at(10), false);
        link.handle_seen(at(12), true);
        assert_eq!(link.poll_timeout(), None);
        link.handle_timeout(at(20));
        assert_eq!(link.is_up(), Some(true));
    }

    #[test]
    fn the_time_begins_anew_with_each_change_and_not_each_time_it_is_seen() {
        let mut link = seen(true);
        for (now, up) in [(10, false), (12, true), (14, false), (15, false)] {
            link.handle_seen(at(now), up);
        }
        assert_eq!(link.poll_timeout(), Some(at(17)));
    }

    #[test]
    fn without_delays_every_change_counts_at_once() {
        let mut link = Debounce::new(Delays::default());
        for up in [true, false, true] {
            link.handle_seen(at(1), up);
            assert_eq!((link.is_up(), link.poll_timeout()), (Some(up), None));
        }
    }

    #[test]
    fn another_delay_holds_for_the_change_under_way() {
        let mut link = seen(true);
        link.handle_seen(at(10), false);
        link.set_delays(Delays::default());
        link.handle_timeout(at(11));
        assert_eq!(link.is_up(), Some(false));
    }
}
