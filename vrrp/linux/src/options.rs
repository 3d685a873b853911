use std::fmt;
use std::time::Duration;

use rustix::mm::{MlockAllFlags, mlockall};
use steadfast_vrrp::announce::Pace;

use crate::{Error, Guard, sys};

/// How a driver is to run, apart from what its instances are.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Runs the driver's thread under the real-time policy `SCHED_RR`, so that a machine whose
    /// processors are all busy advertises in time. Needs `CAP_SYS_NICE`. The thread that changes
    /// addresses gets one priority less. Children that a thread forks do not inherit it.
    pub realtime: Option<RealtimePriority>,
    /// Keeps the memory of the whole process, whatever it allocates later included, from being
    /// swapped out (`mlockall`). Needs `CAP_IPC_LOCK`, or an `RLIMIT_MEMLOCK` that is enough for all
    /// the process will ever have: what goes beyond a limit fails to be allocated.
    pub lock_memory: bool,
    /// Bytes of the receive buffer of each socket, beyond the system's `rmem_max` where the process
    /// may (`CAP_NET_ADMIN`); `None` is the system's default, which holds a few hundred advertisements.
    pub receive_buffer: Option<usize>,
    /// How fast announcements may follow each other on each interface; as fast as they can unless
    /// told otherwise.
    pub pace: Pace,
    /// Interfaces with another pace, or that share one: keepalived's `garp_group`.
    pub pace_groups: Vec<PaceGroup>,
    /// For so long after the start the instances are in `Initialize` and hear nothing, but for those
    /// that resume: keepalived's `vrrp_startup_delay`, for networks that are not ready as soon as their
    /// interfaces say. Default zero.
    pub startup_delay: Duration,
    /// Has a second process give up for the instances when this one dies: see
    /// [`run_if_guard`](crate::run_if_guard). It runs with `realtime` and `lock_memory` like the
    /// driver.
    pub guard: Option<Guard>,
    /// The table in which packets to the addresses of instances that are not to
    /// [accept](steadfast_vrrp::router::ConfigBuilder::accept) any are dropped; without one such
    /// instances are refused. It is the driver's alone: whatever is in it at the start goes, and at the
    /// end it goes itself.
    pub nftables: Option<Nftables>,
}

/// Interfaces on which announcements follow each other as if they were one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaceGroup {
    /// Their names. One that is in several groups is in the first.
    pub interfaces: Vec<String>,
    /// How fast.
    pub pace: Pace,
}

/// A table of nf_tables, of the family `inet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nftables {
    /// Its name, which no other program in the network namespace has for one of its own. Default
    /// `steadfast_vrrp`.
    pub table: String,
    /// The priority of its chain at the input hook. Default -1: just before those of `filter`.
    pub priority: i32,
}

impl Default for Nftables {
    fn default() -> Self {
        Self { table: "steadfast_vrrp".to_owned(), priority: -1 }
    }
}

impl Options {
    /// Does what concerns the driver's thread and the process; says what was refused.
    pub(crate) fn apply_to_this_thread(&self) -> Vec<Error> {
        let mut refused = Vec::new();
        if let Some(priority) = self.realtime
            && let Err(source) = sys::run_realtime(priority)
        {
            refused.push(Error::Realtime { priority, source });
        }
        if self.lock_memory
            && let Err(errno) = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)
        {
            refused.push(Error::LockMemory(errno.into()));
        }
        refused
    }
}

/// A static priority under `SCHED_RR`: 1 to 99, of which 99 is the most urgent (sched(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealtimePriority(u8);

impl RealtimePriority {
    /// Checks the range.
    ///
    /// # Errors
    ///
    /// [`InvalidRealtimePriority`] unless it is 1 to 99.
    pub const fn new(priority: u8) -> Result<Self, InvalidRealtimePriority> {
        match priority {
            1..=99 => Ok(Self(priority)),
            _ => Err(InvalidRealtimePriority { priority }),
        }
    }

    /// One less, where there is one.
    pub(crate) fn lower(self) -> Option<Self> {
        Self::new(self.0 - 1).ok()
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for RealtimePriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that is no real-time priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("real-time priority {priority}: 1 to 99 are allowed")]
pub struct InvalidRealtimePriority {
    /// The number.
    pub priority: u8,
}
