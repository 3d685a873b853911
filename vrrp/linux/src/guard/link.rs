//! The driver's end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{PidfdFlags, getpid, pidfd_open};

use super::command;
use super::message::{Charge, Message};
use super::wire::{pair, send, wait_for};
use crate::watched::Watched;

/// How long a guard may take to hear a goodbye and to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// A guard that was just started, or is there already: a supervisor.
#[derive(Debug)]
pub(crate) struct Recruit {
    child: Option<Child>,
    socket: OwnedFd,
}

/// Starts a guard.
pub(super) fn recruit(charge: &Charge) -> io::Result<Recruit> {
    let (socket, theirs) = pair()?;
    let child = command().stdin(theirs).stdout(Stdio::null()).spawn()?;
    engage(charge, socket, Some(child))
}

/// Gives a guard its charge.
pub(super) fn engage(
    charge: &Charge,
    socket: OwnedFd,
    child: Option<Child>,
) -> io::Result<Recruit> {
    // A child that somebody forks meanwhile can keep our end of the socket open, but not this
    // process alive. Before Linux 5.3 there is only the socket.
    let process = pidfd_open(getpid(), PidfdFlags::empty()).ok();
    let passed: Vec<_> = process.iter().map(AsFd::as_fd).collect();
    send(socket.as_fd(), &Message::Charge(charge.clone()), &passed)?;
    Ok(Recruit { child, socket })
}

/// A guard on duty.
#[derive(Debug)]
pub(super) struct Link {
    child: Option<Child>,
    socket: Watched,
}

impl Link {
    pub(super) fn new(Recruit { child, socket }: Recruit) -> io::Result<Self> {
        Ok(Self { child, socket: Watched::new(socket)? })
    }

    /// [`WouldBlock`](io::ErrorKind::WouldBlock) while the guard has not read what it was told.
    pub(super) fn tell(&self, message: &Message, passed: &[BorrowedFd<'_>]) -> io::Result<()> {
        send(self.socket.as_fd(), message, passed)
    }

    /// Waits until the guard may have ended.
    pub(super) async fn readable(&self) {
        self.socket.readable().await;
    }

    /// Waits until the guard may have read what it was told.
    pub(super) async fn writable(&self) {
        self.socket.writable().await;
    }

    /// Whether the guard has ended: it never says a word.
    pub(super) fn has_ended(&self) -> bool {
        let received = recv(&self.socket, &mut [0_u8; 1], RecvFlags::DONTWAIT);
        !matches!(received, Err(Errno::AGAIN | Errno::INTR))
    }

    /// What is left of it then, to be waited for.
    pub(super) fn into_child(self) -> Option<Child> {
        self.child
    }

    /// Sends the guard home and waits for its end.
    pub(super) fn dismiss(mut self) -> io::Result<()> {
        wait_for(&self.socket, PollFlags::OUT, PATIENCE)?;
        self.tell(&Message::Goodbye, &[])?;
        wait_for(&self.socket, PollFlags::HUP, PATIENCE)?;
        self.child.as_mut().map_or(Ok(()), |child| child.wait().map(drop))
    }
}
