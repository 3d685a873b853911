use std::fmt;

use thiserror::Error;

/// What must hold, whatever the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// P1: started together on a network without faults, after the longest of their down
    /// intervals, or that of the highest priority where all preempt, exactly one is Active.
    OneActive,
    /// P2: when all faults are over, exactly one is Active within a down interval and an
    /// advertisement interval, and nobody who preempts is above it.
    Reunited,
    /// P3: on a whole network two are never Active together for longer than an advertisement
    /// interval and a packet's flight; if one of them has just become Active, no longer than a
    /// packet's flight and its answer's.
    NotTwoActive,
    /// P4: a healthy Active router is never displaced by one that must not preempt it, whether
    /// that joins, returns from a pause or changes; without a fault, no state ever changes.
    Undisturbed,
    /// P5: when the Active router gives up with priority 0, another is Active within the
    /// Skew_Time of the best Backup and a packet's flight; when it dies silently, within the best
    /// Backup's down interval.
    HandOver,
    /// The successor of an Active router is the best Backup, or one that chance puts level with it.
    BestSuccessor,
    /// P6: a router never panics, refuses nothing that is valid, accepts nothing that is not,
    /// always has a timer armed in Backup and Active and none elsewhere.
    Sane,
    /// Nobody takes over before the Active router was silent for the whole down interval, or gave
    /// up a Skew_Time ago, or could be preempted; and the timer says exactly that.
    Silence,
    /// An Active router answers a lower one (A4) and priority 0 (A2) at once, yields to a higher
    /// one (A3) at once, and to no other.
    Answer,
    /// The Adver_Timer runs from deadline to deadline: lateness does not add up.
    Pace,
    /// What is sent says what is so; only an Active router, or one that leaves, sends.
    Content,
    /// The reason given for a change of state is true.
    Truth,
    /// The members of a synchronisation group are in the same state.
    InStep,
}

impl Property {
    /// Those of a single router, which are checked on every step; how often is not counted.
    pub const OF_ONE_ROUTER: [Self; 6] =
        [Self::Sane, Self::Silence, Self::Answer, Self::Pace, Self::Content, Self::Truth];
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneActive => "P1 one Active after a start",
            Self::Reunited => "P2 one Active after faults",
            Self::NotTwoActive => "P3 no two Active for long",
            Self::Undisturbed => "P4 a healthy Active is left alone",
            Self::HandOver => "P5 hand-over in time",
            Self::BestSuccessor => "the best Backup succeeds",
            Self::Sane => "P6 sane",
            Self::Silence => "no take-over without silence",
            Self::Answer => "answers at once",
            Self::Pace => "no drift",
            Self::Content => "truth on the wire",
            Self::Truth => "true reasons",
            Self::InStep => "groups in step",
        })
    }
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{property}: {detail}")]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// How.
    pub detail: String,
}

/// `Ok` if `holds`; the detail is made only if not.
pub(crate) fn require(
    property: Property,
    holds: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { property, detail: detail() }) }
}
