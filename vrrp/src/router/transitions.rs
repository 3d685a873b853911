//! The state machine: RFC 9568 section 6.4 as one table, and the actions it is made of.

use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;

use super::receive::Noted;
use super::transmit::Burst;
use super::{
    AdvertiseReason, AnnounceReason, Event, LastEvent, NewMasterReason, Peer, State, StateChange,
    StateReason, Timer, VirtualRouter,
};
use crate::{AdverInterval, Instant, Priority, Version};

/// What happens to a router.
#[derive(Debug)]
pub(super) enum Input {
    /// Startup, or recovery from a fault.
    Start(StateReason),
    /// Startup of a router that was Active until its process died, and holds its addresses still.
    Resume { active_until: Instant },
    /// Shutdown (to `Initialize`) or a fault (to `Fault`).
    Stop { to: State, reason: StateReason },
    /// The Active_Down_Timer fired.
    ActiveDownTimer,
    /// The Adver_Timer fired.
    AdverTimer,
    /// The Adver_Timer fired so late that the router steps down.
    TimerExpired { by: Duration },
    /// A valid advertisement of another router.
    Heard(Heard),
    /// All members of the group would be Active.
    GroupActive,
    /// A member of the group must be Backup.
    GroupBackup { member: Arc<str> },
}

/// What counts of a valid advertisement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) peer: Peer,
    pub(super) interval: AdverInterval,
    /// It came while we overslept as Active, though perhaps in its first moments.
    pub(super) while_asleep: bool,
    /// It came before we were started to resume.
    pub(super) before_resumption: bool,
}

/// What a Backup is waiting for, hence why it will have become Active.
#[derive(Debug, Clone, Copy)]
pub(super) enum Awaiting {
    /// Silence.
    Silence,
    /// This router gave up; whoever comes first takes its place.
    Successor { of: IpAddr },
    /// The running timer: until it fires this router of lower priority stays Active.
    Preemption { of: Peer },
}

impl VirtualRouter {
    /// The whole of RFC 9568 section 6.4. What is not listed has no effect.
    #[rustfmt::skip]
    pub(super) fn transition(&mut self, at: Instant, input: Input) {
        use AdvertiseReason as Why;
        use Input::*;
        use State::*;
        match (self.state, input) {
            // 6.4.1 Initialize, and leaving Fault
            (Initialize | Fault, Start(reason)) if self.starts_active()       => self.become_active(at, reason),
            (Initialize | Fault, Start(reason))                               => self.start_listening(at, reason),
            (Initialize, Resume { active_until })                             => self.resume(at, active_until),
            (Initialize | Fault, Stop { to, reason })                         => self.enter(at, to, reason),
            (Initialize | Fault, _)                                           => {}

            // 6.4.2 Backup
            (Backup, Stop { to, reason })                                     => self.enter(at, to, reason),
            (Backup, ActiveDownTimer) if self.config.sync_group()             => self.wait_for_group(at),
            (Backup, ActiveDownTimer)                                         => self.take_over(at),
            (Backup, GroupActive) if self.ready                               => self.take_over(at),
            (Backup, Heard(it)) if it.peer.priority.is_none()                 => self.expect_successor(at, it),
            (Backup, Heard(it)) if self.is_to_preempt(it)                     => self.await_preemption(at, it),
            (Backup, Heard(it))                                               => self.follow(at, it),
            (Backup, _)                                                       => {}

            // 6.4.3 Active
            (Active, Stop { to, reason })                                     => self.resign(at, to, reason),
            (Active, AdverTimer)                                              => self.advertise(at, Why::Interval),
            (Active, TimerExpired { by })                                     => self.step_down(at, by),
            (Active, Heard(it)) if it.peer.priority.is_none()                 => self.outlast(at),
            (Active, Heard(it)) => match self.reason_to_yield(it) {
                Some(reason)                                                  => self.yield_to(at, it, reason),
                None                                                          => self.assert(at, it),
            },
            (Active, GroupBackup { member })                                  => self.fall_with(at, member),
            (Active, _)                                                       => {}
        }
    }

    // Entering states.

    fn starts_active(&self) -> bool {
        self.config.is_owner() && !self.config.sync_group()
    }

