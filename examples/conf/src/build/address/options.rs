//! What may follow an address on its line.

use std::net::{IpAddr, Ipv4Addr};
use std::slice::Iter;
use std::time::Duration;

use crate::model::{Family, VirtualAddress};
use crate::tree::Word;
use crate::value::integer;

use super::super::Context;
use super::{host_bits, is_interface, not_an_address, parse, scope};

/// Words that stand alone.
const FLAGS: [&str; 7] =
    ["home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track", "use_vmac"];
/// Words that are followed by a value.
const VALUES: [&str; 7] = ["brd", "broadcast", "dev", "scope", "label", "peer", "preferred_lft"];

/// Reads one option and its value. `None` if it is not known what the address would be without it.
pub(super) fn apply(
    to: &mut VirtualAddress,
    option: &Word<'_>,
    words: &mut Iter<'_, Word<'_>>,
    context: &mut Context<'_>,
) -> Option<()> {
    let name = option.text;
    if FLAGS.contains(&name) {
        return flag(to, option, context);
    }
    if !VALUES.contains(&name) {
        let known = VALUES.iter().chain(&FLAGS).copied();
        let error = context.error(option.span, format!("unknown word `{name}` after an address"));
        match crate::nearest::nearest(name, known) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.label("expected `brd`, `dev`, `scope`, `label` or another option"),
        };
        return None;
    }
    let Some(value) = words.next() else {
        context.error(option.span, format!("`{name}` needs a value"));
        return None;
    };
    let expected = match (name, Family::of(to.address)) {
        ("brd" | "broadcast" | "label" | "scope", Family::Ipv6) => {
            return of_ipv4_only(option, context);
        }
        ("brd" | "broadcast", Family::Ipv4) => {
            to.broadcast = broadcast(to, value.text);
            to.broadcast.is_none().then_some("an IPv4 address, `+` or `-`")
        }
        ("dev", _) => {
            to.interface = Some(value.text.to_owned());
            (!is_interface(value.text)).then_some("the name of an interface, at most 15 bytes")
        }
        ("scope", _) => {
            let scope = scope(value.text);
            to.scope = scope.unwrap_or_default();
            scope.is_none().then_some("global, site, link, host, nowhere or a number from 0 to 255")
        }
        ("preferred_lft", _) => preferred_lifetime(to, value.text),
        ("peer", _) => return peer(to, value, context),
        _ => {
            to.label = Some(value.text.to_owned());
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

fn flag(to: &mut VirtualAddress, option: &Word<'_>, context: &mut Context<'_>) -> Option<()> {
    let name = option.text;
    match (name, Family::of(to.address)) {
        ("home" | "mngtmpaddr" | "-nodad", Family::Ipv4) => {
            context
                .warning(option.span, format!("`{name}` is for IPv6 addresses only"))
                .label("ignored, as keepalived does");
        }
        ("home", _) => to.home = true,
        ("mngtmpaddr", _) => to.manage_temporary = true,
        ("-nodad", _) => to.detect_duplicates = true,
        ("noprefixroute", _) => to.prefix_route = false,
        ("autojoin", _) => to.autojoin = true,
        ("no_track", _) => {
            context
                .warning(option.span, "`no_track` has no effect: a missing address is put back")
                .label("accepted and ignored");
        }
        // It has no name yet.
        _ => to.virtual_interface = Some(String::new()),
    }
    Some(())
}

/// keepalived leaves out an IPv6 address with a broadcast address, but not one with a label or scope.
fn of_ipv4_only(option: &Word<'_>, context: &mut Context<'_>) -> Option<()> {
    let name = option.text;
    let message = format!("`{name}` is for IPv4 addresses only");
    if name.starts_with("br") {
        context.error(option.span, message).label("keepalived would leave this address out");
        return None;
    }
    context.warning(option.span, message).label("ignored, as keepalived does");
    Some(())
}

fn broadcast(of: &VirtualAddress, text: &str) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = of.address else { return None };
    let host_bits = host_bits(of.prefix_len);
    match text {
        "+" => Some(Ipv4Addr::from(u32::from(address) | host_bits)),
        "-" => Some(Ipv4Addr::from(u32::from(address) & !host_bits)),
        text => text.parse().ok(),
    }
}

/// Says what was expected.
fn preferred_lifetime(to: &mut VirtualAddress, text: &str) -> Option<&'static str> {
    to.preferred_lifetime = match text {
        "forever" => None,
        number => match integer(number).and_then(|seconds| u32::try_from(seconds).ok()) {
            Some(seconds) => Some(Duration::from_secs(seconds.into())),
            None => return Some("seconds or `forever`"),
        },
    };
    None
}

fn peer(to: &mut VirtualAddress, value: &Word<'_>, context: &mut Context<'_>) -> Option<()> {
    let Some((peer, prefix_len)) = parse(value.text) else {
        not_an_address(value, context);
        return None;
    };
    if Family::of(peer) != Family::of(to.address) {
        context.error(
            value.span,
            format!("the peer of {} cannot be an {} address", to.address, Family::of(peer)),
        );
        return None;
    }
    to.peer = Some(peer);
    to.prefix_len = prefix_len;
    Some(())
}
