//! `HOST[:PORT]`, `IPV6` and `[IPV6]:PORT`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_ipvs::{Family, Protocol};

use super::number::number;
use crate::names::Names;

/// The address, and the port if one is given. Names of ports need a protocol.
pub(super) fn endpoint(
    text: &str,
    protocol: Option<Protocol>,
    names: &dyn Names,
) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some((address.into(), None));
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, port) = bracketed.split_once("]:")?;
        let address = match host.parse::<Ipv6Addr>() {
            Ok(address) => address.into(),
            Err(_) => names.address(host, Family::Ipv6)?,
        };
        return Some((address, Some(port_number(port, protocol, names)?)));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port_number(port, protocol, names)?)),
        None => (text, None),
    };
    let address = match inet_aton(host) {
        Some(address) => address.into(),
        None => names.address(host, Family::Ipv4)?,
    };
    Some((address, port))
}

fn port_number(text: &str, protocol: Option<Protocol>, names: &dyn Names) -> Option<u16> {
    let number = number(text, 0..=u16::MAX.into()).and_then(|port| u16::try_from(port).ok());
    number.or_else(|| names.port(text, protocol?))
}

/// An IPv4 address in any of the forms of inet_aton(3): one to four numbers, each decimal, octal or
/// hexadecimal, of which the last fills what the others leave. What follows a blank is ignored.
pub(super) fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let text = text.split(|it: char| it.is_ascii_whitespace()).next()?;
    let mut parts: Vec<_> = text.split('.').map(c_number).collect::<Option<_>>()?;
    let last = parts.pop()?;
    let free = match parts.len() {
        0 => u32::MAX,
        1 => 0xff_ffff,
        2 => 0xffff,
        3 => 0xff,
        _ => return None,
    };
    if last > free {
        return None;
    }
    let mut bits = last;
    for (part, shift) in parts.into_iter().zip([24, 16, 8]) {
        bits |= u32::from(u8::try_from(part).ok()?) << shift;
    }
    Some(bits.into())
}

fn c_number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    // from_str_radix would take a sign.
    let plain = digits.chars().all(|it| it.is_digit(radix));
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}
