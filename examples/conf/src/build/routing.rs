//! Lines that are routes and rules, in the words of iproute2.

mod encapsulation;
mod metrics;
mod next_hop;
mod tables;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::slice::Iter;

use crate::model::{Family, Prefix, Route, RouteKind, Rule, RuleAction};
use crate::tree::{Statement, Word};
use crate::value::integer;

use super::{Context, address};

pub(super) use tables::Tables;

/// What keepalived gives to the first rule without a preference.
const FIRST_PREFERENCE: u32 = 16_384;

/// The routes of these lines.
pub(super) fn routes<'l>(
    lines: impl IntoIterator<Item = &'l Statement<'l>>,
    context: &mut Context<'_>,
) -> Vec<Route> {
    lines.into_iter().filter_map(|line| route(line, context)).collect()
}

/// The rules of these lines.
pub(super) fn rules<'l>(
    lines: impl IntoIterator<Item = &'l Statement<'l>>,
    preferences: &mut Preferences,
    context: &mut Context<'_>,
) -> Vec<Rule> {
    lines.into_iter().filter_map(|line| rule(line, preferences, context)).collect()
}

/// Preferences for rules that give none.
#[derive(Debug)]
pub(super) struct Preferences(u32);

impl Default for Preferences {
    fn default() -> Self {
        Self(FIRST_PREFERENCE)
    }
}

/// What is known of a line so far.
struct Line<'c, 'd> {
    family: Option<Family>,
    context: &'c mut Context<'d>,
}

fn route(line: &Statement<'_>, context: &mut Context<'_>) -> Option<Route> {
    let mut route = Route {
        family: Family::Ipv4,
        kind: RouteKind::Unicast,
        destination: all(Family::Ipv4),
        source: None,
        gateway: None,
        interface: None,
        on_link: false,
        next_hops: Vec::new(),
        encapsulation: None,
        table: tables::MAIN,
        metric: None,
        tos: 0,
        scope: None,
        metrics: BTreeMap::new(),
        span: line.keyword.span.into(),
    };
    let all_words: Vec<&Word<'_>> = std::iter::once(&line.keyword).chain(&line.arguments).collect();
    let mut words = all_words.iter();
    let mut reading = Line { family: None, context };
    let mut destination = None;
    while let Some(word) = words.next() {
        match word.text {
            "inet" => reading.family = Some(Family::Ipv4),
            "inet6" => reading.family = Some(Family::Ipv6),
            "to" => destination = Some(reading.prefix(word, &mut words)?),
            "src" => route.source = Some(reading.address(word, &mut words)?),
            "via" | "gw" => route.gateway = Some(reading.gateway(word, &mut words)?),
            "or" => reading.second_way(&mut route, word, &mut words)?,
            "dev" | "oif" => route.interface = Some(reading.interface(word, &mut words)?),
            "onlink" => route.on_link = true,
            "nexthop" => route.next_hops.push(reading.next_hop(word, &mut words)?),
            "encap" => route.encapsulation = Some(reading.encapsulation(word, &mut words)?),
            "table" => route.table = reading.table(word, &mut words)?,
            "metric" | "preference" => route.metric = Some(reading.number(word, &mut words)?),
            "tos" | "dsfield" => route.tos = reading.number(word, &mut words)?,
            "scope" => route.scope = Some(reading.scope(word, &mut words)?),
            "protocol" => reading.protocol(word, &mut words)?,
            "type" => {
                let kind = words.next().map(|word| word.text);
                route.kind = reading.known(word, kind.and_then(kind_of))?;
            }
            "no_track" => reading.without_effect(word),
            text => match (kind_of(text), metrics::metric_of(text), prefix(text)) {
                (Some(kind), ..) => route.kind = kind,
                (_, Some(metric), _) => {
                    let value = reading.metric(metric, word, &mut words)?;
                    route.metrics.insert(metric, value);
                }
                (None, None, Some(prefix)) if destination.is_none() => {
                    destination = Some(prefix);
                    if text != "default" {
                        reading.is_of(Family::of(prefix.address));
                    }
                }
                _ => return reading.unknown(word, "route"),
            },
        }
    }
    route.family = reading.family.unwrap_or_default();
    let Some(destination) = destination else {
        context.error(line.span(), "this route has no destination").help("write it first");
        return None;
    };
    route.destination = if destination.length == 0 { all(route.family) } else { destination };
    next_hop::settle(&mut route, line.span(), context)?;
    let gateways = route.next_hops.iter().filter_map(|next_hop| next_hop.gateway.as_ref());
    let others = route.source.iter().chain(&route.gateway).chain([&route.destination.address]);
    let others = others.chain(gateways);
    if others.into_iter().any(|address| Family::of(*address) != route.family) {
        context.error(line.span(), "the addresses of a route are of one family");
        return None;
    }
    Some(route)
}

