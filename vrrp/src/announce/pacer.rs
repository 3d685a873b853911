use core::time::Duration;

use crate::{Family, Instant};

/// The least time between two announcements on one interface; zero: no least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Pace {
    /// Between gratuitous ARPs: keepalived's `garp_interval`.
    pub garp_interval: Duration,
    /// Between neighbour advertisements: keepalived's `gna_interval`.
    pub gna_interval: Duration,
}

/// Keeps the announcements of all virtual routers on one interface from leaving too fast for the
/// switches and neighbours that have to take them in.
///
/// It holds nothing back itself: what it does not admit stays owed by the router, which forgets
/// it when it stops being Active. So ask it from
/// [`poll_transmit_if`](crate::VirtualRouter::poll_transmit_if), and ask again at the time it
/// names.
///
/// ```
/// use core::time::Duration;
///
/// use steadfast_vrrp::announce::{Pace, Pacer};
/// use steadfast_vrrp::{Family, Instant};
///
/// let garp_interval = Duration::from_millis(2);
/// let mut pacer = Pacer::new(Pace { garp_interval, ..Pace::default() });
/// let now = Instant::from_nanos(0);
/// assert_eq!(pacer.admit(now, Family::Ipv4), Ok(()));
/// assert_eq!(pacer.admit(now, Family::Ipv4), Err(now + garp_interval));
/// assert_eq!(pacer.admit(now + garp_interval, Family::Ipv4), Ok(()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pacer {
    pace: Pace,
    next_arp: Option<Instant>,
    next_neighbor_advertisement: Option<Instant>,
}

impl Pacer {
    /// A pacer that has admitted nothing yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Whether an announcement of an address of `family` may leave at `now`. If so, it counts as
    /// sent; otherwise the error says when the next may.
    pub fn admit(&mut self, now: Instant, family: Family) -> Result<(), Instant> {
        let (next, interval) = match family {
            Family::Ipv4 => (&mut self.next_arp, self.pace.garp_interval),
            Family::Ipv6 => (&mut self.next_neighbor_advertisement, self.pace.gna_interval),
        };
        match *next {
            Some(next) if now < next => Err(next),
            _ => {
                *next = Some(now + interval);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GARP: Duration = Duration::from_millis(10);
    const GNA: Duration = Duration::from_millis(30);

    fn pacer() -> Pacer {
        Pacer::new(Pace { garp_interval: GARP, gna_interval: GNA })
    }

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(1_000_000 * millis)
    }

    #[test]
    fn g_without_an_interval_everything_leaves_at_once() {
        let mut pacer = Pacer::default();
        for _ in 0..100 {
            assert_eq!(pacer.admit(at(0), Family::Ipv4), Ok(()));
            assert_eq!(pacer.admit(at(0), Family::Ipv6), Ok(()));
        }
    }

    #[test]
    fn g_whoever_asks_again_when_told_sends_at_exactly_the_interval() {
        let mut pacer = pacer();
        let (mut now, mut sent) = (at(5), 0);
        while now < at(105) {
            match pacer.admit(now, Family::Ipv4) {
                Ok(()) => sent += 1,
                Err(next) => now = next,
            }
        }
        assert_eq!(sent, 10);
    }

    #[test]
    fn g_asking_too_early_postpones_nothing() {
        let mut pacer = pacer();
        pacer.admit(at(0), Family::Ipv4).unwrap();
        for millis in 1..10 {
            assert_eq!(pacer.admit(at(millis), Family::Ipv4), Err(at(10)));
        }
        assert_eq!(pacer.admit(at(10), Family::Ipv4), Ok(()));
    }

    #[test]
    fn g_a_pause_is_not_made_up_for_by_a_burst() {
        let mut pacer = pacer();
        pacer.admit(at(0), Family::Ipv4).unwrap();
        assert_eq!(pacer.admit(at(1000), Family::Ipv4), Ok(()));
        assert_eq!(pacer.admit(at(1000), Family::Ipv4), Err(at(1010)));
    }

    #[test]
    fn g_arp_and_neighbour_advertisements_have_a_pace_each() {
        let mut pacer = pacer();
        pacer.admit(at(0), Family::Ipv4).unwrap();
        assert_eq!(pacer.admit(at(0), Family::Ipv6), Ok(()));
        assert_eq!(pacer.admit(at(10), Family::Ipv4), Ok(()));
        assert_eq!(pacer.admit(at(10), Family::Ipv6), Err(at(30)));
    }
}
