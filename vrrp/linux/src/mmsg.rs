//! Many packets with one system call (recvmmsg(2), sendmmsg(2)), and what the kernel says about each
//! (cmsg(3)).
#![allow(unsafe_code, reason = "no safe interface to these calls reads control messages in place")]

use std::fmt;
use std::io;
use std::mem::{self, size_of};
use std::net::Ipv6Addr;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use socket2::SockAddr;
use steadfast_vrrp::packet::MAX_LEN;

/// The most packets that are received with one call.
pub(crate) const BATCH: usize = 32;
/// The most packets that are sent with one call.
const SEND_BATCH: usize = 64;
/// The longest IPv4 header before the longest advertisement: what comes after is padding.
const PACKET: usize = 60 + MAX_LEN;
/// More than all that is asked for: a time, an address with an interface, a hop limit.
const CONTROL: usize = 128;

/// Where received packets are put.
pub(crate) struct Inbox {
    slots: Box<[Slot]>,
    filled: usize,
}

#[derive(Clone)]
struct Slot {
    name: libc::sockaddr_in6,
    control: [u8; CONTROL],
    control_len: usize,
    packet: [u8; PACKET],
    packet_len: usize,
}

impl Slot {
    const EMPTY: Self = Self {
        name: libc::sockaddr_in6 {
            sin6_family: 0,
            sin6_port: 0,
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
            sin6_scope_id: 0,
        },
        control: [0; CONTROL],
        control_len: 0,
        packet: [0; PACKET],
        packet_len: 0,
    };
}

/// A received packet.
#[derive(Debug)]
pub(crate) struct Datagram<'a> {
    /// Who sent it, over IPv6.
    pub(crate) ipv6_source: Ipv6Addr,
    /// What the kernel hands over of it: over IPv4 from the IP header on, over IPv6 the payload.
    pub(crate) bytes: &'a [u8],
    control: &'a [u8],
}

/// What the kernel says about a packet: level, type and data.
type ControlMessage<'a> = (libc::c_int, libc::c_int, &'a [u8]);

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Slot::EMPTY; BATCH].into(), filled: 0 }
    }

    /// Receives at most [`BATCH`] packets of a socket that is not of IPv4 and IPv6 at once; less
    /// means that there were no more.
    pub(crate) fn receive(&mut self, socket: impl AsFd) -> io::Result<usize> {
        self.filled = 0;
        // SAFETY: these C structures consist of integers and pointers, which may be zero.
        let mut vectors: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
        // SAFETY: likewise.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for ((slot, vector), header) in self.slots.iter_mut().zip(&mut vectors).zip(&mut headers) {
            vector.iov_base = slot.packet.as_mut_ptr().cast();
            vector.iov_len = slot.packet.len();
            let header = &mut header.msg_hdr;
            header.msg_name = (&raw mut slot.name).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_control = slot.control.as_mut_ptr().cast();
            header.msg_controllen = slot.control.len() as _;
        }
        // SAFETY: the kernel writes to the headers, of which there are BATCH, and to what they point
        // at: names, vectors, packets and control buffers of the sizes they state, each in a slot or
        // vector of its own, all of which outlive the call and are not touched during it.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_fd().as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        self.filled = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (slot, header) in self.slots.iter_mut().zip(&headers).take(self.filled) {
            slot.packet_len = usize::try_from(header.msg_len).unwrap_or(PACKET);
            #[allow(clippy::unnecessary_cast, reason = "it is of another type with musl")]
            let control_len = header.msg_hdr.msg_controllen as usize;
            slot.control_len = control_len;
        }
        Ok(self.filled)
    }

    /// What was received last.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.slots.iter().take(self.filled).map(|slot| Datagram {
            ipv6_source: Ipv6Addr::from(slot.name.sin6_addr.s6_addr),
            bytes: slot.packet.get(..slot.packet_len).unwrap_or(&slot.packet),
            control: slot.control.get(..slot.control_len).unwrap_or_default(),
        })
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.datagrams()).finish()
    }
}

impl<'a> Datagram<'a> {
    pub(crate) fn control_messages(&self) -> impl Iterator<Item = ControlMessage<'a>> {
        control_messages(self.control)
    }
}

/// Splits control messages as the kernel lays them out: a length that counts the header as well, a
/// level, a type, and data; then padding to whole words.
fn control_messages(mut bytes: &[u8]) -> impl Iterator<Item = ControlMessage<'_>> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (level, rest) = rest.split_first_chunk()?;
        let (kind, _) = rest.split_first_chunk()?;
        let length = usize::from_ne_bytes(*length);
        let header = size_of::<usize>() + 2 * size_of::<libc::c_int>();
        let data = bytes.get(header..length)?;
        let next = length.checked_next_multiple_of(size_of::<usize>())?;
        bytes = bytes.get(next..).unwrap_or_default();
        Some((libc::c_int::from_ne_bytes(*level), libc::c_int::from_ne_bytes(*kind), data))
    })
}

