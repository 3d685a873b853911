extern crate std;

use core::net::IpAddr;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// What keepalived 2.2.7 put on a veth pair; the message-only checksum is calculated.
struct Captured {
    bytes: &'static [u8],
    source: &'static str,
    vrid: u8,
    priority: u8,
    centis: u16,
    addresses: &'static [&'static str],
    format: Format,
}

impl Captured {
    fn carrier(&self) -> Carrier {
        let source: IpAddr = self.source.parse().unwrap();
        Carrier::new(
            source,
            match source {
                IpAddr::V4(_) => MULTICAST_IPV4.into(),
                IpAddr::V6(_) => MULTICAST_IPV6.into(),
            },
        )
        .unwrap()
    }
}

fn captured() -> [Captured; 5] {
    const PSEUDO_HEADER: Format = Format::V3 { checksum: ChecksumForm::PseudoHeader };
    let password = Password::new(b"opensesa").unwrap();
    let authentication = Authentication::SimplePassword(password);
    [
        Captured {
            bytes: &[
                0x21, 0x07, 0x78, 0x03, 0x01, 0x01, 0x2b, 0xac, 0xc6, 0x33, 0x64, 0x01, 0xc6, 0x33,
                0x64, 0x02, 0xc6, 0x33, 0x64, 0x03, 0x6f, 0x70, 0x65, 0x6e, 0x73, 0x65, 0x73, 0x61,
            ],
            source: "198.51.100.77",
            vrid: 7,
            priority: 120,
            centis: 100,
            addresses: &["198.51.100.1", "198.51.100.2", "198.51.100.3"],
            format: Format::V2 { authentication },
        },
        Captured {
            bytes: &[0x31, 0x08, 0xc8, 0x01, 0x00, 0x32, 0xd1, 0x77, 0xc6, 0x33, 0x64, 0x08],
            source: "198.51.100.77",
            vrid: 8,
            priority: 200,
            centis: 50,
            addresses: &["198.51.100.8"],
            format: PSEUDO_HEADER,
        },
        Captured {
            bytes: &[0x31, 0x09, 0xc9, 0x01, 0x00, 0x19, 0xdb, 0x9e, 0xc6, 0x33, 0x64, 0x09],
            source: "198.51.100.77",
            vrid: 9,
            priority: 201,
            centis: 25,
            addresses: &["198.51.100.9"],
            format: Format::V3 { checksum: ChecksumForm::MessageOnly },
        },
        Captured {
            bytes: &[
                0x31, 0x0a, 0xca, 0x02, 0x00, 0x64, 0xdb, 0x0e, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0x05, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0x05,
            ],
            source: "fe80::ff:fe00:7",
            vrid: 10,
            priority: 202,
            centis: 100,
            addresses: &["fe80::5", "2001:db8:7::5"],
            format: PSEUDO_HEADER,
        },
        Captured {
            bytes: &[0x31, 0x08, 0x00, 0x01, 0x00, 0x32, 0x99, 0x78, 0xc6, 0x33, 0x64, 0x08],
            source: "198.51.100.77",
            vrid: 8,
            priority: 0,
            centis: 50,
            addresses: &["198.51.100.8"],
            format: PSEUDO_HEADER,
        },
    ]
}

#[test]
fn captured_packets_decode_to_what_was_configured() {
    for packet in captured() {
        let decoded = decode(packet.bytes, packet.carrier(), DecodePolicy::default()).unwrap();
        let advertisement = decoded.advertisement;
        assert_eq!(advertisement.vrid.get(), packet.vrid);
        assert_eq!(advertisement.priority, Priority::from_wire(packet.priority));
        assert_eq!(advertisement.interval.as_centis(), packet.centis);
        let addresses: Vec<_> = advertisement.addresses.iter().map(|it| it.to_string()).collect();
        assert_eq!(addresses, packet.addresses);
        assert_eq!(advertisement.format, packet.format);
        assert_eq!(decoded.trailing, []);
    }
}

#[test]
fn captured_packets_encode_to_the_same_bytes() {
    for packet in captured() {
        let decoded = decode(packet.bytes, packet.carrier(), DecodePolicy::default()).unwrap();
        let mut buffer = [0xff; 64];
        let length = decoded.advertisement.encode(packet.carrier(), &mut buffer).unwrap();
        assert_eq!(&buffer[..length], packet.bytes);
        assert!(buffer[length..].iter().all(|byte| *byte == 0xff), "wrote beyond its end");
    }
}

#[test]
fn every_single_bit_flip_is_caught() {
    for packet in captured() {
        for bit in 0..packet.bytes.len() * 8 {
            let mut bytes = packet.bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let result = decode(&bytes, packet.carrier(), DecodePolicy::default());
            assert!(result.is_err(), "bit {bit} of {:?}", packet.bytes);
        }
    }
}

