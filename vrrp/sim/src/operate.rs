//! Single deeds on a network without faults, and what follows from each.

use std::time::Duration;

use steadfast_vrrp::AdverInterval;

use crate::fault::Fault;
use crate::host::Power;
use crate::property::{Property, Violation};
use crate::script::{Candidates, Expected, Phase};
use crate::simulation::{Entry, Simulation};
use crate::time::{Time, at_least, at_most};
use crate::trace::What;

impl Simulation<'_> {
    /// Does one thing, and says what must follow.
    pub(crate) fn operate(&mut self) -> Result<(), Violation> {
        let host = self.any_host();
        let Some(active) = self.active().first().copied() else {
            return self.join(host, None);
        };
        if !self.host(host).is_up() {
            return self.join(host, Some(active));
        }
        let target = if self.random.percent(30) { active } else { host };
        let deed = self.any_deed(target, active);
        self.note(What::Operation(deed));
        *self.coverage.operations.entry(deed.kind()).or_default() += 1;
        match deed {
            Fault::Pause { host, .. } | Fault::Restart { host } => self.pause(host, deed, active),
            Fault::Crash { .. } | Fault::Shutdown { .. } | Fault::Tracked { .. }
                if target == active =>
            {
                let expected = self.hand_over(active, deed);
                self.settle(self.now, self.settling_bound(), Property::Reunited, expected);
                self.inflict(deed)
            }
            _ => {
                // What follows depends on what it will be; until then everything may.
                self.script.expected =
                    Expected { candidates: Candidates::all(), ..Expected::default() };
                self.inflict(deed)?;
                self.settle_around(active);
                Ok(())
            }
        }
    }

    fn any_deed(&mut self, host: u8, active: u8) -> Fault {
        let owner = self.host(host).recipe.priority.is_owner();
        match self.random.within(0..=11) {
            0 => Fault::Crash { host },
            1 => Fault::Shutdown { host },
            2 => Fault::Tracked { host },
            3 | 4 if !owner => {
                Fault::Priority { host, to: self.world.tracked_priority(&mut self.random) }
            }
            5 => self.address_change(host),
            6 => Fault::Reconfiguration { host },
            7 => Fault::Pause { host, deaf: false },
            8 => Fault::Pause { host, deaf: true },
            9 => Fault::Restart { host },
            10 if self.world.tolerates_a_loss() => Fault::LostAdvertisement { host: active },
            _ => Fault::Noise { host },
        }
    }

    fn join(&mut self, host: u8, active: Option<u8>) -> Result<(), Violation> {
        *self.coverage.operations.entry("a router joins").or_default() += 1;
        self.script.expected = Expected { candidates: Candidates::all(), ..Expected::default() };
        self.bring_up(host)?;
        match active {
            Some(active) if self.will_listen(host, active) => self.settle_around(active),
            _ => {
                let expected = self.script.expected;
                self.settle(self.now, self.settling_bound(), Property::Reunited, expected);
            }
        }
        Ok(())
    }

    /// Whether a router that joins will hear `active` before it makes itself Active: the owner does
    /// not ask, and one that expects advertisements much more often than they come is impatient.
    fn will_listen(&self, host: u8, active: u8) -> bool {
        let config = self.host(host).router.config();
        let interval = self.host(active).router.config().interval().as_duration();
        let patience = self.wait(false, config.interval(), self.host(host));
        !config.is_owner() && at_least(patience) > at_most(interval) + self.slack()
    }

    /// Whoever preempts `active` may, nobody else.
    fn around(&self, active: u8) -> Expected {
        let rivals = self.rivals(active);
        Expected {
            keep: (rivals == 0).then_some(active),
            candidates: Candidates { hosts: rivals, ..Candidates::default() },
            active_by: None,
        }
    }

    fn settle_around(&mut self, active: u8) {
        let expected = self.around(active);
        self.settle(self.now, self.settling_bound(), Property::Reunited, expected);
    }

    /// What follows when `active` gives up or falls silent.
    fn hand_over(&self, active: u8, deed: Fault) -> Expected {
        let holder = self.host(active);
        let interval = holder.router.config().interval();
        let resigns = matches!(deed, Fault::Shutdown { .. } | Fault::Tracked { .. });
        let since = if resigns { self.now } else { holder.last_sent };
        let backups = || {
            self.hosts
                .iter()
                .enumerate()
                .filter(|(index, host)| *index != usize::from(active) && host.is_up())
        };
        let wait = |host: &crate::host::Host| self.wait(resigns, interval, host);
        let best = backups().map(|(_, host)| wait(host)).min();
        // A successor so quick that others hear it before they hear of the resignation does not
        // keep them from succeeding as well.
        let level = match best {
            Some(best) if best > self.slack() => best * 103 / 100 + self.slack(),
            _ => Duration::MAX,
        };
        let hosts = backups().filter(|(_, host)| wait(host) <= level);
        Expected {
            keep: None,
            candidates: Candidates {
                hosts: hosts.map(|(index, _)| 1 << index).sum(),
                otherwise: Property::BestSuccessor,
            },
            active_by: best
                .map(|best| since + at_most(best) + self.world.reaction() + self.world.lateness),
        }
    }

    fn wait(&self, resigns: bool, interval: AdverInterval, host: &crate::host::Host) -> Duration {
        let priority = host.router.effective_priority();
        if resigns {
            self.world.skew_time(interval, priority)
        } else {
            self.world.down_interval(interval, priority)
        }
    }

    /// A host stops for a while, or is restarted. A Backup must not notice; the Active router may be
    /// succeeded.
    fn pause(&mut self, host: u8, fault: Fault, active: u8) -> Result<(), Violation> {
        let deaf = matches!(fault, Fault::Pause { deaf: true, .. });
        let restart = matches!(fault, Fault::Restart { .. });
        let mut length = self.random.up_to(self.world.longest_down_interval() * 3);
        if deaf && host != active {
            // Who wakes right after it should have, having lost what came, cannot know.
            length += self.world.longest_down_interval() + self.world.longest_interval();
        }
        let resume = self.now + length;
        let mut expected = if host == active {
            let mut expected = self.hand_over(active, Fault::Crash { host });
            if self.is_short(active, resume) {
                expected = Expected { keep: Some(active), ..Expected::default() };
            } else if expected.active_by.is_some_and(|by| by >= resume) {
                expected.active_by = None;
            }
            expected
        } else if restart && !self.will_listen(host, active) {
            Expected { candidates: Candidates::all(), ..Expected::default() }
        } else {
            Expected { keep: Some(active), ..Expected::default() }
        };
        if restart {
            expected.candidates.hosts |= 1 << host;
        }
        self.settle(self.now, length * 2 + self.settling_bound(), Property::Reunited, expected);
        let epoch = self.script.epoch;
        self.agenda.add(resume, Entry::End { epoch, fault });
        self.inflict(fault)
    }

    /// Whether an Active router that resumes then will be heard in time by all Backups.
    fn is_short(&self, active: u8, resume: Time) -> bool {
        let holder = self.host(active);
        let interval = holder.router.config().interval();
        let silence = resume.since(holder.last_sent) + self.world.reaction() * 2;
        let backups = self.hosts.iter().filter(|host| host.is_up());
        let patience = backups.map(|host| self.wait(false, interval, host)).min();
        // Restarted it has the priority of its configuration, and may think that it was gone for long.
        let own = self.world.down_interval(interval, holder.recipe.priority);
        silence < at_least(patience.map_or(own, |patience| patience.min(own)))
    }

    /// A paused host runs again.
    pub(crate) fn resumed_in_calm(&mut self, host: u8) {
        debug_assert_eq!(self.host(host).power, Power::On);
        let Phase::Settling { .. } = self.script.phase else { return };
        let expected = match self.script.expected.keep {
            // Who was restarted has the priority of its configuration again.
            Some(active) => self.around(active),
            None => self.after_return(host),
        };
        let bound = self.settling_bound();
        self.settle(self.now, bound, Property::Reunited, Expected { active_by: None, ..expected });
    }

    /// P4: who has taken over from a router that must not preempt is left alone when it returns.
    fn after_return(&self, host: u8) -> Expected {
        let returning = self.host(host);
        let others: Vec<_> = self.active().into_iter().filter(|other| *other != host).collect();
        let anything = Expected { candidates: Candidates::all(), ..Expected::default() };
        let [successor] = others[..] else { return anything };

        let it = self.host(successor);
        let (ours, theirs) =
            (returning.router.effective_priority(), it.router.effective_priority());
        let own_down = self.world.down_interval(returning.router.config().interval(), ours);
        let unheard = self.now.since(returning.last_sent);
        let interval = at_most(it.router.config().interval().as_duration()) + self.slack();
        // Who lost all packets hears of its successor only if it advertises often enough.
        let listens = returning.router.config().interval().as_duration() * 3 / 2;
        let known = interval < at_least(listens)
            && it.active_since.is_some_and(|since| self.now.since(since) > interval);
        let knows_it_slept = at_least(unheard) > own_down;
        let must_yield = theirs > ours || !returning.router.config().preempt() && knows_it_slept;
        if known && must_yield && self.rivals(successor) == 0 {
            Expected { keep: Some(successor), ..Expected::default() }
        } else {
            anything
        }
    }
}
