//! A descriptor that is read when there is something to be read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, read};
use tokio::io::unix::AsyncFd;

use crate::sys;

/// A non-blocking descriptor.
#[derive(Debug)]
pub(crate) struct Watched(AsyncFd<OwnedFd>);

impl Watched {
    pub(crate) fn new(descriptor: impl Into<OwnedFd>) -> io::Result<Self> {
        sys::watch(descriptor.into()).map(Self)
    }

    /// Waits until something may be there to be read; then read until nothing is.
    pub(crate) async fn readable(&self) {
        match self.0.readable().await {
            Ok(mut ready) => ready.clear_ready(),
            // Only while the runtime shuts down, and with it who waits.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until something may be written; then write until that would block.
    pub(crate) async fn writable(&self) {
        match self.0.writable().await {
            Ok(mut ready) => ready.clear_ready(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Reads once and says how much; `None` when nothing is there.
    ///
    /// It asks the kernel, not the runtime, which learns of arrivals only when it next looks: a
    /// process that was stopped wakes up with packets unknown to it and with timers that expired.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match read(self.0.get_ref(), &mut *buffer) {
                Ok(length) => return Ok(Some(length)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