    pub(super) fn enter(&mut self, at: Instant, to: State, reason: StateReason) {
        let from = core::mem::replace(&mut self.state, to);
        if from == to {
            return;
        }
        self.last_event = LastEvent::of(&reason, self.last_event, self.config.preempt_delay());
        self.up_since = match to {
            State::Initialize => None,
            _ => self.up_since.or(Some(at)),
        };
        self.timers.stop_all();
        self.forget_installed();
        // Nobody took it in time; only that we gave up is still true.
        self.pending.take_if(|(priority, _)| priority.is_some());
        self.listening_again = false;
        self.ready = false;
        self.preempt_delay_over = false;
        self.asserted = None;
        self.resumed = None;
        self.noted = Noted::default();
        self.event(Event::StateChange(StateChange { at, from, to, reason }));
    }

    fn become_active(&mut self, at: Instant, reason: StateReason) {
        self.counters.master_transitions += 1;
        self.new_master_reason = NewMasterReason::of(&reason);
        self.enter(at, State::Active, reason);
        self.active_adver_interval = self.config.interval();
        self.advertise(at, AdvertiseReason::BecameActive);
    }

    /// It advertises as soon as it is woken. Whether it was gone for so long that another may have taken
    /// over is judged as after any long sleep.
    fn resume(&mut self, at: Instant, active_until: Instant) {
        let down = at.duration_since(active_until);
        self.counters.master_transitions += 1;
        self.enter(at, State::Active, StateReason::Resumed { down });
        self.active_adver_interval = self.config.interval();
        self.resumed = Some(at);
        let due = active_until + self.config.interval().as_duration();
        self.timers.set(Timer::Adver, due.min(at));
    }

    fn start_listening(&mut self, at: Instant, reason: StateReason) {
        self.become_backup(at, reason, self.config.interval());
        // The owner need not listen, but wait for its group.
        self.ready = self.config.is_owner();
    }

    fn become_backup(&mut self, at: Instant, reason: StateReason, interval: AdverInterval) {
        self.enter(at, State::Backup, reason);
        self.active_adver_interval = interval;
        self.last_heard = None;
        self.silent_since = at;
        self.awaiting = Awaiting::Silence;
        self.timers.set(Timer::ActiveDown, at + self.active_down_interval());
    }

    // Backup.

    /// The timer runs again, since a Backup has one.
    fn wait_for_group(&mut self, at: Instant) {
        self.ready = true;
        self.timers.set(Timer::ActiveDown, at + self.active_down_interval());
    }

    fn take_over(&mut self, at: Instant) {
        let reason = match self.awaiting {
            Awaiting::Silence => StateReason::Silence {
                duration: at.duration_since(self.silent_since),
                last_heard: self.last_heard,
            },
            Awaiting::Successor { of } => StateReason::PeerResigned { peer: of },
            Awaiting::Preemption { of } => StateReason::Preempted { peer: of, ours: self.priority },
        };
        self.become_active(at, reason);
    }

    /// With several routers giving up at once the first counts: the timer is shortened, never
    /// prolonged.
    fn expect_successor(&mut self, at: Instant, heard: Heard) {
        let deadline = at + self.skew_time();
        let running = self.timers.get(Timer::ActiveDown);
        self.timers
            .set(Timer::ActiveDown, running.map_or(deadline, |running| running.min(deadline)));
        self.awaiting = Awaiting::Successor { of: heard.peer.address };
        self.stop_preempt_delay();
    }

    fn is_to_preempt(&self, heard: Heard) -> bool {
        self.config.preempt() && heard.peer.priority < Some(self.priority)
    }

    /// The running timer decides, unless the peer has a time of grace.
    fn await_preemption(&mut self, at: Instant, heard: Heard) {
        let delay = self.config.preempt_delay();
        if delay.is_zero() || self.preempt_delay_over {
            self.awaiting = Awaiting::Preemption { of: heard.peer };
            return;
        }
        if self.timers.get(Timer::PreemptDelay).is_none() {
            self.timers.set(Timer::PreemptDelay, at + delay);
        }
        self.listen_to(at, heard);
    }

