use thiserror::Error;

use super::{Config, Event, State, Timer, VirtualRouter};
use crate::{Instant, Version};

impl VirtualRouter {
    /// Gives the router another configuration without a change of state.
    ///
    /// An Active router stays Active and says what is new in its next advertisement; a Backup's
    /// running timer is moved by the change of its down interval. If the addresses changed, an
    /// Active router announces all of them after the next
    /// [`handle_addresses_installed`](Self::handle_addresses_installed). The effective priority
    /// stays, unless the configured one changed: then it is that one, for the caller to set
    /// again as tracking demands.
    pub fn reconfigure(&mut self, now: Instant, config: Config) -> Result<(), ReconfigureError> {
        let identity = |config: &Config| (config.vrid(), config.version(), config.family());
        if identity(&config) != identity(&self.config) {
            return Err(ReconfigureError::Identity);
        }
        if config.is_owner() != self.config.is_owner() {
            return Err(ReconfigureError::Owner);
        }

        let down_before = self.active_down_interval();
        let old = core::mem::replace(&mut self.config, config);
        if old.priority() != self.config.priority() {
            let from = core::mem::replace(&mut self.priority, self.config.priority());
            let to = self.priority;
            self.event(Event::PriorityChange { from, to });
        }
        let learned = self.state == State::Backup && self.last_heard.is_some();
        if !learned || self.config.version() == Version::V2 {
            self.active_adver_interval = self.config.interval();
        }
        self.rebase_active_down(now, down_before);
        if self.config.preempt_delay().is_zero() {
            self.stop_preempt_delay();
        }
        if let Some(due) = self.timers.get(Timer::Adver) {
            let latest = now + self.config.interval().as_duration();
            self.timers.set(Timer::Adver, due.min(latest));
        }
        if self.started && self.fault.is_none() && !self.config.sync_group() {
            // It may have been waiting for the group that it has left.
            self.enter_as_at_startup(now);
        }
        if old.announce().refresh != self.config.announce().refresh {
            self.refresh_later(now);
        }
        if !old.held_addresses().eq(self.config.held_addresses()) {
            self.forget_installed();
        }
        Ok(())
    }
}

/// Why a configuration cannot take the place of a running router's. Make another router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReconfigureError {
    /// Another VRID, version or address family is another router.
    #[error("VRID, version or address family differ: that is another virtual router")]
    Identity,
    /// The owner cannot become another's backup, nor a backup the owner.
    #[error("a router cannot become, or cease to be, the owner of the addresses")]
    Owner,
}
