//! A program for the kernel (classic BPF, see socket(7)) that keeps away what is for nobody here: on a
//! LAN with many virtual routers, each advertisement of the others would wake us.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use socket2::SockFilter;
use steadfast_vrrp::Family;
use steadfast_vrrp::packet::{PROTOCOL, ah};

use crate::socket::Protocol;

// BPF_LDX | BPF_B | BPF_MSH: X is the length of the IPv4 header at this offset.
const IPV4_HEADER_LEN: u16 = 0xb1;
// BPF_LD | BPF_B | BPF_IND, BPF_LD | BPF_B | BPF_ABS: A is the byte at X and this offset, or at this.
const BYTE_AFTER_X: u16 = 0x50;
const BYTE: u16 = 0x30;
// BPF_LD | BPF_W | BPF_ABS: A is the word at this offset in network byte order, or a random number
// with SKF_AD_OFF + SKF_AD_RANDOM.
const WORD: u16 = 0x20;
const RANDOM: u32 = 0xffff_f038;
// BPF_ALU | BPF_AND | BPF_K, BPF_JMP | BPF_JEQ/JGT/JGE | BPF_K, BPF_RET | BPF_K.
const AND: u16 = 0x54;
const IF_EQUAL: u16 = 0x15;
const IF_GREATER: u16 = 0x25;
const IF_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

/// How much of a packet to keep.
const WHOLE: u32 = u32::MAX;
const NOTHING: u32 = 0;
/// Where a VRRP message has the VRID.
const VRID: u32 = 1;
/// Where an Authentication Header has the number of the protocol that it is for, and its length.
const NEXT_HEADER: u32 = 0;
const IPV4_HEADER: u32 = 20;
const AUTHENTICATION_HEADER: u32 = ah::OVERHEAD as u32 - IPV4_HEADER;
/// Where a netlink message has the port of who asked for what it is about, in the machine's byte order.
const NETLINK_PORT: u32 = 12;

/// Keeps nothing.
pub(crate) fn nothing() -> [SockFilter; 1] {
    [SockFilter::new(RETURN, 0, 0, NOTHING)]
}

/// Keeps netlink messages about what was not asked for from this port.
pub(crate) fn not_of_port(port: u32) -> [SockFilter; 4] {
    [
        SockFilter::new(WORD, 0, 0, NETLINK_PORT),
        SockFilter::new(IF_EQUAL, 0, 1, u32::from_be_bytes(port.to_ne_bytes())),
        SockFilter::new(RETURN, 0, 0, NOTHING),
        SockFilter::new(RETURN, 0, 0, WHOLE),
    ]
}

/// Keeps messages with one of these VRIDs, and of all others about one in `one_in`, a power of two,
/// lest nobody ever hears of a VRID that somebody got wrong.
///
/// Behind an Authentication Header what is not VRRP is not kept at all.
pub(crate) fn of_vrids(
    family: Family,
    protocol: Protocol,
    vrids: &BTreeSet<u8>,
    one_in: u32,
) -> Vec<SockFilter> {
    let mut program = match (family, protocol) {
        // A raw socket of IPv4 is handed the header as well (raw(7)).
        (Family::Ipv4, Protocol::Vrrp) => vec![
            SockFilter::new(IPV4_HEADER_LEN, 0, 0, 0),
            SockFilter::new(BYTE_AFTER_X, 0, 0, VRID),
        ],
        (Family::Ipv4, Protocol::AuthenticationHeader) => vec![
            SockFilter::new(IPV4_HEADER_LEN, 0, 0, 0),
            SockFilter::new(BYTE_AFTER_X, 0, 0, NEXT_HEADER),
            SockFilter::new(IF_EQUAL, 1, 0, PROTOCOL.into()),
            SockFilter::new(RETURN, 0, 0, NOTHING),
            SockFilter::new(BYTE_AFTER_X, 0, 0, AUTHENTICATION_HEADER + VRID),
        ],
        (Family::Ipv6, _) => vec![SockFilter::new(BYTE, 0, 0, VRID)],
    };
    for range in ranges(vrids) {
        program.extend([
            SockFilter::new(IF_GREATER, 2, 0, u32::from(*range.end())),
            SockFilter::new(IF_GREATER_OR_EQUAL, 0, 1, u32::from(*range.start())),
            SockFilter::new(RETURN, 0, 0, WHOLE),
        ]);
    }
    program.extend([
        SockFilter::new(WORD, 0, 0, RANDOM),
        SockFilter::new(AND, 0, 0, one_in.saturating_sub(1)),
        SockFilter::new(IF_EQUAL, 0, 1, 0),
        SockFilter::new(RETURN, 0, 0, WHOLE),
        SockFilter::new(RETURN, 0, 0, NOTHING),
    ]);
    program
}

