use std::time::Duration;

use steadfast_conf::model::VrrpScript;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use super::{Report, Seen};
use crate::script::Scripts;

/// Runs a script at its interval, for ever.
pub(super) async fn repeat(scripts: Scripts, script: VrrpScript, report: Report) {
    // A run never overlaps the one before: a turn that comes too early is left out.
    let mut turns = interval(script.interval.max(Duration::from_millis(1)));
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut trouble = Trouble::default();
    loop {
        turns.tick().await;
        let succeeded = match scripts.run(&script.script, &[], script.timeout).await {
            Ok(ran) => {
                trouble = Trouble::default();
                debug!("script {} {ran}", script.name);
                ran.succeeded()
            }
            Err(error) => {
                let error = error.to_string();
                if trouble.is_news(&error) {
                    warn!("vrrp_script {}: {error}", script.name);
                }
                false
            }
        };
        report.tell(Seen::Run { script: script.name.clone(), succeeded });
    }
}

/// What kept a script from being run the last time.
#[derive(Debug, Default)]
struct Trouble(Option<String>);

impl Trouble {
    /// Whether it is something else now: each turn has the same to say.
    fn is_news(&mut self, error: &str) -> bool {
        let news = self.0.as_deref() != Some(error);
        if news {
            self.0 = Some(error.to_owned());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_script_from_being_run_is_said_once() {
        let mut trouble = Trouble::default();
        let news: Vec<_> = ["a", "a", "b", "a"].map(|error| trouble.is_news(error)).into();
        assert_eq!(news, [true, false, true, true]);
    }
}
