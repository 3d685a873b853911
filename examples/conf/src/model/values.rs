use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU8;

/// A number outside the range of the type it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {min} to {max}, not {value}")]
pub struct OutOfRange {
    what: &'static str,
    min: i64,
    max: i64,
    value: i64,
}

impl OutOfRange {
    pub(super) const fn new(what: &'static str, min: i64, max: i64, value: i64) -> Self {
        Self { what, min, max, value }
    }
}

/// A virtual router identifier: 1 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl TryFrom<i64> for Vrid {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        non_zero("a virtual_router_id", value).map(Self)
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The priority of a virtual router: 1 to 255, where 255 is the owner of the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(NonZeroU8);

impl Priority {
    /// The owner of the addresses.
    pub const OWNER: Self = Self(NonZeroU8::MAX);

    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl TryFrom<i64> for Priority {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        non_zero("a priority", value).map(Self)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A real-time priority of the kernel: 1 to 99, of which 99 is the most urgent (sched(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealtimePriority(u8);

impl RealtimePriority {
    /// 1: before all that has no real-time priority.
    pub const LEAST: Self = Self(1);

    /// The number, 1 to 99.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for RealtimePriority {
    type Error = OutOfRange;

    fn try_from(value: i64) -> Result<Self, OutOfRange> {
        let priority = u8::try_from(value).ok().filter(|value| (1..=99).contains(value));
        priority.map(Self).ok_or(OutOfRange::new("a real-time priority", 1, 99, value))
    }
}

impl fmt::Display for RealtimePriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn non_zero(what: &'static str, value: i64) -> Result<NonZeroU8, OutOfRange> {
    u8::try_from(value).ok().and_then(NonZeroU8::new).ok_or(OutOfRange {
        what,
        min: 1,
        max: 255,
        value,
    })
}

/// What a tracked object does to a priority: −254 to 254, of scripts and interfaces −253 to 253.
///
/// Zero: a failure puts the instance into FAULT. Positive: added while the object is good. Negative:
/// added while it has failed. With `reverse`, good and failed change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TrackWeight {
    weight: i16,
    reverse: bool,
}

impl TrackWeight {
    /// A weight of −254 to 254.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] for any other number.
    pub fn new(weight: i64, reverse: bool) -> Result<Self, OutOfRange> {
        match i16::try_from(weight) {
            Ok(weight) if (-254..=254).contains(&weight) => Ok(Self { weight, reverse }),
            _ => Err(OutOfRange { what: "a weight", min: -254, max: 254, value: weight }),
        }
    }

    /// The number, −254 to 254.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.weight
    }

    /// Whether good and failed change places.
    #[must_use]
    pub const fn reverse(self) -> bool {
        self.reverse
    }
}

/// The version of the protocol an instance speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum VrrpVersion {
    /// RFC 3768: whole seconds, optional password.
    #[default]
    V2,
    /// RFC 9568: hundredths of a second, no authentication.
    V3,
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Family {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}
