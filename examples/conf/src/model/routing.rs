use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::{Encapsulation, Family, OutOfRange, Place};

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// One of them.
    pub address: IpAddr,
    /// How many bits they have in common.
    pub length: u8,
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// One line of `static_routes { }` or `virtual_routes { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// IPv4 or IPv6.
    pub family: Family,
    /// What becomes of packets.
    pub kind: RouteKind,
    /// `to`: where to. `default` is all of the family.
    pub destination: Prefix,
    /// `src`: which own address packets are sent from.
    pub source: Option<IpAddr>,
    /// `via`: the next router. `None`: the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// `dev`: which way out. `None`: the kernel finds out by the next router.
    pub interface: Option<String>,
    /// `onlink`: whether the next router is on the link although no address says so.
    pub on_link: bool,
    /// `nexthop`: several ways, between which packets are divided; none if there is only one, which
    /// is in the fields above.
    pub next_hops: Vec<NextHop>,
    /// `encap`: what packets travel in; not with several ways.
    pub encapsulation: Option<Encapsulation>,
    /// `table`: 254, the main one, if none was given. A name is that of iproute2's `rt_tables`.
    pub table: u32,
    /// `metric`: of several to one destination the least wins. `None`: the kernel's default.
    pub metric: Option<u32>,
    /// `tos`: which type of service it is for.
    pub tos: u8,
    /// `scope`, as the kernel numbers it. `None`: what suits its kind.
    pub scope: Option<u8>,
    /// What it says about those who use it: `mtu`, `initcwnd` and so on.
    pub metrics: BTreeMap<Metric, MetricValue>,
    /// Where the line begins.
    pub span: Place,
}

/// `nexthop`: one of several ways of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextHop {
    /// `via`: the next router. `None`: the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// `dev`: which way out. `None`: the kernel finds out by the next router. One of the two is there.
    pub interface: Option<String>,
    /// `onlink`: whether the next router is on the link although no address says so.
    pub on_link: bool,
    /// `weight`: its share of the packets.
    pub weight: HopWeight,
}

/// The share that one of several ways of a route has: 1 to 256; 1 if none was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HopWeight {
    beyond_one: u8,
}

impl HopWeight {
    /// The share less one, as the kernel counts it.
    #[must_use]
    pub const fn beyond_one(self) -> u8 {
        self.beyond_one
    }
}

impl TryFrom<i64> for HopWeight {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        let beyond_one = value.checked_sub(1).and_then(|value| u8::try_from(value).ok());
        let out_of_range = || OutOfRange::new("the weight of a nexthop", 1, 256, value);
        beyond_one.map(|beyond_one| Self { beyond_one }).ok_or_else(out_of_range)
    }
}

impl fmt::Display for HopWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (u16::from(self.beyond_one) + 1).fmt(f)
    }
}

/// Something that a route says about connections that use it: the kernel's RTAX_….
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `mtu`: the longest packet.
    Mtu,
    /// `window`: the most that TCP offers to take at once.
    Window,
    /// `rtt`: what the round-trip time is taken for at first, in eighths of a millisecond.
    Rtt,
    /// `rttvar`: how much it varies, in quarters of a millisecond.
    RttVar,
    /// `ssthresh`: TCP's slow-start threshold.
    Ssthresh,
    /// `cwnd`: the most of TCP's congestion window.
    Cwnd,
    /// `advmss`: the longest segment that TCP asks for.
    Advmss,
    /// `reordering`: how much of it TCP bears.
    Reordering,
    /// `hoplimit`: the hop limit, or time to live, of packets.
    Hoplimit,
    /// `initcwnd`: TCP's congestion window at first.
    Initcwnd,
    /// `rto_min`: the least time after which TCP sends again, in milliseconds.
    RtoMin,
    /// `initrwnd`: TCP's receive window at first.
    Initrwnd,
    /// `quickack`: TCP acknowledges at once.
    Quickack,
    /// `fastopen_no_cookie`: TCP Fast Open needs no cookie.
    FastopenNoCookie,
}

/// The value of a [`Metric`], in the kernel's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricValue {
    /// The value.
    pub value: u32,
    /// `lock`: the kernel does not change it by what it learns.
    pub is_locked: bool,
}

impl Metric {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Mtu,
        Self::Window,
        Self::Rtt,
        Self::RttVar,
        Self::Ssthresh,
        Self::Cwnd,
        Self::Advmss,
        Self::Reordering,
        Self::Hoplimit,
        Self::Initcwnd,
        Self::RtoMin,
        Self::Initrwnd,
        Self::Quickack,
        Self::FastopenNoCookie,
    ];

    /// As iproute2 writes it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Mtu => "mtu",
            Self::Window => "window",
            Self::Rtt => "rtt",
            Self::RttVar => "rttvar",
            Self::Ssthresh => "ssthresh",
            Self::Cwnd => "cwnd",
            Self::Advmss => "advmss",
            Self::Reordering => "reordering",
            Self::Hoplimit => "hoplimit",
            Self::Initcwnd => "initcwnd",
            Self::RtoMin => "rto_min",
            Self::Initrwnd => "initrwnd",
            Self::Quickack => "quickack",
            Self::FastopenNoCookie => "fastopen_no_cookie",
        }
    }

    /// The greatest value. The kernel takes greater ones for these (ip_metrics_convert in
    /// net/ipv4/metrics.c), and the route would never be the one that was wanted.
    pub(crate) const fn most(self) -> u32 {
        match self {
            Self::Mtu => 65_520,
            Self::Advmss => 65_495,
            Self::Hoplimit => 255,
            Self::Quickack | Self::FastopenNoCookie => 1,
            _ => u32::MAX,
        }
    }

    /// Whether it is written as a time.
    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Self::Rtt | Self::RttVar | Self::RtoMin)
    }

    /// How many of the kernel's units are a millisecond, where it is a time.
    pub(crate) const fn per_millisecond(self) -> u32 {
        match self {
            Self::Rtt => 8,
            Self::RttVar => 4,
            _ => 1,
        }
    }
}

/// What a route does with packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RouteKind {
    /// They are sent on.
    #[default]
    Unicast,
    /// They are for this machine.
    Local,
    /// They are dropped.
    Blackhole,
    /// They are answered with "host unreachable".
    Unreachable,
    /// They are answered with "administratively prohibited".
    Prohibit,
    /// The rules after that of this table are asked.
    Throw,
}

/// One line of `static_rules { }` or `virtual_rules { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// IPv4 or IPv6.
    pub family: Family,
    /// `from`: which packets, by where they come from. `None`: all.
    pub from: Option<Prefix>,
    /// `to`: by where they go. `None`: all.
    pub to: Option<Prefix>,
    /// `iif`: by the interface that they came in by.
    pub incoming: Option<String>,
    /// `oif`: by the interface that their socket is bound to.
    pub outgoing: Option<String>,
    /// `tos`: by their type of service.
    pub tos: u8,
    /// `fwmark`: by their mark, of which the bits of the mask count.
    pub mark: Option<(u32, u32)>,
    /// `preference`: rules are asked in this order. Those without got 16384, 16383 and so on.
    pub priority: u32,
    /// What is done with them.
    pub action: RuleAction,
    /// Where the line begins.
    pub span: Place,
}

/// What a rule does with packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleAction {
    /// `table`: they are routed by that table.
    Table(u32),
    /// `goto`: the rule of that preference is the next.
    Goto(u32),
    /// `nop`: nothing.
    Nop,
    /// They are dropped.
    Blackhole,
    /// They are answered with "network unreachable".
    Unreachable,
    /// They are answered with "administratively prohibited".
    Prohibit,
}