#[test]
fn a_wrong_checksum_is_named_with_the_right_one() {
    let packet = &captured()[1];
    let mut bytes = packet.bytes.to_vec();
    bytes[6..8].copy_from_slice(&[0x12, 0x34]);
    let error = decode(&bytes, packet.carrier(), DecodePolicy::default()).unwrap_err();
    assert_eq!(error, DecodeError::Checksum { found: 0x1234, expected: 0xd177 });
}

#[test]
fn a_sum_that_matches_both_ways_counts_as_the_pseudo_header_form() {
    // Source, destination, protocol and length add up to 0xffff, which is zero.
    let carrier = Carrier::V4 {
        source: Ipv4Addr::new(0x1f, 0x00, 0x00, 0x71),
        destination: Ipv4Addr::new(0xe0, 0x00, 0x00, 0x12),
    };
    let mut bytes = captured()[2].bytes.to_vec();
    let decoded = decode(&bytes, carrier, DecodePolicy::default()).unwrap();
    let both = Format::V3 { checksum: ChecksumForm::PseudoHeader };
    assert_eq!(decoded.advertisement.format, both);

    bytes[7] ^= 1;
    assert!(decode(&bytes, carrier, DecodePolicy::default()).is_err());
}

#[test]
fn v2_over_ipv6_is_refused() {
    let bytes = captured()[0].bytes;
    let carrier = captured()[3].carrier();
    let error = decode(bytes, carrier, DecodePolicy::default()).unwrap_err();
    assert_eq!(error, DecodeError::Version2OverIpv6);
}

#[test]
fn vrid_0_is_refused() {
    let bytes = [0x31, 0, 100, 1, 0, 100, 0x6a, 0x98, 0, 0, 0, 0];
    let error = decode(&bytes, captured()[1].carrier(), DecodePolicy::default()).unwrap_err();
    let DecodeError::Checksum { expected, .. } = error else { panic!("{error}") };
    let mut bytes = bytes;
    bytes[6..8].copy_from_slice(&expected.to_be_bytes());
    let error = decode(&bytes, captured()[1].carrier(), DecodePolicy::default()).unwrap_err();
    assert_eq!(error, DecodeError::Vrid);
}

#[test]
fn a_buffer_one_byte_short_is_refused_and_left_alone() {
    for packet in captured() {
        let decoded = decode(packet.bytes, packet.carrier(), DecodePolicy::default()).unwrap();
        let needed = packet.bytes.len();
        let mut buffer = vec![0xff; needed - 1];
        let error = decoded.advertisement.encode(packet.carrier(), &mut buffer).unwrap_err();
        assert_eq!(error, EncodeError::Buffer { available: needed - 1, needed });
        assert!(buffer.iter().all(|byte| *byte == 0xff));
    }
}

#[test]
fn what_the_wire_cannot_carry_is_not_encoded() {
    let [v2, v3, .., v6, _] = captured();
    let decoded = decode(v3.bytes, v3.carrier(), DecodePolicy::default()).unwrap();
    let good = decoded.advertisement;
    let encode = |advertisement: Advertisement<'_>, carrier| {
        advertisement.encode(carrier, &mut [0; MAX_LEN]).unwrap_err()
    };

    let version = Version::V3;
    let interval = AdverInterval::from_centis(4096).unwrap();
    let error = encode(Advertisement { interval, ..good }, v3.carrier());
    assert_eq!(error, EncodeError::Interval { version, interval });

    let (interval, version) = (good.interval, Version::V2);
    let error = encode(Advertisement { format: v2.format, ..good }, v3.carrier());
    assert_eq!(error, EncodeError::Interval { version, interval });

    let error = encode(good, v6.carrier());
    assert!(matches!(error, EncodeError::Family { .. }), "{error}");

    let list = vec![[10, 0, 0, 1]; 256];
    let addresses = Addresses::v4(&list);
    let error = encode(Advertisement { addresses, ..good }, v3.carrier());
    assert_eq!(error, EncodeError::AddressCount { count: 256 });
}

#[test]
fn an_advertisement_for_no_address_is_taken_only_where_that_is_tolerated() {
    let carrier = Carrier::V4 { source: "192.0.2.1".parse().unwrap(), destination: MULTICAST_IPV4 };
    let advertisement = Advertisement {
        vrid: Vrid::new(5).unwrap(),
        priority: Priority::from_wire(100),
        interval: AdverInterval::from_centis(100).unwrap(),
        addresses: Addresses::v4(&[]),
        format: Format::V3 { checksum: ChecksumForm::PseudoHeader },
    };
    let mut buffer = [0; 8];
    assert_eq!(advertisement.encode(carrier, &mut buffer), Ok(8));
    let strict = decode(&buffer, carrier, DecodePolicy::default());
    assert_eq!(strict.unwrap_err(), DecodeError::NoAddresses);
    let tolerant = DecodePolicy { no_addresses: true, ..DecodePolicy::default() };
    assert_eq!(decode(&buffer, carrier, tolerant).unwrap().advertisement, advertisement);
}

