//! What is unsafe.

#![allow(unsafe_code, reason = "no safe interface to what is done here")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[cfg(target_env = "gnu")]
use nix::libc::malloc_trim;
use nix::sys::signal::SigSet;
use tokio::io::unix::AsyncFd;

/// Gives the memory that is free back to the system. The allocator of the GNU C library keeps what
/// another thread than the first has freed, which after a reload may be many times what is in use. It takes
/// its time.
pub(crate) fn give_memory_back() {
    // SAFETY: it may be called at any time, from any thread.
    #[cfg(target_env = "gnu")]
    unsafe {
        malloc_trim(0);
    }
}

/// Has the runtime say when a descriptor can be read or written.
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by what is returned, so it stays open and the same until the
    // runtime has let go of it.
    let watched = unsafe { AsyncFd::register(descriptor) };
    watched.map_err(io::Error::from)
}

/// Has a program begin with these signals blocked; the standard library has it begin with none.
pub(crate) fn block(signals: SigSet, command: &mut Command) {
    // SAFETY: between fork and exec only what is async-signal-safe may be called (fork(2)), as
    // pthread_sigmask is (signal-safety(7)).
    unsafe {
        command.pre_exec(move || signals.thread_block().map_err(io::Error::from));
    }
}
