use std::net::Ipv4Addr;

use steadfast_vrrp::packet::Password;
use steadfast_vrrp::packet::ah::{self, Envelope, OVERHEAD, Opened, SequenceNumber};

use crate::input::Input;

/// What an IPv4 router may change: type of service, flags and fragment offset, TTL, checksum.
const MUTABLE: [usize; 6] = [1, 6, 7, 8, 10, 11];

/// Opens arbitrary bytes as an IPv4 packet with an Authentication Header: it must not panic. Then
/// seals an arbitrary message: it must open to the same, and not once a bit has been flipped.
pub fn vrrp_ah(data: &[u8]) {
    let key = Password::new(b"secret").expect("six bytes are a password");
    if let Ok(opened) = ah::open(data, &key) {
        assert_eq!(ah::peek_message(data), Some(opened.message));
        open_sealed(&opened, &key);
    }

    let mut input = Input::new(data);
    let envelope = Envelope {
        source: Ipv4Addr::from(input.bytes()),
        destination: Ipv4Addr::from(input.bytes()),
        ttl: input.u8(),
        sequence: SequenceNumber::new(u32::from_be_bytes(input.bytes())),
    };
    let bit = usize::from(input.u16());
    let message = input.slice(usize::from(u16::MAX) - OVERHEAD);
    let mut packet = open_sealed(&Opened { envelope, message }, &key);
    let bit = bit % (packet.len() * 8);
    if !MUTABLE.contains(&(bit / 8)) {
        packet[bit / 8] ^= 1 << (bit % 8);
        assert!(ah::open(&packet, &key).is_err(), "bit {bit}");
    }
}

fn open_sealed(what: &Opened<'_>, key: &Password) -> Vec<u8> {
    let Opened { envelope, message } = what;
    let mut packet = vec![0; OVERHEAD + message.len()];
    let length = envelope.seal(key, &mut packet, |room| {
        room.copy_from_slice(message);
        Ok(message.len())
    });
    assert_eq!(length, Ok(packet.len()));
    assert_eq!(ah::open(&packet, key), Ok(*what));
    packet
}
