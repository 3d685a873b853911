use std::fmt;
use std::net::IpAddr;
use std::num::{NonZeroU8, NonZeroU16};
use std::str::FromStr;

use super::name::Name;

/// A daemon in the kernel that tells another director of connections, or learns of them.
///
/// What is `None` the kernel chooses: as much as fits into a packet of the interface, group
/// 224.0.0.81, port 8848, time to live 1. There can be one daemon of each role, and no destination
/// of the other family than its service's beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SyncDaemon {
    /// Whether it tells or learns.
    pub role: SyncRole,
    /// Where it sends or listens.
    pub interface: Interface,
    /// Tells the pairs of directors of one network apart; a backup with 0 listens to all of them.
    pub sync_id: u8,
    /// The length of messages: up to 65 507 bytes; a backup wants 1 024 at least.
    pub max_length: Option<NonZeroU16>,
    /// Where messages go; since Linux 4.3.
    pub group: Option<MulticastGroup>,
    /// The UDP port; since Linux 4.3.
    pub port: Option<NonZeroU16>,
    /// How many routers a message may pass; since Linux 4.3.
    pub ttl: Option<NonZeroU8>,
}

impl SyncDaemon {
    /// A daemon as the kernel makes it by itself.
    pub const fn new(role: SyncRole, interface: Interface) -> Self {
        Self { role, interface, sync_id: 0, max_length: None, group: None, port: None, ttl: None }
    }
}

impl fmt::Display for SyncDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sync daemon on {}, id {}", self.role, self.interface, self.sync_id)
    }
}

/// What a sync daemon does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncRole {
    /// Tells of the connections of this director.
    Master,
    /// Learns of the connections of another.
    Backup,
}

impl fmt::Display for SyncRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Backup => "backup",
        })
    }
}

/// The name of a network interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface(Name);

/// A name that no network interface can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no interface's name: it must be 1 to 15 bytes without a NUL")]
pub struct InvalidInterface(String);

impl Interface {
    /// The name.
    pub fn name(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Interface {
    type Err = InvalidInterface;

    fn from_str(name: &str) -> Result<Self, InvalidInterface> {
        Name::new(name).map(Self).ok_or_else(|| InvalidInterface(name.to_owned()))
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interface({})", self.name())
    }
}

/// A multicast address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MulticastGroup(IpAddr);

/// An address that is not multicast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a multicast address")]
pub struct NotMulticast(IpAddr);

impl MulticastGroup {
    /// That address.
    ///
    /// # Errors
    ///
    /// [`NotMulticast`].
    pub fn new(address: impl Into<IpAddr>) -> Result<Self, NotMulticast> {
        let address = address.into();
        if address.is_multicast() { Ok(Self(address)) } else { Err(NotMulticast(address)) }
    }

    /// The address.
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for MulticastGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
