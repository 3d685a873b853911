//! One instance while it runs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::announce::Pacer;
use steadfast_vrrp::debounce::Debounce;
use steadfast_vrrp::packet::ah::SequenceNumber;
use steadfast_vrrp::router::{
    Advertise, Destination, Event, FaultReason, ReceiveError, Received, Transmit,
};
use steadfast_vrrp::{Family, Instant, MacAddress, Version, VirtualRouter};

use crate::addresses::{Change, changes};
use crate::channel::{Needs, Place};
use crate::guard::Identity;
use crate::macvlan::Macvlan;
use crate::notice::NoticeKind;
use crate::observed::{Held, Observed};
use crate::receiver::Packet;
use crate::sender::Origin;
use crate::socket::Protocol;
use crate::{AnnounceElsewhere, Error, Instance, OnLostAddress, OtherInterfaces, VirtualAddress};

mod fault;

/// How long to wait before something that failed is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(1);
/// How often packets may be reported as discarded; the counters count them all.
const REPORT_DISCARDED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) instance: Instance,
    pub(crate) router: VirtualRouter,
    macvlans: Vec<Macvlan>,
    /// The names of those that have been made, or taken over.
    made_macvlans: BTreeSet<String>,
    /// Its interface, where that is there.
    index: Option<u32>,
    /// That interface's link, as it counts.
    link: Debounce,
    /// What it sends from.
    source: Option<IpAddr>,
    /// It has something to send from, and somebody here has that where it matters.
    has_source: bool,
    /// What the owner declared.
    pub(crate) declared_fault: Option<FaultReason>,
    /// The instance as it was, with the addresses that it no longer has and may still hold.
    former: Option<Box<Instance>>,
    /// The crash guard is to be told what to do for it.
    pub(crate) will_due: bool,
    /// The number of the packet that the crash guard has, if it has one with a number.
    pub(crate) willed: Option<SequenceNumber>,
    /// It is being removed: it is in no group any more, and takes its macvlans with it.
    leaving: bool,
    /// What the router was told.
    fault: Option<FaultReason>,
    addresses: Addresses,
    /// When the next announcement may leave, while some are owed.
    pub(crate) announce_at: Option<Instant>,
    /// When to announce what is on other interfaces.
    elsewhere_at: Option<Instant>,
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
    /// The changes under way make the interface that the addresses are for.
    making_interface: bool,
    /// One seems to have been taken away.
    in_doubt: bool,
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
            macvlans: Vec::new(),
            made_macvlans: BTreeSet::new(),
            declared_fault: instance.initial_fault.clone(),
            link: Debounce::new(instance.link_delays),
            instance,
            index: None,
            source: None,
            has_source: false,
            former: None,
            will_due: true,
            willed: None,
            leaving: false,
            fault: None,
            addresses: Addresses::default(),
            announce_at: None,
            elsewhere_at: None,
            reported: Reported::default(),
        }
    }

    /// Gets macvlans, still to be made.
    pub(crate) fn plan_macvlans(&mut self, macvlans: Vec<Macvlan>) {
        self.macvlans = macvlans;
    }

    /// All of its macvlans have been made that can be.
    pub(crate) fn possible_macvlans_made(&mut self, observed: &Observed) {
        let made = self.macvlans.iter().filter(|macvlan| macvlan.is_possible(observed));
        self.made_macvlans = made.map(|macvlan| macvlan.name.clone()).collect();
    }

    /// One of its macvlans has been made.
    pub(crate) fn macvlan_made(&mut self, name: &str) {
        self.made_macvlans.insert(name.to_owned());
    }

    pub(crate) fn macvlans(&self) -> &[Macvlan] {
        &self.macvlans
    }

    /// Stops for good.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.router.handle_shutdown(now);
        self.leaving = true;
        self.look_again();
    }

    /// What the kernel has of its addresses may not be as it was.
    pub(crate) fn look_again(&mut self) {
        self.addresses.settled = false;
    }

    /// The group that it is in.
    pub(crate) fn sync_group(&self) -> Option<&str> {
        self.instance.sync_group.as_deref().filter(|_| !self.leaving)
    }

    /// Addresses that come and go with it.
    pub(crate) fn virtual_addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.places().map(|(address, _)| address)
    }

    /// These addresses, and the interfaces that they are for.
    pub(crate) fn places(&self) -> impl Iterator<Item = (IpAddr, &String)> {
        let former = self.former.iter().flat_map(|former| former.places());
        self.instance.places().chain(former)
    }

    /// By what its heir knows it.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            interface: self.instance.interface.clone(),
            family: self.instance.config.family(),
            vrid: self.instance.config.vrid().get(),
        }
    }

    /// Where it sends and listens, if it can.
    pub(crate) fn place(&self) -> Option<Place> {
        self.index.map(|index| (index, self.instance.config.family()))
    }

    /// The virtual MAC that its advertisements are sent from, and the group they are sent to, if so.
    pub(crate) fn sends_from(&self) -> Option<(MacAddress, IpAddr)> {
        let virtual_mac = self.instance.virtual_mac.as_ref()?;
        match self.instance.config.destination() {
            Destination::Multicast(group) if !virtual_mac.xmit_base => {
                Some((virtual_mac.address, *group))
            }
            Destination::Multicast(_) | Destination::Unicast { .. } => None,
        }
    }

    /// What its advertisements are sent as.
    pub(crate) fn protocol(&self) -> Protocol {
        match self.instance.config.authentication_header() {
            Some(_) => Protocol::AuthenticationHeader,
            None => Protocol::Vrrp,
        }
    }

    /// How an advertisement leaves its interface.
    pub(crate) fn origin(&self, advertise: &Advertise) -> Origin {
        let ttl = self.instance.config.destination().ttl();
        Origin { source: advertise.source, ttl, protocol: self.protocol() }
    }

    /// Whether the crash guard is to be told what to do for it, because that has changed or because
    /// what it would send has become too old.
    pub(crate) fn is_will_due(&self) -> bool {
        self.will_due || self.willed.is_some_and(|willed| self.router.outdates(willed))
    }

    /// Adds what it needs to send and listen.
    pub(crate) fn add_needs(&self, needs: &mut Needs) {
        needs.interface.clone_from(&self.instance.interface);
        needs.sources.extend(self.source);
        needs.vrids.insert(self.instance.config.vrid().get());
        needs.protocols.insert(Protocol::Vrrp);
        // Also to hear of others that have what it has not.
        if self.instance.config.version() == Version::V2 {
            needs.protocols.insert(Protocol::AuthenticationHeader);
        }
        if let Destination::Multicast(group) = self.instance.config.destination()
            && !needs.groups.contains(group)
        {
            needs.groups.push(*group);
        }
    }

    /// When something is to be done.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let router = self.router.poll_timeout().map(|timeout| timeout.at);
        let Addresses { retry_at, .. } = self.addresses;
        let others = [self.link.poll_timeout(), retry_at, self.announce_at, self.elsewhere_at];
        router.into_iter().chain(others.into_iter().flatten()).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.handle_link_timeout(now);
        self.router.handle_timeout(now);
        if self.addresses.retry_at.is_some_and(|at| at <= now) {
            self.addresses.retry_at = None;
            self.look_again();
        }
    }

    /// Hands the router a packet; says what to report of it.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet<'_>) -> Option<NoticeKind> {
        let Packet { source, destination, hop_limit, arrival, message, authenticated } = *packet;
        let taken = match authenticated {
            Some(whole) => self.router.handle_authenticated_packet(now, arrival, whole),
            None => {
                let received = Received { arrival, source, destination, hop_limit };
                self.router.handle_packet(now, &received, message)
            }
        };
        let reason = taken.err()?;
        if let Some((at, who, why)) = self.reported.discarded
            && ((who, why) == (source, reason) || now.duration_since(at) < REPORT_DISCARDED)
        {
            return None;
        }
        self.reported.discarded = Some((now, source, reason));
        Some(NoticeKind::Discarded { source, reason })
    }

    /// What the router wants sent, of announcements only what may leave.
    pub(crate) fn poll_transmit(&mut self, now: Instant, pacer: &mut Pacer) -> Option<Transmit> {
        let announce_at = &mut self.announce_at;
        *announce_at = None;
        self.router.poll_transmit_if(|transmit| match transmit {
            Transmit::Advertisement(_) => true,
            Transmit::Announce(announce) => {
                let refused = pacer.admit(now, Family::of(announce.address)).err();
                *announce_at = refused;
                refused.is_none()
            }
        })
    }

    /// The addresses on other interfaces, if they are to be announced now.
    pub(crate) fn due_elsewhere(&mut self, now: Instant) -> Vec<IpAddr> {
        let wanted = self.instance.announce_elsewhere.filter(|_| self.addresses.installed);
        let wanted = wanted.filter(|wanted| !wanted.interval.is_zero());
        let Some(AnnounceElsewhere { interval, on }) = wanted else {
            self.elsewhere_at = None;
            return Vec::new();
        };
        // The first time they are announced like all others.
        let due = self.elsewhere_at.is_some_and(|at| at <= now);
        if due || self.elsewhere_at.is_none() {
            self.elsewhere_at = Some(now + interval);
        }
        let elsewhere = |(_, interface): &(IpAddr, &String)| self.announces_again_on(interface, on);
        let places = self.instance.places().filter(|_| due).filter(elsewhere);
        places.map(|(address, _)| address).collect()
    }

    /// Whether addresses on an interface are among those of [`Instance::announce_elsewhere`].
    fn announces_again_on(&self, interface: &String, on: OtherInterfaces) -> bool {
        let virtual_mac = self.instance.virtual_mac.as_ref().map(|it| &it.interface);
        let advertises_there = self.sends_from().and(virtual_mac);
        interface != advertises_there.unwrap_or(&self.instance.interface)
            && (on == OtherInterfaces::All
                || virtual_mac == Some(interface)
                || self.instance.makes(interface))
    }

    pub(crate) fn poll_event(&mut self) -> Option<NoticeKind> {
        let event = self.router.poll_event()?;
        if matches!(event, Event::StateChange(_)) {
            self.will_due = true;
            self.reported.failures.clear();
        }
        Some(NoticeKind::Event(event))
    }

    /// A failure as a notice, once in each state.
    pub(crate) fn failure(&mut self, error: Error) -> Option<NoticeKind> {
        self.reported.failures.insert(error.to_string()).then_some(NoticeKind::Failed(error))
    }

    /// The changes that make the kernel hold the addresses, or not, to be made now.
    pub(crate) fn begin_changes(&mut self, now: Instant, observed: &Observed) -> Vec<Change> {
        let wanted = self.router.holds_addresses();
        let addresses = &mut self.addresses;
        addresses.installed &= wanted;
        if addresses.changing {
            return Vec::new();
        }
        if addresses.wanted == Some(wanted) && (addresses.settled || addresses.retry_at.is_some()) {
            return Vec::new();
        }
        addresses.wanted = Some(wanted);
        addresses.retry_at = None;
        let changes = self.changes(observed, wanted);
        self.addresses.settled = changes.is_empty();
        self.addresses.changing = !changes.is_empty();
        self.addresses.making_interface = changes.iter().any(Change::makes_interface);
        if changes.is_empty() {
            self.will_due |= self.former.take().is_some();
            if wanted {
                self.addresses_installed(now);
            }
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
        let left = self.changes(observed, wanted);
        if self.addresses.making_interface && !left.iter().any(Change::makes_interface) {
            // Now for the addresses.
            return false;
        }
        if !left.is_empty() {
            self.addresses.retry_at = Some(now + RETRY);
        }
        if wanted {
            // Some may have failed, which is no reason to keep quiet about the others.
            self.addresses_installed(now);
        }
        late
    }

    /// What is to be changed; what it no longer has goes last.
    fn changes(&self, observed: &Observed, wanted: bool) -> Vec<Change> {
        let mut all = changes(&self.instance, observed, wanted);
        if let Some(former) = &self.former {
            all.extend(changes(former, observed, false));
        }
        let is_made = |macvlan: &Macvlan| self.made_macvlans.contains(&macvlan.name);
        let change = |macvlan: &Macvlan| match (self.leaving, is_made(macvlan)) {
            (true, _) => macvlan.removal(observed).into_iter().collect(),
            (false, true) => macvlan.change(observed, wanted),
            (false, false) => macvlan.making(observed),
        };
        // Up before its addresses are there, and until they are gone.
        let position = if wanted { 0 } else { all.len() };
        all.splice(position..position, self.macvlans.iter().flat_map(change));
        all
    }

    /// Becomes another without a stop.
    pub(crate) fn reconfigure(&mut self, now: Instant, instance: Instance) -> Result<(), Error> {
        let name = || instance.name.clone();
        if instance.interface != self.instance.interface {
            let (from, to) = (self.instance.interface.clone(), instance.interface.clone());
            return Err(Error::OtherInterface { instance: name(), from, to });
        }
        if instance.macvlans() != self.instance.macvlans()
            || instance.virtual_mac != self.instance.virtual_mac
        {
            return Err(Error::OtherVirtualMac(name()));
        }
        let reconfigured = self.router.reconfigure(now, instance.config.clone());
        reconfigured.map_err(|source| Error::Incompatible { instance: name(), source })?;

        let mut former = std::mem::replace(&mut self.instance, instance);
        // Those that are still to be removed from the last time.
        former.addresses.extend(self.former.take().into_iter().flat_map(|older| older.addresses));
        self.former = Some(Box::new(former));
        let instance = self.instance.clone();
        self.leave_to(&instance);
        self.addresses.installed = false;
        self.addresses.retry_at = None;
        self.link.set_delays(self.instance.link_delays);
        self.will_due = true;
        self.look_again();
        Ok(())
    }

    /// Forgets those of its former addresses that an instance has now.
    pub(crate) fn leave_to(&mut self, instance: &Instance) {
        let Some(former) = &mut self.former else { return };
        let interface = former.interface.clone();
        former.addresses.retain(|address| {
            let at = (address.address, address.interface.as_ref().unwrap_or(&interface));
            instance.places().all(|taken| taken != at)
        });
    }

    /// Whether it holds its addresses, is to, or was never compared with what the kernel has.
    pub(crate) fn may_hold_addresses(&self) -> bool {
        self.router.holds_addresses() || self.addresses.wanted != Some(false)
    }

    /// Whether it holds no addresses any more, or cannot get rid of them.
    pub(crate) fn has_released_addresses(&self) -> bool {
        let Addresses { wanted, settled, changing, retry_at, .. } = &self.addresses;
        !changing && *wanted == Some(false) && (*settled || retry_at.is_some())
    }

    /// Whether the kernel holds none of its addresses.
    pub(crate) fn has_nothing_left(&self, observed: &Observed) -> bool {
        self.changes(observed, false).is_empty()
    }

    /// Whether the router knows that its addresses are in.
    pub(crate) fn has_installed(&self) -> bool {
        self.addresses.installed
    }

    /// Whether changes are under way.
    pub(crate) fn is_changing(&self) -> bool {
        self.addresses.changing
    }

    /// Whether somebody else took away what is gone.
    pub(crate) fn misses(&self, gone: &Held, observed: &Observed) -> bool {
        let is_held = |address: &VirtualAddress| {
            address.address == gone.address
                && address.prefix_len == gone.prefix_len
                && observed.index_of(self.instance.interface_of(address)) == Some(gone.index)
        };
        self.router.holds_addresses()
            && !self.is_changing()
            && self.instance.addresses.iter().any(is_held)
            && !observed.held(gone.index, gone.address).any(|held| held == *gone)
    }

    /// One of its addresses seems to have been taken away. Says whether that is to be made sure of:
    /// with an interface that is set down its addresses go as well, and the kernel tells that first.
    pub(crate) fn doubt_addresses(&mut self) -> bool {
        self.addresses.in_doubt = self.instance.on_lost_address == OnLostAddress::GiveUp;
        self.addresses.in_doubt
    }

    /// Gives up if an address that seemed to have been taken away has been; says which.
    pub(crate) fn give_up_lost(&mut self, observed: &Observed) -> Option<IpAddr> {
        let in_doubt = std::mem::take(&mut self.addresses.in_doubt);
        if !in_doubt || !self.router.holds_addresses() {
            return None;
        }
        let is_lost = |address: &&VirtualAddress| {
            let found = observed.find(self.instance.interface_of(address));
            found.is_some_and(|(index, link)| {
                link.up && observed.held(index, address.address).next().is_none()
            })
        };
        let lost = self.instance.addresses.iter().find(is_lost)?.address;
        self.declared_fault = Some(FaultReason::AddressLost(lost));
        Some(lost)
    }

    fn addresses_installed(&mut self, now: Instant) {
        self.addresses.installed = true;
        self.router.handle_addresses_installed(now);
    }
}

#[cfg(test)]
pub(crate) mod tests;
