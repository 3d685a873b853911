use std::fmt;

use rustix::mm::{MlockAllFlags, mlockall};

use crate::{Error, sys};

/// How a driver is to run, apart from what its instances are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
