//! The pool of one virtual service: which servers take traffic, and with which weight.

use serde::{Deserialize, Serialize};

/// How a pool behaves; the words are keepalived's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The sum of the weights of live servers that the service needs.
    pub quorum: u32,
    /// How far the sum must pass the quorum, either way, before anything changes.
    pub hysteresis: u32,
    /// Whether there is a server that steps in without quorum, and how it waits meanwhile.
    pub sorry: Option<Standby>,
}

/// What becomes of a server that takes no traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standby {
    /// It is not in the kernel's table.
    Removed,
    /// It is in the table with weight 0: connections that it has go on (`inhibit_on_failure`,
    /// `sorry_server_inhibit`).
    Inhibited,
}

/// What is known of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Checks have not decided yet, and by configuration it waits for them (`alpha`).
    Unknown,
    /// It is alive, or assumed to be until a check says otherwise.
    Up,
    /// Checks have failed.
    Down,
}

/// One real server as the pool sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The weight it has while it is alive.
    pub weight: u32,
    /// What becomes of it when it fails.
    pub on_failure: Standby,
    /// What is known of it.
    pub health: Health,
    /// Whether the kernel's table has it with weight: from an earlier life of the director, before
    /// its own checks have decided.
    pub in_place: bool,
}

impl Member {
    /// A server found in place serves on until a check of ours has judged it: starting anew must
    /// not take servers out that an earlier run had found good.
    fn is_alive(&self) -> bool {
        match self.health {
            Health::Up => true,
            Health::Down => false,
            Health::Unknown => self.in_place,
        }
    }

    /// The weight it has in the table if it is in there.
    fn listed_weight(&self, serving: bool) -> Option<u32> {
        match (self.is_alive(), self.on_failure) {
            (true, _) if serving => Some(self.weight),
            (_, Standby::Inhibited) => Some(0),
            (_, Standby::Removed) => None,
        }
    }
}

/// The state of one pool between changes: whether it has quorum depends on whether it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    rules: Rules,
    has_quorum: bool,
    /// In an earlier life of the director.
    had_quorum: bool,
}

/// What the kernel's table should list for a pool: weights by position of the member, and the weight
/// of the sorry server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// For each member in order, its weight; `None` is not listed.
    pub members: Vec<Option<u32>>,
    /// The weight of the sorry server; `None` is not listed.
    pub sorry: Option<u32>,
}

/// A pool gained or lost its quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuorumChange {
    /// Whether it has it now.
    pub has_quorum: bool,
    /// The sum of the weights of live servers.
    pub weight: u64,
}

impl Pool {
    /// A pool that has no quorum yet. If it had in an earlier life of the director, it has again with
    /// what it could have kept it with.
    pub fn new(rules: Rules, had_quorum: bool) -> Self {
        Self { rules, has_quorum: false, had_quorum }
    }

    /// Has it behave otherwise from the next [`update`](Self::update) on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Whether the live servers were enough when last looked at.
    pub fn has_quorum(&self) -> bool {
        self.has_quorum
    }

    /// The sum of the weights of live members.
    pub fn weight(&self, members: &[Member]) -> u64 {
        let alive = members.iter().filter(|member| member.is_alive());
        alive.map(|member| u64::from(member.weight)).sum()
    }

    /// Looks at the members and says whether the quorum changed.
    pub fn update(&mut self, members: &[Member]) -> Option<QuorumChange> {
        let weight = self.weight(members);
        let (quorum, hysteresis) = (u64::from(self.rules.quorum), u64::from(self.rules.hysteresis));
        let had_quorum = std::mem::take(&mut self.had_quorum);
        let has_quorum = if self.has_quorum || had_quorum {
            weight > 0 && weight >= quorum.saturating_sub(hysteresis)
        } else {
            weight >= quorum.saturating_add(hysteresis)
        };
        (has_quorum != self.has_quorum).then(|| {
            self.has_quorum = has_quorum;
            QuorumChange { has_quorum, weight }
        })
    }

    /// What the table should list.
    pub fn listed(&self, members: &[Member]) -> Listed {
        // Without a server to step in, some servers are better than none.
        let serving = self.has_quorum || self.rules.sorry.is_none();
        Listed {
            members: members.iter().map(|member| member.listed_weight(serving)).collect(),
            sorry: match self.rules.sorry {
                Some(_) if !serving => Some(SORRY_WEIGHT),
                Some(Standby::Inhibited) => Some(0),
                Some(Standby::Removed) | None => None,
            },
        }
    }
}