fn carrier() -> impl Strategy<Value = Carrier> {
    prop_oneof![
        (any::<Ipv4Addr>(), any::<Ipv4Addr>())
            .prop_map(|(source, destination)| Carrier::V4 { source, destination }),
        (any::<Ipv6Addr>(), any::<Ipv6Addr>())
            .prop_map(|(source, destination)| Carrier::V6 { source, destination }),
    ]
}

fn format() -> impl Strategy<Value = Format> {
    let authentication = prop_oneof![
        Just(Authentication::None),
        Just(Authentication::AuthenticationHeader),
        (3..=255u8).prop_map(Authentication::Other),
        any::<[u8; 8]>()
            .prop_filter_map("empty", |it| Password::new(&it).ok())
            .prop_map(Authentication::SimplePassword),
    ];
    prop_oneof![
        authentication.prop_map(|authentication| Format::V2 { authentication }),
        Just(Format::V3 { checksum: ChecksumForm::PseudoHeader }),
        Just(Format::V3 { checksum: ChecksumForm::MessageOnly }),
    ]
}

/// Any policy that can tell one form from the other, so that what is decoded is what was meant.
fn exact(format: Format) -> DecodePolicy {
    let checksum = match format {
        Format::V3 { checksum } => ChecksumPolicy::Only(checksum),
        Format::V2 { .. } => ChecksumPolicy::Either,
    };
    DecodePolicy { checksum, link_local_first: false, no_addresses: true }
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_it_back(
        vrid in 1..=255u8,
        priority in any::<u8>(),
        centis in 1..=4095u16,
        seconds in 1..=255u8,
        v4 in proptest::collection::vec(any::<[u8; 4]>(), 0..=255),
        v6 in proptest::collection::vec(any::<[u8; 16]>(), 0..=255),
        carrier in carrier(),
        format in format(),
    ) {
        let (addresses, format) = match carrier {
            Carrier::V4 { .. } => (Addresses::v4(&v4), format),
            Carrier::V6 { .. } => {
                (Addresses::v6(&v6), Format::V3 { checksum: ChecksumForm::PseudoHeader })
            }
        };
        let interval = match format {
            Format::V2 { .. } => AdverInterval::from_secs(seconds).unwrap(),
            Format::V3 { .. } => AdverInterval::from_centis(centis).unwrap(),
        };
        let advertisement = Advertisement {
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority::from_wire(priority),
            interval,
            addresses,
            format,
        };
        let mut buffer = [0xaa; MAX_LEN];
        let length = advertisement.encode(carrier, &mut buffer).unwrap();
        prop_assert_eq!(length, advertisement.encoded_len());
        let decoded = decode(&buffer[..length], carrier, exact(format)).unwrap();
        prop_assert_eq!(decoded, Decoded { advertisement, trailing: &[] });
    }

    /// Arbitrary bytes with a sound beginning and checksum, so that many of them decode.
    #[test]
    fn encoding_what_was_decoded_gives_it_back_but_for_ignored_bits(
        first in prop_oneof![Just(0x21u8), Just(0x31u8), any::<u8>()],
        count in prop_oneof![0..5u8, any::<u8>()],
        rest in proptest::collection::vec(any::<u8>(), 0..120),
        carrier in carrier(),
    ) {
        let mut bytes = vec![first];
        bytes.extend(rest);
        if let Some(it) = bytes.get_mut(3) {
            *it = count;
        }
        let policy = DecodePolicy { link_local_first: false, ..DecodePolicy::default() };
        if let Err(DecodeError::Checksum { expected, .. }) = decode(&bytes, carrier, policy) {
            bytes[6..8].copy_from_slice(&expected.to_be_bytes());
        }
        let Ok(decoded) = decode(&bytes, carrier, policy) else { return Ok(()) };

        let mut buffer = [0; MAX_LEN];
        let length = decoded.advertisement.encode(carrier, &mut buffer).unwrap();
        prop_assert_eq!(length + decoded.trailing.len(), bytes.len());
        let again = decode(&buffer[..length], carrier, exact(decoded.advertisement.format)).unwrap();
        prop_assert_eq!(again.advertisement, decoded.advertisement);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        carrier in carrier(),
    ) {
        let _ = decode(&bytes, carrier, DecodePolicy::default());
    }
}
