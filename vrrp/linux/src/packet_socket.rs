use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, SockRef, Socket, Type};

use crate::sys::link_layer_address;

/// Sends frames, and receives none.
#[derive(Debug)]
pub(crate) struct PacketSocket(Socket);

impl PacketSocket {
    pub(crate) fn open(index: u32) -> io::Result<Self> {
        // Protocol 0: nothing is received.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&link_layer_address(index, 0)?)?;
        Ok(Self(socket))
    }

    /// Sends a frame from the interface of that index, which need not be that of the socket.
    pub(crate) fn send(&self, index: u32, frame: &[u8]) -> io::Result<()> {
        send(self, index, frame)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends a frame on a packet socket from the interface of that index.
pub(crate) fn send(socket: &impl AsFd, index: u32, frame: &[u8]) -> io::Result<()> {
    let ethertype =
        frame.get(12..).and_then(<[u8]>::first_chunk).ok_or(io::ErrorKind::InvalidInput)?;
    let address = link_layer_address(index, u16::from_be_bytes(*ethertype))?;
    SockRef::from(socket).send_to(frame, &address).map(drop)
}
