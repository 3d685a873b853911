//! The judgement over a tracked script (`vrrp_script`): from single runs to up or down.

use std::time::Duration;

/// How a script's runs are judged; the words are keepalived's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// From the start of one run to the start of the next.
    pub interval: Duration,
    /// How many runs in a row must succeed before it counts as up, at least 1.
    pub rise: u32,
    /// How many runs in a row must fail before it counts as down, at least 1.
    pub fall: u32,
    /// Whether it counts as down until it has risen, instead of letting its first run decide.
    pub init_fail: bool,
}

/// Whether what a script watches is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has not run to an end yet.
    Unknown,
    /// It is up.
    Up,
    /// It is down.
    Down,
}

/// One tracked script between its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackedScript {
    policy: Policy,
    standing: Standing,
    /// Runs in a row that spoke against the standing.
    against: u32,
}

impl TrackedScript {
    /// A script that has not run yet.
    pub fn new(policy: Policy) -> Self {
        let standing = if policy.init_fail { Standing::Down } else { Standing::Unknown };
        Self { policy, standing, against: 0 }
    }

    /// The same script, from now on judged by another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Up, down or not known yet.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// A run ended; says the new standing when it changed.
    pub fn handle_run(&mut self, succeeded: bool) -> Option<Standing> {
        let (agrees, needed, other) = match self.standing {
            Standing::Unknown => {
                self.standing = if succeeded { Standing::Up } else { Standing::Down };
                return Some(self.standing);
            }
            Standing::Up => (succeeded, self.policy.fall, Standing::Down),
            Standing::Down => (!succeeded, self.policy.rise, Standing::Up),
        };
        if agrees {
            self.against = 0;
            return None;
        }
        self.against = self.against.saturating_add(1);
        (self.against >= needed).then(|| {
            self.against = 0;
            self.standing = other;
            other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy =
        Policy { interval: Duration::from_secs(2), rise: 2, fall: 3, init_fail: false };

    fn standings(policy: Policy, runs: &[bool]) -> Vec<Standing> {
        let mut script = TrackedScript::new(policy);
        runs.iter()
            .map(|&run| {
                script.handle_run(run);
                script.standing()
            })
            .collect()
    }

    use Standing::{Down, Up};

    #[test]
    fn the_first_run_decides_whatever_rise_and_fall_are() {
        assert_eq!(standings(POLICY, &[true]), [Up]);
        assert_eq!(standings(POLICY, &[false]), [Down]);
    }

    #[test]
    fn it_falls_after_as_many_failures_in_a_row() {
        assert_eq!(standings(POLICY, &[true, false, false, false]), [Up, Up, Up, Down]);
    }

    #[test]
    fn one_success_starts_the_count_anew() {
        let runs = [true, false, false, true, false, false];
        assert_eq!(standings(POLICY, &runs), [Up; 6]);
    }

    #[test]
    fn it_rises_after_as_many_successes_in_a_row() {
        assert_eq!(standings(POLICY, &[false, true, true]), [Down, Down, Up]);
    }

    #[test]
    fn with_init_fail_it_has_to_rise_first() {
        let policy = Policy { init_fail: true, ..POLICY };
        assert_eq!(standings(policy, &[true, true]), [Down, Up]);
    }
}
