//! The course of a world: a start, then turns of chaos, calm, and single deeds in the calm; and
//! what must hold in the calm.

use std::time::Duration;

use crate::fault::Fault;
use crate::property::{Property, Violation, require};
use crate::simulation::{Entry, Simulation};
use crate::time::{Time, at_most};
use crate::trace::{Name, What};

/// Where the world is in its course.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) phase: Phase,
    /// Counts the phases, so that what was planned in one does not happen in the next.
    pub(crate) epoch: u32,
    pub(crate) expected: Expected,
    /// The numbers of addresses not in use.
    pub(crate) free_addresses: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Faults come and go until then.
    Chaos { until: Time },
    /// Nothing is wrong since then; by the next turn there must be one Active router.
    Settling { since: Time, property: Property },
    /// There is, and nothing changes.
    Resting,
}

/// What may happen on a network without faults.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// Who must stay Active.
    pub(crate) keep: Option<u8>,
    /// A bit for each host that may become Active, and why no other may.
    pub(crate) candidates: Candidates,
    /// When one must be Active at the latest.
    pub(crate) active_by: Option<Time>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidates {
    pub(crate) hosts: u32,
    /// What is violated if another becomes Active.
    pub(crate) otherwise: Property,
}

impl Default for Candidates {
    fn default() -> Self {
        Self { hosts: 0, otherwise: Property::Undisturbed }
    }
}

impl Candidates {
    pub(crate) fn all() -> Self {
        Self { hosts: u32::MAX, ..Self::default() }
    }
}

impl Script {
    pub(crate) fn new(routers: u8) -> Self {
        Self {
            phase: Phase::Resting,
            epoch: 0,
            expected: Expected { candidates: Candidates::all(), ..Expected::default() },
            free_addresses: (routers + 1..=99).collect(),
        }
    }

    pub(crate) fn enter(&mut self, phase: Phase) -> u32 {
        self.phase = phase;
        self.epoch += 1;
        self.epoch
    }
}