fn rule(
    line: &Statement<'_>,
    preferences: &mut Preferences,
    context: &mut Context<'_>,
) -> Option<Rule> {
    let all_words: Vec<&Word<'_>> = std::iter::once(&line.keyword).chain(&line.arguments).collect();
    let mut words = all_words.iter();
    let mut reading = Line { family: None, context };
    let (mut from, mut to, mut incoming, mut outgoing) = (None, None, None, None);
    let (mut tos, mut mark, mut priority, mut action) = (0, None, None, None);
    while let Some(word) = words.next() {
        match word.text {
            "inet" => reading.family = Some(Family::Ipv4),
            "inet6" => reading.family = Some(Family::Ipv6),
            "from" => from = Some(reading.prefix(word, &mut words)?),
            "to" => to = Some(reading.prefix(word, &mut words)?),
            "iif" | "dev" => incoming = Some(reading.interface(word, &mut words)?),
            "oif" => outgoing = Some(reading.interface(word, &mut words)?),
            "tos" | "dsfield" => tos = reading.number(word, &mut words)?,
            "fwmark" => mark = Some(reading.mark(word, &mut words)?),
            "table" | "lookup" => {
                action = Some(RuleAction::Table(reading.table(word, &mut words)?));
            }
            "preference" | "pref" | "order" | "priority" => {
                priority = Some(reading.number(word, &mut words)?);
            }
            "protocol" => reading.protocol(word, &mut words)?,
            "goto" => action = Some(RuleAction::Goto(reading.number(word, &mut words)?)),
            "type" => {
                let kind = words.next().map(|word| word.text);
                action = Some(reading.known(word, kind.and_then(action_of))?);
            }
            "no_track" => reading.without_effect(word),
            text => match action_of(text) {
                Some(known) => action = Some(known),
                None => return reading.unknown(word, "rule"),
            },
        }
    }
    let family = reading.family.unwrap_or_default();
    let Some(action) = action else {
        context
            .error(line.span(), "this rule does nothing with packets")
            .help("add `table N`, or `goto`, `blackhole`, `unreachable`, `prohibit` or `nop`");
        return None;
    };
    let priority = priority.unwrap_or_else(|| {
        let given = preferences.0;
        preferences.0 = given.saturating_sub(1);
        context
            .warning(line.span(), "this rule has no preference")
            .label(format!("{given} is used, as keepalived does"));
        given
    });
    // `from all` says nothing.
    let some = |prefix: Option<Prefix>| prefix.filter(|prefix| prefix.length > 0);
    let (from, to) = (some(from), some(to));
    if from.iter().chain(&to).any(|prefix| Family::of(prefix.address) != family) {
        context.error(line.span(), "the addresses of a rule are of one family");
        return None;
    }
    let span = line.keyword.span.into();
    Some(Rule { family, from, to, incoming, outgoing, tos, mark, priority, action, span })
}

impl Line<'_, '_> {
    fn is_of(&mut self, family: Family) {
        self.family.get_or_insert(family);
    }

