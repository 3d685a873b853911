use std::io;
use std::net::IpAddr;

use steadfast_vrrp::Family;
use steadfast_vrrp::router::ReconfigureError;

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
    /// The address to send from is of another family than the virtual router.
    #[error("{instance}: cannot send from {address}, the virtual router is one of {family}")]
    SourceFamily {
        /// The instance.
        instance: String,
        /// The address.
        address: IpAddr,
        /// The family of the virtual router.
        family: Family,
    },
    /// The virtual router is not to accept packets to its addresses, and nothing can keep this kernel
    /// from it.
    #[error(
        "{instance}: packets to its addresses are to be dropped, for which it takes nf_tables \
         (CONFIG_NF_TABLES_INET) and a table in the driver's options: {source}"
    )]
    NotAccepting {
        /// The instance.
        instance: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something that strict mode does not allow.
    #[error("{instance}: strict mode does not allow {option}")]
    Strict {
        /// The instance.
        instance: String,
        /// What it is.
        option: &'static str,
    },
    /// A virtual address accepts packets for one instance and does not for another.
    #[error("{first} and {second} both have {address}, and only one of them accepts packets to it")]
    DifferentAccept {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The address.
        address: IpAddr,
    },
    /// Instance and configuration do not agree whether there is a group.
    #[error(
        "{0}: whoever is in a synchronisation group says so in the instance and in the \
         configuration of the virtual router, and nobody else does"
    )]
    SyncGroup(String),
    /// There is an interface with the name that a virtual MAC's is to have.
    #[error(
        "{instance}: {interface} exists and is no macvlan on {base}: remove it, or give that of the \
         virtual MAC another name"
    )]
    InterfaceExists {
        /// The instance.
        instance: String,
        /// The interface.
        interface: String,
        /// The interface that the macvlan is to be on.
        base: String,
    },
    /// The interface of a virtual MAC has a name that the kernel does not take.
    #[error(
        "{instance}: {interface:?} is no name of an interface: 1 to 15 bytes without / : space"
    )]
    InterfaceName {
        /// The instance.
        instance: String,
        /// The name.
        interface: String,
    },
    /// A running instance cannot change its virtual MAC.
    #[error("{0}: its virtual MAC cannot change while it runs: remove it and add it")]
    OtherVirtualMac(String),
    /// Two virtual MACs are to be on one macvlan.
    #[error("{first} and {second} both have their virtual MAC on {interface}")]
    DuplicateInterface {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The macvlan.
        interface: String,
    },
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
    /// An instance cannot become that one without a stop.
    #[error("{instance}: {source} (remove it and add it)")]
    Incompatible {
        /// The instance.
        instance: String,
        /// Why not.
        source: ReconfigureError,
    },
    /// An instance cannot move to another interface without a stop.
    #[error("{instance} is on {from}: to be on {to}, remove it and add it")]
    OtherInterface {
        /// The instance.
        instance: String,
        /// Its interface.
        from: String,
        /// That of the configuration it was to get.
        to: String,
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
        "real-time priority {priority} was refused (it needs CAP_SYS_NICE, or an RLIMIT_RTPRIO that \
         allows it): {source}"
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
    /// The crash guard has ended, which it does not do by itself; another one is started.
    #[error("the crash guard was ended by somebody, starting another one")]
    GuardEnded,
    /// A running driver, or its crash guard, has the name that the options give this one.
    #[error("another running driver in this network namespace has the name {0}")]
    NameTaken(String),
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
