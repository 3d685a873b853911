use crate::Instant;

/// What a virtual router wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// A router of lower priority has been left Active long enough.
    PreemptDelay,
    /// Nothing was heard of the Active router (Active_Down_Timer).
    ActiveDown,
    /// The next advertisement is due (Adver_Timer).
    Adver,
    /// The addresses are to be announced a second time.
    SecondAnnouncement,
    /// The addresses are to be announced again, as now and then.
    Refresh,
}

impl Timer {
    /// All timers, in the order in which those due at the same time are handled.
    pub(super) const ALL: [Self; 5] = [
        Self::PreemptDelay,
        Self::ActiveDown,
        Self::Adver,
        Self::SecondAnnouncement,
        Self::Refresh,
    ];
}

/// When a virtual router wants to be woken, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeout {
    /// Call `handle_timeout` at this time, or as soon after it as can be.
    pub at: Instant,
    /// The timer that will have expired.
    pub reason: Timer,
}

/// The deadlines of all timers of a router.
#[derive(Debug, Clone, Default)]
pub(super) struct TimerTable([Option<Instant>; Timer::ALL.len()]);

impl TimerTable {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.write(timer, Some(at));
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.write(timer, None);
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn get(&self, timer: Timer) -> Option<Instant> {
        self.0.get(timer as usize).copied().flatten()
    }

    /// Stops the timer if it has expired, and says when it should have been handled.
    pub(super) fn take_expired(&mut self, timer: Timer, now: Instant) -> Option<Instant> {
        let deadline = self.get(timer).filter(|at| *at <= now)?;
        self.stop(timer);
        Some(deadline)
    }

    pub(super) fn next(&self) -> Option<Timeout> {
        Timer::ALL
            .into_iter()
            .filter_map(|reason| self.get(reason).map(|at| Timeout { at, reason }))
            .min_by_key(|timeout| timeout.at)
    }

    fn write(&mut self, timer: Timer, deadline: Option<Instant>) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = deadline;
        }
    }
}
