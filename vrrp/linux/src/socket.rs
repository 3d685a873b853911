//! The sockets of one interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, SockRef, Socket, Type};
use steadfast_vrrp::announce::GratuitousArp;
use steadfast_vrrp::packet::{PROTOCOL, TYPE_OF_SERVICE};

use crate::sys::link_layer_address;
use crate::watched::Watched;

const ETHERTYPE_ARP: u16 = 0x0806;

/// Receives the advertisements that arrive on one interface.
#[derive(Debug)]
pub(crate) struct Receiver {
    socket: Watched,
    groups: Vec<Ipv4Addr>,
    index: u32,
}

/// A received packet: what its IP header says, and its payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    pub(crate) ttl: u8,
    pub(crate) payload: &'a [u8],
}

impl Receiver {
    pub(crate) fn open(
        interface: &str,
        index: u32,
        receive_buffer: Option<usize>,
    ) -> io::Result<Self> {
        let socket = raw_socket(interface)?;
        if let Some(size) = receive_buffer
            && set_socket_recv_buffer_size_force(&socket, size).is_err()
        {
            socket.set_recv_buffer_size(size)?;
        }
        Ok(Self { socket: Watched::new(socket)?, groups: Vec::new(), index })
    }

    pub(crate) fn join(&mut self, group: Ipv4Addr) -> io::Result<()> {
        if !self.groups.contains(&group) {
            let interface = InterfaceIndexOrAddress::Index(self.index);
            SockRef::from(&self.socket).join_multicast_v4_n(&group, &interface)?;
            self.groups.push(group);
        }
        Ok(())
    }

    /// Waits until something may be there to be read; then read until nothing is.
    pub(crate) async fn readable(&self) {
        self.socket.readable().await;
    }

    /// Reads one packet and says its length, `None` when there is none.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.socket.read(buffer)
    }
}

impl<'a> Packet<'a> {
    /// A raw socket hands over the IPv4 header as well (raw(7)).
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header_len = usize::from(bytes.first()? & 0x0f) * 4;
        let address = |at: usize| Some(Ipv4Addr::from(*bytes.get(at..)?.first_chunk::<4>()?));
        Some(Self {
            source: address(12)?,
            destination: address(16)?,
            ttl: *bytes.get(8)?,
            payload: bytes.get(header_len.max(20)..)?,
        })
    }
}

/// Sends advertisements from one address of one interface, with one TTL.
#[derive(Debug)]
pub(crate) struct Sender(Socket);

impl Sender {
    pub(crate) fn open(interface: &str, source: Ipv4Addr, ttl: u8) -> io::Result<Self> {
        let socket = raw_socket(interface)?;
        socket.bind(&SocketAddrV4::new(source, 0).into())?;
        socket.set_multicast_ttl_v4(u32::from(ttl))?;
        socket.set_ttl_v4(u32::from(ttl))?;
        socket.set_tos_v4(u32::from(TYPE_OF_SERVICE))?;
        socket.set_multicast_loop_v4(false)?;
        // It sends only; what it would receive must not pile up.
        socket.set_recv_buffer_size(0)?;
        Ok(Self(socket))
    }

    pub(crate) fn send(&self, destination: Ipv4Addr, message: &[u8]) -> io::Result<()> {
        let destination: SockAddr = SocketAddrV4::new(destination, 0).into();
        self.0.send_to(message, &destination).map(drop)
    }
}

fn raw_socket(interface: &str) -> io::Result<Socket> {
    let protocol = Protocol::from(i32::from(PROTOCOL));
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    Ok(socket)
}

/// Sends gratuitous ARP frames on one interface.
#[derive(Debug)]
pub(crate) struct Announcer(Socket);

impl Announcer {
    pub(crate) fn open(index: u32) -> io::Result<Self> {
        // Protocol 0: nothing is received.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&link_layer_address(index, 0)?)?;
        Ok(Self(socket))
    }

    pub(crate) fn send(&self, index: u32, arp: &GratuitousArp) -> io::Result<()> {
        self.0.send_to(&arp.encode(), &link_layer_address(index, ETHERTYPE_ARP)?).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_begins_after_the_options_of_the_header() {
        let mut bytes = [0; 28];
        bytes[0] = 0x46;
        bytes[8] = 255;
        bytes[12..16].copy_from_slice(&[192, 0, 2, 1]);
        bytes[16..20].copy_from_slice(&[224, 0, 0, 18]);
        bytes[24..].copy_from_slice(&[1, 2, 3, 4]);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.payload, [1, 2, 3, 4]);
        assert_eq!(packet.source, Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(packet.destination, Ipv4Addr::new(224, 0, 0, 18));
        assert_eq!(packet.ttl, 255);
    }

    #[test]
    fn a_packet_shorter_than_its_header_is_none() {
        assert_eq!(Packet::parse(&[0x45; 19]), None);
        assert_eq!(Packet::parse(&[0x4f; 40]), None);
        assert_eq!(Packet::parse(&[]), None);
    }
}
