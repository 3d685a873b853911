use std::time::Duration;

use steadfast_conf::model::VrrpScript;
use steadfast_director_core::said::Said;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use super::{Report, Seen};
use crate::script::Scripts;

/// Runs a script at its interval, for ever.
pub(super) async fn repeat(scripts: Scripts, script: VrrpScript, report: Report) {
    // A run never overlaps the one before: a turn that comes too early is left out.
    let mut turns = interval(script.interval.max(Duration::from_millis(1)));
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut said = Said::default();
    loop {
        turns.tick().await;
        let succeeded = match scripts.run(&script.script, &[], script.timeout).await {
            Ok(ran) => {
                said = Said::default();
                debug!("script {} {ran}", script.name);
                ran.succeeded()
            }
            Err(error) => {
                for error in said.handle_all([error.to_string()]) {
                    warn!("vrrp_script {}: {error}", script.name);
                }
                false
            }
        };
        report.tell(Seen::Run { script: script.name.clone(), succeeded });
    }
}
