use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::packet::{
    self, Carrier, ChecksumForm, ChecksumPolicy, DecodeError, DecodePolicy, Decoded, MAX_LEN,
    MULTICAST_IPV4, MULTICAST_IPV6,
};

use crate::input::Input;

/// Decodes arbitrary bytes as a VRRP message. The first byte says how it came and what is tolerated.
///
/// It must not panic; what it accepts it must be able to write again, and read again as the same;
/// with the checksum that it says would be right it must not complain of the checksum.
pub fn vrrp_decode(data: &[u8]) {
    let mut input = Input::new(data);
    let (carrier, policy) = circumstances(&mut input);
    let bytes = input.rest();
    match packet::decode(bytes, carrier, policy) {
        Ok(decoded) => check(bytes, carrier, policy, &decoded),
        Err(DecodeError::Checksum { expected, .. }) => {
            let mut sealed = bytes.to_vec();
            sealed[6..8].copy_from_slice(&expected.to_be_bytes());
            match packet::decode(&sealed, carrier, policy) {
                Ok(decoded) => check(&sealed, carrier, policy, &decoded),
                Err(error) => {
                    assert!(!matches!(error, DecodeError::Checksum { .. }), "{error} after all");
                }
            }
        }
        Err(_) => {}
    }
}

fn circumstances(input: &mut Input<'_>) -> (Carrier, DecodePolicy) {
    let choices = input.u8();
    let carrier = match choices & 1 {
        0 => Carrier::V4 { source: Ipv4Addr::new(192, 0, 2, 1), destination: MULTICAST_IPV4 },
        _ => Carrier::V6 {
            source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
            destination: MULTICAST_IPV6,
        },
    };
    let checksum = match choices >> 1 & 3 {
        0 => ChecksumPolicy::Only(ChecksumForm::PseudoHeader),
        1 => ChecksumPolicy::Only(ChecksumForm::MessageOnly),
        _ => ChecksumPolicy::default(),
    };
    let policy = DecodePolicy {
        checksum,
        link_local_first: choices & 8 == 0,
        no_addresses: choices & 16 != 0,
    };
    (carrier, policy)
}

fn check(bytes: &[u8], carrier: Carrier, policy: DecodePolicy, decoded: &Decoded<'_>) {
    let Decoded { advertisement, trailing } = decoded;
    assert_eq!(advertisement.encoded_len() + trailing.len(), bytes.len());
    assert_eq!(packet::peek_vrid(bytes), Some(advertisement.vrid.get()));
    assert!(advertisement.addresses.iter().all(|address| match address {
        IpAddr::V4(_) => matches!(carrier, Carrier::V4 { .. }),
        IpAddr::V6(_) => matches!(carrier, Carrier::V6 { .. }),
    }));

    let mut again = [0; MAX_LEN];
    let length = advertisement.encode(carrier, &mut again).expect("what was read can be written");
    let reread = packet::decode(&again[..length], carrier, policy).expect("and read again");
    assert_eq!(reread.advertisement, *advertisement);
}
