//! Advertisements as they come in.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{InterfaceIndexOrAddress, Socket};
use steadfast_vrrp::packet::{ah, peek_vrid};
use steadfast_vrrp::{Family, Instant};

use crate::channel::Place;
use crate::clock::{self, Moment};
use crate::filter;
use crate::mmsg::{BATCH, Datagram, Inbox, enable};
use crate::socket::{Protocol, raw_socket};

/// Whoever reads that often has read all that was there when he began, with a receive buffer of
/// common size, and must not be kept from his timers by a flood.
const ROUNDS: usize = 32;
/// Of packets with a VRID that nobody has one in so many is looked at.
const SAMPLE: u32 = 64;

/// Receives the advertisements of one family and protocol that arrive on one interface.
#[derive(Debug)]
pub(crate) struct Receiver {
    socket: Socket,
    family: Family,
    protocol: Protocol,
    index: u32,
    groups: Vec<IpAddr>,
    vrids: BTreeSet<u8>,
    /// Packets with a VRID that nobody has, about.
    pub(crate) unknown_vrids: u64,
    /// Nothing that is read later arrived before.
    drained_at: Instant,
}

/// A received packet: what its IP header says, when it arrived, and the VRRP message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) hop_limit: u8,
    pub(crate) arrival: Instant,
    pub(crate) message: &'a [u8],
    /// With an Authentication Header, not verified: the whole packet.
    pub(crate) authenticated: Option<&'a [u8]>,
}

/// What was left after reading.
#[derive(Debug)]
pub(crate) struct Remainder {
    /// There may be more to be read at once.
    pub(crate) unread: bool,
    /// What went wrong, which did not stop the reading.
    pub(crate) failure: Option<io::Error>,
}

impl Receiver {
    pub(crate) fn open(
        (index, family): Place,
        protocol: Protocol,
        interface: &str,
        receive_buffer: Option<usize>,
    ) -> io::Result<Self> {
        let socket = raw_socket(family, protocol, interface)?;
        if let Some(size) = receive_buffer
            && set_socket_recv_buffer_size_force(&socket, size).is_err()
        {
            socket.set_recv_buffer_size(size)?;
        }
        enable(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)?;
        if family == Family::Ipv6 {
            socket.set_recv_hoplimit_v6(true)?;
            enable(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)?;
        }
        let (groups, vrids) = (Vec::new(), BTreeSet::new());
        let drained_at = clock::now();
        Ok(Self { socket, family, protocol, index, groups, vrids, unknown_vrids: 0, drained_at })
    }

    /// One that another process opened, with what has arrived on it.
    pub(crate) fn inherited(
        (index, family): Place,
        protocol: Protocol,
        socket: OwnedFd,
        not_before: Instant,
    ) -> Self {
        let (groups, vrids, socket) = (Vec::new(), BTreeSet::new(), Socket::from(socket));
        let drained_at = not_before;
        Self { socket, family, protocol, index, groups, vrids, unknown_vrids: 0, drained_at }
    }

    /// Wants packets with these VRIDs; of others it gets one in [`SAMPLE`].
    pub(crate) fn want_only(&mut self, vrids: &BTreeSet<u8>) -> io::Result<()> {
        if self.vrids != *vrids {
            let program = filter::of_vrids(self.family, self.protocol, vrids, SAMPLE);
            self.socket.attach_filter(&program)?;
            self.vrids.clone_from(vrids);
        }
        Ok(())
    }

    /// How many packets one stands for that was for nobody.
    fn weight(&self, packet: &Packet<'_>) -> u64 {
        match peek_vrid(packet.message) {
            Some(vrid) if !self.vrids.contains(&vrid) => u64::from(SAMPLE),
            _ => 1,
        }
    }

    /// Joins these groups and leaves all others.
    pub(crate) fn join_only(&mut self, groups: &[IpAddr]) -> Result<(), (IpAddr, io::Error)> {
        for group in groups {
            if !self.groups.contains(group) {
                self.join(*group).map_err(|error| (*group, error))?;
                self.groups.push(*group);
            }
        }
        let mut left = Ok(());
        for group in self.groups.extract_if(.., |group| !groups.contains(group)) {
            left = left.and(leave(&self.socket, self.index, group).map_err(|error| (group, error)));
        }
        left
    }

