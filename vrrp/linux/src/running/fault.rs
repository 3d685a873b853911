//! What links and addresses mean for a router: whether it is in Fault.

use std::sync::Arc;

use steadfast_vrrp::Instant;
use steadfast_vrrp::debounce::Debounce;
use steadfast_vrrp::router::FaultReason;

use super::Running;
use crate::observed::Observed;
use crate::sources::Sources;

impl Running {
    /// Tells the router what links and addresses mean for it.
    pub(crate) fn follow(&mut self, now: Instant, observed: &Observed, sources: &mut Sources<'_>) {
        self.look_again();
        let instance = &self.instance;
        let sent_from = (self.index, self.source);
        self.index = observed.index_of(&instance.interface);
        match self.index.and_then(|index| observed.link(index)) {
            Some(link) => self.link.handle_seen(now, link.running),
            // One that comes back is another, whose state counts at once.
            None => self.link = Debounce::new(instance.link_delays),
        }
        let family = instance.config.family();
        let own = self.index.and_then(|index| sources.at((index, family)));
        let source = instance.source.or(own);
        let is_lost = |source| instance.track_source && !observed.anybody_has(source);
        self.source = source;
        self.has_source = source.is_some_and(|source| !is_lost(source));
        self.router.set_source(source);
        self.will_due |= sent_from != (self.index, source);
        self.judge(now);
    }

    /// Why it is in Fault, if not for another of its group.
    pub(crate) const fn fault(&self) -> Option<&FaultReason> {
        self.fault.as_ref()
    }

    /// A link whose change has lasted for long enough counts as changed.
    pub(super) fn handle_link_timeout(&mut self, now: Instant) {
        if self.link.poll_timeout().is_some_and(|at| at <= now) {
            self.link.handle_timeout(now);
            self.judge(now);
        }
    }

    fn judge(&mut self, now: Instant) {
        let instance = &self.instance;
        let link_is_up = self.link.is_up() == Some(true);
        let is_up = link_is_up || (self.index.is_some() && !instance.track_interface);
        let interface = || Arc::from(instance.interface.as_str());
        let fault = match (is_up, self.has_source) {
            (false, _) => Some(FaultReason::InterfaceDown(interface())),
            (true, false) => Some(FaultReason::NoSourceAddress(interface())),
            (true, true) => self.declared_fault.clone(),
        };
        if fault == self.fault {
            return;
        }
        self.fault.clone_from(&fault);
        match fault {
            Some(fault) => self.router.handle_fault(now, fault),
            None => self.router.clear_fault(now),
        }
    }
}
