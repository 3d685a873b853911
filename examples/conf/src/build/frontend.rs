//! What follows `virtual_server`, and the groups that it may name.

use std::collections::{HashMap, hash_map};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use crate::check::{Entries, Entry};
use crate::model::{AddressRange, Family, FirewallMark, Frontend, GroupMember};
use crate::tree::{Statement, Word};
use crate::value::{self, Value, integer};

use super::Context;

/// What clients reach the service of a `virtual_server` by.
pub(super) fn build(
    entry: &Entry<'_>,
    root: &Entries<'_>,
    context: &mut Context<'_>,
) -> Option<Frontend> {
    let (first, rest) = entry.statement.arguments.split_first()?;
    let frontend = match first.text {
        "fwmark" => {
            let mark = mark(first, rest.first(), context)?;
            too_much(rest.get(1), "a mark", context);
            Frontend::FirewallMark(FirewallMark { mark, family: family(entry) })
        }
        "group" => {
            too_much(rest.get(1), "a name", context);
            group(first, rest.first(), entry, root, context)?
        }
        _ => {
            let address = address(first, context)?;
            let port = rest.first().map_or(Some(0), |word| port(word, context))?;
            too_much(rest.get(1), "a port", context);
            Frontend::Address { address, port }
        }
    };
    Some(frontend)
}

/// Of packets that have a mark: as `ip_family` says, else as the real servers are.
fn family(service: &Entry<'_>) -> Family {
    match service.inside.text("ip_family").as_deref() {
        Some("inet6") => Family::Ipv6,
        Some(_) => Family::Ipv4,
        None => {
            let servers = service.inside.all("real_server");
            let mut families = servers.filter_map(|server| match server.value {
                Some(Value::Endpoint(address, _)) => Some(Family::of(address)),
                _ => None,
            });
            families.next().unwrap_or(Family::Ipv4)
        }
    }
}

fn group(
    keyword: &Word<'_>,
    name: Option<&Word<'_>>,
    service: &Entry<'_>,
    root: &Entries<'_>,
    context: &mut Context<'_>,
) -> Option<Frontend> {
    let Some(name) = name else {
        context.error(keyword.span, "`virtual_server group` needs the name of a group");
        return None;
    };
    let named = |group: &&Entry<'_>| {
        group.statement.arguments.first().is_some_and(|word| word.text == name.text)
    };
    let mut groups = root.all("virtual_server_group").filter(named);
    let Some(group) = groups.next() else {
        context
            .error(name.span, format!("there is no virtual_server_group `{}`", name.text))
            .help(format!("add `virtual_server_group {} {{ IP PORT }}`", name.text));
        return None;
    };
    // A file that is included twice has it again.
    for another in groups.filter(|another| !words(another).eq(words(group))) {
        context
            .warning(
                another.span(),
                format!("there is another virtual_server_group `{}`", name.text),
            )
            .label("ignored, as keepalived does")
            .related(group.span(), "this one counts");
    }
    let mut members: Vec<(&Statement<'_>, GroupMember)> = Vec::new();
    let mut marks = Vec::new();
    for line in group.lines() {
        match member(line, context)? {
            Member::Complete(member) => members.push((line, member)),
            Member::MarkOf(mark) => marks.push((line, mark)),
        }
    }
    let family = members.first().map_or_else(|| family(service), |(_, first)| first.family());
    if let Some((other, _)) = members.iter().find(|(_, member)| member.family() != family) {
        context
            .error(other.keyword.span, "a group is either of IPv4 or of IPv6")
            .label("of the other family than the first")
            .help("make a group and a virtual_server for each");
        return None;
    }
    let marks = marks
        .into_iter()
        .map(|(line, mark)| (line, GroupMember::FirewallMark(FirewallMark { mark, family })));
    members.extend(marks);
    overlaps(&members, context);
    let members: Vec<_> = members.into_iter().map(|(_, member)| member).collect();
    if members.is_empty() {
        context.error(group.span(), format!("the group `{}` is empty", name.text));
        return None;
    }
    Some(Frontend::Group { name: name.text.to_owned(), members })
}

fn words<'t>(group: &Entry<'t>) -> impl Iterator<Item = &'t str> {
    let words = |line: &'t Statement<'t>| {
        std::iter::once(&line.keyword).chain(&line.arguments).map(|word| word.text)
    };
    group.lines().iter().flat_map(words)
}