    fn join(&self, group: IpAddr) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => {
                let interface = InterfaceIndexOrAddress::Index(self.index);
                self.socket.join_multicast_v4_n(&group, &interface)
            }
            IpAddr::V6(group) => self.socket.join_multicast_v6(&group, self.index),
        }
    }

    /// Hands on what has arrived, in order; `take` says whether it was for anybody.
    pub(crate) fn receive_all(
        &mut self,
        inbox: &mut Inbox,
        mut take: impl FnMut(&Packet<'_>) -> bool,
    ) -> Remainder {
        let began = clock::now();
        let mut failure = None;
        for _ in 0..ROUNDS {
            match inbox.receive(&self.socket) {
                Ok(count) => {
                    let arrived = Arrived { not_before: self.drained_at, read: Moment::now() };
                    for datagram in inbox.datagrams() {
                        let packet = Packet::read(self.family, self.protocol, &datagram, arrived);
                        if let Some(packet) = packet
                            && !take(&packet)
                        {
                            self.unknown_vrids += self.weight(&packet);
                        }
                    }
                    if count < BATCH {
                        self.drained_at = began;
                        return Remainder { unread: false, failure };
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.drained_at = began;
                    return Remainder { unread: false, failure };
                }
                // That of something earlier; what has arrived is still there.
                Err(error) => failure = Some(error),
            }
        }
        Remainder { unread: true, failure }
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn leave(socket: &Socket, index: u32, group: IpAddr) -> io::Result<()> {
    match group {
        IpAddr::V4(group) => {
            socket.leave_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))
        }
        IpAddr::V6(group) => socket.leave_multicast_v6(&group, index),
    }
}

/// Between these a packet arrived.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    not_before: Instant,
    read: Moment,
}

impl Arrived {
    /// Where nothing better is known, when it was read. The wall clock may have been set since the
    /// kernel looked at it: that must not make a packet older than it can be.
    fn at(self, timestamp: Option<Duration>) -> Instant {
        let at = timestamp.map_or(self.read.monotonic, |at| self.read.at_wall_clock(at));
        at.min(self.read.monotonic).max(self.not_before)
    }
}

impl<'a> Packet<'a> {
    fn read(
        family: Family,
        protocol: Protocol,
        datagram: &Datagram<'a>,
        arrived: Arrived,
    ) -> Option<Self> {
        let mut timestamp = None;
        let (mut destination, mut hop_limit) = (None, None);
        for (level, kind, data) in datagram.control_messages() {
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => timestamp = read_timespec(data),
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    destination = data.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    let number = data.first_chunk().map(|bytes| libc::c_int::from_ne_bytes(*bytes));
                    hop_limit = number.and_then(|number| u8::try_from(number).ok());
                }
                _ => {}
            }
        }
        let arrival = arrived.at(timestamp);
        match (family, protocol) {
            (Family::Ipv4, Protocol::Vrrp) => Self::with_ipv4_header(datagram.bytes, arrival),
            (Family::Ipv4, Protocol::AuthenticationHeader) => {
                Self::with_authentication_header(datagram.bytes, arrival)
            }
            (Family::Ipv6, _) => Some(Self {
                source: datagram.ipv6_source.into(),
                destination: destination?.into(),
                hop_limit: hop_limit?,
                arrival,
                message: datagram.bytes,
                authenticated: None,
            }),
        }
    }

    /// A raw socket of IPv4 hands over the header as well (raw(7)).
    fn with_ipv4_header(bytes: &'a [u8], arrival: Instant) -> Option<Self> {
        let header_len = usize::from(bytes.first()? & 0x0f) * 4;
        let address = |at: usize| Some(Ipv4Addr::from(*bytes.get(at..)?.first_chunk::<4>()?));
        Some(Self {
            source: address(12)?.into(),
            destination: address(16)?.into(),
            hop_limit: *bytes.get(8)?,
            arrival,
            message: bytes.get(header_len.max(20)..)?,
            authenticated: None,
        })
    }

    fn with_authentication_header(bytes: &'a [u8], arrival: Instant) -> Option<Self> {
        let message = ah::peek_message(bytes)?;
        let packet = Self::with_ipv4_header(bytes, arrival)?;
        Some(Self { message, authenticated: Some(bytes), ..packet })
    }
}