/// The weight of a sorry server that steps in; there is no other to share with.
const SORRY_WEIGHT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Rules = Rules { quorum: 1, hysteresis: 0, sorry: None };

    fn member(weight: u32, health: Health) -> Member {
        Member { weight, on_failure: Standby::Removed, health, in_place: false }
    }

    fn listed(rules: Rules, members: &[Member]) -> (Vec<Option<u32>>, Option<u32>) {
        let mut pool = Pool::new(rules, false);
        pool.update(members);
        let Listed { members, sorry } = pool.listed(members);
        (members, sorry)
    }

    #[test]
    fn a_live_server_is_listed_with_its_weight_and_a_dead_one_is_not() {
        let members = [member(3, Health::Up), member(2, Health::Down)];
        assert_eq!(listed(PLAIN, &members), (vec![Some(3), None], None));
    }

    #[test]
    fn an_inhibited_server_stays_with_weight_0() {
        let failed = Member { on_failure: Standby::Inhibited, ..member(3, Health::Down) };
        assert_eq!(listed(PLAIN, &[failed]), (vec![Some(0)], None));
    }

    #[test]
    fn a_server_of_unknown_health_is_not_listed() {
        assert_eq!(listed(PLAIN, &[member(3, Health::Unknown)]), (vec![None], None));
    }

    #[test]
    fn a_server_of_unknown_health_found_in_place_stays() {
        let found = Member { in_place: true, ..member(3, Health::Unknown) };
        assert_eq!(listed(PLAIN, &[found]), (vec![Some(3)], None));
    }

    #[test]
    fn the_sorry_server_alone_is_listed_while_there_is_no_quorum() {
        let rules = Rules { quorum: 4, sorry: Some(Standby::Removed), ..PLAIN };
        let members = [member(3, Health::Up), member(2, Health::Down)];
        assert_eq!(listed(rules, &members), (vec![None, None], Some(1)));
    }

    #[test]
    fn an_inhibited_server_that_is_alive_waits_behind_the_sorry_server_with_weight_0() {
        let rules = Rules { quorum: 4, sorry: Some(Standby::Removed), ..PLAIN };
        let alive = Member { on_failure: Standby::Inhibited, ..member(3, Health::Up) };
        assert_eq!(listed(rules, &[alive]), (vec![Some(0)], Some(1)));
    }

    #[test]
    fn without_a_sorry_server_live_ones_stay_below_the_quorum() {
        let rules = Rules { quorum: 4, ..PLAIN };
        assert_eq!(listed(rules, &[member(3, Health::Up)]), (vec![Some(3)], None));
    }

    #[test]
    fn an_inhibited_sorry_server_waits_with_weight_0() {
        let rules = Rules { sorry: Some(Standby::Inhibited), ..PLAIN };
        assert_eq!(listed(rules, &[member(3, Health::Up)]), (vec![Some(3)], Some(0)));
    }

    #[test]
    fn hysteresis_keeps_what_was_until_the_sum_has_passed_it() {
        let mut pool = Pool::new(Rules { quorum: 4, hysteresis: 1, sorry: None }, false);
        let mut with = |weight| pool.update(&[member(weight, Health::Up)]).map(|c| c.has_quorum);
        assert_eq!(with(4), None);
        assert_eq!(with(5), Some(true));
        assert_eq!(with(3), None);
        assert_eq!(with(2), Some(false));
    }

    #[test]
    fn what_had_quorum_before_a_restart_has_it_again_with_as_much_as_kept_it() {
        let rules = Rules { quorum: 4, hysteresis: 1, sorry: None };
        for (had_quorum, expected) in [(true, Some(true)), (false, None)] {
            let mut pool = Pool::new(rules, had_quorum);
            let mut with = |weight| pool.update(&[member(weight, Health::Up)]);
            assert_eq!(with(3).map(|change| change.has_quorum), expected);
        }
        let mut pool = Pool::new(rules, true);
        assert_eq!(pool.update(&[member(2, Health::Up)]), None);
        assert_eq!(pool.update(&[member(3, Health::Up)]), None, "it is a pool without quorum");
    }

    #[test]
    fn a_pool_without_any_weight_has_no_quorum_whatever_the_hysteresis() {
        let mut pool = Pool::new(Rules { quorum: 2, hysteresis: 1, sorry: None }, false);
        pool.update(&[member(3, Health::Up)]);
        let change = pool.update(&[member(3, Health::Down)]);
        assert_eq!(change, Some(QuorumChange { has_quorum: false, weight: 0 }));
    }
}
