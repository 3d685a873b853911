//! The kernel's routing socket (rtnetlink(7)): questions, changes and news about links and addresses.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use rustix::io::read;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily as SocketFamily, SocketFlags, SocketType, bind, socket_with};

use crate::Error;
use crate::addresses::Change;
use crate::observed::Observed;
use crate::request::{Request, request};
use crate::watched::Watched;

/// Link, IPv4 address and IPv6 address notifications (RTMGRP_*).
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// More than the kernel puts into one datagram (NLMSG_GOODSIZE, at most 32 KiB for a dump).
const DATAGRAM: usize = 65_536;
/// Requests sent at once: their answers have to fit into a receive buffer of common size.
const BATCH: usize = 64;
/// The kernel answers at once; this is for an answer that is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks and changes. It waits for the kernel, which can take as long as somebody else holds the lock
/// on its network configuration.
#[derive(Debug)]
pub(crate) struct Requests {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Requests {
    pub(crate) fn connect() -> io::Result<Self> {
        let socket = routing_socket(SocketFlags::empty(), 0)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; DATAGRAM] })
    }

    /// Asks for everything that is there.
    pub(crate) fn observe(&mut self) -> io::Result<Observed> {
        let mut observed = Observed::default();
        for question in [
            RouteNetlinkMessage::GetLink(LinkMessage::default()),
            RouteNetlinkMessage::GetAddress(AddressMessage::default()),
        ] {
            let sequence = self.send(vec![(question, NLM_F_DUMP)])?;
            let mut complete = false;
            while !complete {
                for message in self.receive()? {
                    if message.header.sequence_number != sequence {
                        continue;
                    }
                    match message.payload {
                        NetlinkPayload::InnerMessage(inner) => drop(observed.handle(&inner)),
                        NetlinkPayload::Done(_) => complete = true,
                        NetlinkPayload::Error(error) => return Err(error.to_io()),
                        _ => {}
                    }
                }
            }
        }
        Ok(observed)
    }

    /// Makes changes, many with one system call. That one has been made before is no error.
    pub(crate) fn apply(&mut self, changes: Vec<Change>) -> Vec<(Change, Result<(), Error>)> {
        let mut applied = Vec::with_capacity(changes.len());
        for batch in changes.chunks(BATCH) {
            let answers = self.apply_batch(batch);
            applied.extend(batch.iter().cloned().zip(answers));
        }
        applied
    }

    fn apply_batch(&mut self, batch: &[Change]) -> Vec<Result<(), Error>> {
        let mut answers: Vec<_> = batch.iter().map(|_| None).collect();
        let trouble = match self.send(batch.iter().map(request).collect()) {
            Ok(first) => self.read_answers(first, &mut answers).err(),
            Err(error) => Some(error),
        };
        // What was not answered may have been done, which the kernel's news will show.
        let unanswered = || match &trouble {
            Some(error) => {
                error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)
            }
            None => io::ErrorKind::TimedOut.into(),
        };
        let judge = |(change, answer): (&Change, Option<io::Result<()>>)| {
            let source = match answer.unwrap_or_else(|| Err(unanswered())) {
                Ok(()) => return Ok(()),
                Err(source) => source,
            };
            let code = source.raw_os_error();
            if code.is_some() && code == change.made_before() {
                return Ok(());
            }
            Err(change.error(source))
        };
        batch.iter().zip(answers).map(judge).collect()
    }

    /// Reads until each request has its answer.
    fn read_answers(
        &mut self,
        first: u32,
        answers: &mut [Option<io::Result<()>>],
    ) -> io::Result<()> {
        while answers.iter().any(Option::is_none) {
            for message in self.receive()? {
                let NetlinkPayload::Error(error) = message.payload else { continue };
                let position = message.header.sequence_number.wrapping_sub(first);
                let position = usize::try_from(position).unwrap_or(usize::MAX);
                if let Some(answer) = answers.get_mut(position) {
                    *answer = Some(if error.code.is_none() { Ok(()) } else { Err(error.to_io()) });
                }
            }
        }
        Ok(())
    }

    /// Sends requests as one datagram and says the sequence number of the first.
    fn send(&mut self, requests: Vec<Request>) -> io::Result<u32> {
        let first = self.sequence;
        let mut bytes = Vec::new();
        for (inner, flags) in requests {
            let mut header = NetlinkHeader::default();
            header.flags = NLM_F_REQUEST | flags;
            header.sequence_number = self.sequence;
            self.sequence = self.sequence.wrapping_add(1);
            let mut message = NetlinkMessage::new(header, NetlinkPayload::from(inner));
            message.finalize();
            let at = bytes.len();
            bytes.resize(at + message.buffer_len(), 0);
            message.serialize(bytes.get_mut(at..).unwrap_or_default());
        }
        // An unconnected netlink socket is one to the kernel.
        rustix::io::write(&self.socket, &bytes)?;
        Ok(first)
    }

    fn receive(&mut self) -> io::Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
        let length = rustix::io::retry_on_intr(|| read(&self.socket, &mut *self.buffer))?;
        Ok(decode(self.buffer.get(..length).unwrap_or_default()))
    }
}

