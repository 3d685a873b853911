//! What the owner is told, once it is true of the kernel too.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::instances::Id;
use crate::notice::Notice;

/// Notices on their way to the owner. Who acts upon a new state, like a script that starts a service,
/// counts upon the addresses: notices wait, all in their order, until changes under way are made.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: UnboundedReceiver<Notice>,
    owner: UnboundedSender<Notice>,
    /// Whose changes are waited for.
    awaited: Vec<Id>,
}

impl Outbox {
    /// Gives where to put notices, too.
    pub(super) fn new(owner: UnboundedSender<Notice>) -> (UnboundedSender<Notice>, Self) {
        let (notices, waiting) = unbounded_channel();
        (notices, Self { waiting, owner, awaited: Vec::new() })
    }

    /// These have been looked at: notices wait for their changes, if there are any.
    pub(super) fn await_changes(&mut self, ids: &[Id]) {
        if !self.waiting.is_empty() {
            self.awaited.extend(ids);
        }
    }

    /// Sends what waits for nobody's changes.
    pub(super) fn send(&mut self, is_changing: impl Fn(Id) -> bool) {
        self.awaited.retain(|id| is_changing(*id));
        while self.awaited.is_empty()
            && let Ok(notice) = self.waiting.try_recv()
        {
            // Whoever does not listen does not want to know.
            let _nobody_listens = self.owner.send(notice);
        }
    }
}
