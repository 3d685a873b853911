use std::fmt;
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::net::{Shutdown, shutdown};

use super::ward::{End, Ward};
use super::wire::pair;
use crate::Error;

/// The crash guard of a supervisor: for a program that starts the one with the driver, and starts it
/// again when it dies. Then there is no other guard, and who decides whether there will be an heir is
/// who knows.
///
/// For each process to be started take a [`channel`](Self::channel), and let it have that, say as its
/// standard input; there it goes into [`Guard::supervised`](crate::Guard::supervised). The first driver
/// with it inherits what the process before left when it died: its Active routers
/// [resume](steadfast_vrrp::VirtualRouter::handle_resumption), their addresses stay. If there is to be
/// no further process, [`give_up`](Self::give_up).
///
/// It has a thread of its own while there is a process. It needs the privileges of the driver
/// (`CAP_NET_ADMIN`) only to remove addresses, and must be in the network namespace of the driver.
///
/// ```no_run
/// use std::process::Command;
/// use steadfast_vrrp_linux::Executor;
///
/// # fn may_be_restarted() -> bool { false }
/// # fn example() -> Result<(), steadfast_vrrp_linux::Error> {
/// let mut executor = Executor::default();
/// loop {
///     // The command is dropped here: while it lives it keeps the other end open.
///     let status = Command::new("/proc/self/exe").arg("--driver").stdin(executor.channel()?).status();
///     if status.is_ok_and(|status| status.success()) {
///         return Ok(());
///     }
///     if !may_be_restarted() {
///         println!("{}", executor.give_up());
///         return Ok(());
///     }
/// }
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Executor {
    ward: Ward,
    watching: Option<Watching>,
}

#[derive(Debug)]
struct Watching {
    channel: Arc<OwnedFd>,
    thread: JoinHandle<Ward>,
}

impl Executor {
    /// The end of a channel that is for the next process. The one before must be dead.
    ///
    /// # Errors
    ///
    /// When the system refuses sockets or a thread.
    pub fn channel(&mut self) -> Result<OwnedFd, Error> {
        self.end_watching();
        let (theirs, ours) = pair().map_err(Error::system("making a channel for a driver"))?;
        let channel = Arc::new(ours);
        let mut ward = take(&mut self.ward);
        let end = Arc::clone(&channel);
        let watch = move || {
            // What it does not understand it leaves alone, as a guard would.
            let ended = ward.watch(end.as_fd(), |_| {}, |_| {});
            if let Ok(End::Goodbye) = ended {
                ward = Ward::default();
            }
            // The driver waits for that once it has said goodbye.
            let _gone_before = shutdown(&*end, Shutdown::Both);
            ward
        };
        let thread = std::thread::Builder::new()
            .name("vrrp-executor".to_owned())
            .spawn(watch)
            .map_err(Error::system("starting the crash guard's thread"))?;
        self.watching = Some(Watching { channel, thread });
        Ok(theirs)
    }

    /// Does what the last process left to be done, which must be dead and has no heir: sends priority
    /// 0 for each of its Active routers and removes their addresses. Nothing, if it ended in order, or
    /// if that was done before.
    pub fn give_up(&mut self) -> Execution {
        self.end_watching();
        take(&mut self.ward).estate.execute()
    }

    /// Takes in what the dead process still said.
    fn end_watching(&mut self) {
        let Some(Watching { channel, thread }) = self.watching.take() else { return };
        // Somebody may have our end's other side open and not know.
        let _gone_before = shutdown(&*channel, Shutdown::Both);
        self.ward = thread.join().unwrap_or_default();
    }
}

/// What was done for a driver that died.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// The instances for which priority 0 was sent.
    pub gave_up: Vec<String>,
    /// The addresses that were removed, each with its interface.
    pub removed: Vec<String>,
    /// What failed.
    pub failed: Vec<String>,
}

impl Execution {
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let list = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        [list("sent priority 0 for", &self.gave_up), list("removed", &self.removed)]
            .into_iter()
            .flatten()
            .chain(self.failed.iter().cloned())
    }
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.lines().collect();
        match lines.is_empty() {
            true => f.write_str("nothing was left to be done"),
            false => f.write_str(&lines.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests;
