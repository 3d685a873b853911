use std::net::{IpAddr, Ipv4Addr};

use crate::Span;
use crate::check::Entries;
use crate::model::VirtualAddress;
use crate::tree::{Statement, Word};
use crate::value::integer;

use super::Context;

/// All lines of all blocks of one keyword; an address listed twice is dropped, as in keepalived.
pub(super) fn list(
    entries: &Entries<'_>,
    name: &str,
    interface: &str,
    known: &[VirtualAddress],
    context: &mut Context<'_>,
) -> Vec<VirtualAddress> {
    let mut addresses: Vec<VirtualAddress> = Vec::new();
    for line in entries.all(name).flat_map(|entry| entry.lines()) {
        let Some(address) = one(line, interface, context) else { continue };
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

/// `IP[/M] [brd IP|+|-] [dev IF] [scope S] [label L]`.
fn one(line: &Statement, interface: &str, context: &mut Context<'_>) -> Option<VirtualAddress> {
    let word = &line.keyword;
    let (address, prefix_len) = match parse(&word.text) {
        Some((IpAddr::V4(address), prefix_len)) => (address, prefix_len),
        Some((IpAddr::V6(_), _)) => {
            context
                .error(word.span, "IPv6 virtual addresses are not supported yet")
                .label("without it, the address would be missing");
            return None;
        }
        None => {
            not_an_address(word, context);
            return None;
        }
    };
    if let Some(what) = not_a_host(address, prefix_len) {
        say_not_a_host(address, prefix_len, what, word.span, context);
    }
    let mut virtual_address = VirtualAddress {
        address: IpAddr::V4(address),
        prefix_len,
        broadcast: None,
        interface: interface.to_owned(),
        scope: 0,
        label: None,
        span: word.span,
    };
    let mut words = line.arguments.iter();
    while let Some(option) = words.next() {
        option_of(&mut virtual_address, (address, prefix_len), option, &mut words, context)?;
    }
    Some(virtual_address)
}

fn option_of(
    to: &mut VirtualAddress,
    (address, prefix_len): (Ipv4Addr, u8),
    option: &Word,
    words: &mut std::slice::Iter<'_, Word>,
    context: &mut Context<'_>,
) -> Option<()> {
    let name = option.text.as_str();
    match name {
        "brd" | "broadcast" | "dev" | "scope" | "label" => {}
        "no_track" => {
            context
                .warning(option.span, "`no_track` has no effect: a missing address is put back")
                .label("accepted and ignored");
            return Some(());
        }
        "peer" | "home" | "-nodad" | "mngtmpaddr" | "noprefixroute" | "autojoin"
        | "preferred_lft" | "use_vmac" => {
            context
                .error(option.span, format!("`{name}` is not supported yet"))
                .label("without it, the address would be another one");
            return None;
        }
        _ => {
            context
                .error(option.span, format!("unknown word `{name}` after an address"))
                .label("expected `brd`, `dev`, `scope` or `label`");
            return None;
        }
    }
    let Some(value) = words.next() else {
        context.error(option.span, format!("`{name}` needs a value"));
        return None;
    };
    let host_bits = host_bits(prefix_len);
    let expected = match name {
        "brd" | "broadcast" => {
            to.broadcast = match value.text.as_str() {
                "+" => Some(Ipv4Addr::from(u32::from(address) | host_bits)),
                "-" => Some(Ipv4Addr::from(u32::from(address) & !host_bits)),
                text => text.parse().ok(),
            };
            to.broadcast.is_none().then_some("an IPv4 address, `+` or `-`")
        }
        "dev" => {
            to.interface.clone_from(&value.text);
            (!is_interface(&value.text)).then_some("the name of an interface, at most 15 bytes")
        }
        "scope" => {
            let scope = scope(&value.text);
            to.scope = scope.unwrap_or_default();
            scope.is_none().then_some("global, site, link, host, nowhere or a number from 0 to 255")
        }
        _ => {
            to.label = Some(value.text.clone());
            (value.text.len() > 15).then_some("at most 15 bytes")
        }
    };
    if let Some(expected) = expected {
        context
            .error(value.span, format!("`{name}` cannot be `{}`", value.text))
            .label(format!("expected {expected}"));
    }
    Some(())
}

pub(super) fn is_interface(name: &str) -> bool {
    !name.is_empty() && name.len() < 16 && !name.contains('/')
}

fn not_an_address(word: &Word, context: &mut Context<'_>) {
    let text = &word.text;
    let error = context.error(word.span, format!("`{text}` is not an address"));
    match text.as_str() {
        "..." | "…" => error.label("a placeholder").help("write the addresses here"),
        _ => error.label("expected IP[/LENGTH], as in 192.0.2.1/24"),
    };
}

fn parse(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        Some(length) => u8::try_from(integer(length)?).ok().filter(|&length| length <= most)?,
        None => most,
    };
    Some((address, length))
}

fn scope(text: &str) -> Option<u8> {
    match text {
        "global" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        number => u8::try_from(integer(number)?).ok(),
    }
}

fn host_bits(prefix_len: u8) -> u32 {
    u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0)
}

/// What an address is, if no host can have it in its network.
pub(super) fn not_a_host(address: Ipv4Addr, prefix_len: u8) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("unspecified address");
    }
    if address.is_multicast() {
        return Some("multicast address");
    }
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
    address: Ipv4Addr,
    prefix_len: u8,
    what: &str,
    span: Span,
    context: &mut Context<'_>,
) {
    let host_bits = host_bits(prefix_len);
    let network = u32::from(address) & !host_bits;
    let error = context.error(span, format!("{address}/{prefix_len} is not a host address"));
    if prefix_len >= 31 || address.is_multicast() || address.is_unspecified() {
        error.label(format!("this is the {what}"));
        return;
    }
    let first = Ipv4Addr::from(network | 1);
    let last = Ipv4Addr::from(network | (host_bits - 1));
    error
        .label(format!("this is the {what} of {}/{prefix_len}", Ipv4Addr::from(network)))
        .help(format!("hosts there are {first} to {last}"));
}
