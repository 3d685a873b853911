//! Changes, many at a time.

use std::io;

use super::error::refused;
use super::{Client, Error};
use crate::message::{Header, Reply, Request, replies};
use crate::plan::{Change, Plan};

/// So many changes go to the kernel at once. More bring nothing, and the answers to some two hundred
/// that are refused would not fit into a socket's buffer of the usual size.
const BATCH: usize = 64;

/// So many batches go in a row: about a millisecond, after which other tasks get their turn. To look
/// for these is a system call, half of what a batch itself takes.
const IN_A_ROW: usize = 8;

const ENOBUFS: i32 = 105;

/// What became of a plan.
#[derive(Debug, Default)]
#[must_use = "changes may have failed"]
pub struct Applied {
    /// How many changes were made.
    pub made: usize,
    /// Those that were not.
    pub failed: Vec<Failure>,
}

/// A change that was not made.
#[derive(Debug)]
pub struct Failure {
    /// Its place among the changes of the plan.
    pub position: usize,
    /// The change.
    pub change: Change,
    /// Why it was not made.
    pub error: Error,
}

impl Client {
    /// Makes the changes of a plan, in its order and many at a time. A change that is refused does
    /// not keep those after it from being made.
    ///
    /// # Errors
    ///
    /// [`Error::Socket`] when the kernel cannot be reached; then some changes may have been made.
    pub async fn apply(&mut self, plan: &Plan) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        let mut position: usize = 0;
        // To change a scheduler the kernel waits some milliseconds. Other tasks get their turn
        // between two such changes.
        let slow = |change: &Change| matches!(change, Change::EditService(..));
        for part in plan.changes().split_inclusive(slow) {
            for row in part.chunks(BATCH * IN_A_ROW) {
                for batch in row.chunks(BATCH) {
                    self.apply_batch(batch, position, &mut applied).await?;
                    position = position.saturating_add(batch.len());
                }
                tokio::task::yield_now().await;
            }
        }
        applied.made = position.saturating_sub(applied.failed.len());
        Ok(applied)
    }

    /// Makes one change.
    ///
    /// # Errors
    ///
    /// Why the change was refused, or [`Error::Socket`].
    pub async fn change(&mut self, change: Change) -> Result<(), Error> {
        let mut applied = Applied::default();
        self.apply_batch(&[change], 0, &mut applied).await?;
        applied.failed.pop().map_or(Ok(()), |failure| Err(failure.error))
    }

    async fn apply_batch(
        &mut self,
        changes: &[Change],
        position: usize,
        applied: &mut Applied,
    ) -> Result<(), Error> {
        let failed = |source| Error::Socket { what: "changing the kernel's table", source };
        let first = self.send_batch(changes).await.map_err(failed)?;
        let mut batch = Batch { changes, first, position, answered: 0 };
        while batch.answered < changes.len() {
            match self.socket.receive().await {
                Ok(answers) => batch.attribute(answers, applied),
                Err(error) if error.raw_os_error() == Some(ENOBUFS) => {
                    return self.settle(batch, applied).await;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        self.waiting = false;
        Ok(())
    }

    /// So many changes were refused that the socket had no room for the answers. The first answers
    /// are there; of the changes after them the table shows which were made.
    async fn settle(&mut self, mut batch: Batch<'_>, applied: &mut Applied) -> Result<(), Error> {
        let failed = |source| Error::Socket { what: "changing the kernel's table", source };
        while let Some(answers) = self.socket.receive_now().map_err(failed)? {
            batch.attribute(answers, applied);
        }
        self.waiting = false;
        let table = self.table().await?;
        for (at, change) in batch.changes.iter().enumerate().skip(batch.answered) {
            if !change.is_made_in(&table) {
                applied.failed.push(Failure {
                    position: batch.position.saturating_add(at),
                    change: change.clone(),
                    error: Error::AnswerLost(Box::new(change.clone())),
                });
            }
        }
        Ok(())
    }

    /// Sends changes of which each is answered if it is refused, and the last in any case. Gives the
    /// sequence number of the first; the others follow it.
    async fn send_batch(&mut self, batch: &[Change]) -> io::Result<u32> {
        let first = self.sequence.wrapping_add(1);
        self.requests.clear();
        for (at, change) in (1..).zip(batch) {
            let header = Header {
                family: self.family,
                sequence: self.next_sequence(),
                acknowledge: at == batch.len(),
            };
            request(change).encode(header, &mut self.requests);
        }
        self.send_requests().await?;
        Ok(first)
    }
}

/// Changes that were sent together.
struct Batch<'a> {
    changes: &'a [Change],
    /// The sequence number of the first; the others follow it.
    first: u32,
    /// The place of the first in the plan.
    position: usize,
    /// What became of so many is known: answers come in order, and what has none before a later
    /// one was made.
    answered: usize,
}

impl Batch<'_> {
    fn attribute(&mut self, answers: &[u8], applied: &mut Applied) {
        for answer in replies(answers) {
            let Reply::Result(errno) = answer.reply else { continue };
            let distance = answer.sequence.wrapping_sub(self.first);
            let at = usize::try_from(distance).unwrap_or(usize::MAX);
            let Some(change) = self.changes.get(at) else { continue };
            self.answered = at.saturating_add(1);
            if errno != 0 {
                applied.failed.push(Failure {
                    position: self.position.saturating_add(at),
                    change: change.clone(),
                    error: refused(change, errno),
                });
            }
        }
    }
}

fn request(change: &Change) -> Request<'_> {
    match change {
        Change::AddService(key, service) => Request::NewService(key, service),
        Change::EditService(key, service) => Request::SetService(key, service),
        Change::AddDestination(key, server, new) => Request::NewDestination(key, server, new),
        Change::EditDestination(key, server, new) => Request::SetDestination(key, server, new),
        Change::DeleteDestination(key, server) => Request::DeleteDestination(key, server),
        Change::DeleteService(key) => Request::DeleteService(key),
    }
}
