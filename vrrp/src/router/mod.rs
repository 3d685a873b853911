//! The state machine of one virtual router: one VRID on one interface in one address family.

mod addresses;
mod config;
mod counters;
mod destination;
mod event;
mod membership;
mod numbering;
mod operational;
mod receive;
mod reconfigure;
mod timers;
mod transitions;
mod transmit;
mod words;

use core::net::IpAddr;
use core::time::Duration;

use thiserror::Error;

pub use addresses::{InvalidAddresses, VirtualAddresses};
pub use config::{AddressListCheck, AnnounceSettings, Config, ConfigBuilder, ConfigError};
pub use counters::Counters;
pub use destination::{Destination, UnicastPeer};
use event::EventQueue;
pub use event::{Event, FaultReason, Peer, State, StateChange, StateReason};
pub(crate) use membership::{Standing, Verdict};
use numbering::Numbering;
pub use operational::{LastEvent, NewMasterReason, Operational};
use receive::Noted;
pub use receive::{Outcome, ReceiveError, Received};
pub use reconfigure::ReconfigureError;
use timers::TimerTable;
pub use timers::{Timeout, Timer};
use transitions::{Awaiting, Input};
use transmit::Burst;
pub use transmit::{Advertise, AdvertiseReason, Announce, AnnounceReason, SendChecksum, Transmit};

use crate::packet::ah::Envelope;
use crate::packet::{Advertisement, Carrier, ChecksumForm, EncodeError, Format};
use crate::{AdverInterval, Instant, Priority, Version};

/// One virtual router: holds no socket, no clock and no thread.
///
/// Tell it what happens with `handle_*`, then take what it wants done with `poll_*` until there
/// is nothing left, then sleep until [`poll_timeout`](Self::poll_timeout). Nothing breaks if a
/// call comes too often, too early or in another order; what is owed stays owed, bounded.
#[derive(Debug, Clone)]
pub struct VirtualRouter {
    config: Config,
    priority: Priority,
    source: Option<IpAddr>,
    state: State,
    started: bool,
    fault: Option<FaultReason>,
    timers: TimerTable,
    counters: Counters,

    /// Active_Adver_Interval: that of the Active router, learned from it or our own.
    active_adver_interval: AdverInterval,
    awaiting: Awaiting,
    last_heard: Option<Peer>,
    /// The form in which the Active router last heard sends its checksums.
    heard_checksum: Option<ChecksumForm>,
    silent_since: Instant,
    last_adv_source: Option<IpAddr>,
    last_event: LastEvent,
    new_master_reason: NewMasterReason,
    up_since: Option<Instant>,
    preempt_delay_over: bool,
    /// As Active: when it was started, if it was to resume.
    resumed: Option<Instant>,
    /// Overslept, and has been listening since.
    listening_again: bool,
    /// Would be Active, but for the others of its group.
    ready: bool,
    noted: Noted,
    numbering: Numbering,

    /// The advertisement to be sent. An advertisement says how things are now, so a later one
    /// replaces one that nobody took.
    pending: Option<(Option<Priority>, AdvertiseReason)>,
    installed: bool,
    burst: Option<Burst>,
    second_repeat: u8,
    /// When the addresses were last announced because of a router that must yield.
    asserted: Option<Instant>,
    events: EventQueue,
}

impl VirtualRouter {
    /// A router in `Initialize`, with all the memory it will ever need.
    pub fn new(config: Config) -> Self {
        Self {
            priority: config.priority(),
            source: None,
            state: State::Initialize,
            started: false,
            fault: None,
            timers: TimerTable::default(),
            counters: Counters::default(),
            active_adver_interval: config.interval(),
            awaiting: Awaiting::Silence,
            last_heard: None,
            heard_checksum: None,
            silent_since: Instant::from_nanos(0),
            last_adv_source: None,
            last_event: LastEvent::None,
            new_master_reason: NewMasterReason::NotMaster,
            up_since: None,
            preempt_delay_over: false,
            resumed: None,
            listening_again: false,
            ready: false,
            noted: Noted::default(),
            numbering: Numbering::default(),
            pending: None,
            installed: false,
            burst: None,
            second_repeat: 0,
            asserted: None,
            events: EventQueue::new(),
            config,
        }
    }

