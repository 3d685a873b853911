use core::net::IpAddr;

use thiserror::Error;

use crate::{AdverInterval, Family, Version};

/// Why settings do not make a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// VRRPv2 has no IPv6.
    #[error("VRRPv2 has no IPv6 addresses: use version 3")]
    Version2OverIpv6,
    /// The version cannot express the interval.
    #[error(
        "{version} cannot advertise every {interval}: VRRPv2 has whole seconds up to 255, \
         VRRPv3 0.01 to 40.95 s"
    )]
    Interval {
        /// The configured version.
        version: Version,
        /// The configured interval.
        interval: AdverInterval,
    },
    /// VRRPv3 has no authentication (RFC 9568 section 9).
    #[error("VRRPv3 has no authentication: remove it or use version 2")]
    AuthenticationInVersion3,
    /// An authentication type that cannot be configured, or an Authentication Header without a key.
    #[error(
        "authentication type {number} is not supported: use none, a password, or an \
         Authentication Header with its key"
    )]
    AuthenticationType {
        /// The type.
        number: u8,
    },
    /// The owner of the addresses always takes them.
    #[error("priority 255 always preempts: lower it or allow preemption")]
    OwnerMustPreempt,
    /// A delay of something that never happens.
    #[error("a preemption delay is of no use without preemption")]
    PreemptDelayWithoutPreempt,
    /// Out of range.
    #[error("{adverts} missed advertisements as the down limit: 1 to 100 are allowed")]
    DownTimerAdverts {
        /// The configured number.
        adverts: u8,
    },
    /// Over IPv6 the first address must be link-local (RFC 9568 section 5.2.9).
    #[error("first address {address} is not link-local: put a link-local address before it")]
    FirstAddress {
        /// The first address.
        address: IpAddr,
    },
    /// An unadvertised address that is already in one of the lists.
    #[error("{address} is given twice")]
    DuplicateAddress {
        /// The address.
        address: IpAddr,
    },
    /// An address to send to is of another family than the virtual ones.
    #[error("{address} is no address of {family}, of which the virtual router is")]
    DestinationFamily {
        /// The address.
        address: IpAddr,
        /// The family of the virtual addresses.
        family: Family,
    },
    /// What is given as a group is none.
    #[error("{group} is no multicast group")]
    NotMulticast {
        /// The address.
        group: IpAddr,
    },
    /// Unicast to nobody.
    #[error("unicast needs at least one peer")]
    NoUnicastPeers,
    /// A unicast peer's address that is not one machine's.
    #[error("unicast peer {address} is not the address of one machine")]
    UnicastPeer {
        /// The peer's address.
        address: IpAddr,
    },
    /// A unicast peer is given twice.
    #[error("unicast peer {address} is given twice")]
    DuplicateUnicastPeer {
        /// The peer's address.
        address: IpAddr,
    },
    /// No TTL can satisfy the bounds.
    #[error("unicast peer {address}: no TTL is both at least {min_ttl} and at most {max_ttl}")]
    UnicastTtl {
        /// The peer's address.
        address: IpAddr,
        /// The least TTL.
        min_ttl: u8,
        /// The greatest TTL.
        max_ttl: u8,
    },
    /// Only an owner has a reason to ignore what others advertise.
    #[error("only the owner of the addresses, with priority 255, ignores advertisements")]
    OnlyOwnerIgnores,
    /// A router that preempts has no reason to step down because it overslept.
    #[error("a router steps down because its timer expired only without preemption")]
    TimerExpiredWithPreempt,
    /// What strict mode does not allow.
    #[error("strict mode does not allow {option}")]
    Strict {
        /// The option.
        option: &'static str,
    },
}
