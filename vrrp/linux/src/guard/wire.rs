//! How messages, and sockets with them, get to the other side.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use super::message::Message;

/// The longest message fits into it: a will for dozens of unicast peers, each with its own packet.
const SEND_BUFFER: usize = 256 * 1024;
/// The kernel doubles what is asked for as a send buffer (socket(7)).
pub(super) const LONGEST_MESSAGE: usize = 2 * SEND_BUFFER;
/// The sockets that can come with one message.
const SOCKETS: usize = 2;

/// The driver's end and the guard's.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let kind = SocketType::SEQPACKET;
    let (driver, guard) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    set_socket_send_buffer_size(&driver, SEND_BUFFER)?;
    Ok((driver, guard))
}

/// [`WouldBlock`](io::ErrorKind::WouldBlock) while the other side has not read what it was told.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    message: &Message,
    passed: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = message.encode();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !passed.is_empty() && !control.push(SendAncillaryMessage::ScmRights(passed)) {
        return Err(io::Error::other("too many sockets with a message"));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, flags)?;
    Ok(())
}

/// Sends, if need be after so long a time in which the other side reads.
pub(super) fn send_within(
    patience: Duration,
    socket: BorrowedFd<'_>,
    message: &Message,
    passed: &[BorrowedFd<'_>],
) -> io::Result<()> {
    loop {
        match send(socket, message, passed) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait_for(socket, PollFlags::OUT, patience)?;
            }
            sent => return sent,
        }
    }
}

/// Receives a message, if there is one, and the sockets that came with it. Of no length once the
/// other side is gone.
pub(super) fn receive(
    socket: impl AsFd,
    buffer: &mut [u8],
) -> rustix::io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received =
        retry_on_intr(|| recvmsg(&socket, &mut [IoSliceMut::new(buffer)], &mut control, flags))?;
    let passed = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    Ok((received.bytes, passed.flatten().collect()))
}

/// [`TimedOut`](io::ErrorKind::TimedOut) if that does not come about.
pub(super) fn wait_for(socket: impl AsFd, what: PollFlags, patience: Duration) -> io::Result<()> {
    let mut polled = [PollFd::new(&socket, what)];
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    match retry_on_intr(|| poll(&mut polled, Some(&patience)))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}
