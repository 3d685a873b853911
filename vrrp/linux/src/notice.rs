use std::net::IpAddr;

use steadfast_vrrp::Priority;
use steadfast_vrrp::router::{Counters, Event, ReceiveError, State};

use crate::Error;

/// Something an instance's owner may want to know.
#[derive(Debug)]
pub struct Notice {
    /// The instance's name.
    pub instance: String,
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
    /// An address was taken away by somebody else while the router is Active; it is put back.
    AddressLost(IpAddr),
    /// A packet was discarded. A reason is repeated only after another came between.
    Discarded {
        /// Who sent it.
        source: IpAddr,
        /// Why.
        reason: ReceiveError,
    },
    /// Something could not be done; it is tried again when there is reason to.
    Failed(Error),
}

/// An instance as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The instance's name.
    pub instance: String,
    /// Its state.
    pub state: State,
    /// Its effective priority.
    pub priority: Priority,
    /// What happened so far.
    pub counters: Counters,
}