    fn value<'t>(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'t>>) -> Option<Word<'t>> {
        let value = words.next().copied().copied();
        if value.is_none() {
            self.context.error(word.span, format!("`{}` needs a value", word.text));
        }
        value
    }

    /// The value, or that it is none.
    fn parsed<T>(
        &mut self,
        word: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(word, words)?;
        let parsed = parse(value.text);
        if parsed.is_none() {
            self.context.error(value.span, format!("`{}` cannot be `{}`", word.text, value.text));
        }
        parsed
    }

    fn prefix(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<Prefix> {
        let is_address =
            words.as_slice().first().is_some_and(|word| word.text.contains(['.', ':']));
        let prefix = self.parsed(word, words, prefix)?;
        if is_address {
            self.is_of(Family::of(prefix.address));
        }
        Some(prefix)
    }

    fn address(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<IpAddr> {
        let address: IpAddr = self.parsed(word, words, |text| text.parse().ok())?;
        self.is_of(Family::of(address));
        Some(address)
    }

    /// The next router, whose family may be written before it.
    fn gateway(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<IpAddr> {
        let family_word = words.as_slice().first().map(|word| word.text);
        if matches!(family_word, Some("inet" | "inet6")) {
            words.next();
        }
        self.address(word, words)
    }

    fn interface(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<String> {
        self.parsed(word, words, |name| address::is_interface(name).then(|| name.to_owned()))
    }

    fn number<T: TryFrom<i64>>(
        &mut self,
        word: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<T> {
        self.parsed(word, words, number)
    }

    fn table(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<u32> {
        let value = self.value(word, words)?;
        let text = value.text;
        let number = number(text).filter(|table| *table > 0);
        let table = number.or_else(|| self.context.tables.named(text));
        if table.is_none() {
            let known_from = self.context.tables.folders();
            self.context
                .error(value.span, format!("`{}` cannot be `{text}`", word.text))
                .label(format!("expected a number, or a name that is in rt_tables ({known_from})"));
        }
        table
    }

    fn scope(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<u8> {
        self.parsed(word, words, address::scope)
    }

    fn mark(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<(u32, u32)> {
        self.parsed(word, words, |text| match text.split_once('/') {
            Some((mark, mask)) => Some((number(mark)?, number(mask)?)),
            None => Some((number(text)?, u32::MAX)),
        })
    }

    fn known<T>(&mut self, word: &Word<'_>, kind: Option<T>) -> Option<T> {
        if kind.is_none() {
            self.context.error(word.span, "no such type is known here");
        }
        kind
    }

    fn protocol(&mut self, word: &Word<'_>, words: &mut Iter<'_, &Word<'_>>) -> Option<()> {
        self.value(word, words)?;
        self.context
            .warning(word.span, "`protocol` has no effect: keepalived's says whose this is")
            .label("accepted and ignored");
        Some(())
    }

    fn without_effect(&mut self, word: &Word<'_>) {
        self.context
            .warning(word.span, format!("`{}` has no effect: what is lost is put back", word.text))
            .label("accepted and ignored");
    }

    fn unknown<T>(&mut self, word: &Word<'_>, what: &str) -> Option<T> {
        self.context
            .error(word.span, format!("`{}` is not supported in a {what}", word.text))
            .label(format!("without it, it would be another {what}"));
        None
    }
}

/// In decimal, or with 0x in hexadecimal, as iproute2 reads it.
fn number<T: TryFrom<i64>>(text: &str) -> Option<T> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => integer(text),
    };
    number?.try_into().ok()
}

/// `default` and `all` are of no family yet.
fn prefix(text: &str) -> Option<Prefix> {
    if matches!(text, "default" | "all" | "any") {
        return Some(all(Family::Ipv4));
    }
    let (address, length) = address::parse(text)?;
    Some(Prefix { address: masked(address, length), length })
}

/// The address without the bits of the host, as the kernel insists.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let host_bits = u32::MAX.checked_shr(length.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & !host_bits).into()
        }
        IpAddr::V6(address) => {
            let host_bits = u128::MAX.checked_shr(length.into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & !host_bits).into()
        }
    }
}

fn all(family: Family) -> Prefix {
    let address = match family {
        Family::Ipv4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
    };
    Prefix { address, length: 0 }
}

fn kind_of(text: &str) -> Option<RouteKind> {
    match text {
        "unicast" => Some(RouteKind::Unicast),
        "local" => Some(RouteKind::Local),
        "blackhole" => Some(RouteKind::Blackhole),
        "unreachable" => Some(RouteKind::Unreachable),
        "prohibit" => Some(RouteKind::Prohibit),
        "throw" => Some(RouteKind::Throw),
        _ => None,
    }
}

fn action_of(text: &str) -> Option<RuleAction> {
    match text {
        "nop" => Some(RuleAction::Nop),
        "blackhole" => Some(RuleAction::Blackhole),
        "unreachable" => Some(RuleAction::Unreachable),
        "prohibit" => Some(RuleAction::Prohibit),
        _ => None,
    }
}
