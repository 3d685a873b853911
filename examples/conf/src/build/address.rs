//! Lines that are addresses.

mod options;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::Span;
use crate::model::VirtualAddress;
use crate::tree::{Statement, Word};
use crate::value::integer;

use super::Context;

/// The addresses of these lines; one listed twice is dropped, as in keepalived.
pub(super) fn list<'l>(
    lines: impl IntoIterator<Item = &'l Statement<'l>>,
    known: &[VirtualAddress],
    context: &mut Context<'_>,
) -> Vec<VirtualAddress> {
    let mut addresses: Vec<VirtualAddress> = Vec::new();
    for line in lines {
        let Some(address) = one(line, context) else { continue };
        let same = |other: &&VirtualAddress| {
            other.address == address.address && other.interface == address.interface
        };
        match known.iter().chain(&addresses).find(same) {
            Some(earlier) => {
                context
                    .warning(address.span, format!("{} is listed twice", address.address))
                    .label("this one is ignored")
                    .related(earlier.span, "this one counts");
            }
            None => addresses.push(address),
        }
    }
    addresses
}

/// Refuses to advertise an address for each of several interfaces that it is on.
pub(super) fn refuse_twice(addresses: &[VirtualAddress], context: &mut Context<'_>) {
    for (at, address) in addresses.iter().enumerate() {
        let mut earlier = addresses.iter().take(at);
        if let Some(earlier) = earlier.find(|earlier| earlier.address == address.address) {
            context
                .error(address.span, format!("{} is advertised twice", address.address))
                .label("a packet lists an address once")
                .related(earlier.span, "here it is advertised")
                .help("write all lines of it but one into `virtual_ipaddress_excluded`");
        }
    }
}

/// As [`list`], each on an interface.
pub(super) fn with_interfaces(
    lines: &[Statement<'_>],
    default: &str,
    context: &mut Context<'_>,
) -> Vec<VirtualAddress> {
    let mut addresses = list(lines, &[], context);
    for address in &mut addresses {
        if address.virtual_interface.take().is_some() {
            context.error(address.span, "`use_vmac` is for addresses of an instance only");
        }
        address.interface.get_or_insert_with(|| default.to_owned());
    }
    addresses
}

/// `IP[/M]` and its [options](options).
pub(super) fn one(line: &Statement<'_>, context: &mut Context<'_>) -> Option<VirtualAddress> {
    let word = &line.keyword;
    let Some((address, prefix_len)) = parse(word.text) else {
        not_an_address(word, context);
        return None;
    };
    if let Some(what) = not_a_host(address, prefix_len) {
        say_not_a_host(address, prefix_len, what, word.span, context);
    }
    let alone = prefix_len == longest(address);
    let mut virtual_address = VirtualAddress {
        address,
        prefix_len,
        peer: None,
        broadcast: None,
        interface: None,
        virtual_interface: None,
        scope: 0,
        label: None,
        preferred_lifetime: (address.is_ipv6() && alone).then_some(Duration::ZERO),
        detect_duplicates: false,
        home: false,
        manage_temporary: false,
        autojoin: false,
        prefix_route: true,
        span: word.span.into(),
    };
    let mut words = line.arguments.iter();
    while let Some(option) = words.next() {
        options::apply(&mut virtual_address, option, &mut words, context)?;
    }
    Some(virtual_address)
}

pub(super) fn is_interface(name: &str) -> bool {
    !name.is_empty() && name.len() < 16 && !name.contains('/')
}

/// Whether an interface can have that name; if not, that is said.
pub(super) fn expect_interface(name: &str, span: Span, context: &mut Context<'_>) -> bool {
    let can_be = is_interface(name);
    if !can_be {
        context
            .error(span, format!("`{name}` cannot be the name of an interface"))
            .label("expected at most 15 bytes without `/`");
    }
    can_be
}

fn not_an_address(word: &Word<'_>, context: &mut Context<'_>) {
    let text = word.text;
    let error = context.error(word.span, format!("`{text}` is not an address"));
    match text {
        "..." | "…" => error.label("a placeholder").help("write the addresses here"),
        _ => error.label("expected IP[/LENGTH], as in 192.0.2.1/24"),
    };
}

pub(super) fn parse(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = longest(address);
    let length = match length {
        Some(length) => u8::try_from(integer(length)?).ok().filter(|&length| length <= most)?,
        None => most,
    };
    Some((address, length))
}

/// The length of a prefix that holds one address.
fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn host_bits(prefix_len: u8) -> u32 {
    u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0)
}

/// What an address is, if no host can have it in its network.
pub(super) fn not_a_host(address: IpAddr, prefix_len: u8) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("unspecified address");
    }
    if address.is_multicast() {
        return Some("multicast address");
    }
    let IpAddr::V4(address) = address else { return None };
    if prefix_len >= 31 {
        return None;
    }
    let host_bits = host_bits(prefix_len);
    match u32::from(address) & host_bits {
        0 => Some("network address"),
        bits if bits == host_bits => Some("broadcast address"),
        _ => None,
    }
}

pub(super) fn say_not_a_host(
    address: IpAddr,
    prefix_len: u8,
    what: &str,
    span: Span,
    context: &mut Context<'_>,
) {
    let error = context.error(span, format!("{address}/{prefix_len} is not a host address"));
    let of_network = match address {
        IpAddr::V4(address) if prefix_len < 31 && !address.is_multicast() => Some(address),
        _ => None,
    };
    let Some(address) = of_network.filter(|address| !address.is_unspecified()) else {
        error.label(format!("this is the {what}"));
        return;
    };
    let host_bits = host_bits(prefix_len);
    let network = u32::from(address) & !host_bits;
    let first = Ipv4Addr::from(network | 1);
    let last = Ipv4Addr::from(network | (host_bits - 1));
    error
        .label(format!("this is the {what} of {}/{prefix_len}", Ipv4Addr::from(network)))
        .help(format!("hosts there are {first} to {last}"));
}

pub(super) fn scope(text: &str) -> Option<u8> {
    match text {
        "global" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        number => u8::try_from(integer(number)?).ok(),
    }
}
