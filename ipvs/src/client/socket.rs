//! A netlink socket.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::net::UdpSocket;

/// The kernel fills a page of this size at most, and cuts what does not fit into a smaller one.
const BUFFER: usize = 65_536;

#[derive(Debug)]
pub(super) struct Socket {
    /// Not UDP: tokio has no netlink sockets; it is only waited on.
    waiting: UdpSocket,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn open() -> io::Result<Self> {
        Self::new(open()?)
    }

    /// Opens the socket in another network namespace; it stays there for good.
    pub(super) fn open_in(namespace: &Path) -> io::Result<Self> {
        let file = File::open(namespace)?;
        let opened = std::thread::scope(|scope| {
            let opening = scope.spawn(|| {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
                open()
            });
            opening.join().unwrap_or_else(|_| Err(io::Error::other("the opening thread panicked")))
        });
        Self::new(opened?)
    }

    fn new(socket: OwnedFd) -> io::Result<Self> {
        let waiting = UdpSocket::from_std(socket.into())?;
        Ok(Self { waiting, buffer: vec![0; BUFFER] })
    }

    /// Sends messages to the kernel, which handles them at once.
    pub(super) async fn send(&self, messages: &[u8]) -> io::Result<()> {
        let writing = || Ok(send(self.waiting.as_fd(), messages, SendFlags::empty())?);
        self.waiting.async_io(tokio::io::Interest::WRITABLE, writing).await.map(drop)
    }

    /// Waits for a datagram of the kernel.
    pub(super) async fn receive(&mut self) -> io::Result<&[u8]> {
        let (waiting, buffer) = (&self.waiting, &mut self.buffer);
        let reading = || Ok(recv(waiting.as_fd(), buffer.as_mut_slice(), RecvFlags::TRUNC)?);
        let (_, length) = waiting.async_io(tokio::io::Interest::READABLE, reading).await?;
        self.buffer.get(..length).ok_or_else(|| io::Error::other("an answer was cut off"))
    }
}

fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let protocol = Some(netlink::GENERIC);
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?)
}
