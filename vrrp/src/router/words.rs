//! Events and reasons as a log would have them, with states by keepalived's names, which is what
//! people look for.

use core::fmt;

use super::{Event, State, StateChange, StateReason};

impl fmt::Display for StateChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            State::Initialize => write!(f, "Stopped: {}", self.reason),
            to => write!(f, "Entering {} STATE: {}", to.keepalived(), self.reason),
        }
    }
}

impl fmt::Display for StateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Startup => f.write_str("startup"),
            Self::Resumed { down } => write!(f, "resuming after {down:.3?} without a process"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::Fault(fault) => fault.fmt(f),
            Self::Recovered => f.write_str("fault is over"),
            Self::Silence { duration, last_heard: Some(peer) } => {
                write!(f, "nothing heard for {duration:.3?}, last from {peer}")
            }
            Self::Silence { duration, last_heard: None } => {
                write!(f, "nobody heard for {duration:.3?}")
            }
            Self::PeerResigned { peer } => write!(f, "{peer} gave up (priority 0)"),
            Self::Preempted { peer, ours } => {
                write!(f, "preempting {peer}, which is lower than ours of {ours}")
            }
            Self::HigherPriority { peer, ours } => {
                write!(f, "advert from {peer}, which is higher than ours of {ours}")
            }
            Self::GreaterAddress { peer, ours: Some(ours) } => {
                write!(f, "advert from {peer}, the same as ours, and our address {ours} is lower")
            }
            Self::GreaterAddress { peer, ours: None } => {
                write!(f, "advert from {peer}, the same as ours, and we have no address")
            }
            Self::TakenOverWhileAsleep { peer } => {
                write!(f, "{peer} took over while we were asleep, and nopreempt is set")
            }
            Self::TimerExpired { by } => {
                write!(f, "woken {by:.3?} late, another may have taken over meanwhile")
            }
            Self::TakenOverBeforeResumption { peer } => {
                write!(f, "{peer} took over before we were started again")
            }
            Self::GroupBackup { member } => {
                write!(f, "{member} of the same group is in BACKUP STATE")
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateChange(change) => change.fmt(f),
            Self::PriorityChange { from, to } => {
                write!(f, "Changing effective priority from {from} to {to}")
            }
            Self::Overslept { by, state } => {
                let state = state.keepalived();
                write!(f, "Woke {by:.3?} late in {state} STATE: listening before acting")
            }
            Self::LowerPriorityPeer { peer } => {
                write!(f, "Received advert from {peer}, which must yield: asserting ourselves")
            }
            Self::AddressListDiffers { peer } => {
                write!(f, "Received advert from {peer} with other addresses than configured")
            }
            Self::IntervalDiffers { peer, theirs, ours } => {
                write!(f, "Received advert from {peer} every {theirs}, configured is {ours}")
            }
            Self::OwnerConflict { peer } => {
                write!(f, "Received advert from {peer} for addresses that are ours as their owner")
            }
        }
    }
}