/// Sends packets, as many as one call may; says how many left. An error is about the first.
pub(crate) fn send<'a>(
    socket: impl AsFd,
    packets: impl IntoIterator<Item = (&'a SockAddr, &'a [u8])>,
) -> io::Result<usize> {
    // SAFETY: these C structures consist of integers and pointers, which may be zero.
    let mut vectors: [libc::iovec; SEND_BATCH] = unsafe { mem::zeroed() };
    // SAFETY: likewise.
    let mut headers: [libc::mmsghdr; SEND_BATCH] = unsafe { mem::zeroed() };
    let mut count: libc::c_uint = 0;
    for (((to, bytes), vector), header) in packets.into_iter().zip(&mut vectors).zip(&mut headers) {
        vector.iov_base = bytes.as_ptr().cast_mut().cast();
        vector.iov_len = bytes.len();
        let header = &mut header.msg_hdr;
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
        header.msg_iov = vector;
        header.msg_iovlen = 1;
        count += 1;
    }
    // SAFETY: the kernel reads the first `count` headers, of at most SEND_BATCH, and writes a length
    // to each; it only reads what they point at, addresses and bytes that are borrowed for longer
    // than the call, of the lengths stated.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_fd().as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Switches on an option of a socket that is a truth value.
pub(crate) fn enable(socket: impl AsFd, level: libc::c_int, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the kernel only reads the value, of the size stated, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};

    use super::*;

    fn socket() -> UdpSocket {
        UdpSocket::bind("[::1]:0").unwrap()
    }

    fn packets(count: usize, to: &UdpSocket) -> Vec<(SockAddr, Vec<u8>)> {
        let to: SocketAddr = to.local_addr().unwrap();
        (0..count).map(|n| (to.into(), format!("packet {n}").into_bytes())).collect()
    }

    fn borrowed(packets: &[(SockAddr, Vec<u8>)]) -> impl Iterator<Item = (&SockAddr, &[u8])> {
        packets.iter().map(|(to, bytes)| (to, bytes.as_slice()))
    }

    #[test]
    fn what_is_sent_with_one_call_is_received_with_few_in_order() {
        let (sender, receiver) = (socket(), socket());
        enable(&receiver, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS).unwrap();
        let packets = packets(BATCH + 8, &receiver);
        assert_eq!(send(&sender, borrowed(&packets)).unwrap(), BATCH + 8);

        let mut inbox = Inbox::new();
        let mut received = Vec::new();
        for count in [BATCH, 8] {
            assert_eq!(inbox.receive(&receiver).unwrap(), count);
            received.extend(inbox.datagrams().map(|datagram| datagram.bytes.to_vec()));
            for datagram in inbox.datagrams() {
                assert_eq!(datagram.ipv6_source, Ipv6Addr::LOCALHOST);
                let kinds = datagram.control_messages().map(|(level, kind, _)| (level, kind));
                let time = (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS);
                assert_eq!(kinds.collect::<Vec<_>>(), [time]);
            }
        }
        assert!(received.iter().eq(packets.iter().map(|(_, bytes)| bytes)));
        let nothing = inbox.receive(&receiver).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(inbox.datagrams().count(), 0);
    }

    #[test]
    fn more_than_one_call_may_send_is_left() {
        let (sender, receiver) = (socket(), socket());
        let packets = packets(SEND_BATCH + 1, &receiver);
        assert_eq!(send(&sender, borrowed(&packets)).unwrap(), SEND_BATCH);
        assert_eq!(send(&sender, []).unwrap(), 0);
    }

    #[test]
    fn an_error_is_about_the_first_packet_that_did_not_leave() {
        let (sender, receiver) = (socket(), socket());
        let mut packets = packets(3, &receiver);
        packets[1].0 = SocketAddr::from(([192, 0, 2, 1], 9)).into();
        assert_eq!(send(&sender, borrowed(&packets)).unwrap(), 1);
        send(&sender, borrowed(&packets[1..])).unwrap_err();
    }

    #[test]
    fn a_packet_longer_than_any_advertisement_is_cut() {
        let (sender, receiver) = (socket(), socket());
        sender.send_to(&[7; PACKET + 1], receiver.local_addr().unwrap()).unwrap();
        let mut inbox = Inbox::new();
        inbox.receive(&receiver).unwrap();
        assert_eq!(inbox.datagrams().next().unwrap().bytes, [7; PACKET]);
    }

    #[test]
    fn control_messages_that_are_cut_or_lie_about_their_length_end_the_list() {
        let whole = [&24_usize.to_ne_bytes()[..], &[1, 0, 0, 0, 2, 0, 0, 0], &[9; 8]].concat();
        assert_eq!(control_messages(&whole).collect::<Vec<_>>(), [(1, 2, &[9; 8][..])]);
        for length in 0..whole.len() {
            assert_eq!(control_messages(&whole[..length]).count(), 0);
        }
        for lie in [0_usize, 15, 25, usize::MAX] {
            let mut lying = whole.clone();
            lying[..size_of::<usize>()].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(control_messages(&lying).count(), 0);
        }
    }
}
