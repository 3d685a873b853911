use std::fmt;
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

fn non_zero(what: &'static str, value: i64) -> Result<NonZeroU8, OutOfRange> {
    u8::try_from(value).ok().and_then(NonZeroU8::new).ok_or(OutOfRange {
        what,
        min: 1,
        max: 255,
        value,
    })
}

/// What a tracked object does to a priority: −253 to 253.
///
/// Zero: a failure puts the instance into FAULT. Positive: added while the object is good. Negative:
/// added while it has failed. With `reverse`, good and failed change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TrackWeight {
    weight: i16,
    reverse: bool,
}

impl TrackWeight {
    /// A weight of −253 to 253.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] for any other number.
    pub fn new(weight: i64, reverse: bool) -> Result<Self, OutOfRange> {
        match i16::try_from(weight) {
            Ok(weight) if (-253..=253).contains(&weight) => Ok(Self { weight, reverse }),
            _ => Err(OutOfRange { what: "a weight", min: -253, max: 253, value: weight }),
        }
    }

    /// The number, −253 to 253.
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
