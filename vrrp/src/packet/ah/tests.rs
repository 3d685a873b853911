extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::{MULTICAST_IPV4, TTL};
use super::*;

/// What keepalived 2.2.7 put on a veth pair, with the password `secret`: VRID 53, priority 100, every
/// second, for 192.0.2.100.
const CAPTURED: [u8; 64] = [
    0x45, 0xc0, 0x00, 0x40, 0x00, 0x01, 0x00, 0x00, 0xff, 0x33, 0x18, 0xb6, 0xc0, 0x00, 0x02, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x70, 0x04, 0x00, 0x00, 0xc0, 0x00, 0x02, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x33, 0x22, 0x3e, 0x33, 0x1c, 0xb3, 0xe9, 0xa4, 0x8f, 0x9b, 0xe0, 0xd7, 0x21, 0x35, 0x64, 0x01,
    0x02, 0x01, 0xb6, 0x63, 0xc0, 0x00, 0x02, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];

/// The same to 192.0.2.2 alone.
const CAPTURED_UNICAST: [u8; 64] = [
    0x45, 0xc0, 0x00, 0x40, 0x00, 0x01, 0x00, 0x00, 0xff, 0x33, 0x36, 0xc6, 0xc0, 0x00, 0x02, 0x01,
    0xc0, 0x00, 0x02, 0x02, 0x70, 0x04, 0x00, 0x00, 0xc0, 0x00, 0x02, 0x01, 0x00, 0x00, 0x00, 0x01,
    0xac, 0xee, 0x58, 0x8e, 0x88, 0xbb, 0xb4, 0xf1, 0xc3, 0x4d, 0xd1, 0x2d, 0x21, 0x35, 0x64, 0x01,
    0x02, 0x01, 0xb6, 0x63, 0xc0, 0x00, 0x02, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];

fn key() -> Password {
    Password::new(b"secret").unwrap()
}

fn envelope() -> Envelope {
    Envelope {
        source: Ipv4Addr::new(192, 0, 2, 1),
        destination: MULTICAST_IPV4,
        ttl: TTL,
        sequence: SequenceNumber::new(1),
    }
}

fn unicast() -> Envelope {
    Envelope { destination: Ipv4Addr::new(192, 0, 2, 2), ..envelope() }
}

fn sealed(envelope: Envelope, key: &Password, message: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0xff; OVERHEAD + message.len()];
    let length = envelope.seal(key, &mut buffer, |room| {
        room[..message.len()].copy_from_slice(message);
        Ok(message.len())
    });
    assert_eq!(length, Ok(buffer.len()));
    buffer
}

#[test]
fn a_captured_packet_verifies_and_is_what_it_seems() {
    for (bytes, envelope) in [(&CAPTURED, envelope()), (&CAPTURED_UNICAST, unicast())] {
        let opened = open(bytes, &key()).unwrap();
        assert_eq!(opened.envelope, envelope);
        assert_eq!(opened.message, &bytes[OVERHEAD..]);
        assert_eq!(peek_message(bytes), Some(opened.message));
    }
}

#[test]
fn sealing_what_was_captured_gives_the_same_bytes() {
    assert_eq!(sealed(envelope(), &key(), &CAPTURED[OVERHEAD..]), CAPTURED);
    assert_eq!(sealed(unicast(), &key(), &CAPTURED_UNICAST[OVERHEAD..]), CAPTURED_UNICAST);
}

#[test]
fn a_captured_packet_does_not_verify_with_another_password() {
    let other = Password::new(b"Secret").unwrap();
    assert_eq!(open(&CAPTURED, &other), Err(OpenError::IntegrityCheckValue));
}

/// Type of service, flags and fragment offset, checksum.
const MUTABLE: [usize; 5] = [1, 6, 7, 10, 11];
/// Of packets to one router alone.
const TTL_FIELD: usize = 8;

fn is_mutable(packet: &[u8], at: usize) -> bool {
    let to_group = packet[16] >> 4 == 0xe;
    MUTABLE.contains(&at) || (at == TTL_FIELD && !to_group)
}

#[test]
fn every_single_bit_flip_outside_of_mutable_fields_is_caught() {
    for captured in [CAPTURED, CAPTURED_UNICAST] {
        for bit in 0..captured.len() * 8 {
            let mut bytes = captured;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let may_change = is_mutable(&captured, bit / 8);
            assert_eq!(open(&bytes, &key()).is_ok(), may_change, "bit {bit}");
        }
    }
}

