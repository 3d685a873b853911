use alloc::sync::Arc;
use core::fmt;

use thiserror::Error;

use super::Priority;
use crate::router::FaultReason;

/// What a tracked object does to the priority: keepalived's `weight`, −254 to 254, with or without
/// `reverse`.
///
/// - Above 0: added while the object is up.
/// - Below 0: added, which lowers the priority, while the object is down.
/// - 0: nothing is added; while the object is down the router is in Fault.
///
/// [Reversed](Self::reversed), what would be added is subtracted; with weight 0 the object is to be
/// down, and being up is the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weight {
    number: i16,
    reverse: bool,
}

impl Weight {
    /// 0: an object without which the router must not be Active.
    pub const REQUIRED: Self = Self { number: 0, reverse: false };

    /// Checks that `weight` is between −254 and 254.
    pub const fn new(weight: i16) -> Result<Self, InvalidWeight> {
        if weight.unsigned_abs() <= 254 {
            Ok(Self { number: weight, reverse: false })
        } else {
            Err(InvalidWeight { weight })
        }
    }

    /// The same weight the other way round.
    pub const fn reversed(self) -> Self {
        Self { reverse: !self.reverse, ..self }
    }

    fn effect(self, status: Status) -> Effect {
        let (number, sign) = (i64::from(self.number), if self.reverse { -1 } else { 1 });
        match status {
            Status::Unknown if number == 0 => Effect::Fault,
            Status::Unknown => Effect::Add(0),
            _ if number == 0 && status.is_up() == self.reverse => Effect::Fault,
            _ if number == 0 => Effect::Add(0),
            Status::Up => Effect::Add(number.max(0) * sign),
            Status::Down => Effect::Add(number.min(0) * sign),
            Status::Value(value) => match i64::from(value) * number * sign {
                ..=-254 => Effect::Fault,
                sum => Effect::Add(sum.min(253)),
            },
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reverse = if self.reverse { " reverse" } else { "" };
        write!(f, "{}{reverse}", self.number)
    }
}

/// How a tracked object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not found out yet: adds nothing, and with weight 0 is a fault until it is known.
    Unknown,
    /// The interface has its carrier, the script succeeds, the processes run.
    Up,
    /// The opposite.
    Down,
    /// The number in a tracked file. Multiplied by the weight: −254 or less is a fault, anything
    /// else is added, at most 253. With weight 0 every number but 0 is a fault.
    Value(i32),
}

impl Status {
    const fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::Value(0))
    }
}

enum Effect {
    Add(i64),
    Fault,
}

/// An interface, script, file or process that a router's priority depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Its name, for the reason of a fault.
    pub name: Arc<str>,
    /// What it does to the priority.
    pub weight: Weight,
    /// How it is.
    pub status: Status,
}

/// What tracking makes of a router: the arguments for
/// [`set_priority`](crate::VirtualRouter::set_priority), and for
/// [`handle_fault`](crate::VirtualRouter::handle_fault) or
/// [`clear_fault`](crate::VirtualRouter::clear_fault).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The effective priority.
    pub priority: Priority,
    /// Why the router is unfit, if it is: the first of the objects that say so.
    pub fault: Option<FaultReason>,
}

impl Effective {
    /// Weighs everything tracked. The sum stays between 1 and 254. An owner's priority does not
    /// change: for it, and so it should be for the members of its group, all weights count as 0.
    ///
    /// ```
    /// use steadfast_vrrp::Priority;
    /// use steadfast_vrrp::priority::{Effective, Status, Tracked, Weight};
    ///
    /// let script = |status| Tracked {
    ///     name: "chk_haproxy".into(),
    ///     weight: Weight::new(-30).unwrap(),
    ///     status,
    /// };
    /// let base = Priority::new(100)?;
    /// assert_eq!(Effective::of(base, &[script(Status::Up)]).priority.get(), 100);
    /// assert_eq!(Effective::of(base, &[script(Status::Down)]).priority.get(), 70);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(base: Priority, tracked: &[Tracked]) -> Self {
        let mut sum = i64::from(base.get());
        let mut fault = None;
        for Tracked { name, weight, status } in tracked {
            let number = if base.is_owner() { 0 } else { weight.number };
            match (Weight { number, ..*weight }).effect(*status) {
                Effect::Add(number) => sum = sum.saturating_add(number),
                Effect::Fault if fault.is_none() => {
                    fault = Some(FaultReason::Tracked(name.clone()));
                }
                Effect::Fault => {}
            }
        }
        let highest = if base.is_owner() { u8::MAX } else { u8::MAX - 1 };
        let clamped = u8::try_from(sum.clamp(1, i64::from(highest)));
        let priority = clamped.ok().and_then(|sum| Priority::new(sum).ok()).unwrap_or(base);
        Self { priority, fault }
    }
}

/// A number that cannot be a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("weight {weight} is out of range: give -254 to 254")]
pub struct InvalidWeight {
    /// The number.
    pub weight: i16,
}
