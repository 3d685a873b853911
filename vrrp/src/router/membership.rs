//! The router as a member of a synchronisation group, which has the word on starting, recovering
//! and becoming Active; falling a member does by itself.

use alloc::sync::Arc;

use super::transitions::Input;
use super::{FaultReason, State, StateReason, VirtualRouter};
use crate::Instant;

/// How a member stands by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not started.
    Down,
    /// In a fault of its own.
    Fault,
    /// Another router is, or may yet be, Active.
    Backup,
    /// It is Active, or would be.
    Ready,
}

/// What a group says to all its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Be in Fault, since this member is.
    Fault(Arc<str>),
    /// Be Backup, since this member must.
    Backup(Arc<str>),
    /// Be Active.
    Active,
}

impl VirtualRouter {
    pub(crate) fn standing(&self) -> Standing {
        match self.state {
            _ if self.fault.is_some() => Standing::Fault,
            _ if !self.started => Standing::Down,
            State::Active => Standing::Ready,
            State::Backup if self.ready => Standing::Ready,
            State::Initialize | State::Backup | State::Fault => Standing::Backup,
        }
    }

    pub(crate) fn follow_group(&mut self, now: Instant, verdict: &Verdict) {
        if !self.started || self.fault.is_some() {
            return;
        }
        match verdict {
            Verdict::Fault(member) => {
                let reason = StateReason::Fault(FaultReason::Group(member.clone()));
                self.transition(now, Input::Stop { to: State::Fault, reason });
            }
            Verdict::Backup(member) => {
                self.enter_as_at_startup(now);
                self.transition(now, Input::GroupBackup { member: member.clone() });
            }
            Verdict::Active => self.transition(now, Input::GroupActive),
        }
    }

    /// Leaves Initialize or Fault.
    pub(super) fn enter_as_at_startup(&mut self, now: Instant) {
        let reason = match self.state {
            State::Initialize => StateReason::Startup,
            State::Fault => StateReason::Recovered,
            State::Backup | State::Active => return,
        };
        self.transition(now, Input::Start(reason));
    }

    /// When this router last had to assert itself.
    pub(crate) fn asserted(&self) -> Option<Instant> {
        self.asserted
    }

    /// Another member had to assert itself: whoever believed its rival may believe ours.
    pub(crate) fn assert_with_group(&mut self, at: Instant) {
        if self.state == State::Active && self.asserted < Some(at) {
            self.announce_assertion(at);
        }
    }
}
