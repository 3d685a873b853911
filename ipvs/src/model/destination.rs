use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::ForwardMethod;

/// What identifies a destination within its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestinationKey {
    /// The server's address.
    pub address: IpAddr,
    /// The server's port.
    pub port: u16,
}

impl fmt::Display for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// A server behind a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Destination {
    /// How packets reach it.
    pub forward: ForwardMethod,
    /// Its share of new connections.
    pub weight: Weight,
    /// Its limits of connections.
    pub thresholds: Thresholds,
}

impl Destination {
    /// A destination without limits.
    pub fn new(forward: ForwardMethod, weight: Weight) -> Self {
        Self { forward, weight, thresholds: Thresholds::default() }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, weight {}", self.forward, self.weight)?;
        match (self.thresholds.upper, self.thresholds.lower) {
            (0, _) => Ok(()),
            (upper, 0) => write!(f, ", at most {upper} connections"),
            (upper, lower) => write!(f, ", at most {upper} connections, again below {lower}"),
        }
    }
}

/// A server's share of new connections: 0 to 2 147 483 647, 0 for no new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u32);

impl Weight {
    /// No new connections; those that are there go on.
    pub const ZERO: Self = Self(0);

    /// A weight up to 2 147 483 647.
    ///
    /// # Errors
    ///
    /// [`InvalidWeight`] for more: the kernel reads it as a signed number.
    pub const fn new(weight: u32) -> Result<Self, InvalidWeight> {
        if weight > i32::MAX as u32 { Err(InvalidWeight(weight)) } else { Ok(Self(weight)) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<u16> for Weight {
    fn from(weight: u16) -> Self {
        Self(u32::from(weight))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A weight that the kernel would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("weight {0} is above 2147483647")]
pub struct InvalidWeight(u32);

/// From how many connections on a server gets no new ones, and below how many it does again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Thresholds {
    upper: u32,
    lower: u32,
}

impl Thresholds {
    /// `upper` 0 is no limit; `lower` 0 is three quarters of the upper one.
    ///
    /// # Errors
    ///
    /// [`InvalidThresholds`] when the lower is above the upper one, or that above 2 147 483 647.
    pub const fn new(upper: u32, lower: u32) -> Result<Self, InvalidThresholds> {
        if lower > upper || upper > i32::MAX as u32 {
            return Err(InvalidThresholds { upper, lower });
        }
        Ok(Self { upper, lower })
    }

    /// The kernel does not always hold its other users to our rules.
    pub(crate) const fn as_found(upper: u32, lower: u32) -> Self {
        Self { upper, lower }
    }

    /// From how many connections on there are no new ones; 0 for no limit.
    pub const fn upper(self) -> u32 {
        self.upper
    }

    /// Below how many connections there are new ones again.
    pub const fn lower(self) -> u32 {
        self.lower
    }
}

/// Thresholds that the kernel would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("thresholds must be at most 2147483647, the lower ({lower}) not above the upper ({upper})")]
pub struct InvalidThresholds {
    upper: u32,
    lower: u32,
}
