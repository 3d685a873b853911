//! A process group that does not outlive our interest in it.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// From SIGTERM to SIGKILL, as keepalived has it.
const GRACE: Duration = Duration::from_secs(2);

/// A program and all that it has started in its process group, of which it is the leader.
///
/// The group's number stays the leader's until that is reaped: until then, and not later, signals
/// go to nobody else.
pub(super) struct Group {
    leader: Child,
    id: Pid,
    reaped: bool,
}

impl Group {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let leader = command.process_group(0).spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("it has no process number"))?;
        Ok(Self { leader, id, reaped: false })
    }

    /// Until the leader has ended; it is not reaped yet.
    pub(super) async fn ended(&self) -> io::Result<()> {
        // First listen, then look: nothing is missed in between.
        let mut children = signal(SignalKind::child())?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        while waitid(WaitId::Pid(self.id), options)?.is_none() {
            children.recv().await;
        }
        Ok(())
    }

    /// Asks it to end, and waits a while for that.
    pub(super) async fn terminate(&self) {
        self.signal(Signal::TERM);
        let _in_time = timeout(GRACE, self.ended()).await;
    }

    /// Ends whatever is left.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Says how the leader ended, which it has or is about to.
    pub(super) async fn reap(&mut self) -> io::Result<ExitStatus> {
        // A process that hangs in the kernel does not end even when killed.
        let reaped = timeout(GRACE, self.leader.wait()).await;
        let status = reaped.map_err(|_| io::Error::other("it does not end even when killed"))??;
        self.reaped = true;
        Ok(status)
    }

    fn signal(&self, signal: Signal) {
        // The only failure is that nothing of the group is left, which is what is wanted.
        let _nothing_left = kill_process_group(self.id, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}
