//! Running scripts because something happened: in order, one at a time for each object.

use std::collections::HashMap;
use std::time::Duration;

use steadfast_director_core::instances::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::script::Scripts;

/// A script that takes longer is killed, so that those after it get their turn.
const LIMIT: Duration = Duration::from_secs(60);

/// A queue of scripts for each object that has some.
#[derive(Debug)]
pub(crate) struct Notifier {
    scripts: Scripts,
    queues: HashMap<String, mpsc::UnboundedSender<Command>>,
    tasks: JoinSet<()>,
}

impl Notifier {
    /// Nothing is queued.
    pub(crate) fn new(scripts: Scripts) -> Self {
        Self { scripts, queues: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Queues a script behind those of the same object that have not run yet.
    pub(crate) fn notify(&mut self, object: &str, command: Command) {
        let (tasks, scripts) = (&mut self.tasks, self.scripts);
        let queue = self.queues.entry(object.to_owned()).or_insert_with(|| {
            let (queue, waiting) = mpsc::unbounded_channel();
            tasks.spawn(run_in_order(scripts, object.to_owned(), waiting));
            queue
        });
        if queue.send(command).is_err() {
            warn!("{object}: its scripts cannot be run any more");
        }
    }

    /// Waits for the scripts that are queued, but not for ever.
    pub(crate) async fn finish(mut self, limit: Duration) {
        self.queues.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all).await.is_err() {
            warn!("scripts that have not ended after {limit:?} are killed");
        }
    }
}

async fn run_in_order(
    scripts: Scripts,
    object: String,
    mut waiting: mpsc::UnboundedReceiver<Command>,
) {
    while let Some(Command { script, arguments }) = waiting.recv().await {
        let text = script.argv.join(" ");
        match scripts.run(&script, &arguments, LIMIT).await {
            Ok(ran) => {
                for line in ran.output.lines() {
                    info!("{object}: {text}: {line}");
                }
                if !ran.status.success() {
                    warn!("{object}: {text} ended with {}", ran.status);
                }
            }
            Err(error) => warn!("{object}: {error}"),
        }
    }
}