#[test]
fn what_routers_may_change_is_not_authenticated() {
    let mut bytes = CAPTURED;
    for byte in MUTABLE {
        bytes[byte] = 0x5a;
    }
    assert_eq!(open(&bytes, &key()), open(&CAPTURED, &key()));
}

#[test]
fn a_packet_to_one_router_alone_may_be_forwarded() {
    let mut bytes = CAPTURED_UNICAST;
    bytes[TTL_FIELD] = 254;
    let opened = open(&bytes, &key()).unwrap();
    assert_eq!(opened.envelope, Envelope { ttl: 254, ..unicast() });
}

#[test]
fn the_identification_is_never_zero_which_linux_would_replace() {
    let sequence = SequenceNumber::new(0x0001_0000);
    let bytes = sealed(Envelope { sequence, ..envelope() }, &key(), &[]);
    assert_eq!(bytes[4..6], [0, 1]);
}

#[test]
fn what_comes_after_the_packet_is_ignored() {
    let padded = [&CAPTURED[..], &[0; 6]].concat();
    assert_eq!(open(&padded, &key()), open(&CAPTURED, &key()));
}

#[test]
fn a_packet_that_ends_early_is_truncated() {
    for length in 0..CAPTURED.len() {
        let error = open(&CAPTURED[..length], &key()).unwrap_err();
        assert!(matches!(error, OpenError::Truncated { .. }), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let cases = [
        (0, 0x46, OpenError::Ipv4Header { found: 0x46 }),
        (3, OVERHEAD as u8 - 1, OpenError::Truncated { length: 64, needed: OVERHEAD }),
        (9, 112, OpenError::Protocol { found: 112 }),
        (20, 6, OpenError::NextHeader { found: 6 }),
        (21, 5, OpenError::HeaderLength { found: 5 }),
        (
            27,
            9,
            OpenError::SecurityParametersIndex {
                found: Ipv4Addr::new(192, 0, 2, 9),
                source_address: Ipv4Addr::new(192, 0, 2, 1),
            },
        ),
    ];
    for (at, byte, expected) in cases {
        let mut bytes = CAPTURED;
        bytes[at] = byte;
        assert_eq!(open(&bytes, &key()), Err(expected));
    }
}

#[test]
fn a_buffer_without_room_for_the_headers_is_refused() {
    let mut buffer = [0; OVERHEAD - 1];
    let error = envelope().seal(&key(), &mut buffer, |_| Ok(0)).unwrap_err();
    assert_eq!(error, EncodeError::Buffer { available: OVERHEAD - 1, needed: OVERHEAD });
}

#[test]
fn the_last_number_has_no_successor() {
    let last = SequenceNumber::new(u32::MAX);
    assert_eq!(last.later(1), last);
    assert_eq!(SequenceNumber::new(7).later(1), SequenceNumber::new(8));
}

prop_compose! {
    fn any_envelope()(
        source in any::<Ipv4Addr>(),
        destination in any::<Ipv4Addr>(),
        ttl in any::<u8>(),
        sequence in any::<u32>(),
    ) -> Envelope {
        Envelope { source, destination, ttl, sequence: SequenceNumber::new(sequence) }
    }
}

fn any_key() -> impl Strategy<Value = Password> {
    any::<[u8; 8]>().prop_filter_map("empty", |bytes| Password::new(&bytes).ok())
}

proptest! {
    #[test]
    fn what_was_sealed_opens_to_the_same(
        envelope in any_envelope(),
        key in any_key(),
        message in proptest::collection::vec(any::<u8>(), 0..1100),
    ) {
        let bytes = sealed(envelope, &key, &message);
        prop_assert_eq!(open(&bytes, &key), Ok(Opened { envelope, message: &message }));
        prop_assert_eq!(Sum::default().add(&bytes[..IPV4_LEN]).checksum(), 0);
    }

    #[test]
    fn a_changed_byte_outside_of_mutable_fields_is_caught(
        envelope in any_envelope(),
        key in any_key(),
        message in proptest::collection::vec(any::<u8>(), 0..100),
        at in any::<proptest::sample::Index>(),
        change in 1..=255u8,
    ) {
        let mut bytes = sealed(envelope, &key, &message);
        let at = at.index(bytes.len());
        prop_assume!(!is_mutable(&bytes, at));
        bytes[at] ^= change;
        prop_assert!(open(&bytes, &key).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = open(&bytes, &key());
        let headed = [&CAPTURED[..3], &bytes].concat();
        let _ = open(&headed, &key());
        let _ = peek_message(&headed);
    }
}
