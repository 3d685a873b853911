//! Who may make the next attempt, where not all can at once.

use std::collections::BTreeSet;
use std::time::Instant;

use super::schedule::Id;

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
}

#[derive(Debug, Default)]
struct Queue {
    due: BTreeSet<(Instant, Id)>,
    under_way: usize,
}

/// A place in the order of what is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) class: Class,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            passing: Queue::default(),
            untried: Queue::default(),
            failing: Queue::default(),
        }
    }

    pub(super) fn line_up(&mut self, due: Due, id: Id) {
        self.queue(due.class).due.insert((due.at, id));
    }

    pub(super) fn leave(&mut self, due: Due, id: Id) {
        self.queue(due.class).due.remove(&(due.at, id));
    }

    /// What is due first of what may begin.
    pub(super) fn next(&self) -> Option<(Due, Id)> {
        let Self { at_once, passing, untried, failing } = self;
        let may_hang = failing.under_way + untried.under_way;
        let room = passing.under_way + may_hang < *at_once;
        let room_for_untried = room && may_hang < (at_once * 3).div_ceil(4);
        let room_for_failing = room_for_untried && failing.under_way < at_once.div_ceil(2);
        let first = |queue: &Queue, class, room| {
            let (at, id) = queue.due.first().filter(|_| room)?;
            Some((Due { at: *at, class }, *id))
        };
        [
            first(passing, Class::Passing, room),
            first(untried, Class::Untried, room_for_untried),
            first(failing, Class::Failing, room_for_failing),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(due, id)| (due.at, *id))
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
