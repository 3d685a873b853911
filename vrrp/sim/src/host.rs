use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::router::State;
use steadfast_vrrp::{Instant, VirtualRouter};

use crate::lan::Delivery;
use crate::random::Random;
use crate::time::{Clock, Time};
use crate::witness::Witness;
use crate::world::{Recipe, World};

/// A machine: its clock, its socket, its router, and how well they are served.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) recipe: Recipe,
    pub(crate) router: VirtualRouter,
    pub(crate) witness: Witness,
    /// The interface's primary address.
    pub(crate) source: IpAddr,
    pub(crate) power: Power,
    pub(crate) clock: Clock,
    /// What arrived and was not yet read.
    pub(crate) inbox: VecDeque<Delivery>,
    /// Whether the kernel says when a packet arrived.
    pub(crate) stamps: bool,
    /// Whether the driver sends after each packet it read, or after all.
    pub(crate) eager: bool,
    /// The most that a wake-up is late at present.
    pub(crate) lateness: Duration,
    /// How long it takes to configure the addresses.
    pub(crate) install_time: Duration,
    pub(crate) install_at: Option<Time>,
    /// For which time a wake-up is on the agenda.
    pub(crate) wake_at: Option<Time>,
    /// Active and running since.
    pub(crate) active_since: Option<Time>,
    pub(crate) last_sent: Time,
    /// Its process was killed, and another is to resume.
    pub(crate) killed: Option<Killed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Killed {
    pub(crate) at: Time,
    pub(crate) was_active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    On,
    /// Stopped; packets wait in the socket, or are lost.
    Paused {
        deaf: bool,
    },
    Off,
}

impl Host {
    /// A socket's buffer, in packets.
    pub(crate) const INBOX: usize = 256;

    pub(crate) fn new(world: &World, random: &mut Random, number: u8) -> Self {
        let recipe = world.recipe(random);
        // Far enough from zero that no clock ever goes below it, and different on each host.
        let boot = Instant::from_nanos((1 << 50) + random.within(0..=1 << 50));
        let mut router = VirtualRouter::new(world.config(&recipe));
        let source = world.source(number);
        router.set_source(Some(source));
        Self {
            router,
            source,
            witness: Witness::new(),
            power: Power::Off,
            clock: Clock::new(boot, world.drift(random)),
            inbox: VecDeque::with_capacity(Self::INBOX),
            stamps: random.percent(70),
            eager: random.percent(50),
            lateness: world.lateness,
            install_time: random.up_to(recipe.interval.as_duration() / 2),
            install_at: None,
            wake_at: None,
            active_since: None,
            last_sent: Time::START,
            killed: None,
            recipe,
        }
    }

    /// A process started anew: it remembers nothing.
    pub(crate) fn replace_router(&mut self, world: &World) {
        self.router = VirtualRouter::new(world.config(&self.recipe));
        self.router.set_source(Some(self.source));
        self.witness = Witness::new();
        self.install_at = None;
        self.active_since = None;
    }

    /// When the host has something to do, by its own plans.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let timeout = self.router.poll_timeout().map(|timeout| self.clock.reaches(timeout.at));
        timeout.into_iter().chain(self.install_at).min()
    }

    /// Takes part in the election.
    pub(crate) fn is_up(&self) -> bool {
        self.power == Power::On && matches!(self.router.state(), State::Backup | State::Active)
    }

    pub(crate) fn is_active(&self) -> bool {
        self.power == Power::On && self.router.state() == State::Active
    }

    /// Would take over from `active`.
    pub(crate) fn preempts(&self, active: &Self) -> bool {
        self.router.config().preempt()
            && self.router.effective_priority() > active.router.effective_priority()
    }
}
