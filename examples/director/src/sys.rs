//! What is unsafe.

#![allow(unsafe_code, reason = "no safe interface to what is done here")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[cfg(target_env = "gnu")]
use nix::libc::{M_MMAP_THRESHOLD, c_int, malloc_trim, mallopt};
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

/// Has what the text of a configuration took used again for what comes of it. The allocator of the GNU
/// C library would give blocks of such a size back at once, and ask for other pages then.
pub(crate) fn use_large_blocks_again() {
    /// The most that it accepts: `HEAP_MAX_SIZE / 2` in malloc/arena.c.
    #[cfg(target_env = "gnu")]
    const THRESHOLD: c_int = 32 * 1024 * 1024;
    // SAFETY: it may be called at any time, from any thread. Refused, it changes nothing.
    #[cfg(target_env = "gnu")]
    unsafe {
        mallopt(M_MMAP_THRESHOLD, THRESHOLD);
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
