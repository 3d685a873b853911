//! What one router may do, derived from the standard a second time and in another way: not as a
//! machine that acts, but as a witness who knows what the router heard and when.

use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::router::{State, StateChange, StateReason, Timeout, Timer};
use steadfast_vrrp::{AdverInterval, Instant, Priority, VirtualRouter};

use crate::property::{Property, Violation, require};
use crate::world::World;

/// An advertisement as it was handed to a router.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub(crate) source: IpAddr,
    pub(crate) priority: Option<Priority>,
    pub(crate) interval: AdverInterval,
    /// When it arrived, by the clock of the host.
    pub(crate) arrival: Instant,
}

#[derive(Debug)]
pub(crate) struct Witness {
    state: State,
    /// In Backup: when the silence will have lasted long enough.
    deadline: Instant,
    /// Whether the router's timer must say the same: not after it overslept.
    exact: bool,
    /// Active_Adver_Interval.
    learned: AdverInterval,
    /// Whether it was learned from an advertisement.
    heard: bool,
    /// Until when a router of lower priority is left in peace, and whether that is over.
    grace: Option<Instant>,
    grace_over: bool,
    /// In Active: something was heard that must be answered at once.
    pub(crate) owes_answer: bool,
    /// In Active: the last deadline of the Adver_Timer, if nothing reset the timer since.
    pace: Option<Instant>,
    /// In Active: it has not advertised since it said that it overslept, or since it was given
    /// another interval than the one that the others know.
    asleep: bool,
    /// In Active: when the Adver_Timer was last reset.
    pub(crate) regularly_sent: Instant,
    /// In Active: when it was started to resume.
    resumed: Option<Instant>,
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Initialize,
            deadline: Instant::from_nanos(0),
            exact: false,
            learned: AdverInterval::DEFAULT,
            heard: false,
            grace: None,
            grace_over: false,
            owes_answer: false,
            pace: None,
            asleep: false,
            regularly_sent: Instant::from_nanos(0),
            resumed: None,
        }
    }

    /// Takes note of what `router` is about to hear, before or after it heard.
    pub(crate) fn heard(&mut self, world: &World, router: &VirtualRouter, message: &Message) {
        match self.state {
            State::Backup => self.heard_in_backup(world, router, message),
            State::Active => {
                let silent = world.lower_prio_no_advert() && message.priority.is_some();
                self.owes_answer |= !silent;
                if message.priority.is_none() {
                    self.pace = None;
                    self.asleep = false;
                    self.regularly_sent = message.arrival;
                }
            }
            State::Initialize | State::Fault => {}
        }
    }

    fn heard_in_backup(&mut self, world: &World, router: &VirtualRouter, message: &Message) {
        let ours = router.effective_priority();
        let config = router.config();
        let restart = message.arrival + world.down_interval(message.interval, ours);
        let Some(theirs) = message.priority else {
            let skew = world.skew_time(self.learned, ours);
            self.deadline = self.deadline.min(message.arrival + skew);
            self.end_grace();
            return;
        };
        if config.preempt() && theirs < ours {
            let delay = config.preempt_delay();
            if delay.is_zero() || self.grace_over {
                return;
            }
            self.grace.get_or_insert(message.arrival + delay);
        } else {
            self.end_grace();
        }
        self.deadline = restart;
        self.learned = message.interval;
        (self.exact, self.heard) = (true, true);
    }

    fn end_grace(&mut self) {
        (self.grace, self.grace_over) = (None, false);
    }

    /// The router was woken, and took note of the time.
    pub(crate) fn woken(&mut self, now: Instant) {
        if self.grace.is_some_and(|until| until <= now) {
            (self.grace, self.grace_over) = (None, true);
        }
    }

    pub(crate) fn overslept(&mut self) {
        self.asleep = self.state == State::Active;
        self.exact = false;
        self.pace = None;
    }

    /// The timer is moved by the difference, but not from the future into the past.
    pub(crate) fn priority_changed(
        &mut self,
        world: &World,
        now: Instant,
        from: Priority,
        to: Priority,
    ) {
        let (before, after) =
            (world.down_interval(self.learned, from), world.down_interval(self.learned, to));
        let moved = self.deadline + after - before;
        self.deadline = moved.max(self.deadline.min(now));
    }

    /// How a new configuration moves the timers is not judged here, but by when the new Active
    /// router is there.
    pub(crate) fn reconfigured(&mut self, router: &VirtualRouter) {
        if !self.heard || router.config().version() == steadfast_vrrp::Version::V2 {
            self.learned = router.config().interval();
        }
        if router.config().preempt_delay().is_zero() {
            self.end_grace();
        }
        self.asleep = self.state == State::Active;
        self.pace = None;
        self.exact = false;
        if let Some(Timeout { at, reason: Timer::ActiveDown }) = router.poll_timeout() {
            self.deadline = at;
        } else {
            self.deadline = self
                .deadline
                .min(router.poll_timeout().map_or(self.deadline, |timeout| timeout.at));
        }
    }

    /// Checks a change of state against what was heard; `message` is what caused it, if anything.
    pub(crate) fn changed(
        &mut self,
        world: &World,
        router: &VirtualRouter,
        now: Instant,
        change: &StateChange,
        message: Option<&Message>,
    ) -> Result<(), Violation> {
        require(Property::Truth, change.from == self.state && change.at <= now, || {
            format!(
                "was {}, and says {} -> {} at {:?}",
                self.state, change.from, change.to, change.at
            )
        })?;
        if (change.from, change.to) == (State::Backup, State::Active) {
            self.check_take_over(now, change)?;
        }
        if (change.from, change.to) == (State::Active, State::Backup) {
            self.check_yield(world, router, now, change, message)?;
        }
        if change.to == State::Backup {
            self.learned = message.map_or(router.config().interval(), |message| message.interval);
            self.heard = message.is_some();
            self.deadline =
                change.at + world.down_interval(self.learned, router.effective_priority());
            self.exact = true;
        }
        self.resumed = None;
        if let StateReason::Resumed { down } = change.reason {
            self.resumed = Some(change.at);
            self.regularly_sent = change.at - down;
        }
        self.end_grace();
        self.owes_answer = false;
        self.pace = None;
        self.asleep = false;
        self.state = change.to;
        Ok(())
    }

    fn check_take_over(&self, now: Instant, change: &StateChange) -> Result<(), Violation> {
        require(Property::Silence, now >= self.deadline, || {
            let early = self.deadline.duration_since(now);
            format!("takes over {early:?} too early: {}", change.reason)
        })?;
        let allowed =
            !matches!(change.reason, StateReason::Preempted { .. }) || self.grace.is_none();
        require(Property::Silence, allowed, || "preempts before the delay is over".to_owned())
    }

    fn check_yield(
        &self,
        world: &World,
        router: &VirtualRouter,
        now: Instant,
        change: &StateChange,
        message: Option<&Message>,
    ) -> Result<(), Violation> {
        let ours = router.effective_priority();
        let asleep = || {
            let unheard = now.duration_since(self.regularly_sent);
            self.asleep || unheard > world.down_interval(router.config().interval(), ours)
        };
        let holds = message.is_some_and(|message| match &change.reason {
            StateReason::HigherPriority { peer, .. } => {
                peer.address == message.source && message.priority > Some(ours)
            }
            StateReason::GreaterAddress { peer, ours: address } => {
                peer.address == message.source
                    && message.priority == Some(ours)
                    && address.is_none_or(|address| message.source > address)
            }
            StateReason::TakenOverWhileAsleep { peer } => {
                peer.address == message.source && !router.config().preempt() && asleep()
            }
            StateReason::TakenOverBeforeResumption { peer } => {
                peer.address == message.source
                    && self.resumed.is_some_and(|resumed| message.arrival < resumed)
            }
            _ => false,
        });
        require(Property::Truth, holds, || {
            format!("yields to {message:?} with priority {ours}: {}", change.reason)
        })
    }

    /// What must hold of the router whenever it has been told something.
    pub(crate) fn check(&self, router: &VirtualRouter, now: Instant) -> Result<(), Violation> {
        let timeout = router.poll_timeout();
        require(Property::Sane, router.state() == self.state, || {
            format!("is {} without having said so", router.state())
        })?;
        require(Property::Sane, router.holds_addresses() == (self.state == State::Active), || {
            format!("holds addresses: {}, in {}", router.holds_addresses(), self.state)
        })?;
        match self.state {
            State::Initialize | State::Fault => {
                require(Property::Sane, timeout.is_none(), || format!("timer {timeout:?}"))
            }
            State::Backup => {
                let expected = self.grace.map_or(self.deadline, |grace| grace.min(self.deadline));
                let right = timeout.is_some_and(|timeout| timeout.at == expected || !self.exact);
                require(Property::Silence, right, || {
                    format!("waits for {timeout:?}: {expected:?} is the end of the down interval")
                })
            }
            State::Active => {
                // One that overslept listens that long before it speaks.
                let latest = now + router.config().interval().as_duration() * 3 / 2;
                require(Property::Pace, timeout.is_some_and(|timeout| timeout.at <= latest), || {
                    format!("waits for {timeout:?}: the next advertisement is due by {latest:?}")
                })
            }
        }
    }

    /// An advertisement was sent that resets the Adver_Timer.
    pub(crate) fn advertised(&mut self, now: Instant) {
        self.pace = None;
        self.asleep = false;
        self.regularly_sent = now;
    }

    /// An advertisement was sent because the Adver_Timer, due at `due`, fired at `now`.
    pub(crate) fn advertised_on_time(
        &mut self,
        interval: Duration,
        due: Instant,
        now: Instant,
    ) -> Result<(), Violation> {
        self.asleep = false;
        self.regularly_sent = due;
        let kept = self.pace.is_none_or(|before| due == before + interval);
        let before = self.pace;
        self.pace = (now < due + interval).then_some(due);
        require(Property::Pace, kept, || {
            format!("advertisement due at {due:?}, the one before at {before:?}")
        })
    }
}
