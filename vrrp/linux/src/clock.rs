//! The clock of all virtual routers, and the alarm that wakes the driver by it.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use steadfast_vrrp::Instant;

use crate::watched::Watched;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// `CLOCK_MONOTONIC` as it is now.
pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    Instant::from_nanos(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nanos))
}

/// Both clocks at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) monotonic: Instant,
    /// Since the epoch.
    pub(crate) wall_clock: Duration,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let wall_clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { monotonic: now(), wall_clock }
    }

    /// When the wall clock showed that time, provided that nobody set it meanwhile.
    pub(crate) fn at_wall_clock(self, time: Duration) -> Instant {
        self.monotonic - self.wall_clock.saturating_sub(time)
    }
}

/// Wakes at a given time. The runtime's own timers know whole milliseconds only, which is more than
/// lies between the skews of two priorities when advertisements come every 10 ms.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: Watched,
    set_to: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer: Watched::new(timer)?, set_to: None })
    }

    /// Sets the time to ring at, which may be past. One that is set to ring earlier is left alone:
    /// deadlines are postponed with each advertisement heard, and that it rings for nothing once in
    /// a down interval costs less than to set it each time.
    pub(crate) fn set(&mut self, at: Instant) -> io::Result<()> {
        if self.set_to.is_some_and(|earlier| earlier <= at) {
            return Ok(());
        }
        // All zeros would disarm the timer.
        let value = timespec(at.as_nanos().max(1));
        let setting = Itimerspec { it_interval: ONCE, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &setting)?;
        self.set_to = Some(at);
        Ok(())
    }

    /// Waits until it rings; now and then it does so for nothing.
    pub(crate) async fn ring(&mut self) {
        self.timer.readable().await;
        self.set_to = None;
    }
}

const ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

fn timespec(nanos: u64) -> Timespec {
    let (seconds, rest) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    let tv_sec = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: i64::try_from(rest).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
    }

    #[test]
    fn an_alarm_does_not_ring_before_its_time() {
        run(async {
            let mut alarm = Alarm::new().unwrap();
            let at = now() + Duration::from_millis(3);
            alarm.set(at).unwrap();
            alarm.ring().await;
            assert!(now() >= at);
        });
    }

    #[test]
    fn an_alarm_for_a_past_time_rings_each_time_it_is_set() {
        run(async {
            let mut alarm = Alarm::new().unwrap();
            for _ in 0..3 {
                alarm.set(Instant::from_nanos(0)).unwrap();
                alarm.ring().await;
            }
        });
    }
}
