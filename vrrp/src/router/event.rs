use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use thiserror::Error;

use crate::{AdverInterval, Instant, Priority};

/// The state of a virtual router (RFC 9568 section 6.4; `Fault` is ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// Not started.
    #[default]
    Initialize,
    /// Listens to the Active router, ready to take over.
    Backup,
    /// Holds the addresses. keepalived and RFC 3768 say MASTER.
    Active,
    /// Started, but unfit to hold the addresses: sends nothing, hears nothing.
    Fault,
}

impl State {
    /// The word that keepalived has for it.
    pub const fn keepalived(self) -> &'static str {
        match self {
            Self::Initialize => "INIT",
            Self::Backup => "BACKUP",
            Self::Active => "MASTER",
            Self::Fault => "FAULT",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialize => "Initialize",
            Self::Backup => "Backup",
            Self::Active => "Active",
            Self::Fault => "Fault",
        })
    }
}

/// Why a router is unfit to hold the addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum FaultReason {
    /// The interface of this name is down or gone.
    #[error("interface {0} is down")]
    InterfaceDown(Arc<str>),
    /// The interface of this name has no address to send from.
    #[error("interface {0} has no address to send from")]
    NoSourceAddress(Arc<str>),
    /// A tracked interface, script, file or process failed; the caller's name for it.
    #[error("tracked {0} failed")]
    Tracked(Arc<str>),
    /// Another member of its synchronisation group is in Fault.
    #[error("{0} of the same group is in FAULT STATE")]
    Group(Arc<str>),
    /// Somebody else took a virtual address away, which is respected.
    #[error("{0} was taken away by somebody else")]
    AddressLost(IpAddr),
    /// The operator said so.
    #[error("operator's order")]
    Operator,
}

/// A router as its last advertisement showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The source of the advertisement.
    pub address: IpAddr,
    /// The priority in it; `None` if the peer gave up.
    pub priority: Option<Priority>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with priority {}", self.address, Priority::to_wire(self.priority))
    }
}

/// A change of state: the event every driver acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// When.
    pub at: Instant,
    /// The state before.
    pub from: State,
    /// The state since.
    pub to: State,
    /// Why.
    pub reason: StateReason,
}

/// Why a router changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateReason {
    /// The router was started.
    Startup,
    /// The router was started in place of one that was Active until its process died.
    Resumed {
        /// How long ago that was.
        down: Duration,
    },
    /// The router was shut down.
    Shutdown,
    /// The router became unfit.
    Fault(FaultReason),
    /// The fault is over.
    Recovered,
    /// Nothing was heard until the Active_Down_Timer fired.
    Silence {
        /// Since when: the last advertisement, or the start of listening.
        duration: Duration,
        /// Who was heard last, if anyone.
        last_heard: Option<Peer>,
    },
    /// The Active router gave up (priority 0), and nobody of higher priority took its place.
    PeerResigned {
        /// The router that gave up.
        peer: IpAddr,
    },
    /// An Active router of lower priority was preempted.
    Preempted {
        /// The router of lower priority.
        peer: Peer,
        /// Our priority.
        ours: Priority,
    },
    /// A router of higher priority advertises.
    HigherPriority {
        /// That router.
        peer: Peer,
        /// Our priority.
        ours: Priority,
    },
    /// A router of the same priority and a greater address advertises.
    GreaterAddress {
        /// That router.
        peer: Peer,
        /// Our address, if we have one.
        ours: Option<IpAddr>,
    },
    /// While we overslept another router took over, and preemption is off.
    TakenOverWhileAsleep {
        /// That router.
        peer: Peer,
    },
    /// It overslept so long that another router may have taken over, and is configured to step down
    /// then.
    TimerExpired {
        /// How late it was woken.
        by: Duration,
    },
    /// Between the death of the process and the start of the one that was to resume, another router
    /// took over.
    TakenOverBeforeResumption {
        /// That router.
        peer: Peer,
    },
    /// Another member of its synchronisation group must be Backup.
    GroupBackup {
        /// The name of that member.
        member: Arc<str>,
    },
}

/// Something worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The state changed.
    StateChange(StateChange),
    /// The effective priority changed.
    PriorityChange {
        /// The priority before.
        from: Priority,
        /// The priority since.
        to: Priority,
    },
    /// The router was woken so late that it listens again before it relies on the silence (as
    /// Backup) or speaks (as Active).
    Overslept {
        /// How long after the deadline it was woken.
        by: Duration,
        /// The state it was, and is, in.
        state: State,
    },
    /// As Active it heard a router that must yield: of lower priority, or of the same one and
    /// a smaller address.
    LowerPriorityPeer {
        /// That router.
        peer: Peer,
    },
    /// A router advertises other addresses. Reported once per Active router heard.
    AddressListDiffers {
        /// That router.
        peer: Peer,
    },
    /// A router advertises another interval (VRRPv3). Reported once per Active router heard.
    IntervalDiffers {
        /// That router.
        peer: Peer,
        /// Its interval.
        theirs: AdverInterval,
        /// Ours.
        ours: AdverInterval,
    },
    /// We own the addresses, and somebody else advertises them. Reported once per state.
    OwnerConflict {
        /// That router.
        peer: Peer,
    },
}

/// A queue that forgets its oldest event rather than grow beyond bounds.
#[derive(Debug, Clone)]
pub(super) struct EventQueue(VecDeque<Event>);

impl EventQueue {
    /// Far more than a driver that polls after each call can ever find waiting.
    pub(super) const CAPACITY: usize = 32;

    pub(super) fn new() -> Self {
        Self(VecDeque::with_capacity(Self::CAPACITY))
    }

    /// Adds `event`; says whether an older one had to go.
    pub(super) fn push(&mut self, event: Event) -> bool {
        let full = self.0.len() == Self::CAPACITY;
        if full {
            self.0.pop_front();
        }
        self.0.push_back(event);
        full
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }
}