/// What changes about links and addresses, as it happens.
#[derive(Debug)]
pub(crate) struct News {
    socket: Watched,
    buffer: Vec<u8>,
}

/// Some news did not fit into the socket's buffer: only asking helps.
#[derive(Debug)]
pub(crate) struct NewsLost;

impl News {
    pub(crate) fn subscribe() -> io::Result<Self> {
        let socket = routing_socket(SocketFlags::NONBLOCK, GROUPS)?;
        Ok(Self { socket: Watched::new(socket)?, buffer: vec![0; DATAGRAM] })
    }

    /// Waits until there may be news; then read all of it.
    pub(crate) async fn readable(&self) {
        self.socket.readable().await;
    }

    /// The next news; `None` when there is no more.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<RouteNetlinkMessage>>, NewsLost> {
        // ENOBUFS; whatever else it may be, asking is the answer to it.
        let Some(length) = self.socket.read(&mut self.buffer).map_err(|_| NewsLost)? else {
            return Ok(None);
        };
        let messages = decode(self.buffer.get(..length).unwrap_or_default());
        let inner = |message: NetlinkMessage<_>| match message.payload {
            NetlinkPayload::InnerMessage(inner) => Some(inner),
            _ => None,
        };
        Ok(Some(messages.into_iter().filter_map(inner).collect()))
    }
}

fn routing_socket(flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    let flags = flags | SocketFlags::CLOEXEC;
    // No protocol is NETLINK_ROUTE.
    let socket = socket_with(SocketFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

/// All messages of a datagram. One that is not understood says nothing that matters here: the
/// library knows all that is said about links and addresses, and more is added to them.
fn decode(mut bytes: &[u8]) -> Vec<NetlinkMessage<RouteNetlinkMessage>> {
    let mut messages = Vec::new();
    while let Ok(header) = NetlinkBuffer::new_checked(bytes) {
        let length = usize::try_from(header.length()).unwrap_or(usize::MAX);
        if let Some(whole) = bytes.get(..length)
            && let Ok(message) = NetlinkMessage::deserialize(whole)
        {
            messages.push(message);
        }
        // NLMSG_ALIGN.
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_of_nonsense_has_no_messages() {
        for length in 0..64 {
            assert_eq!(decode(&vec![0; length]), []);
            assert_eq!(decode(&vec![0xff; length]), []);
        }
    }

    #[test]
    fn both_messages_of_a_datagram_are_decoded() {
        let mut message = NetlinkMessage::new(
            NetlinkHeader::default(),
            NetlinkPayload::from(RouteNetlinkMessage::GetLink(LinkMessage::default())),
        );
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        let both = [bytes.clone(), bytes].concat();
        assert_eq!(decode(&both), [message.clone(), message]);
    }
}
