//! One driver as its guard knows it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use steadfast_vrrp::Instant;

use super::estate::Estate;
use super::message::{Charge, FORMAT, Message};
use super::wire::{LONGEST_MESSAGE, receive, send_within, wait_for};
use crate::clock;

/// How long an heir may take to read.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Ward {
    pub(super) charge: Option<Charge>,
    /// The driver's process (pidfd_open(2)).
    process: Option<OwnedFd>,
    pub(super) estate: Estate,
    /// When the last driver that died did so.
    pub(super) died: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Goodbye,
    Death,
}

impl Ward {
    /// Does what it is told until the driver ends; has each charge acted upon.
    pub(super) fn watch(
        &mut self,
        channel: impl AsFd,
        mut charged: impl FnMut(&Charge),
        mut complain: impl FnMut(&str),
    ) -> io::Result<End> {
        let channel = channel.as_fd();
        let mut buffer = vec![0; LONGEST_MESSAGE];
        loop {
            let died = self.wait(channel)?;
            loop {
                match receive(channel, &mut buffer) {
                    Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(self.has_died()),
                    Ok((length, passed)) => {
                        let message = buffer.get(..length).unwrap_or_default();
                        match Message::decode(message) {
                            Ok(Message::Goodbye) => return Ok(End::Goodbye),
                            Ok(Message::Charge(charge)) => {
                                charged(&charge);
                                self.process = passed.into_iter().next();
                                self.charge = Some(charge);
                            }
                            Ok(Message::Will(will)) => self.estate.take(will, passed),
                            Ok(Message::Forget(instance)) => self.estate.forget(&instance),
                            Ok(Message::Heir(format)) => {
                                if let Err(error) = self.hand_over(channel, format) {
                                    complain(&format!("handing over: {error}"));
                                }
                            }
                            Ok(Message::Accepted) => self.estate = Estate::default(),
                            Ok(Message::Bequest(_) | Message::Complete) => {
                                complain("a message that is for heirs only");
                            }
                            Err(malformed) => complain(&malformed.to_string()),
                        }
                    }
                    Err(Errno::AGAIN) if died => return Ok(self.has_died()),
                    Err(Errno::AGAIN) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Waits until there is something to read or the driver's process is dead; says whether it is.
    fn wait(&self, channel: BorrowedFd<'_>) -> io::Result<bool> {
        let mut polled = vec![PollFd::new(&channel, PollFlags::IN)];
        polled.extend(self.process.iter().map(|process| PollFd::new(process, PollFlags::IN)));
        retry_on_intr(|| poll(&mut polled, None))?;
        Ok(polled.get(1).is_some_and(|process| !process.revents().is_empty()))
    }

    fn has_died(&mut self) -> End {
        self.died = Some(clock::now());
        self.process = None;
        End::Death
    }

    /// Tells an heir which virtual routers it may resume: nothing, if it would not understand it.
    fn hand_over(&self, channel: BorrowedFd<'_>, format: u8) -> io::Result<()> {
        let active_until = self.died.filter(|_| format == FORMAT);
        let bequests = active_until.map(|active_until| self.estate.bequests(active_until));
        for (bequest, receiver) in bequests.into_iter().flatten() {
            send_within(PATIENCE, channel, &Message::Bequest(bequest), &[receiver])?;
        }
        send_within(PATIENCE, channel, &Message::Complete, &[])
    }

    /// Serves an heir of the dead driver until all is in its hands, for so long at the most; says
    /// whether it is.
    pub(super) fn serve_heir(&self, heir: BorrowedFd<'_>, patience: Duration) -> io::Result<bool> {
        let mut buffer = [0; 16];
        loop {
            wait_for(heir, PollFlags::IN, patience)?;
            match receive(heir, &mut buffer) {
                Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(false),
                Ok((length, _)) => {
                    match Message::decode(buffer.get(..length).unwrap_or_default()) {
                        Ok(Message::Heir(format)) => self.hand_over(heir, format)?,
                        Ok(Message::Accepted) => return Ok(true),
                        Ok(_) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
                    }
                }
                Err(Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
