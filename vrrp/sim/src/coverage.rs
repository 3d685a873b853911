use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use steadfast_vrrp::router::{State, StateChange, StateReason};

use crate::property::Property;

/// What a simulation came by: the proof that it tried something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Worlds simulated.
    pub worlds: u64,
    /// Virtual time.
    pub time: Duration,
    /// Advertisements sent.
    pub sent: u64,
    /// Advertisements taken in; one that was sent reaches several routers.
    pub heard: u64,
    /// Advertisements that did not arrive.
    pub lost: u64,
    /// Copies of advertisements that had arrived already.
    pub duplicated: u64,
    /// Advertisements overtaken by one sent later.
    pub overtaken: u64,
    /// Packets refused: foreign, forwarded, damaged.
    pub refused: u64,
    /// Wake-ups of routers.
    pub wakes: u64,
    /// Changes of state by kind.
    pub transitions: BTreeMap<&'static str, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What was done on networks without faults, by kind.
    pub operations: BTreeMap<&'static str, u64>,
    /// How often each property was checked.
    pub checks: BTreeMap<Property, u64>,
}

impl Coverage {
    pub(crate) fn count_transition(&mut self, change: &StateChange) {
        *self.transitions.entry(transition(change)).or_default() += 1;
    }

    pub(crate) fn count_check(&mut self, property: Property) {
        *self.checks.entry(property).or_default() += 1;
    }
}

fn transition(change: &StateChange) -> &'static str {
    match (&change.reason, change.to) {
        (StateReason::Startup, State::Active) => "owner starts",
        (StateReason::Startup, _) => "start",
        (StateReason::Resumed { .. }, _) => "resumption after a crash",
        (StateReason::TakenOverBeforeResumption { .. }, _) => {
            "yields, taken over before resumption"
        }
        (StateReason::Recovered, State::Active) => "owner recovers from a fault",
        (StateReason::Recovered, _) => "recovery from a fault",
        (StateReason::Shutdown, _) => match change.from {
            State::Active => "Active shut down",
            _ => "Backup or faulty router shut down",
        },
        (StateReason::Fault(_), _) => match change.from {
            State::Active => "fault of the Active router",
            _ => "fault of a Backup",
        },
        (StateReason::Silence { last_heard: Some(_), .. }, _) => "take-over after silence",
        (StateReason::Silence { last_heard: None, .. }, _) => "take-over, nobody ever heard",
        (StateReason::PeerResigned { .. }, _) => "take-over after priority 0",
        (StateReason::Preempted { .. }, _) => "preemption",
        (StateReason::HigherPriority { .. }, _) => "yields to a higher priority",
        (StateReason::GreaterAddress { .. }, _) => "yields to a greater address",
        (StateReason::TakenOverWhileAsleep { .. }, _) => "yields, taken over while asleep",
        (StateReason::GroupBackup { .. }, _) => "falls with its group",
        _ => "other",
    }
}

impl AddAssign<&Self> for Coverage {
    fn add_assign(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.time += other.time;
        self.sent += other.sent;
        self.heard += other.heard;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.overtaken += other.overtaken;
        self.refused += other.refused;
        self.wakes += other.wakes;
        add(&mut self.transitions, &other.transitions);
        add(&mut self.faults, &other.faults);
        add(&mut self.operations, &other.operations);
        add(&mut self.checks, &other.checks);
    }
}

fn add<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(*key).or_default() += count;
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.time.as_secs_f64() / 3600.0;
        writeln!(f, "{} worlds, {hours:.1} virtual hours", self.worlds)?;
        section(
            f,
            "packets",
            [
                ("sent", self.sent),
                ("heard", self.heard),
                ("lost", self.lost),
                ("duplicated", self.duplicated),
                ("overtaken", self.overtaken),
                ("refused", self.refused),
            ],
        )?;
        section(f, "wake-ups", [("of all routers", self.wakes)])?;
        section(f, "changes of state", self.transitions.iter().map(|(key, n)| (*key, *n)))?;
        section(f, "faults", self.faults.iter().map(|(key, n)| (*key, *n)))?;
        section(f, "done without faults", self.operations.iter().map(|(key, n)| (*key, *n)))?;
        section(f, "checked", self.checks.iter().map(|(key, n)| (*key, *n)))
    }
}

fn section<K: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: impl IntoIterator<Item = (K, u64)>,
) -> fmt::Result {
    writeln!(f, "{title}")?;
    counts.into_iter().try_for_each(|(key, count)| writeln!(f, "  {count:>12}  {key}"))
}
