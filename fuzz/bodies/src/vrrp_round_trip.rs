use std::net::{Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::packet::{
    self, Addresses, Advertisement, Authentication, Carrier, ChecksumForm, ChecksumPolicy,
    DecodePolicy, Format, MAX_LEN, Password,
};
use steadfast_vrrp::{Family, Priority};

use crate::input::Input;

/// Makes an advertisement of the bytes, writes it, and reads it again: it must be the same, unless
/// it was refused. Then one bit is flipped: that must be noticed, or make no difference.
pub fn vrrp_round_trip(data: &[u8]) {
    let mut input = Input::new(data);
    let family = if input.bool() { Family::Ipv6 } else { Family::Ipv4 };
    let carrier = Carrier::new(input.address(family), input.address(family)).expect("one family");
    let flipped = usize::from(input.u16());
    let room = usize::from(input.u16()) % (MAX_LEN + 1);
    let format = format(&mut input);
    let (vrid, interval) = (input.vrid(), input.interval());
    let priority = Priority::new(input.u8()).ok();
    let (v4, v6) = addresses(&mut input);
    let advertisement = Advertisement {
        vrid,
        priority,
        interval,
        addresses: match family {
            Family::Ipv4 => Addresses::v4(&v4),
            Family::Ipv6 => Addresses::v6(&v6),
        },
        format,
    };

    let mut buffer = [0xa5; MAX_LEN];
    let Ok(length) = advertisement.encode(carrier, &mut buffer) else {
        assert!(!is_valid(&advertisement), "a valid advertisement is refused: {advertisement:?}");
        return;
    };
    assert!(is_valid(&advertisement), "an invalid advertisement is written: {advertisement:?}");
    assert_eq!(length, advertisement.encoded_len());
    assert!(buffer[length..].iter().all(|byte| *byte == 0xa5), "written past its end");
    let fits = advertisement.encode(carrier, &mut [0; MAX_LEN][..room]).is_ok();
    assert_eq!(fits, length <= room);

    let policy =
        DecodePolicy { link_local_first: false, no_addresses: true, ..DecodePolicy::default() };
    let same_form = DecodePolicy { checksum: only(format), ..policy };
    let decoded = packet::decode(&buffer[..length], carrier, same_form).expect("what was written");
    assert_eq!(as_sent(decoded.advertisement), as_sent(advertisement));
    assert!(decoded.trailing.is_empty());

    buffer[flipped / 8 % length] ^= 1 << (flipped % 8);
    let damaged = packet::decode(&buffer[..length], carrier, policy);
    // One bit may turn the one form of checksum into the other.
    let either = matches!(format, Format::V3 { .. }) && family == Family::Ipv4;
    assert!(either || damaged.is_err(), "a flipped bit is not noticed: {damaged:?}");
}

/// Where the addresses of the packet add up to nothing, both forms are the same.
fn only(format: Format) -> ChecksumPolicy {
    match format {
        Format::V2 { .. } => ChecksumPolicy::Either,
        Format::V3 { checksum } => ChecksumPolicy::Only(checksum),
    }
}

fn format(input: &mut Input<'_>) -> Format {
    match input.u8() % 6 {
        0 => Format::V2 { authentication: Authentication::None },
        1 => {
            let bytes = input.bytes::<8>();
            let length = usize::from(input.u8() % 9);
            Format::V2 {
                authentication: Password::new(&bytes[..length])
                    .map_or(Authentication::None, Authentication::SimplePassword),
            }
        }
        2 => Format::V2 { authentication: Authentication::AuthenticationHeader },
        3 => Format::V2 { authentication: Authentication::Other(input.u8().max(3)) },
        4 => Format::V3 { checksum: ChecksumForm::MessageOnly },
        _ => Format::V3 { checksum: ChecksumForm::PseudoHeader },
    }
}

/// Up to 256 of either family, one too many.
fn addresses(input: &mut Input<'_>) -> (Vec<[u8; 4]>, Vec<[u8; 16]>) {
    let count = u32::from(input.u8()) + u32::from(input.u8() & 1);
    let first = u128::from_be_bytes(input.bytes());
    let v4 = |n: u32| Ipv4Addr::from_bits((first as u32).wrapping_add(n)).octets();
    let v6 = |n: u32| Ipv6Addr::from_bits(first.wrapping_add(n.into())).octets();
    ((0..count).map(v4).collect(), (0..count).map(v6).collect())
}

fn is_valid(advertisement: &Advertisement<'_>) -> bool {
    let version = advertisement.format.version();
    let known = match (advertisement.format, advertisement.addresses.family()) {
        (Format::V2 { .. }, Family::Ipv6) => false,
        (Format::V2 { .. } | Format::V3 { .. }, _) => true,
    };
    known
        && advertisement.addresses.len() <= usize::from(u8::MAX)
        && advertisement.interval.fits(version)
}

/// Over IPv6 there is but one form of checksum, whichever was asked for.
fn as_sent(advertisement: Advertisement<'_>) -> Advertisement<'_> {
    let over_ipv6 = advertisement.addresses.family() == Family::Ipv6;
    match advertisement.format {
        Format::V3 { .. } if over_ipv6 => Advertisement {
            format: Format::V3 { checksum: ChecksumForm::PseudoHeader },
            ..advertisement
        },
        _ => advertisement,
    }
}
