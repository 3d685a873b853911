//! One instance while it runs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::router::{Event, FaultReason, ReceiveError, Received};
use steadfast_vrrp::{Instant, VirtualRouter};

use crate::addresses::{Change, changes};
use crate::notice::NoticeKind;
use crate::observed::Observed;
use crate::{Destination, Error, Instance};

/// How long to wait before something that failed is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(1);
/// How often packets may be reported as discarded; the counters count them all.
const REPORT_DISCARDED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) instance: Instance,
    pub(crate) router: VirtualRouter,
    /// Its interface, where that is there.
    pub(crate) index: Option<u32>,
    /// What the owner declared.
    pub(crate) declared_fault: Option<FaultReason>,
    /// What the router was told.
    fault: Option<FaultReason>,
    addresses: Addresses,
    reported: Reported,
}

/// How far the kernel is from what the router wants.
#[derive(Debug, Default)]
struct Addresses {
    /// What the kernel was last compared with: whether it is to hold the addresses.
    wanted: Option<bool>,
    /// The kernel is as wanted, or cannot be made so.
    settled: bool,
    /// Changes are under way.
    changing: bool,
    /// Changes did not help; when to try again.
    retry_at: Option<Instant>,
    /// The router knows that they are in.
    installed: bool,
}

/// What was said, so that it is not said with every packet.
#[derive(Debug, Default)]
struct Reported {
    /// Since the last change of state.
    failures: BTreeSet<String>,
    discarded: Option<(Instant, IpAddr, ReceiveError)>,
}

impl Running {
    pub(crate) fn new(instance: Instance) -> Self {
        Self {
            router: VirtualRouter::new(instance.config.clone()),
            instance,
            index: None,
            declared_fault: None,
            fault: None,
            addresses: Addresses::default(),
            reported: Reported::default(),
        }
    }

    /// Tells the router what links and addresses mean for it.
    pub(crate) fn follow(&mut self, now: Instant, observed: &Observed, all_virtual: &[IpAddr]) {
        self.addresses.settled = false;
        let instance = &self.instance;
        self.index = observed.index_of(&instance.interface);
        let link = self.index.and_then(|index| observed.link(index));
        let primary = self.index.and_then(|index| observed.primary_ipv4(index, all_virtual));
        let source = instance.source.or(primary.map(IpAddr::V4));
        self.router.set_source(source);
        let up = link.is_some_and(|link| link.running || !instance.track_interface);
        let fault = match (up, source) {
            (false, _) => Some(FaultReason::InterfaceDown),
            (true, None) => Some(FaultReason::NoSourceAddress),
            (true, Some(_)) => self.declared_fault.clone(),
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

    /// Whether a packet is for this instance, were it of its VRID.
    pub(crate) fn hears(&self, source: IpAddr, destination: IpAddr) -> bool {
        match &self.instance.destination {
            Destination::Multicast(group) => destination == *group,
            Destination::Unicast { peers, .. } => {
                !destination.is_multicast() && peers.iter().any(|peer| peer.address == source)
            }
        }
    }

    /// Whether a packet is from a peer at a distance that is allowed.
    pub(crate) fn accepts_unicast(&self, source: IpAddr, ttl: u8) -> bool {
        match &self.instance.destination {
            Destination::Multicast(_) => false,
            Destination::Unicast { peers, .. } => peers
                .iter()
                .any(|peer| peer.address == source && (peer.min_ttl..=peer.max_ttl).contains(&ttl)),
        }
    }

    /// Hands the router a packet; says what to report of it.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        received: &Received,
        payload: &[u8],
    ) -> Option<NoticeKind> {
        let reason = self.router.handle_packet(now, received, payload).err()?;
        let source = received.source;
        if let Some((at, who, why)) = self.reported.discarded
            && ((who, why) == (source, reason) || now.duration_since(at) < REPORT_DISCARDED)
        {
            return None;
        }
        self.reported.discarded = Some((now, source, reason));
        Some(NoticeKind::Discarded { source, reason })
    }

    pub(crate) fn poll_event(&mut self) -> Option<NoticeKind> {
        let event = self.router.poll_event()?;
        if matches!(event, Event::StateChange(_)) {
            self.reported.failures.clear();
        }
        Some(NoticeKind::Event(event))
    }

    /// A failure as a notice, once in each state.
    pub(crate) fn failure(&mut self, error: Error) -> Option<NoticeKind> {
        self.reported.failures.insert(error.to_string()).then_some(NoticeKind::Failed(error))
    }

    /// When to try again what changes did not achieve.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.addresses.retry_at
    }

    /// The changes that make the kernel hold the addresses, or not, to be made now.
    pub(crate) fn begin_changes(&mut self, now: Instant, observed: &Observed) -> Vec<Change> {
        let wanted = self.router.holds_addresses();
        let addresses = &mut self.addresses;
        addresses.installed &= wanted;
        if addresses.changing {
            return Vec::new();
        }
        let retry = addresses.retry_at.is_some_and(|at| at <= now);
        if addresses.wanted == Some(wanted)
            && !retry
            && (addresses.settled || addresses.retry_at.is_some())
        {
            return Vec::new();
        }
        addresses.wanted = Some(wanted);
        addresses.retry_at = None;
        let changes = changes(&self.instance, observed, wanted);
        addresses.settled = changes.is_empty();
        addresses.changing = !changes.is_empty();
        if wanted && changes.is_empty() {
            self.addresses_installed(now);
        }
        changes
    }

    /// The changes have been made as far as they could be. Says whether what was added came too late
    /// for the router's own announcements.
    pub(crate) fn end_changes(&mut self, now: Instant, observed: Option<&Observed>) -> bool {
        let wanted = self.router.holds_addresses();
        let late = self.addresses.installed && wanted;
        self.addresses.changing = false;
        self.addresses.settled = false;
        let Some(observed) = observed.filter(|_| self.addresses.wanted == Some(wanted)) else {
            // There will be another look.
            return false;
        };
        if !changes(&self.instance, observed, wanted).is_empty() {
            self.addresses.retry_at = Some(now + RETRY);
        }
        if wanted {
            // Some may have failed, which is no reason to keep quiet about the others.
            self.addresses_installed(now);
        }
        late
    }

    /// Whether changes are under way.
    pub(crate) fn is_changing(&self) -> bool {
        self.addresses.changing
    }

    fn addresses_installed(&mut self, now: Instant) {
        self.addresses.installed = true;
        self.router.handle_addresses_installed(now);
    }
}

#[cfg(test)]
mod tests;
