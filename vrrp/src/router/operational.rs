use core::net::IpAddr;
use core::time::Duration;

use super::{FaultReason, State, StateReason, VirtualRouter};
use crate::{Instant, Priority};

/// The operational state of a virtual router, under the names of RFC 8347 where they tell what they
/// mean. [`Counters`](super::Counters) are its statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operational {
    /// `state`; what RFC 8347 has no name for, `Fault`, is `initialize` to it.
    pub state: State,
    /// `is-owner`.
    pub is_owner: bool,
    /// The priority as tracking changed it.
    pub effective_priority: Priority,
    /// `last-adv-source`: the source of the last valid advertisement received.
    pub last_adv_source: Option<IpAddr>,
    /// `up-datetime`: since when it is out of `Initialize`.
    pub up_since: Option<Instant>,
    /// `master-down-interval`; RFC 8347 counts it in centiseconds.
    pub master_down_interval: Duration,
    /// `skew-time`; RFC 8347 counts it in microseconds.
    pub skew_time: Duration,
    /// `last-event`.
    pub last_event: LastEvent,
    /// `new-master-reason`.
    pub new_master_reason: NewMasterReason,
}

/// The event that led to the last change of state (RFC 8347, `last-event`). Those that this crate
/// has no cause for, a router without addresses and an owner that preempts, are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LastEvent {
    /// `vrrp-event-none`.
    #[default]
    None,
    /// `vrrp-event-startup`.
    Startup,
    /// `vrrp-event-shutdown`.
    Shutdown,
    /// `vrrp-event-higher-priority-backup`: an Active router yielded.
    HigherPriorityBackup,
    /// `vrrp-event-master-timeout`: the Active router fell silent or gave up.
    MasterTimeout,
    /// `vrrp-event-interface-up`.
    InterfaceUp,
    /// `vrrp-event-interface-down`.
    InterfaceDown,
    /// `vrrp-event-no-primary-ip-address`.
    NoPrimaryIpAddress,
    /// `vrrp-event-primary-ip-address`: there is one again.
    PrimaryIpAddress,
    /// `vrrp-event-preempt-hold-timeout`: an Active router of lower priority was preempted after
    /// `preempt_delay`.
    PreemptHoldTimeout,
    /// `vrrp-event-lower-priority-master`: an Active router of lower priority was preempted.
    LowerPriorityMaster,
    /// Ours: something else that is tracked failed, or the operator or the group said so.
    Fault,
    /// Ours: that is over.
    Recovered,
    /// Ours: its group made it a Backup.
    Group,
}

/// Why a router became Active (RFC 8347, `new-master-reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NewMasterReason {
    /// It never did.
    #[default]
    NotMaster,
    /// It had the highest priority: as the owner, or when the Active router gave up.
    Priority,
    /// It preempted a router of lower priority.
    Preempted,
    /// It heard nothing of the Active router.
    NoResponse,
}

impl NewMasterReason {
    pub(super) fn of(reason: &StateReason) -> Self {
        match reason {
            StateReason::Silence { .. } => Self::NoResponse,
            StateReason::Preempted { .. } => Self::Preempted,
            _ => Self::Priority,
        }
    }
}

impl LastEvent {
    /// `before` is what `reason` follows.
    pub(super) fn of(reason: &StateReason, before: Self, preempt_delay: Duration) -> Self {
        match reason {
            StateReason::Startup | StateReason::Resumed { .. } => Self::Startup,
            StateReason::Shutdown => Self::Shutdown,
            StateReason::Fault(FaultReason::InterfaceDown(_)) => Self::InterfaceDown,
            StateReason::Fault(FaultReason::NoSourceAddress(_)) => Self::NoPrimaryIpAddress,
            StateReason::Fault(_) => Self::Fault,
            StateReason::Recovered => match before {
                Self::InterfaceDown => Self::InterfaceUp,
                Self::NoPrimaryIpAddress => Self::PrimaryIpAddress,
                _ => Self::Recovered,
            },
            StateReason::Silence { .. } | StateReason::PeerResigned { .. } => Self::MasterTimeout,
            StateReason::Preempted { .. } if preempt_delay.is_zero() => Self::LowerPriorityMaster,
            StateReason::Preempted { .. } => Self::PreemptHoldTimeout,
            StateReason::HigherPriority { .. }
            | StateReason::GreaterAddress { .. }
            | StateReason::TakenOverWhileAsleep { .. }
            | StateReason::TakenOverBeforeResumption { .. }
            | StateReason::TimerExpired { .. } => Self::HigherPriorityBackup,
            StateReason::GroupBackup { .. } => Self::Group,
        }
    }
}

impl VirtualRouter {
    /// The operational state.
    pub fn operational(&self) -> Operational {
        Operational {
            state: self.state,
            is_owner: self.config.is_owner(),
            effective_priority: self.priority,
            last_adv_source: self.last_adv_source,
            up_since: self.up_since,
            master_down_interval: self.active_down_interval(),
            skew_time: self.skew_time(),
            last_event: self.last_event,
            new_master_reason: self.new_master_reason,
        }
    }
}