/// Lines that say again what others have said. The kernel has it once.
fn overlaps(members: &[(&Statement<'_>, GroupMember)], context: &mut Context<'_>) {
    let mut marks: HashMap<_, &Statement<'_>> = HashMap::new();
    let mut ranges = Vec::new();
    for (line, member) in members {
        match member {
            GroupMember::FirewallMark(mark) => match marks.entry(*mark) {
                hash_map::Entry::Occupied(earlier) => repeated(earlier.get(), line, context),
                hash_map::Entry::Vacant(first) => {
                    first.insert(*line);
                }
            },
            GroupMember::Addresses(range) => ranges.push((range, *line)),
        }
    }
    ranges.sort_by_key(|(range, line)| (range.port(), range.first(), line.keyword.span));
    // Of those that began before, the one that reaches furthest.
    let mut widest: Option<(&AddressRange, &Statement<'_>)> = None;
    for (range, line) in ranges {
        let Some((wide, other)) = widest.filter(|(wide, _)| wide.port() == range.port()) else {
            widest = Some((range, line));
            continue;
        };
        if range.first() <= wide.last() {
            repeated(other, line, context);
        }
        if range.last() > wide.last() {
            widest = Some((range, line));
        }
    }
}

fn repeated(one: &Statement<'_>, other: &Statement<'_>, context: &mut Context<'_>) {
    let (first, second) = if one.keyword.span <= other.keyword.span {
        (one.keyword.span, other.keyword.span)
    } else {
        (other.keyword.span, one.keyword.span)
    };
    context
        .warning(second, "an earlier line of this group has some of this already")
        .label("what is repeated is one service, as with keepalived")
        .related(first, "this one");
}

/// A line of a group.
enum Member {
    Complete(GroupMember),
    /// A mark that does not say of which packets.
    MarkOf(NonZeroU32),
}

fn member(line: &Statement<'_>, context: &mut Context<'_>) -> Option<Member> {
    let (first, rest) = (&line.keyword, &line.arguments);
    if first.text == "fwmark" {
        let mark = mark(first, rest.first(), context)?;
        too_much(rest.get(2), "a mark", context);
        let family = match rest.get(1) {
            None => return Some(Member::MarkOf(mark)),
            Some(word) => match word.text {
                "inet" => Family::Ipv4,
                "inet6" => Family::Ipv6,
                other => {
                    context
                        .error(word.span, format!("`{other}` is no address family"))
                        .label("expected inet or inet6");
                    return None;
                }
            },
        };
        return Some(Member::Complete(GroupMember::FirewallMark(FirewallMark { mark, family })));
    }
    let port = rest.first().map_or(Some(0), |word| port(word, context))?;
    too_much(rest.get(1), "a port", context);
    let range = range(first, port, context)?;
    Some(Member::Complete(GroupMember::Addresses(range)))
}

/// `IP`, `IP-IP`, `IP-LAST`, `IP/LEN`.
fn range(word: &Word<'_>, port: u16, context: &mut Context<'_>) -> Option<AddressRange> {
    let text = word.text;
    let ends = if let Some((first, last)) = text.split_once('-') {
        let first: Option<IpAddr> = first.parse().ok();
        first.and_then(|first| Some((first, last_of(first, last)?)))
    } else if let Some((first, length)) = text.split_once('/') {
        let network = first.parse().ok().zip(integer(length));
        network.and_then(|(first, length)| Some((first, end_of(first, length)?)))
    } else {
        text.parse().ok().map(|address: IpAddr| (address, address))
    };
    let Some((first, last)) = ends else {
        context
            .error(word.span, format!("`{text}` is no address and no range of addresses"))
            .label("expected IP, IP-IP, IP-LAST_PART or IP/LENGTH without host bits");
        return None;
    };
    let range = AddressRange::new(first, last, port);
    if range.is_none() {
        context
            .error(word.span, format!("`{text}` is no range of at most 65536 addresses"))
            .label("each of them becomes a service in the kernel");
    }
    range
}

/// The last address of a range, of which only the last part may be written.
fn last_of(first: IpAddr, text: &str) -> Option<IpAddr> {
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    Some(match first {
        IpAddr::V4(first) => {
            let [a, b, c, _] = first.octets();
            Ipv4Addr::new(a, b, c, text.parse().ok()?).into()
        }
        IpAddr::V6(first) => {
            let [a, b, c, d, e, f, g, _] = first.segments();
            Ipv6Addr::new(a, b, c, d, e, f, g, u16::from_str_radix(text, 16).ok()?).into()
        }
    })
}

/// The last address of a network, if the first one has no host bits.
fn end_of(first: IpAddr, length: i64) -> Option<IpAddr> {
    match first {
        IpAddr::V4(first) => {
            let host = u32::try_from(32_i64.checked_sub(length)?).ok()?;
            let bits = u32::MAX.checked_shl(host).unwrap_or(0);
            (host <= 32 && first.to_bits() & !bits == 0)
                .then(|| Ipv4Addr::from_bits(first.to_bits() | !bits).into())
        }
        IpAddr::V6(first) => {
            let host = u32::try_from(128_i64.checked_sub(length)?).ok()?;
            let bits = u128::MAX.checked_shl(host).unwrap_or(0);
            (host <= 128 && first.to_bits() & !bits == 0)
                .then(|| Ipv6Addr::from_bits(first.to_bits() | !bits).into())
        }
    }
}

fn mark(
    keyword: &Word<'_>,
    word: Option<&Word<'_>>,
    context: &mut Context<'_>,
) -> Option<NonZeroU32> {
    let mark = word.and_then(|word| integer(word.text)).and_then(|mark| u32::try_from(mark).ok());
    let mark = mark.and_then(NonZeroU32::new);
    if mark.is_none() {
        let span = word.map_or(keyword.span, |word| word.span);
        context
            .error(span, "`fwmark` needs a mark")
            .label(format!("expected a number from 1 to {}", u32::MAX));
    }
    mark
}

fn address(word: &Word<'_>, context: &mut Context<'_>) -> Option<IpAddr> {
    let address = value::address(word, context.diagnostics);
    if address.is_none() {
        context
            .error(word.span, format!("`{}` is not an IP address", word.text))
            .label("expected IP [PORT], fwmark N or group NAME");
    }
    address
}

fn port(word: &Word<'_>, context: &mut Context<'_>) -> Option<u16> {
    let port = integer(word.text).and_then(|port| u16::try_from(port).ok());
    if port.is_none() {
        context
            .error(word.span, format!("`{}` is not a port", word.text))
            .label("expected a number from 1 to 65535");
    }
    port
}

fn too_much(extra: Option<&Word<'_>>, after: &str, context: &mut Context<'_>) {
    if let Some(extra) = extra {
        context
            .warning(extra.span, format!("`{}` is too much after {after}", extra.text))
            .label("ignored, as keepalived does");
    }
}