    fn follow(&mut self, at: Instant, heard: Heard) {
        self.stop_preempt_delay();
        self.listen_to(at, heard);
    }

    fn listen_to(&mut self, at: Instant, heard: Heard) {
        let before = self.last_heard.replace(heard.peer);
        if before.is_some_and(|before| before.address != heard.peer.address) {
            self.noted = Noted::default();
        }
        self.silent_since = at;
        self.listening_again = false;
        self.ready = false;
        self.active_adver_interval = heard.interval;
        self.awaiting = Awaiting::Silence;
        self.timers.set(Timer::ActiveDown, at + self.active_down_interval());
    }

    pub(super) fn stop_preempt_delay(&mut self) {
        self.preempt_delay_over = false;
        self.timers.stop(Timer::PreemptDelay);
    }

    // Active.

    fn advertise(&mut self, at: Instant, reason: AdvertiseReason) {
        self.pending = Some((Some(self.priority), reason));
        let next = at + self.config.interval().as_duration();
        self.timers.set(Timer::Adver, next);
    }

    /// Who advertises more, or the same from a greater address, is to be Active; without
    /// preemption so is whoever could take over while we were asleep. Who was heard before we resumed
    /// has taken over, and what follows is an ordinary election.
    fn reason_to_yield(&self, heard: Heard) -> Option<StateReason> {
        let (peer, ours) = (heard.peer, self.priority);
        if heard.before_resumption {
            return Some(StateReason::TakenOverBeforeResumption { peer });
        }
        if peer.priority > Some(ours) {
            return Some(StateReason::HigherPriority { peer, ours });
        }
        let source = self.source;
        if peer.priority == Some(ours) && source.is_none_or(|source| peer.address > source) {
            return Some(StateReason::GreaterAddress { peer, ours: source });
        }
        if !self.config.preempt() && (self.listening_again || heard.while_asleep) {
            return Some(StateReason::TakenOverWhileAsleep { peer });
        }
        None
    }

    fn yield_to(&mut self, at: Instant, heard: Heard, reason: StateReason) {
        // A last advertisement would make a router that is not above us yield in its turn.
        let beaten = matches!(
            reason,
            StateReason::HigherPriority { .. } | StateReason::GreaterAddress { .. }
        );
        self.become_backup(at, reason, heard.interval);
        self.last_heard = Some(heard.peer);
        if beaten && self.config.higher_prio_send_advert() {
            self.pending = Some((Some(self.priority), AdvertiseReason::HigherPriorityPeer));
        }
    }

    /// Puts the sender, and bridges and neighbours that believed it, right. No timer is reset.
    /// However many such advertisements come, addresses are announced once per interval.
    fn assert(&mut self, at: Instant, heard: Heard) {
        self.event(Event::LowerPriorityPeer { peer: heard.peer });
        if !self.config.lower_prio_no_advert() {
            let reason = AdvertiseReason::LowerPriorityPeer;
            self.pending = Some((Some(self.priority), reason));
        }
        let limit = self.config.interval().as_duration();
        if self.asserted.is_none_or(|last| at >= last + limit) {
            self.announce_assertion(at);
        }
    }

    pub(super) fn announce_assertion(&mut self, at: Instant) {
        self.asserted = Some(at);
        let settings = self.config.announce();
        let (repeat, delay) = (settings.lower_prio_repeat, settings.lower_prio_delay);
        self.announce(repeat, AnnounceReason::LowerPriorityPeer);
        self.announce_again(at, delay, repeat);
    }

    /// Without priority 0: the router that made the group fall takes over all that it has.
    fn fall_with(&mut self, at: Instant, member: Arc<str>) {
        let reason = StateReason::GroupBackup { member };
        self.become_backup(at, reason, self.config.interval());
    }

    /// Without priority 0: whoever took over is to stay.
    fn step_down(&mut self, at: Instant, by: Duration) {
        self.become_backup(at, StateReason::TimerExpired { by }, self.config.interval());
    }

    /// Speaks at once; if it was listening because it overslept, it need not any longer.
    fn outlast(&mut self, at: Instant) {
        self.advertise(at, AdvertiseReason::PeerResigned);
        self.end_listening();
    }

