//! Scripts that run because something happened: in order, one at a time for each object.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadfast_director_core::notify::Command;
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

/// What waits for its turn, for each object of which a script runs.
type Waiting = HashMap<String, VecDeque<(Scripts, Command)>>;

/// Scripts that run, and those behind them. Objects come and go: of one that has no script left, nothing is.
#[derive(Debug, Default)]
pub(super) struct Queues {
    waiting: Arc<Mutex<Waiting>>,
    tasks: JoinSet<()>,
}

impl Queues {
    /// Queues a script behind those of the same object that have not run yet.
    pub(super) fn push(&mut self, scripts: Scripts, object: &str, command: Command) {
        match lock(&self.waiting).entry(object.to_owned()) {
            Entry::Occupied(queue) if queue.get().len() >= MOST_WAITING => {
                warn!("{object}: {command} is not run: {MOST_WAITING} scripts wait before it");
            }
            Entry::Occupied(mut queue) => queue.get_mut().push_back((scripts, command)),
            Entry::Vacant(none) => {
                none.insert(VecDeque::new());
                let turns = Turns { waiting: Arc::clone(&self.waiting), object: object.to_owned() };
                self.tasks.spawn(run_in_order(turns, scripts, command));
            }
        }
    }

    /// Waits for a queue that broke.
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
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_SCRIPTS, all).await.is_err() {
            warn!("scripts that have not ended after {LAST_SCRIPTS:?} are killed");
        }
    }
}

/// What waits behind the script of an object.
struct Turns {
    waiting: Arc<Mutex<Waiting>>,
    object: String,
}

impl Turns {
    /// The next script; without one, the object is forgotten.
    fn next(&self) -> Option<(Scripts, Command)> {
        let mut waiting = lock(&self.waiting);
        let next = waiting.get_mut(&self.object)?.pop_front();
        if next.is_none() {
            waiting.remove(&self.object);
        }
        next
    }
}

impl Drop for Turns {
    /// Scripts that come later are not to wait for one that broke.
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.waiting).remove(&self.object);
        }
    }
}

/// A panic elsewhere has left it whole: each change is made in one go.
fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run_in_order(turns: Turns, scripts: Scripts, command: Command) {
    let object = &turns.object;
    let mut next = Some((scripts, command));
    while let Some((scripts, command)) = next {
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
        next = turns.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The script that a service runs when it has its quorum, and what runs it.
    fn command(script: &str) -> (Scripts, Command) {
        let text = format!(
            "global_defs {{\nscript_user root\n}}\nvirtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind NAT\n\
             protocol TCP\nquorum_up \"{script}\"\nreal_server 192.0.2.21 80 {{\n}}\n}}\n"
        );
        let mut model = steadfast_conf::parse("t.conf", &text).model.unwrap();
        let service = Arc::make_mut(&mut model.virtual_servers[0]);
        let script = service.quorum_up.as_mut().unwrap();
        // Whoever runs this test may not be able to become somebody else.
        script.user = None;
        let command = (**script).clone().into();
        (Scripts::look_up(&model, false), command)
    }

    #[tokio::test]
    async fn scripts_of_an_object_run_in_order_and_then_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("calls");
        let mut queues = Queues::default();
        for (pause, call) in [("0.1", "first"), ("0", "second")] {
            let script = format!("/bin/sh -c 'sleep {pause}; echo {call} >>{}'", file.display());
            let (scripts, command) = command(&script);
            queues.push(scripts, "A", command);
        }
        assert_eq!(queues.tasks.len(), 1);
        queues.tasks.join_next().await.unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first\nsecond\n");
        assert!(lock(&queues.waiting).is_empty());
    }

    #[tokio::test]
    async fn scripts_that_wait_are_run_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("calls");
        let mut queues = Queues::default();
        for call in ["first", "second"] {
            let script = format!("/bin/sh -c 'echo {call} >>{}'", file.display());
            let (scripts, command) = command(&script);
            queues.push(scripts, "A", command);
        }
        queues.stop().await;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first\nsecond\n");
    }
}
