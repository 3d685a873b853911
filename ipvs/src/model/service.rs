use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use super::Scheduler;

/// The transport protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// IANA's number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }

    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        match number {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// What identifies a service in the kernel's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    /// Packets to an address and port.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// The virtual address.
        address: IpAddr,
        /// The virtual port; 0 is all ports.
        port: u16,
    },
    /// Packets that the firewall has marked.
    FirewallMark {
        /// The mark.
        mark: NonZeroU32,
        /// The address family of the packets.
        family: Family,
    },
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    pub(crate) const fn number(self) -> u16 {
        match self {
            Self::Ipv4 => 2,
            Self::Ipv6 => 10,
        }
    }

    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        match number {
            2 => Some(Self::Ipv4),
            10 => Some(Self::Ipv6),
            _ => None,
        }
    }
}

impl ServiceKey {
    /// A TCP service.
    pub fn tcp(address: impl Into<IpAddr>, port: u16) -> Self {
        Self::Address { protocol: Protocol::Tcp, address: address.into(), port }
    }

    /// A UDP service.
    pub fn udp(address: impl Into<IpAddr>, port: u16) -> Self {
        Self::Address { protocol: Protocol::Udp, address: address.into(), port }
    }

    /// The address family of its packets.
    pub const fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::FirewallMark { family, .. } => *family,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address, port } => {
                write!(f, "{}/{protocol}", std::net::SocketAddr::new(*address, *port))
            }
            Self::FirewallMark { mark, family: Family::Ipv4 } => write!(f, "fwmark {mark}"),
            Self::FirewallMark { mark, family: Family::Ipv6 } => write!(f, "fwmark {mark} IPv6"),
        }
    }
}

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
            _ => Ok(Self { timeout: u32::try_from(seconds).unwrap_or(u32::MAX), netmask }),
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

    pub(crate) fn as_found(timeout: u32, netmask: Netmask) -> Self {
        Self { timeout, netmask }
    }
}

/// How a service treats its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Service {
    /// How servers are chosen.
    pub scheduler: Scheduler,
    /// Options of the service and its scheduler.
    pub flags: ServiceFlags,
    /// Whether clients stay with their server.
    pub persistence: Option<Persistence>,
}

impl Service {
    /// A service without persistence and options.
    pub fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, flags: ServiceFlags::default(), persistence: None }
    }
}

/// Options of a service, as `IP_VS_SVC_F_*` of the kernel's `linux/ip_vs.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ServiceFlags {
    /// Each packet is scheduled by itself.
    pub one_packet: bool,
    /// `sh-fallback`, `mh-fallback`.
    pub scheduler_1: bool,
    /// `sh-port`, `mh-port`.
    pub scheduler_2: bool,
    /// No scheduler of the kernel uses it.
    pub scheduler_3: bool,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheduler, flags, persistence } = self;
        scheduler.fmt(f)?;
        let set = [
            (flags.scheduler_1, "flag-1"),
            (flags.scheduler_2, "flag-2"),
            (flags.scheduler_3, "flag-3"),
            (flags.one_packet, "ops"),
        ];
        for (_, name) in set.into_iter().filter(|(set, _)| *set) {
            write!(f, " {name}")?;
        }
        match persistence {
            Some(persistence) => write!(f, " persistent {}", persistence.timeout),
            None => Ok(()),
        }
    }
}
