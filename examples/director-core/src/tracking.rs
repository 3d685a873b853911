//! What tracked objects do to a VRRP instance: its effective priority, or a fault.

use crate::script::Standing;

/// How a tracked object counts; keepalived's `weight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Weight 0: the instance is in fault while the object is down.
    Fault,
    /// A positive weight is added while the object is up, a negative one while it is down.
    Weight(i16),
}

/// What an instance's tracked objects amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An object that decides is not known yet: the instance waits.
    Waiting {
        /// The object.
        object: String,
    },
    /// The instance may not take part.
    Fault {
        /// The object that is down.
        object: String,
    },
    /// It takes part with this priority.
    Priority(u8),
}

/// The lowest and highest priority that tracking can lead to: 255 is the address owner's alone.
const LOWEST: i32 = 1;
const HIGHEST: i32 = 254;
/// The priority of the address owner, which nothing changes.
const OWNER: u8 = 255;

/// Sums up the tracked objects of an instance with this base priority.
pub fn verdict<N: Into<String>>(
    base: u8,
    objects: impl IntoIterator<Item = (N, Effect, Standing)>,
) -> Verdict {
    let mut sum = i32::from(base);
    let mut waiting = None;
    for (object, effect, standing) in objects {
        match (effect, standing) {
            (Effect::Fault, Standing::Down) => return Verdict::Fault { object: object.into() },
            (Effect::Fault, Standing::Unknown) => waiting = Some(object.into()),
            (Effect::Weight(weight), Standing::Up) if weight > 0 => sum += i32::from(weight),
            (Effect::Weight(weight), Standing::Down) if weight < 0 => sum += i32::from(weight),
            (Effect::Fault, Standing::Up) | (Effect::Weight(_), _) => {}
        }
    }
    if let Some(object) = waiting {
        return Verdict::Waiting { object };
    }
    if base == OWNER {
        return Verdict::Priority(OWNER);
    }
    let clamped = sum.clamp(LOWEST, HIGHEST);
    Verdict::Priority(u8::try_from(clamped).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(base: u8, effect: Effect, standing: Standing) -> Verdict {
        verdict(base, [("chk", effect, standing)])
    }

    #[test]
    fn a_negative_weight_counts_while_the_object_is_down() {
        assert_eq!(one(100, Effect::Weight(-5), Standing::Down), Verdict::Priority(95));
        assert_eq!(one(100, Effect::Weight(-5), Standing::Up), Verdict::Priority(100));
    }

    #[test]
    fn a_positive_weight_counts_while_the_object_is_up() {
        assert_eq!(one(100, Effect::Weight(5), Standing::Up), Verdict::Priority(105));
        assert_eq!(one(100, Effect::Weight(5), Standing::Down), Verdict::Priority(100));
    }

    #[test]
    fn an_object_of_unknown_standing_adds_nothing() {
        assert_eq!(one(100, Effect::Weight(5), Standing::Unknown), Verdict::Priority(100));
    }

    #[test]
    fn an_object_without_weight_that_is_down_is_a_fault() {
        let fault = Verdict::Fault { object: "chk".to_owned() };
        assert_eq!(one(100, Effect::Fault, Standing::Down), fault);
    }

    #[test]
    fn an_object_without_weight_that_is_unknown_is_waited_for() {
        let waiting = Verdict::Waiting { object: "chk".to_owned() };
        assert_eq!(one(100, Effect::Fault, Standing::Unknown), waiting);
    }

    #[test]
    fn the_priority_stays_within_1_and_254() {
        assert_eq!(one(100, Effect::Weight(-253), Standing::Down), Verdict::Priority(1));
        assert_eq!(one(100, Effect::Weight(253), Standing::Up), Verdict::Priority(254));
    }

    #[test]
    fn the_owners_priority_is_never_changed() {
        assert_eq!(one(255, Effect::Weight(-5), Standing::Down), Verdict::Priority(255));
    }
}
