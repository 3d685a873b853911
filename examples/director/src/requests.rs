//! The signals that ask the daemon for something. By default they end a process: they are held back until
//! it watches for them.

use std::io;

use nix::sys::signal::{SigSet, Signal};

pub(crate) fn signals() -> SigSet {
    use Signal::{SIGHUP, SIGINT, SIGTERM, SIGURG, SIGUSR1, SIGUSR2};
    [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGURG].into_iter().collect()
}

/// Until [`let_in`]; before this process has other threads.
pub(crate) fn hold_back() -> io::Result<()> {
    Ok(signals().thread_block()?)
}

/// Those that came meanwhile come now.
pub(crate) fn let_in() -> io::Result<()> {
    Ok(signals().thread_unblock()?)
}
