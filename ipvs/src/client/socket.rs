//! A netlink socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::netns;

/// The kernel fills a page of 32 KiB at most, and cuts what does not fit into a smaller one.
const BUFFER: usize = 65_536;

#[derive(Debug)]
pub(super) struct Socket {
    /// Not UDP: tokio waits on other sockets only in unsafe code. It is only waited on.
    waiting: UdpSocket,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn open() -> io::Result<Self> {
        Self::new(open()?)
    }

    /// Opens the socket in another network namespace; it stays there for good.
    pub(super) fn open_in(namespace: &Path) -> io::Result<Self> {
        let opened = netns::inside(namespace, open);
        Self::new(opened?)
    }

    fn new(socket: OwnedFd) -> io::Result<Self> {
        let waiting = UdpSocket::from_std(socket.into())?;
        Ok(Self { waiting, buffer: vec![0; BUFFER] })
    }

    /// Sends messages to the kernel, which handles them before this returns.
    pub(super) async fn send(&self, messages: &[u8]) -> io::Result<()> {
        let sending = || Ok(send(self.waiting.as_fd(), messages, SendFlags::empty())?);
        self.waiting.async_io(Interest::WRITABLE, sending).await.map(drop)
    }

    /// Waits for a datagram of the kernel, which as a rule is there already.
    pub(super) async fn receive(&mut self) -> io::Result<&[u8]> {
        tokio::task::coop::consume_budget().await;
        let length = match self.take()? {
            Some(length) => length,
            None => {
                let (waiting, buffer) = (&self.waiting, &mut self.buffer);
                waiting.async_io(Interest::READABLE, || Ok(take(waiting, buffer)?)).await?
            }
        };
        self.taken(length)
    }

    /// A datagram of the kernel if one is there.
    pub(super) fn receive_now(&mut self) -> io::Result<Option<&[u8]>> {
        match self.take()? {
            Some(length) => self.taken(length).map(Some),
            None => Ok(None),
        }
    }

    /// Throws away what is there to be received, to the end of a listing if one was begun: each
    /// page that is taken makes the kernel write the next.
    pub(super) fn discard(&mut self) -> io::Result<()> {
        loop {
            match self.take() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<usize>> {
        match take(&self.waiting, &mut self.buffer) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn taken(&self, length: usize) -> io::Result<&[u8]> {
        self.buffer.get(..length).ok_or_else(|| io::Error::other("an answer was cut off"))
    }
}

/// The length of what was received, which may be more than the buffer has room for.
fn take(socket: &UdpSocket, buffer: &mut [u8]) -> Result<usize, Errno> {
    recv(socket.as_fd(), buffer, RecvFlags::TRUNC).map(|(_, length)| length)
}

fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(GENERIC))?;
    // To the kernel: messages of other processes are refused from here on.
    connect(&socket, &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}
