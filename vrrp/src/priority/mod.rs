//! Priorities, and what tracked interfaces, scripts, files and processes make of them.

mod tracking;

use core::fmt;
use core::num::NonZeroU8;

use thiserror::Error;
pub use tracking::{Effective, InvalidWeight, Status, Tracked, Weight};

/// The priority of a virtual router, 1 to 255; the highest wins the election.
///
/// On the wire 0 means "I am giving up" (RFC 9568 section 5.2.4). That is not a priority a
/// router can have, so an advertised priority is an `Option<Priority>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(NonZeroU8);

impl Priority {
    /// 255: the router that owns the addresses as its own, and always takes them.
    pub const OWNER: Self = Self(NonZeroU8::MAX);

    /// 100: the default of a router that backs others up.
    pub const DEFAULT: Self = match NonZeroU8::new(100) {
        Some(priority) => Self(priority),
        None => Self::OWNER,
    };

    /// Checks that `priority` is not 0.
    pub const fn new(priority: u8) -> Result<Self, InvalidPriority> {
        match NonZeroU8::new(priority) {
            Some(priority) => Ok(Self(priority)),
            None => Err(InvalidPriority),
        }
    }

    /// The number, 1 to 255.
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// Whether this is the priority of the address owner.
    pub const fn is_owner(self) -> bool {
        self.get() == Self::OWNER.get()
    }

    /// What the wire calls it: `None`, the router that gives up, is 0.
    pub(crate) fn to_wire(priority: Option<Self>) -> u8 {
        priority.map_or(0, Self::get)
    }

    pub(crate) fn from_wire(priority: u8) -> Option<Self> {
        NonZeroU8::new(priority).map(Self)
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u8> for Priority {
    type Error = InvalidPriority;

    fn try_from(priority: u8) -> Result<Self, InvalidPriority> {
        Self::new(priority)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 0 was given as the priority of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("priority 0 is not allowed: give 1 to 254, or 255 for the owner of the addresses")]
pub struct InvalidPriority;