/// The numbers as ranges, in order.
fn ranges(numbers: &BTreeSet<u8>) -> Vec<RangeInclusive<u8>> {
    let mut ranges: Vec<RangeInclusive<u8>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(*number) => {
                *last = *last.start()..=*number;
            }
            _ => ranges.push(*number..=*number),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use socket2::SockRef;

    use super::*;

    /// So rare that no test sees it.
    const NEVER: u32 = 1 << 31;

    /// Which of these packets the kernel keeps.
    fn kept<'a>(program: &[SockFilter], packets: &'a [Vec<u8>]) -> Vec<&'a Vec<u8>> {
        let (sender, receiver) = UnixDatagram::pair().unwrap();
        SockRef::from(&receiver).attach_filter(program).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let is_kept = |packet: &&Vec<u8>| {
            sender.send(packet).unwrap();
            let mut buffer = [0; 128];
            receiver.recv(&mut buffer).is_ok_and(|length| buffer[..length] == packet[..])
        };
        packets.iter().filter(is_kept).collect()
    }

    fn message(vrid: u8) -> Vec<u8> {
        vec![0x31, vrid, 100, 1, 0, 100, 0, 0, 192, 0, 2, vrid]
    }

    /// The message behind an IPv4 header with that many words of options.
    fn ipv4(vrid: u8, options: u8) -> Vec<u8> {
        let header_words = 5 + options;
        let mut packet = vec![vrid; usize::from(header_words) * 4];
        packet[0] = 0x40 | header_words;
        packet.extend(message(vrid));
        packet
    }

    #[test]
    fn messages_of_configured_vrids_are_kept_and_no_others() {
        let all: Vec<_> = (0..=255).map(message).collect();
        let sets: [&[u8]; 5] =
            [&[1], &[255], &[1, 2, 3, 7, 9, 10, 254, 255], &[2, 4, 6, 8], &[51, 52, 53]];
        for vrids in sets {
            let program =
                of_vrids(Family::Ipv6, Protocol::Vrrp, &vrids.iter().copied().collect(), NEVER);
            let kept: Vec<_> = kept(&program, &all).iter().map(|message| message[1]).collect();
            assert_eq!(kept, vrids);
        }
    }

    #[test]
    fn every_second_of_all_vrids_still_makes_a_program_that_the_kernel_takes() {
        let odd: BTreeSet<u8> = (1..=255).step_by(2).collect();
        let program = of_vrids(Family::Ipv6, Protocol::Vrrp, &odd, NEVER);
        let all: Vec<_> = (0..=255).map(message).collect();
        assert_eq!(kept(&program, &all).len(), 128);
    }

    #[test]
    fn over_ipv4_the_message_is_looked_for_behind_the_header_and_its_options() {
        let program = of_vrids(Family::Ipv4, Protocol::Vrrp, &[51].into(), NEVER);
        let packets = [ipv4(51, 0), ipv4(52, 0), ipv4(51, 10), ipv4(52, 10)];
        assert_eq!(kept(&program, &packets), [&packets[0], &packets[2]]);
    }

    #[test]
    fn behind_an_authentication_header_messages_of_configured_vrids_are_kept_and_nothing_else() {
        let protocol = Protocol::AuthenticationHeader;
        let program = of_vrids(Family::Ipv4, protocol, &[51].into(), 1);
        let of = |next_header: u8, vrid: u8| {
            let mut packet = vec![0; ah::OVERHEAD];
            (packet[0], packet[20]) = (0x45, next_header);
            packet.extend(message(vrid));
            packet
        };
        let packets = [of(112, 51), of(6, 51), of(50, 51)];
        assert_eq!(kept(&program, &packets), [&packets[0]]);
        let program = of_vrids(Family::Ipv4, protocol, &[51].into(), NEVER);
        let packets = [of(112, 51), of(112, 52), of(112, 51)[..40].to_vec()];
        assert_eq!(kept(&program, &packets), [&packets[0]]);
    }

    #[test]
    fn netlink_messages_of_a_port_are_not_kept() {
        let of_port = |port: u32| [&[0; 12][..], &port.to_ne_bytes(), &[0; 4]].concat();
        let messages = [of_port(0x0102_0304), of_port(0x0403_0201), of_port(0)];
        assert_eq!(kept(&not_of_port(0x0102_0304), &messages), [&messages[1], &messages[2]]);
    }

    #[test]
    fn a_packet_that_ends_before_its_vrid_is_not_kept() {
        let program = of_vrids(Family::Ipv4, Protocol::Vrrp, &[51].into(), NEVER);
        assert!(kept(&program, &[vec![0x45], vec![0x45; 20], vec![0x4f; 60]]).is_empty());
    }

    #[test]
    fn of_unknown_vrids_some_are_kept() {
        let unknown = vec![message(52); 2000];
        let one_in_64 =
            kept(&of_vrids(Family::Ipv6, Protocol::Vrrp, &[51].into(), 64), &unknown).len();
        // 31 are to be expected; it is less than once in 10^12 that there is none or twice as many.
        assert!((1..=90).contains(&one_in_64), "{one_in_64}");
        assert_eq!(
            kept(&of_vrids(Family::Ipv6, Protocol::Vrrp, &[51].into(), 1), &unknown).len(),
            2000
        );
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(kept(&nothing(), &[message(51)]).is_empty());
    }
}