    /// Starts the router: the owner becomes Active at once, any other Backup. In a fault it
    /// goes to Fault, to start when the fault is over. A member of a group waits for the
    /// [group](crate::group::SyncGroup). No effect on a started router.
    pub fn handle_startup(&mut self, now: Instant) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        match &self.fault {
            None if self.config.sync_group() => {}
            None => self.enter_as_at_startup(now),
            Some(fault) => {
                let reason = StateReason::Fault(fault.clone());
                let to = State::Fault;
                self.transition(now, Input::Stop { to, reason });
            }
        }
    }

    /// Starts the router in place of one that was Active until its process died at `active_until`,
    /// and whose addresses are still configured: it is Active at once. No effect on a started router.
    ///
    /// Then hand in every packet that arrived since the end of the other, and
    /// [wake](Self::handle_timeout) it. If one of them is an advertisement, its sender has taken over:
    /// the router is Backup, as any other. If not it advertises, unless it was gone for so long that
    /// another may have taken over unheard: then it first [listens](Self::handle_timeout). In a fault
    /// it gives up with priority 0, as the other would have.
    pub fn handle_resumption(&mut self, now: Instant, active_until: Instant) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        self.transition(now, Input::Resume { active_until });
        if let Some(fault) = self.fault.clone() {
            let (to, reason) = (State::Fault, StateReason::Fault(fault));
            self.transition(now, Input::Stop { to, reason });
        }
    }

    /// Stops the router; an Active one says so with priority 0, which is still to be polled and
    /// sent. It can be started again.
    pub fn handle_shutdown(&mut self, now: Instant) {
        self.started = false;
        let (to, reason) = (State::Initialize, StateReason::Shutdown);
        self.transition(now, Input::Stop { to, reason });
    }

    /// Declares the router unfit: as shutdown, and it stays in Fault, deaf and silent, until
    /// [`clear_fault`](Self::clear_fault). A further fault replaces the reason that is kept;
    /// the caller knows when the last of several is over.
    pub fn handle_fault(&mut self, now: Instant, fault: FaultReason) {
        self.fault = Some(fault.clone());
        if self.started {
            let (to, reason) = (State::Fault, StateReason::Fault(fault));
            self.transition(now, Input::Stop { to, reason });
        }
    }

    /// Declares the router fit again: if it was started, it enters as at startup. A member of a
    /// group waits for the others.
    pub fn clear_fault(&mut self, now: Instant) {
        if self.fault.take().is_some() && self.started && !self.config.sync_group() {
            self.enter_as_at_startup(now);
        }
    }

    /// Sets the effective priority: the configured one as tracking changes it. A Backup's
    /// running timer is moved by the difference in skew; an Active router says the new priority
    /// in its next advertisement.
    ///
    /// The owner's priority cannot change, nor can another router become the owner.
    pub fn set_priority(&mut self, now: Instant, priority: Priority) -> Result<(), OwnerPriority> {
        let from = self.priority;
        if priority.is_owner() != from.is_owner() {
            return Err(OwnerPriority { current: from, requested: priority });
        }
        if priority == from {
            return Ok(());
        }
        let before = self.active_down_interval();
        self.priority = priority;
        self.rebase_active_down(now, before);
        let to = priority;
        self.event(Event::PriorityChange { from, to });
        Ok(())
    }

    /// Sets the address to send from, which also breaks ties: the interface's primary IPv4
    /// address, or its link-local IPv6 one; `None` if it has none.
    ///
    /// Without an address nothing is sent and every tie is lost. Whether that is also a
    /// [fault](FaultReason::NoSourceAddress) is the caller's choice.
    pub fn set_source(&mut self, source: Option<IpAddr>) {
        self.source = source;
    }

    /// Tells an Active router that its addresses are configured: now they can be announced.
    /// Call it once after each time [`holds_addresses`](Self::holds_addresses) became true, and
    /// after [`reconfigure`](Self::reconfigure) changed the addresses. A further call has no
    /// effect.
    pub fn handle_addresses_installed(&mut self, now: Instant) {
        if self.state != State::Active || core::mem::replace(&mut self.installed, true) {
            return;
        }
        let settings = self.config.announce();
        self.announce(settings.repeat, AnnounceReason::Installed);
        self.announce_again(now, settings.delay, settings.repeat);
        self.refresh_later(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` only outside Backup and
    /// Active.
    pub fn poll_timeout(&self) -> Option<Timeout> {
        self.timers.next()
    }

    /// Does what is due at `now`. Too early a call has no effect.
    ///
    /// First hand in every packet that is waiting to be read. A late call is noticed: a Backup
    /// that would become Active more than half an advertisement interval after its deadline
    /// first listens for two intervals and its skew, so that one lost advertisement proves
    /// nothing; an Active router so late that another may have taken over stays silent and
    /// listens for one and a half, so that of the two it speaks first.
    pub fn handle_timeout(&mut self, now: Instant) {
        for timer in Timer::ALL {
            let overslept_as_active = self.overslept_as_active(now);
            let steps_down = self.steps_down(now);
            let Some(due) = self.timers.take_expired(timer, now) else {
                continue;
            };
            match timer {
                Timer::PreemptDelay => self.preempt_delay_over = true,
                Timer::ActiveDown => self.handle_active_down(now, due),
                Timer::Adver if steps_down => {
                    let by = now.duration_since(due);
                    self.counters.overslept += 1;
                    self.transition(now, Input::TimerExpired { by });
                }
                Timer::Adver if overslept_as_active => {
                    self.listen_again(now, due, self.config.interval().as_duration() * 3 / 2);
                }
                Timer::Adver => self.handle_adver(now, due),
                Timer::SecondAnnouncement => {
                    self.announce(self.second_repeat, AnnounceReason::Second);
                }
                Timer::Refresh => {
                    let settings = self.config.announce();
                    self.announce(settings.refresh_repeat, AnnounceReason::Refresh);
                    self.refresh_later(now);
                }
            }
        }
    }

    fn handle_active_down(&mut self, now: Instant, due: Instant) {
        let interval = self.active_adver_interval.as_duration();
        // Who is always late may still be the only one left: the second time only a router that
        // nobody could rely on as Active has to listen yet again.
        let slack = match self.listening_again {
            false => interval / 2,
            true => self.active_down_interval(),
        };
        if now.duration_since(due) > slack {
            self.listen_again(now, due, interval * 2 + self.skew_time());
        } else {
            self.transition(now, Input::ActiveDownTimer);
        }
    }

    fn handle_adver(&mut self, now: Instant, due: Instant) {
        self.transition(now, Input::AdverTimer);
        // From deadline to deadline, so that lateness does not add up.
        let next = due + self.config.interval().as_duration();
        if next > now {
            self.timers.set(Timer::Adver, next);
        }
        if self.end_listening() {
            self.pending = Some((Some(self.priority), AdvertiseReason::ListenedAgain));
        }
    }

    fn listen_again(&mut self, now: Instant, due: Instant, duration: Duration) {
        self.counters.overslept += 1;
        self.listening_again = true;
        self.ready = false;
        let timer = match self.state {
            State::Active => Timer::Adver,
            _ => Timer::ActiveDown,
        };
        self.timers.set(timer, now + duration);
        self.event(Event::Overslept { by: now.duration_since(due), state: self.state });
    }

    /// The next thing to be sent. Poll until `None` after every `handle_*`.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit_if(|_| true)
    }

    /// The next thing to be sent, if `may_go`. What may not go yet stays owed: an advertisement
    /// until there is a newer one, an announcement until the router ceases to be Active.
    ///
    /// Made for a [`Pacer`](crate::announce::Pacer). Advertisements come first, so holding back
    /// announcements delays none.
    pub fn poll_transmit_if(&mut self, may_go: impl FnOnce(&Transmit) -> bool) -> Option<Transmit> {
        if let Some((priority, reason)) = self.pending {
            if let Some(source) = self.source {
                let mut numbering = self.numbering;
                let sequence = numbering.next();
                let advertise = Advertise { source, priority, sequence, reason };
                let advertise = Transmit::Advertisement(advertise);
                if !may_go(&advertise) {
                    return None;
                }
                self.pending = None;
                self.numbering = numbering;
                self.counters.advertisement_sent += 1;
                self.counters.priority_zero_pkts_sent += u64::from(priority.is_none());
                return Some(advertise);
            }
            self.pending = None;
            self.counters.no_source_address += 1;
        }
        let (announce, left) = self.burst?.advance(self.config.held_addresses());
        let announce = announce.map(Transmit::Announce);
        if announce.as_ref().is_some_and(|announce| !may_go(announce)) {
            return None;
        }
        self.burst = left;
        announce
    }

    /// What an Active router would send if it gave up now; `None` in any other state, or without an
    /// address to send from.
    ///
    /// Made for somebody who is to send it in its stead if this process dies. Nothing is counted.
    /// With an Authentication Header it is good until it is [outdated](Self::outdates).
    pub fn resignation(&self) -> Option<Advertise> {
        let source = self.source.filter(|_| self.state == State::Active)?;
        let sequence = self.numbering.of_resignation();
        Some(Advertise { source, priority: None, sequence, reason: AdvertiseReason::Resign })
    }

    /// Writes `advertise` as the payload of the IP packet `carrier` to the start of `buffer`,
    /// and returns its length.
    ///
    /// With an [Authentication Header](ConfigBuilder::authentication_header) it writes the whole
    /// IPv4 packet, which is to be sent as it is.
    pub fn encode(
        &self,
        advertise: &Advertise,
        carrier: Carrier,
        buffer: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let advertisement = Advertisement {
            vrid: self.config.vrid(),
            priority: advertise.priority,
            interval: self.config.interval(),
            addresses: self.config.advertised(),
            format: match self.config.version() {
                Version::V2 => Format::V2 { authentication: self.config.authentication() },
                Version::V3 => {
                    Format::V3 { checksum: self.config.checksum().form(self.heard_checksum) }
                }
            },
        };
        match (self.config.authentication_header(), carrier) {
            (Some(key), Carrier::V4 { source, destination }) => {
                let (ttl, sequence) = (self.config.destination().ttl(), advertise.sequence);
                let envelope = Envelope { source, destination, ttl, sequence };
                envelope.seal(&key, buffer, |room| advertisement.encode(carrier, room))
            }
            _ => advertisement.encode(carrier, buffer),
        }
    }

    /// The next event. Poll until `None` after every `handle_*`; beyond 32 the oldest are lost,
    /// and counted.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Whether the router's addresses are to be configured: true exactly while it is Active.
    ///
    /// A level, not an event: whenever it differs from what is configured, make it so.
    pub fn holds_addresses(&self) -> bool {
        self.state == State::Active
    }

    /// Whether packets to the addresses are to be accepted: while Active, by the owner and in
    /// Accept_Mode. Neighbour solicitations and advertisements must be, in any case.
    ///
    /// A level, as [`holds_addresses`](Self::holds_addresses).
    pub fn accepts_packets(&self) -> bool {
        self.holds_addresses() && (self.config.is_owner() || self.config.accept())
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The priority as tracking changed it.
    pub fn effective_priority(&self) -> Priority {
        self.priority
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn event(&mut self, event: Event) {
        let lost = self.events.push(event);
        self.counters.events_lost += u64::from(lost);
    }
}

/// An effective priority that would make a router the owner, or an owner not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("priority cannot change from {current} to {requested}: 255 is the owner's, for good")]
pub struct OwnerPriority {
    /// The effective priority as it stays.
    pub current: Priority,
    /// The priority asked for.
    pub requested: Priority,
}
