//! Who may make the next attempt, where not all can at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::entries::Id;

/// What is to be expected of an attempt, from the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It passed: an answer soon.
    Passing,
    /// There was none.
    Untried,
    /// It did not pass: perhaps nothing, until its time is over.
    Failing,
}

/// The attempts that are due, and how many are under way.
///
/// Those that may hang take no more than three quarters, and those that are known to no more than
/// half: so many servers that never answer delay none that do, and none that is new.
#[derive(Debug)]
pub(super) struct Turns {
    at_once: usize,
    passing: Queue,
    untried: Queue,
    failing: Queue,
    /// Some instant, which the others are kept by: that takes half the room.
    epoch: Option<Instant>,
}

#[derive(Debug, Default)]
struct Queue {
    due: BTreeSet<(Nanoseconds, Id)>,
    under_way: usize,
}

/// An instant: so long after the epoch, or before it. It reaches for three hundred years.
type Nanoseconds = i64;

/// A place in the order of what is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    due: Nanoseconds,
    pub(super) class: Class,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            passing: Queue::default(),
            untried: Queue::default(),
            failing: Queue::default(),
            epoch: None,
        }
    }

    pub(super) fn line_up(&mut self, at: Instant, class: Class, id: Id) -> Place {
        let epoch = *self.epoch.get_or_insert(at);
        let due = match at.checked_duration_since(epoch) {
            Some(after) => nanoseconds(after),
            None => -nanoseconds(epoch.saturating_duration_since(at)),
        };
        self.queue(class).due.insert((due, id));
        Place { due, class }
    }

    pub(super) fn leave(&mut self, Place { due, class }: Place, id: Id) {
        self.queue(class).due.remove(&(due, id));
    }

    /// What is due first of what may begin, and when.
    pub(super) fn next(&self) -> Option<(Instant, Place, Id)> {
        let Self { at_once, passing, untried, failing, epoch } = self;
        let may_hang = failing.under_way + untried.under_way;
        let room = passing.under_way + may_hang < *at_once;
        let room_for_untried = room && may_hang < (at_once * 3).div_ceil(4);
        let room_for_failing = room_for_untried && failing.under_way < at_once.div_ceil(2);
        let first = |queue: &Queue, class, room| {
            let (due, id) = *queue.due.first().filter(|_| room)?;
            Some((Place { due, class }, id))
        };
        let all = [
            first(passing, Class::Passing, room),
            first(untried, Class::Untried, room_for_untried),
            first(failing, Class::Failing, room_for_failing),
        ];
        let (place, id) = all.into_iter().flatten().min_by_key(|(place, id)| (place.due, *id))?;
        let distance = Duration::from_nanos(place.due.unsigned_abs());
        let at = epoch.map(|epoch| if place.due < 0 { epoch - distance } else { epoch + distance });
        Some((at?, place, id))
    }

    pub(super) fn begin(&mut self, class: Class) {
        self.queue(class).under_way += 1;
    }

    pub(super) fn end(&mut self, class: Class) {
        self.queue(class).under_way -= 1;
    }

    fn queue(&mut self, class: Class) -> &mut Queue {
        match class {
            Class::Passing => &mut self.passing,
            Class::Untried => &mut self.untried,
            Class::Failing => &mut self.failing,
        }
    }
}

fn nanoseconds(duration: Duration) -> Nanoseconds {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
