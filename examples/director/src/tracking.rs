//! Running the tracked scripts, each at its interval.

use std::time::Duration;

use steadfast_conf::model::VrrpScript;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::script::Scripts;

/// A run of the script at that position ended.
pub(crate) struct Run {
    pub(crate) script: usize,
    pub(crate) succeeded: bool,
}

/// Starts a task for each script; they end when the set is dropped.
pub(crate) fn start(
    runner: Scripts,
    scripts: &[VrrpScript],
) -> (JoinSet<()>, mpsc::UnboundedReceiver<Run>) {
    let (runs, results) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for (position, script) in scripts.iter().enumerate() {
        tasks.spawn(repeat(runner, position, script.clone(), runs.clone()));
    }
    (tasks, results)
}

async fn repeat(
    runner: Scripts,
    position: usize,
    script: VrrpScript,
    runs: mpsc::UnboundedSender<Run>,
) {
    // A run never overlaps the one before: a turn that comes too early is left out.
    let mut turns = interval(script.interval.max(Duration::from_millis(1)));
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        turns.tick().await;
        let succeeded = match runner.run(&script.script, &[], script.timeout).await {
            Ok(ran) => {
                debug!("script {} ended with {}", script.name, ran.status);
                ran.status.success()
            }
            Err(error) => {
                warn!("vrrp_script {}: {error}", script.name);
                false
            }
        };
        if runs.send(Run { script: position, succeeded }).is_err() {
            return;
        }
    }
}
