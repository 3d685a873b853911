use std::fmt;

use crate::model::{
    Encapsulation, Family, MetricValue, NextHop, OuterHeader, Route, RouteKind, Rule, RuleAction,
};

use super::Print;
use super::page::{Page, Word};

impl Print for Route {
    fn print(&self, page: &mut Page<'_>) {
        page.line(self);
    }
}

impl Print for Rule {
    fn print(&self, page: &mut Page<'_>) {
        page.line(self);
    }
}

/// As iproute2 has it.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            family,
            kind,
            destination,
            source,
            gateway,
            interface,
            on_link,
            next_hops,
            encapsulation,
            table,
            metric,
            tos,
            scope,
            metrics,
            span: _,
        } = self;
        write!(f, "{} {kind} {destination}", inet(*family))?;
        optional(f, "via", gateway.as_ref())?;
        optional(f, "dev", interface.as_ref().map(|name| Word(name)))?;
        optional(f, "src", source.as_ref())?;
        write!(f, " table {table}")?;
        optional(f, "metric", metric.as_ref())?;
        optional(f, "tos", Some(tos).filter(|tos| **tos != 0))?;
        optional(f, "scope", scope.as_ref())?;
        for (metric, MetricValue { value, is_locked }) in metrics {
            let lock = if *is_locked { "lock " } else { "" };
            write!(f, " {} {lock}{value}", metric.word())?;
        }
        // Where nothing follows that it would take for its own.
        optional(f, "encap", encapsulation.as_ref())?;
        f.write_str(if *on_link { " onlink" } else { "" })?;
        next_hops.iter().try_for_each(|next_hop| write!(f, " {next_hop}"))
    }
}

impl fmt::Display for Encapsulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mpls(labels) => {
                let labels: Vec<_> = labels.iter().map(ToString::to_string).collect();
                write!(f, "mpls {}", labels.join("/"))
            }
            Self::Ip(tunnel) => outer_words(f, "ip", ["tos", "ttl"], tunnel),
            Self::Ip6(tunnel) => outer_words(f, "ip6", ["tc", "hoplimit"], tunnel),
        }
    }
}

fn outer_words(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    [tos_word, ttl_word]: [&str; 2],
    OuterHeader { id, destination, source, tos, ttl }: &OuterHeader<impl fmt::Display>,
) -> fmt::Result {
    f.write_str(kind)?;
    optional(f, "id", id.as_ref())?;
    optional(f, "dst", destination.as_ref())?;
    optional(f, "src", source.as_ref())?;
    optional(f, tos_word, tos.as_ref())?;
    optional(f, ttl_word, ttl.as_ref())
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gateway, interface, on_link, weight } = self;
        f.write_str("nexthop")?;
        optional(f, "via", gateway.as_ref())?;
        optional(f, "dev", interface.as_ref().map(|name| Word(name)))?;
        write!(f, " weight {weight}")?;
        f.write_str(if *on_link { " onlink" } else { "" })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, from, to, incoming, outgoing, tos, mark, priority, action, span: _ } =
            self;
        f.write_str(inet(*family))?;
        optional(f, "from", from.as_ref())?;
        optional(f, "to", to.as_ref())?;
        optional(f, "iif", incoming.as_ref().map(|name| Word(name)))?;
        optional(f, "oif", outgoing.as_ref().map(|name| Word(name)))?;
        optional(f, "tos", Some(tos).filter(|tos| **tos != 0))?;
        if let Some((mark, mask)) = mark {
            write!(f, " fwmark {mark}/{mask}")?;
        }
        write!(f, " preference {priority}")?;
        match action {
            RuleAction::Table(table) => write!(f, " table {table}"),
            RuleAction::Goto(rule) => write!(f, " goto {rule}"),
            RuleAction::Nop => f.write_str(" nop"),
            RuleAction::Blackhole => f.write_str(" blackhole"),
            RuleAction::Unreachable => f.write_str(" unreachable"),
            RuleAction::Prohibit => f.write_str(" prohibit"),
        }
    }
}

impl fmt::Display for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unicast => "unicast",
            Self::Local => "local",
            Self::Blackhole => "blackhole",
            Self::Unreachable => "unreachable",
            Self::Prohibit => "prohibit",
            Self::Throw => "throw",
        })
    }
}

fn inet(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "inet",
        Family::Ipv6 => "inet6",
    }
}

fn optional(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    value: Option<impl fmt::Display>,
) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {word} {value}"))
}
