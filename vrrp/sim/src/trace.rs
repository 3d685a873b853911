use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use steadfast_vrrp::Priority;
use steadfast_vrrp::router::{AdvertiseReason, ReceiveError, StateChange};

use crate::fault::Fault;
use crate::time::Time;

/// Something that happened in a simulated world.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When, in true time.
    pub at: Time,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A fault began.
    Fault(Fault),
    /// A fault ended.
    Repair(Fault),
    /// On a network without faults, something was done.
    Operation(Fault),
    /// All faults have ended, or nothing has gone wrong yet; within this time there must be one
    /// Active router.
    Calm {
        /// The time.
        bound: Duration,
    },
    /// The time is over, and there is one, or nobody is up.
    Settled {
        /// Who.
        active: Option<u8>,
    },
    /// A router was started.
    Start {
        /// The host.
        host: u8,
    },
    /// A router changed its state.
    State {
        /// The host.
        host: u8,
        /// The change.
        change: StateChange,
    },
    /// A router sent an advertisement.
    Sent {
        /// The host.
        host: u8,
        /// The priority in it.
        priority: Option<Priority>,
        /// Why.
        reason: AdvertiseReason,
    },
    /// A router took note of an advertisement.
    Heard {
        /// The host.
        host: u8,
        /// The sender.
        from: u8,
        /// The priority in it.
        priority: Option<Priority>,
        /// How long it waited in the socket.
        waited: Duration,
    },
    /// A router refused a packet.
    Refused {
        /// The host.
        host: u8,
        /// Why.
        error: ReceiveError,
    },
    /// An advertisement did not arrive.
    Lost {
        /// The host that did not get it.
        host: u8,
        /// The sender.
        from: u8,
    },
    /// A router noticed that it was woken late.
    Overslept {
        /// The host.
        host: u8,
        /// By how much, on its own clock.
        by: Duration,
    },
}

/// What a host is called.
pub(crate) struct Name(pub(crate) u8);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0 + 1)
    }
}

struct Wire(Option<Priority>);

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "priority {}", self.0.map_or(0, Priority::get))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ", self.at)?;
        match &self.what {
            What::Fault(fault) => write!(f, "fault      {fault}"),
            What::Repair(fault) => write!(f, "repaired   {fault}"),
            What::Operation(fault) => write!(f, "operation  {fault}"),
            What::Calm { bound } => write!(f, "calm: one Active within {bound:?}"),
            What::Settled { active: Some(active) } => write!(f, "settled: {}", Name(*active)),
            What::Settled { active: None } => write!(f, "settled: nobody is up"),
            What::Start { host } => write!(f, "{} starts", Name(*host)),
            What::State { host, change } => {
                write!(f, "{} {} -> {}: {}", Name(*host), change.from, change.to, change.reason)
            }
            What::Sent { host, priority, reason } => {
                write!(f, "{} sends {} ({reason:?})", Name(*host), Wire(*priority))
            }
            What::Heard { host, from, priority, waited } => {
                write!(f, "{} hears {}: {}", Name(*host), Name(*from), Wire(*priority))?;
                if waited.is_zero() { Ok(()) } else { write!(f, ", {waited:?} old") }
            }
            What::Refused { host, error } => write!(f, "{} refuses: {error}", Name(*host)),
            What::Lost { host, from } => write!(f, "{} misses {}", Name(*host), Name(*from)),
            What::Overslept { host, by } => write!(f, "{} overslept by {by:?}", Name(*host)),
        }
    }
}

/// The last moments, and whoever watches as they pass.
pub(crate) struct Trace<'a> {
    last: VecDeque<Moment>,
    watcher: &'a mut dyn FnMut(&Moment),
}

impl<'a> Trace<'a> {
    const KEPT: usize = 120;

    pub(crate) fn new(watcher: &'a mut dyn FnMut(&Moment)) -> Self {
        Self { last: VecDeque::with_capacity(Self::KEPT), watcher }
    }

    pub(crate) fn add(&mut self, at: Time, what: What) {
        let moment = Moment { at, what };
        (self.watcher)(&moment);
        if self.last.len() == Self::KEPT {
            self.last.pop_front();
        }
        self.last.push_back(moment);
    }

    pub(crate) fn into_last(self) -> Vec<Moment> {
        self.last.into()
    }
}
