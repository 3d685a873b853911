//! A second process that gives up for the first when that dies.
//!
//! It is this program once more, started under another name, with one end of a socket pair for its
//! standard input. Over that the driver tells it what is to be done should the driver die: the last
//! will of each virtual router, a ready-made advertisement of priority 0 with the socket to send it
//! on, and the addresses to remove. The end of the socket, without a goodbye, is the death.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod claim;
mod estate;
mod executor;
mod inheritance;
mod keeper;
mod link;
mod message;
mod process;
mod rendezvous;
mod testament;
mod ward;
mod wire;

pub use executor::{Execution, Executor};
pub(crate) use inheritance::Inherited;
pub(crate) use keeper::{Keeper, Vacancy};
pub(crate) use link::Recruit;
pub(crate) use message::Identity;

/// By this the program knows, as the zeroth of its arguments, that it is to be the guard.
const ARGUMENT_ZERO: &str = "vrrp-guard";

/// Leave to have a crash guard: [`run_if_guard`] was called, or there is a supervisor.
#[derive(Debug, Clone)]
pub struct Guard(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Impatient,
    StandAside { name: String, grace: Duration },
    Supervised { channel: Arc<Mutex<Option<OwnedFd>>> },
}

/// Is the crash guard, and never returns, where this process was started to be it; elsewhere it does
/// nothing and gives leave to start one, in [`Options::guard`](crate::Options::guard).
///
/// To be called first thing in `main`, before the arguments are read and any thread is started.
#[must_use = "without it in the options nothing is guarded"]
pub fn run_if_guard() -> Guard {
    if std::env::args_os().next().is_some_and(|zeroth| zeroth == ARGUMENT_ZERO) {
        process::run();
    }
    Guard(Kind::Impatient)
}

impl Guard {
    /// Has the guard wait for `grace` once the driver has died, and hand over if the program is started
    /// again: the new driver's routers [resume](steadfast_vrrp::VirtualRouter::handle_resumption) what
    /// the old one's were Active for, their addresses stay, and no other router takes over. For
    /// programs that are started again at once by a service manager, say; `grace` and the start
    /// together are to be less than the others' down interval, three advertisements.
    ///
    /// By the `name` the guard knows: whoever started a driver with it lives. It is for all starts
    /// of one program, and for no other program in the network namespace. A start with the name of a
    /// running one fails with [`Error::NameTaken`](crate::Error::NameTaken).
    ///
    /// A virtual router is the same if its instance has the name, interface, family and VRID that it
    /// had, whether it is there at the start or [added](crate::Handle::add) within a minute. Those that
    /// the program had, and has no more when it is started again, are then nobody's; their addresses
    /// stay.
    #[must_use]
    pub fn stand_aside(self, name: impl Into<String>, grace: Duration) -> Self {
        Self(Kind::StandAside { name: name.into(), grace })
    }

    /// Has the supervisor at the other end of this channel be the guard: an [`Executor`].
    ///
    /// The first driver that is started with it has it; any other, and this one if the supervisor
    /// ends, starts a guard of its own.
    #[must_use]
    pub fn supervised(self, channel: OwnedFd) -> Self {
        Self(Kind::Supervised { channel: Arc::new(Mutex::new(Some(channel))) })
    }

    fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::StandAside { name, .. } => Some(name),
            Kind::Impatient | Kind::Supervised { .. } => None,
        }
    }

    fn grace(&self) -> Duration {
        match &self.0 {
            Kind::StandAside { grace, .. } => *grace,
            Kind::Impatient | Kind::Supervised { .. } => Duration::ZERO,
        }
    }

    fn take_channel(&self) -> Option<OwnedFd> {
        match &self.0 {
            Kind::Supervised { channel } => {
                channel.lock().unwrap_or_else(PoisonError::into_inner).take()
            }
            Kind::Impatient | Kind::StandAside { .. } => None,
        }
    }
}

/// This program once more, as the guard.
fn command() -> Command {
    // Also right when the file was replaced or removed.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(ARGUMENT_ZERO);
    command
}
