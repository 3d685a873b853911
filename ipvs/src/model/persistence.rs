use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use super::Family;
use super::name::Name;

/// How long a client stays with its server, and which clients count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Persistence {
    timeout: u32,
    netmask: Netmask,
}

/// Which part of a client's address persistence looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Netmask {
    /// The bits of an IPv4 address.
    V4(Ipv4Addr),
    /// The length of an IPv6 prefix, 1 to 128.
    V6(u8),
}

impl Netmask {
    /// The family of the addresses that it looks at; it must be the service's.
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::Ipv4,
            Self::V6(_) => Family::Ipv6,
        }
    }
}

/// A persistence that the kernel would refuse or misunderstand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPersistence {
    /// ipvsadm's range; the kernel multiplies by its tick rate and overflows silently.
    #[error("a persistence timeout must be 1 to 2678400 whole seconds (31 days), not {0:?}")]
    Timeout(Duration),
    /// RFC 4291.
    #[error("an IPv6 prefix length must be 1 to 128, not {0}")]
    Prefix(u8),
}

impl Persistence {
    /// Clients stay for `timeout` after their last connection, each address by itself.
    ///
    /// # Errors
    ///
    /// [`InvalidPersistence`] unless it is 1 to 2 678 400 whole seconds and the prefix 1 to 128.
    pub fn new(timeout: Duration, netmask: Netmask) -> Result<Self, InvalidPersistence> {
        const LONGEST: u64 = 31 * 24 * 60 * 60;
        let seconds = timeout.as_secs();
        if !(1..=LONGEST).contains(&seconds) || timeout.subsec_nanos() != 0 {
            return Err(InvalidPersistence::Timeout(timeout));
        }
        match netmask {
            Netmask::V6(prefix) if !(1..=128).contains(&prefix) => {
                Err(InvalidPersistence::Prefix(prefix))
            }
            _ => Ok(Self::as_found(u32::try_from(seconds).unwrap_or(u32::MAX), netmask)),
        }
    }

    /// Each address by itself, in that family.
    pub const fn whole_address(family: Family) -> Netmask {
        match family {
            Family::Ipv4 => Netmask::V4(Ipv4Addr::BROADCAST),
            Family::Ipv6 => Netmask::V6(128),
        }
    }

    /// How long a client stays after its last connection.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout as u64)
    }

    pub(crate) const fn seconds(&self) -> u32 {
        self.timeout
    }

    /// Which clients count as one.
    pub const fn netmask(&self) -> Netmask {
        self.netmask
    }

    /// The kernel does not hold its other users to our rules.
    pub(crate) const fn as_found(timeout: u32, netmask: Netmask) -> Self {
        Self { timeout, netmask }
    }
}

impl fmt::Display for Persistence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "persistent {}", self.timeout)?;
        match self.netmask {
            Netmask::V4(Ipv4Addr::BROADCAST) | Netmask::V6(128) => Ok(()),
            Netmask::V4(mask) => write!(f, " mask {mask}"),
            Netmask::V6(prefix) => write!(f, " mask {prefix}"),
        }
    }
}

/// What looks into the packets of a service: the name of an `ip_vs_pe_*` module, an open set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersistenceEngine(Name);

/// A name that no persistence engine can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no persistence engine's name: it must be 1 to 15 bytes without a NUL")]
pub struct InvalidPersistenceEngine(String);

impl PersistenceEngine {
    /// The Call-ID of SIP.
    pub const SIP: Self = Self(Name::known(b"sip"));

    /// The name, as in `ip_vs_pe_<name>`.
    pub fn name(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for PersistenceEngine {
    type Err = InvalidPersistenceEngine;

    fn from_str(name: &str) -> Result<Self, InvalidPersistenceEngine> {
        Name::new(name).map(Self).ok_or_else(|| InvalidPersistenceEngine(name.to_owned()))
    }
}

impl fmt::Display for PersistenceEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for PersistenceEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersistenceEngine({})", self.name())
    }
}
