use std::fmt;
use std::str::FromStr;

use super::name::Name;

/// How the kernel chooses a server for a new connection: the name of an `ip_vs_*` module.
///
/// An open set: any name that fits can be tried, and the kernel says whether it knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheduler(Name);

/// A name that no scheduler can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scheduler's name: it must be 1 to 15 bytes without a NUL")]
pub struct InvalidScheduler(String);

impl Scheduler {
    /// Round robin.
    pub const RR: Self = Self::known(b"rr");
    /// Weighted round robin.
    pub const WRR: Self = Self::known(b"wrr");
    /// Least connections.
    pub const LC: Self = Self::known(b"lc");
    /// Weighted least connections.
    pub const WLC: Self = Self::known(b"wlc");
    /// Locality-based least connections.
    pub const LBLC: Self = Self::known(b"lblc");
    /// Locality-based least connections with replication.
    pub const LBLCR: Self = Self::known(b"lblcr");
    /// Destination hashing.
    pub const DH: Self = Self::known(b"dh");
    /// Source hashing.
    pub const SH: Self = Self::known(b"sh");
    /// Maglev hashing.
    pub const MH: Self = Self::known(b"mh");
    /// Shortest expected delay.
    pub const SED: Self = Self::known(b"sed");
    /// Never queue.
    pub const NQ: Self = Self::known(b"nq");
    /// Weighted failover.
    pub const FO: Self = Self::known(b"fo");
    /// Weighted overflow.
    pub const OVF: Self = Self::known(b"ovf");
    /// Power of two random choices.
    pub const TWOS: Self = Self::known(b"twos");
    /// None: new connections are refused.
    pub const NONE: Self = Self::known(b"none");

    const fn known(name: &[u8]) -> Self {
        Self(Name::known(name))
    }

    /// The name, as in `ip_vs_<name>`.
    pub fn name(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Scheduler {
    type Err = InvalidScheduler;

    fn from_str(name: &str) -> Result<Self, InvalidScheduler> {
        Name::new(name).map(Self).ok_or_else(|| InvalidScheduler(name.to_owned()))
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduler({})", self.name())
    }
}
