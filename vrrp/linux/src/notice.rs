use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use steadfast_vrrp::Priority;
use steadfast_vrrp::group::GroupChange;
use steadfast_vrrp::router::{Counters, Event, FaultReason, Operational, ReceiveError, State};

use crate::Error;

/// Something an instance's owner may want to know.
#[derive(Debug)]
pub struct Notice {
    /// The instance's name; empty if it concerns none alone.
    pub instance: String,
    /// When it was noticed.
    pub at: SystemTime,
    /// What happened.
    pub kind: NoticeKind,
}

/// What happened to an instance.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The virtual router says so.
    Event(Event),
    /// An address was configured.
    AddressAdded(IpAddr),
    /// An address was removed.
    AddressRemoved(IpAddr),
    /// An address was taken away by somebody else while the router is Active; what is done about it
    /// is up to [`Instance::on_lost_address`](crate::Instance::on_lost_address).
    AddressLost(IpAddr),
    /// The table of this name, in which packets to addresses are dropped, was changed or removed by
    /// somebody else. It is made again within a second.
    TableChanged(String),
    /// A synchronisation group changed its state; its members say so themselves.
    SyncGroup {
        /// The group's name.
        group: String,
        /// From what to what, and which member decided.
        change: GroupChange,
    },
    /// A packet was discarded. At most one a second is reported, and the same reason again only
    /// after another; [`Snapshot::counters`] count all.
    Discarded {
        /// Who sent it.
        source: IpAddr,
        /// Why.
        reason: ReceiveError,
    },
    /// Something could not be done. It is tried again, and reported once for each state that the
    /// instance enters.
    Failed(Error),
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::AddressAdded(address) => write!(f, "added {address}"),
            Self::AddressRemoved(address) => write!(f, "removed {address}"),
            Self::AddressLost(address) => {
                write!(f, "{address} was taken away by somebody else")
            }
            Self::TableChanged(table) => write!(
                f,
                "the table {table} of nftables was changed by somebody else; it is made again"
            ),
            Self::SyncGroup { group, change } => write!(f, "group {group}: {change}"),
            Self::Discarded { source, reason } => {
                write!(f, "discarded a packet from {source}: {reason}")
            }
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// An instance as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The instance's name.
    pub instance: String,
    /// Its state.
    pub state: State,
    /// What is wrong with it itself, while it is in Fault for that.
    pub fault: Option<FaultReason>,
    /// Its effective priority.
    pub priority: Priority,
    /// Its operational state as RFC 8347 has it.
    pub operational: Operational,
    /// What happened so far.
    pub counters: Counters,
    /// Packets on its interface with a VRID that no instance there has, about: one in 64 of them is
    /// looked at.
    pub unknown_vrids: u64,
}
