//! Advertisements on their way out.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::net::sockopt::set_socket_send_buffer_size_force;
use socket2::{SockAddr, Socket};
use steadfast_vrrp::Family;
use steadfast_vrrp::packet::{MAX_LEN, TYPE_OF_SERVICE};

use crate::filter;
use crate::mmsg;
use crate::socket::{Protocol, raw_socket};

/// Room for an advertisement of each of 255 virtual routers, even long ones.
const SEND_BUFFER: usize = 1 << 20;

/// How advertisements leave an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) source: IpAddr,
    pub(crate) ttl: u8,
    pub(crate) protocol: Protocol,
}

/// Sends advertisements of one origin on one interface, all that are queued with as few system calls
/// as can be.
#[derive(Debug)]
pub(crate) struct Sender<Token> {
    socket: Socket,
    queue: Vec<Queued<Token>>,
    /// What was queued, one behind the other, then room for another.
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Queued<Token> {
    token: Token,
    to: SockAddr,
    message: Range<usize>,
}

impl<Token: Copy> Sender<Token> {
    pub(crate) fn open(
        interface: &str,
        index: u32,
        Origin { source, ttl, protocol }: Origin,
    ) -> io::Result<Self> {
        let socket = raw_socket(Family::of(source), protocol, interface)?;
        // It sends only.
        socket.attach_filter(&filter::nothing())?;
        if set_socket_send_buffer_size_force(&socket, SEND_BUFFER).is_err() {
            socket.set_send_buffer_size(SEND_BUFFER)?;
        }
        let (ttl, class) = (u32::from(ttl), u32::from(TYPE_OF_SERVICE));
        match source {
            IpAddr::V4(source) => {
                socket.bind(&SocketAddrV4::new(source, 0).into())?;
                socket.set_multicast_ttl_v4(ttl)?;
                socket.set_ttl_v4(ttl)?;
                socket.set_tos_v4(class)?;
                socket.set_multicast_loop_v4(false)?;
                // That header is authenticated as well, and so comes with the message.
                socket.set_header_included_v4(protocol == Protocol::AuthenticationHeader)?;
            }
            IpAddr::V6(source) => {
                socket.bind(&SocketAddrV6::new(source, 0, 0, index).into())?;
                socket.set_multicast_if_v6(index)?;
                socket.set_multicast_hops_v6(ttl)?;
                socket.set_unicast_hops_v6(ttl)?;
                socket.set_tclass_v6(class)?;
                socket.set_multicast_loop_v6(false)?;
            }
        }
        Ok(Self { socket, queue: Vec::new(), bytes: Vec::new() })
    }

    /// Queues a message; `write` writes it and says its length.
    pub(crate) fn queue(
        &mut self,
        token: Token,
        to: IpAddr,
        write: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<()> {
        let start = self.queue.last().map_or(0, |queued| queued.message.end);
        let room = start + MAX_LEN;
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        let length = write(self.bytes.get_mut(start..room).unwrap_or_default())?;
        let to = SocketAddr::new(to, 0).into();
        self.queue.push(Queued { token, to, message: start..start + length });
        Ok(())
    }

    /// Sends all that is queued; `failed` gets what could not be sent, and why.
    pub(crate) fn flush(&mut self, mut failed: impl FnMut(Token, IpAddr, io::Error)) {
        let mut waiting = self.queue.as_slice();
        while let Some((first, others)) = waiting.split_first() {
            let packets = waiting.iter().map(|queued| {
                let message = self.bytes.get(queued.message.clone());
                (&queued.to, message.unwrap_or_default())
            });
            match mmsg::send(&self.socket, packets) {
                Ok(sent) => waiting = waiting.get(sent.max(1)..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // One that cannot be reached is no reason to leave out the others.
                Err(error) => {
                    if let Some(to) = first.to.as_socket() {
                        failed(first.token, to.ip(), error);
                    }
                    waiting = others;
                }
            }
        }
        self.queue.clear();
    }
}

impl<Token> AsFd for Sender<Token> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
