use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::{LabError, wait_until};

/// How long a program may take to end once it has been killed.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// A running program of a virtual network. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn new(name: String, child: Child, log: PathBuf) -> Self {
        Self { name, child, log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that was printed so far under its name, by earlier runs as well.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// When there is no such process any more.
    pub fn signal(&self, signal: Signal) -> Result<(), LabError> {
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|errno| LabError::io(format!("signalling {}", self.name))(errno.into()))
    }

    /// Kills it with SIGKILL and waits for its end.
    ///
    /// # Errors
    ///
    /// When it has ended before, or does not end.
    pub fn kill(&mut self) -> Result<ExitStatus, LabError> {
        self.signal(Signal::KILL)?;
        self.wait(AFTER_KILL)
    }

    /// Kills it and all its descendants at once, as a power cut would: none sees another die.
    ///
    /// # Errors
    ///
    /// When it has ended before, or does not end.
    pub fn kill_with_children(&mut self) -> Result<ExitStatus, LabError> {
        // Whoever is stopped starts nothing and notices nothing.
        self.signal(Signal::STOP)?;
        for pid in self.family().pids().get(1..).unwrap_or_default() {
            let _ended_before = signal(*pid, Signal::KILL);
        }
        self.kill()
    }

    /// Asks it to end with SIGTERM and waits for that.
    ///
    /// # Errors
    ///
    /// When it has ended before, or has not ended within `limit`.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, LabError> {
        self.signal(Signal::TERM)?;
        self.wait(limit)
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it has not ended within `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, LabError> {
        let mut ended = None;
        wait_until(limit, format!("{} ends", self.name), || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some()
        })?;
        ended.ok_or_else(|| LabError::TimedOut { what: format!("{} ends", self.name), limit })
    }

    /// Whether it is still running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// Sends a signal to any process, by its id.
pub(crate) fn signal(pid: u32, signal: Signal) -> Result<(), LabError> {
    let signalling = || LabError::io(format!("signalling process {pid}"));
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| signalling()(std::io::ErrorKind::InvalidInput.into()))?;
    kill_process(pid, signal).map_err(|errno| signalling()(errno.into()))
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() && self.kill().is_err() {
            eprintln!("{} could not be killed", self.name);
        }
        // A test that fails is understood by what its programs said.
        if std::thread::panicking() {
            eprintln!("---- {} said ----\n{}", self.name, self.log());
        }
    }
}