    /// Whoever took over meanwhile has misled the neighbours. Says whether it was listening.
    pub(super) fn end_listening(&mut self) -> bool {
        let listened = core::mem::take(&mut self.listening_again);
        if listened {
            self.announce(self.config.announce().repeat, AnnounceReason::ListenedAgain);
        }
        listened
    }

    fn resign(&mut self, at: Instant, to: State, reason: StateReason) {
        self.enter(at, to, reason);
        self.pending = Some((None, AdvertiseReason::Resign));
    }

    // Announcements.

    /// Stops announcing until the addresses are installed (again).
    pub(super) fn forget_installed(&mut self) {
        self.installed = false;
        self.burst = None;
        self.timers.stop(Timer::SecondAnnouncement);
        self.timers.stop(Timer::Refresh);
    }

    /// Nothing is announced before the addresses are in (RFC 9568 section 8.1.2).
    pub(super) fn announce(&mut self, repeat: u8, reason: AnnounceReason) {
        if self.installed {
            self.burst = Burst::new(repeat, reason).or(self.burst);
        }
    }

    /// Sets the time of the next refresh, if addresses are announced now and then.
    pub(super) fn refresh_later(&mut self, at: Instant) {
        match self.config.announce().refresh {
            Duration::ZERO => self.timers.stop(Timer::Refresh),
            refresh if self.installed => self.timers.set(Timer::Refresh, at + refresh),
            _ => {}
        }
    }

    /// Arms the second burst, unless one is due already.
    pub(super) fn announce_again(&mut self, at: Instant, delay: Duration, repeat: u8) {
        let timer = Timer::SecondAnnouncement;
        let wanted = repeat > 0 && !delay.is_zero();
        if self.installed && wanted && self.timers.get(timer).is_none() {
            self.second_repeat = repeat;
            self.timers.set(timer, at + delay);
        }
    }

    // Times.

    /// Skew_Time in nanoseconds' precision: (256 - priority) / 256 of a second in VRRPv2, of
    /// Active_Adver_Interval in VRRPv3.
    pub(super) fn skew_time(&self) -> Duration {
        self.skew_time_of(self.priority)
    }

    fn skew_time_of(&self, priority: Priority) -> Duration {
        let base = match self.config.version() {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.active_adver_interval.as_duration(),
        };
        base * (256 - u32::from(priority.get())) / 256
    }

    pub(super) fn active_down_interval(&self) -> Duration {
        self.active_down_interval_of(self.priority)
    }

    fn active_down_interval_of(&self, priority: Priority) -> Duration {
        let adverts = u32::from(self.config.down_timer_adverts());
        self.active_adver_interval.as_duration() * adverts + self.skew_time_of(priority)
    }

    /// Moves a running Active_Down_Timer by as much as the down interval changed from `before`;
    /// not into the past, where it would look as if it had been missed.
    pub(super) fn rebase_active_down(&mut self, now: Instant, before: Duration) {
        if let Some(deadline) = self.timers.get(Timer::ActiveDown) {
            let rebased = deadline + self.active_down_interval() - before;
            self.timers.set(Timer::ActiveDown, rebased.max(deadline.min(now)));
        }
    }

    /// Whether by `at` the Adver_Timer is so late that our last advertisement is older than our
    /// own down interval: a peer's, of no higher priority and so no shorter, may have passed.
    pub(super) fn overslept_as_active(&self, at: Instant) -> bool {
        self.silent_as_active(at) > Some(self.active_down_interval())
    }

    /// Whether by `at` a router of the configured priority may have taken over, and this one is to step
    /// down for that.
    pub(super) fn steps_down(&self, at: Instant) -> bool {
        let best_other = self.config.timer_expired_backup();
        let down = best_other.map(|priority| self.active_down_interval_of(priority));
        down.is_some() && self.silent_as_active(at) > down
    }

    /// How old our last advertisement is.
    fn silent_as_active(&self, at: Instant) -> Option<Duration> {
        let interval = self.config.interval().as_duration();
        self.timers.get(Timer::Adver).map(|due| at.duration_since(due) + interval)
    }
}
