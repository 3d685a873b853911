//! The guard's process.

use std::env::set_current_dir;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::exit;
use std::thread::sleep;
use std::time::Duration;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, setsid};
use rustix::thread::set_name;
use steadfast_vrrp::Instant;

use super::claim::Claim;
use super::message::Charge;
use super::rendezvous::Rendezvous;
use super::ward::{End, Ward};
use crate::{clock, sys};

/// How long an heir that has come may take to start, whatever is left of the grace.
const PATIENCE: Duration = Duration::from_secs(5);

/// The whole life of the guard.
pub(super) fn run() -> ! {
    for refused in outlive_the_driver() {
        say(&refused);
    }
    let mut guard = Guard::default();
    match guard.watch(io::stdin()) {
        Ok(End::Goodbye) => {}
        Ok(End::Death) => guard.give_up(),
        Err(error) => say(&format!("watching the driver: {error}")),
    }
    exit(0)
}

/// Whatever kills the driver must not reach us. Says what was refused.
fn outlive_the_driver() -> Vec<String> {
    let mut refused = Vec::new();
    let mut attempt = |what: &str, done: io::Result<()>| {
        refused.extend(done.err().map(|error| format!("{what}: {error}")));
    };
    attempt("blocking signals", sys::block_signals());
    attempt("starting a session", setsid().map(drop).map_err(io::Error::from));
    // Nothing of the program's may stay open because of us: a port, a pipe that somebody reads.
    attempt("closing descriptors", sys::close_from(3));
    attempt("leaving the folder", set_current_dir("/"));
    attempt("taking a name", set_name(c"vrrp-guard").map_err(io::Error::from));
    // With each will come sockets.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: maximum, maximum };
    attempt(
        "raising the limit of files",
        setrlimit(Resource::Nofile, limit).map_err(io::Error::from),
    );
    // For the privileged only; and we are small.
    let _refused = fs::write("/proc/self/oom_score_adj", "-1000");
    refused
}

/// Standard error may be gone, which is no reason to stop.
fn say(text: &str) {
    let _nobody_listens = writeln!(io::stderr(), "vrrp-guard: {text}");
}

#[derive(Debug, Default)]
struct Guard {
    ward: Ward,
    /// Where an heir finds us.
    rendezvous: Option<Rendezvous>,
}

impl Guard {
    fn watch(&mut self, channel: impl AsFd) -> io::Result<End> {
        let rendezvous = &mut self.rendezvous;
        self.ward.watch(channel, |charge| *rendezvous = take_up(charge), say)
    }

    /// The driver is dead: hands over to its heir, or does what it left to be done, unless it has a
    /// successor that is none.
    fn give_up(&mut self) {
        let Some(charge) = &self.ward.charge else { return };
        let (process, deadline) =
            (charge.process, self.ward.died.unwrap_or_else(clock::now) + charge.grace);
        if self.finds_heir(deadline) {
            return say(&format!("process {process} died and has an heir"));
        }
        // Held until all is done: a successor waits for that.
        let Some(charge) = &self.ward.charge else { return };
        let claim = match charge.name.as_deref().map(Claim::take).transpose() {
            Ok(Some(None)) => {
                return say(&format!("process {process} died and has a successor"));
            }
            Ok(claim) => claim.flatten(),
            Err(error) => {
                say(&format!("looking for a successor: {error}"));
                None
            }
        };
        let done = self.ward.estate.execute();
        drop(claim);
        done.lines().for_each(|line| say(&format!("process {process} died: {line}")));
    }

    /// Waits for an heir until then, and until all is in its hands.
    fn finds_heir(&mut self, deadline: Instant) -> bool {
        let Some(rendezvous) = self.rendezvous.take() else {
            sleep(deadline.duration_since(clock::now()));
            return false;
        };
        loop {
            let left = deadline.duration_since(clock::now());
            match rendezvous.wait(left) {
                Ok(None) => return false,
                Ok(Some(heir)) if self.is_settled_with(&heir) => return true,
                Ok(Some(_)) => {}
                Err(error) => say(&format!("waiting for an heir: {error}")),
            }
            if left.is_zero() {
                return false;
            }
        }
    }

    fn is_settled_with(&self, heir: &OwnedFd) -> bool {
        self.ward.serve_heir(heir.as_fd(), PATIENCE).unwrap_or_else(|error| {
            say(&format!("handing over to an heir: {error}"));
            false
        })
    }
}

/// Becomes what the driver is, and is there for its heirs.
fn take_up(charge: &Charge) -> Option<Rendezvous> {
    if let Some(priority) = charge.realtime
        && let Err(error) = sys::run_realtime(priority)
    {
        say(&format!("real-time priority {priority} was refused: {error}"));
    }
    if charge.lock_memory
        && let Err(error) = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)
    {
        say(&format!("locking memory: {error}"));
    }
    match charge.name.as_deref().map(Rendezvous::open).transpose() {
        Ok(rendezvous) => rendezvous,
        Err(error) => {
            say(&format!("nothing can be handed over to an heir: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
