//! Scripts that run because something happened: in order, one at a time for each object.

use std::collections::HashMap;
use std::time::Duration;

use steadfast_director_core::notify::Command;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::{JoinError, JoinSet};
use tracing::{info, warn};

use crate::script::Scripts;

/// A script that takes longer is killed, so that those after it get their turn. keepalived has no
/// limit; starting a large program when MASTER may take its time.
const LIMIT: Duration = Duration::from_secs(300);
/// How long scripts may take at the end.
const LAST_SCRIPTS: Duration = Duration::from_secs(5);
/// How many may wait behind one that hangs.
const MOST_WAITING: usize = 1000;

/// A queue of scripts for each object that has had some.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: HashMap<String, mpsc::Sender<(Scripts, Command)>>,
    tasks: JoinSet<()>,
}

impl Queues {
    /// Queues a script behind those of the same object that have not run yet.
    pub(super) fn push(&mut self, scripts: Scripts, object: &str, command: Command) {
        let tasks = &mut self.tasks;
        let queue = self.queues.entry(object.to_owned()).or_insert_with(|| {
            let (queue, waiting) = mpsc::channel(MOST_WAITING);
            tasks.spawn(run_in_order(object.to_owned(), waiting));
            queue
        });
        match queue.try_send((scripts, command)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, command))) => {
                warn!("{object}: {command} is not run: {MOST_WAITING} scripts wait before it");
            }
            Err(TrySendError::Closed((_, command))) => {
                warn!("{object}: {command} is not run: what runs its scripts is broken");
            }
        }
    }

    /// Waits for a queue that broke: none ends by itself.
    pub(super) async fn broken(&mut self) -> JoinError {
        loop {
            match self.tasks.join_next().await {
                Some(Err(error)) => return error,
                Some(Ok(())) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Waits for the scripts that are queued, but not for ever.
    pub(super) async fn stop(mut self) {
        self.queues.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_SCRIPTS, all).await.is_err() {
            warn!("scripts that have not ended after {LAST_SCRIPTS:?} are killed");
        }
    }
}

async fn run_in_order(object: String, mut waiting: mpsc::Receiver<(Scripts, Command)>) {
    while let Some((scripts, command)) = waiting.recv().await {
        match scripts.run(&command.script, &command.arguments, LIMIT).await {
            Ok(ran) => {
                for line in ran.output.lines() {
                    info!("{object}: {command}: {line}");
                }
                if !ran.succeeded() {
                    warn!("{object}: {command} {ran}");
                }
            }
            Err(error) => warn!("{object}: {error}"),
        }
    }
}
