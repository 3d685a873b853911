//! Becoming somebody else, and what else is to be done between fork and exec.

#![allow(unsafe_code, reason = "what runs between fork and exec is not checked by the compiler")]

use std::io;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use rustix::process::{
    Resource, Rlimit, Signal, getpid, getppid, getrlimit, set_parent_process_death_signal,
    setrlimit,
};
use tokio::process::Command;

use super::RunAs;

/// Lets a command run as somebody else: as `Command::uid` does, which knows no further groups.
pub(super) fn assume(command: &mut Command, user: &RunAs) {
    let RunAs { uid, gid, supplementary } = user;
    let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
    let groups: Vec<Gid> = supplementary.iter().copied().map(Gid::from_raw).collect();
    let become_user = move || {
        // The user last: afterwards the others are not allowed.
        setgroups(&groups)?;
        setgid(gid)?;
        setuid(uid)?;
        Ok(())
    };
    // SAFETY: after fork only this thread is left, so nothing may be waited for that another one
    // held: these are three system calls on memory that was there before, without allocation.
    unsafe { command.pre_exec(become_user) };
}

/// Lets a command have so many files open, or as many as it could raise that to.
pub(super) fn limit_files(command: &mut Command, limit: u64) {
    let lower = move || {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let current = Some(maximum.map_or(limit, |maximum| limit.min(maximum)));
        Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
    };
    // SAFETY: as above; these are two system calls.
    unsafe { command.pre_exec(lower) };
}

/// Lets a command be sent SIGTERM when the thread that starts it ends; after it has become somebody else,
/// which would undo that (prctl(2)).
pub(super) fn end_with_us(command: &mut Command) {
    let us = getpid();
    let listen = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // It may have ended before that was set.
        if getppid() == Some(us) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: as above; these are two system calls, and an error of a number allocates nothing.
    unsafe { command.pre_exec(listen) };
}