impl Simulation<'_> {
    /// All routers start within an interval.
    pub(crate) fn begin(&mut self) {
        let mut last = Time::START;
        for host in 0..self.hosts.len() as u8 {
            let at = Time::START + self.random.up_to(self.world.longest_interval());
            last = last.max(at);
            self.agenda.add(at, Entry::Start { host });
        }
        let down = |host: &crate::host::Host| {
            self.world.down_interval(host.recipe.interval, host.recipe.priority)
        };
        let all_preempt = self
            .hosts
            .iter()
            .all(|host| host.recipe.preempt && host.recipe.preempt_delay.is_zero());
        let highest = self.hosts.iter().map(|host| host.recipe.priority).max();
        let decisive =
            self.hosts.iter().filter(|host| !all_preempt || Some(host.recipe.priority) == highest);
        let bound = at_most(decisive.map(down).max().unwrap_or_default());
        let bound = bound + self.slack() + self.grace();
        self.settle(
            last,
            bound,
            Property::OneActive,
            Expected { candidates: Candidates::all(), ..Expected::default() },
        );
    }

    /// From `since` on nothing is wrong; after `bound` there must be one Active router.
    pub(crate) fn settle(
        &mut self,
        since: Time,
        bound: Duration,
        property: Property,
        expected: Expected,
    ) {
        let mut expected = expected;
        if expected.keep.is_none() && self.world.intervals_differ() {
            // Who hears the loser of an election last waits for as long as the loser would have it.
            expected.candidates = Candidates::all();
        }
        let epoch = self.script.enter(Phase::Settling { since, property });
        self.script.expected = expected;
        self.note(What::Calm { bound });
        self.agenda.add(since + bound, Entry::Turn { epoch });
        if let Some(by) = expected.active_by {
            self.agenda.add(by, Entry::ActiveDue { epoch });
        }
        let active = self.active();
        for (index, first) in active.iter().enumerate() {
            for second in &active[index + 1..] {
                self.watch_pair([*first, *second], since, false);
            }
        }
    }

    /// What messages and wake-ups may add to any bound: an advertisement and its answer.
    pub(crate) fn slack(&self) -> Duration {
        self.world.reaction() * 4
    }

    /// How long a router may be let preempt later than otherwise.
    fn grace(&self) -> Duration {
        let delay = self.world.longest_preempt_delay();
        if delay.is_zero() {
            Duration::ZERO
        } else {
            at_most(delay) + self.world.longest_down_interval()
        }
    }

    /// P2: all timers that run have run out, and the last to take over has silenced the others.
    pub(crate) fn settling_bound(&self) -> Duration {
        let interval = at_most(self.world.longest_interval());
        self.world.longest_down_interval() + interval + self.slack() + self.grace()
    }

    pub(crate) fn active(&self) -> Vec<u8> {
        (0..self.hosts.len() as u8).filter(|host| self.host(*host).is_active()).collect()
    }

    /// A bit for each host that is up and would preempt `active`.
    pub(crate) fn rivals(&self, active: u8) -> u32 {
        let holder = self.host(active);
        let rivals = self.hosts.iter().enumerate().filter(|(index, host)| {
            *index != usize::from(active) && host.is_up() && host.preempts(holder)
        });
        rivals.map(|(index, _)| 1 << index).sum()
    }

    pub(crate) fn turn(&mut self, epoch: u32) -> Result<(), Violation> {
        if epoch != self.script.epoch {
            return Ok(());
        }
        match self.script.phase {
            Phase::Chaos { until } if self.now < until => {
                self.do_harm()?;
                let pause = self.random.up_to(self.world.longest_down_interval());
                let next = (self.now + pause).min(until);
                self.agenda.add(next, Entry::Turn { epoch });
                Ok(())
            }
            Phase::Chaos { .. } => {
                self.heal()?;
                let since = self.now.max(self.lan.last_arrival) + self.world.lateness;
                let expected = Expected { candidates: Candidates::all(), ..Expected::default() };
                self.settle(since, self.settling_bound(), Property::Reunited, expected);
                Ok(())
            }
            Phase::Settling { property, .. } => {
                self.check_settled(property)?;
                self.rest();
                Ok(())
            }
            Phase::Resting if self.random.percent(75) => self.operate(),
            Phase::Resting => {
                let length = self.world.longest_down_interval() * self.random.within(2..=20) as u32;
                let until = self.now + length;
                let epoch = self.script.enter(Phase::Chaos { until });
                self.agenda.add(self.now, Entry::Turn { epoch });
                Ok(())
            }
        }
    }

    fn rest(&mut self) {
        let epoch = self.script.enter(Phase::Resting);
        let rest = self.random.up_to(self.world.longest_interval() * 4);
        self.agenda.add(self.now + rest, Entry::Turn { epoch });
    }

    fn check_settled(&mut self, property: Property) -> Result<(), Violation> {
        self.coverage.count_check(property);
        let active = self.active();
        let anybody = self.hosts.iter().any(crate::host::Host::is_up);
        require(property, active.len() == usize::from(anybody), || {
            let names: Vec<_> = active.iter().map(|host| Name(*host).to_string()).collect();
            format!("Active when all should be settled: {names:?}")
        })?;
        let active = active.first().copied();
        if let Some(active) = active {
            let rivals = self.rivals(active);
            require(property, rivals == 0, || {
                let rival = Name(rivals.trailing_zeros() as u8);
                format!("{} is Active, and {rival} does not preempt it", Name(active))
            })?;
        }
        self.note(What::Settled { active });
        self.script.expected = Expected { keep: active, ..Expected::default() };
        Ok(())
    }

    /// Whether nothing is wrong, nor was so lately that it could still show.
    fn is_calm(&self) -> bool {
        match self.script.phase {
            Phase::Chaos { .. } => false,
            Phase::Settling { since, .. } => self.now >= since,
            Phase::Resting => true,
        }
    }

    /// Who `resumed` says so only once it was woken, and may listen first.
    pub(crate) fn became_active(&mut self, host: u8, resumed: bool) -> Result<(), Violation> {
        if !self.is_calm() {
            return Ok(());
        }
        let candidates = self.script.expected.candidates;
        self.coverage.count_check(candidates.otherwise);
        require(candidates.otherwise, candidates.hosts & 1 << host != 0, || {
            format!("{} becomes Active on a network without faults", Name(host))
        })?;
        for other in self.active() {
            if other != host {
                self.watch_pair([host, other], self.now, !resumed);
            }
        }
        Ok(())
    }

    pub(crate) fn ceased_to_be_active(&self, host: u8) -> Result<(), Violation> {
        let kept = !self.is_calm() || self.script.expected.keep != Some(host);
        require(Property::Undisturbed, kept, || {
            format!("{} ceases to be Active on a network without faults", Name(host))
        })
    }

    /// P3. Who has `just` become Active has said so, and is answered.
    pub(crate) fn watch_pair(&mut self, pair: [u8; 2], since: Time, just: bool) {
        let turns = self.world.reaction() * 2 + self.world.lateness;
        let intervals = pair.map(|host| self.host(host).router.config().interval());
        let interval = at_most(intervals.iter().max().copied().unwrap_or_default().as_duration());
        let answered = just && !self.world.lower_prio_no_advert();
        // Who overslept listens for one and a half intervals before it speaks.
        let bound = if answered { turns } else { turns + interval * 3 / 2 };
        let over = since + bound + Duration::from_nanos(1);
        self.agenda.add(over, Entry::PairOver { pair, since });
    }

    pub(crate) fn check_pair(&mut self, pair: [u8; 2], since: Time) -> Result<(), Violation> {
        if matches!(self.script.phase, Phase::Chaos { .. }) {
            return Ok(());
        }
        self.coverage.count_check(Property::NotTwoActive);
        let all_along = |host: u8| self.host(host).active_since.is_some_and(|from| from <= since);
        require(Property::NotTwoActive, !pair.into_iter().all(all_along), || {
            format!("{} and {} are both Active since {since}", Name(pair[0]), Name(pair[1]))
        })
    }

    pub(crate) fn check_active_due(&mut self, epoch: u32) -> Result<(), Violation> {
        if epoch != self.script.epoch {
            return Ok(());
        }
        self.coverage.count_check(Property::HandOver);
        let anybody = self.hosts.iter().any(crate::host::Host::is_active);
        require(Property::HandOver, anybody, || "nobody is Active yet".to_owned())
    }

    /// A fault is over, or a pause made as a single deed.
    pub(crate) fn end(&mut self, epoch: u32, fault: Fault) -> Result<(), Violation> {
        if epoch != self.script.epoch {
            return Ok(());
        }
        self.note(What::Repair(fault));
        self.undo(fault)?;
        if let (Phase::Settling { .. }, Fault::Pause { host, .. } | Fault::Restart { host }) =
            (self.script.phase, fault)
        {
            self.resumed_in_calm(host);
        }
        Ok(())
    }
}
