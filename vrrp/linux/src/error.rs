use std::io;
use std::net::IpAddr;

use steadfast_vrrp::Family;

use crate::RealtimePriority;

/// Why the driver could not start, or could not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The interface is not there.
    #[error("{instance}: there is no interface {interface}")]
    NoInterface {
        /// The instance.
        instance: String,
        /// Its interface.
        interface: String,
    },
    /// The virtual router is one of IPv6.
    #[error("{0}: virtual routers of IPv6 are not supported yet, only IPv4 ones")]
    Ipv6(String),
    /// An address to send from or to is of another family than the virtual router.
    #[error("{instance}: {address} is no address of {family}, of which the virtual router is")]
    Family {
        /// The instance.
        instance: String,
        /// The address.
        address: IpAddr,
        /// The family of the virtual router.
        family: Family,
    },
    /// What is given as a group is none.
    #[error("{instance}: {group} is no multicast group")]
    NotMulticast {
        /// The instance.
        instance: String,
        /// The address.
        group: IpAddr,
    },
    /// Unicast to nobody.
    #[error("{0}: unicast needs at least one peer")]
    NoPeers(String),
    /// No instance has that name.
    #[error("there is no instance {0}")]
    NoInstance(String),
    /// Two instances have the same name.
    #[error("two instances are named {0}")]
    DuplicateName(String),
    /// Two instances on one interface have the same VRID.
    #[error("{first} and {second} are both virtual router {vrid} on {interface}")]
    DuplicateVrid {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The VRID.
        vrid: u8,
        /// The interface.
        interface: String,
    },
    /// Two instances have the same address on one interface: it can be there or not, but not both.
    #[error("{first} and {second} both have {address} on {interface}")]
    DuplicateAddress {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The address.
        address: IpAddr,
        /// The interface.
        interface: String,
    },
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// An address could not be configured or removed.
    #[error("{action} {address} on {interface}: {source}")]
    Address {
        /// `adding` or `removing`.
        action: &'static str,
        /// The address.
        address: IpAddr,
        /// The interface.
        interface: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The driver's thread did not get its real-time priority.
    #[error(
        "running with real-time priority {priority} (it needs CAP_SYS_NICE, or an RLIMIT_RTPRIO \
         that allows it): {source}"
    )]
    Realtime {
        /// The priority.
        priority: RealtimePriority,
        /// What the system said.
        source: io::Error,
    },
    /// The memory of the process could not be locked.
    #[error("locking memory (it needs CAP_IPC_LOCK, or an RLIMIT_MEMLOCK that allows it): {0}")]
    LockMemory(#[source] io::Error),
    /// The driver's thread is not running any more.
    #[error("the driver has stopped")]
    Stopped,
}

impl Error {
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