/// A `struct timespec` of 64-bit fields, since the epoch. Where the fields are shorter, packets
/// have no time of arrival.
fn read_timespec(bytes: &[u8]) -> Option<Duration> {
    let (seconds, nanos) = bytes.split_first_chunk()?;
    let seconds = u64::try_from(i64::from_ne_bytes(*seconds)).ok()?;
    let nanos = u32::try_from(i64::from_ne_bytes(*nanos.first_chunk()?)).ok()?;
    Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Instant = Instant::from_nanos(5_000_000_000);
    const NOT_BEFORE: Instant = Instant::from_nanos(4_000_000_000);
    /// The wall clock when the packet was read.
    const WALL_CLOCK: Duration = Duration::from_secs(1_800_000_000);

    fn arrived() -> Arrived {
        Arrived { not_before: NOT_BEFORE, read: Moment { monotonic: READ, wall_clock: WALL_CLOCK } }
    }

    fn arrival(timestamp: Duration) -> Instant {
        arrived().at(Some(timestamp))
    }

    #[test]
    fn a_packet_arrived_as_long_before_it_was_read_as_the_wall_clock_says() {
        let age = Duration::from_millis(300);
        assert_eq!(arrival(WALL_CLOCK - age), READ - age);
        assert_eq!(arrived().at(None), READ);
    }

    #[test]
    fn a_wall_clock_that_was_set_forward_makes_no_packet_older_than_it_can_be() {
        assert_eq!(arrival(WALL_CLOCK - Duration::from_secs(3600)), NOT_BEFORE);
    }

    #[test]
    fn a_wall_clock_that_was_set_back_makes_no_packet_come_from_the_future() {
        assert_eq!(arrival(WALL_CLOCK + Duration::from_secs(3600)), READ);
    }

    #[test]
    fn the_payload_begins_after_the_options_of_the_ipv4_header() {
        let mut bytes = [0; 28];
        bytes[0] = 0x46;
        bytes[8] = 255;
        bytes[12..16].copy_from_slice(&[192, 0, 2, 1]);
        bytes[16..20].copy_from_slice(&[224, 0, 0, 18]);
        bytes[24..].copy_from_slice(&[1, 2, 3, 4]);
        let packet = Packet::with_ipv4_header(&bytes, READ).unwrap();
        assert_eq!(packet.message, [1, 2, 3, 4]);
        assert_eq!(packet.source, Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(packet.destination, Ipv4Addr::new(224, 0, 0, 18));
        assert_eq!((packet.hop_limit, packet.arrival), (255, READ));
    }

    #[test]
    fn a_packet_shorter_than_its_ipv4_header_is_none() {
        assert_eq!(Packet::with_ipv4_header(&[0x45; 19], READ), None);
        assert_eq!(Packet::with_ipv4_header(&[0x4f; 40], READ), None);
        assert_eq!(Packet::with_ipv4_header(&[], READ), None);
    }

    #[test]
    fn a_time_is_read_only_if_it_is_whole_and_after_the_epoch() {
        let bytes =
            |seconds: i64, nanos: i64| [seconds.to_ne_bytes(), nanos.to_ne_bytes()].concat();
        assert_eq!(read_timespec(&bytes(7, 5)), Some(Duration::new(7, 5)));
        assert_eq!(read_timespec(&bytes(-1, 5)), None);
        assert_eq!(read_timespec(&bytes(7, -5)), None);
        assert_eq!(read_timespec(&bytes(7, 5)[..15]), None);
    }
}
