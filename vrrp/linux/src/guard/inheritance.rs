//! What a driver has from one that died.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use steadfast_vrrp::Instant;
use steadfast_vrrp::packet::ah::SequenceNumber;

use super::message::{Bequest, FORMAT, Identity, Message};
use super::wire::{LONGEST_MESSAGE, receive, send, wait_for};
use crate::socket::Protocol;

/// How long a guard may keep its heir waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// A virtual router that was Active when its driver died.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) instance: String,
    pub(crate) identity: Identity,
    pub(crate) active_until: Instant,
    /// With an Authentication Header: the number of the packet that was to be sent for it.
    pub(crate) sequence: Option<SequenceNumber>,
    /// The socket that received for it, with what has arrived since.
    pub(crate) receiver: OwnedFd,
}

impl Inherited {
    /// What its socket receives.
    pub(crate) fn protocol(&self) -> Protocol {
        match self.sequence {
            Some(_) => Protocol::AuthenticationHeader,
            None => Protocol::Vrrp,
        }
    }
}

/// Asks the guard, or supervisor, at the other end for all that there is.
pub(super) fn ask(guard: BorrowedFd<'_>) -> io::Result<Vec<Inherited>> {
    send(guard, &Message::Heir(FORMAT), &[])?;
    let (mut all, mut buffer) = (Vec::new(), vec![0; LONGEST_MESSAGE]);
    loop {
        wait_for(guard, PollFlags::IN, PATIENCE)?;
        let (length, passed) = match receive(guard, &mut buffer) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(Errno::AGAIN) => continue,
            received => received?,
        };
        match Message::decode(buffer.get(..length).unwrap_or_default()) {
            Ok(Message::Bequest(Bequest { instance, identity, active_until, sequence })) => {
                let receiver = passed.into_iter().next();
                all.extend(receiver.map(|receiver| Inherited {
                    instance,
                    identity,
                    active_until,
                    sequence,
                    receiver,
                }));
            }
            Ok(Message::Complete) => return Ok(all),
            Ok(_) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Tells it that all is in our hands, and waits until it has let go.
pub(super) fn accept(guard: OwnedFd) -> io::Result<()> {
    send(guard.as_fd(), &Message::Accepted, &[])?;
    wait_for(&guard, PollFlags::HUP, PATIENCE)
}
