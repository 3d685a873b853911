//! When the machine itself stood still: no program, however urgent, ran on one of its processors.
//!
//! Virtual machines do, and whoever has 36 ms to show that he is alive is then thought dead.

use std::time::{Duration, Instant};

use clap::Args;
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use steadfast_lab::{Host, Process, this_program};

use crate::Outcome;

/// What passes for scheduling.
const NOTICED: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The processor to watch.
    #[arg(long)]
    processor: usize,
}

/// Says when its processor stood still, and for how long, until it is killed.
pub(crate) fn run(options: &Options) -> Outcome {
    let mut only = CpuSet::new();
    only.set(options.processor);
    sched_setaffinity(None, &only)?;
    let mut looked = now();
    loop {
        std::thread::sleep(LOOK);
        let before = std::mem::replace(&mut looked, now());
        if looked.saturating_sub(before) > NOTICED {
            println!("{} {}", before.as_nanos(), looked.as_nanos());
        }
    }
}

fn now() -> Duration {
    clock_gettime(ClockId::Monotonic).try_into().unwrap_or_default()
}

/// One for each processor, under the most urgent policy there is.
pub(crate) struct Watchers(Vec<Process>);

impl Watchers {
    pub(crate) fn start(host: &Host, processors: usize) -> Outcome<Self> {
        let program = this_program()?.display().to_string();
        let watch = |processor: usize| {
            let number = processor.to_string();
            let arguments = ["-f", "99", &program, "standstill", "--processor", &number];
            Ok(host.spawn(&format!("standstill-{number}"), "chrt", arguments)?)
        };
        (0..processors).map(watch).collect::<Outcome<_>>().map(Self)
    }

    /// From when to when a processor stood still.
    pub(crate) fn seen(&self) -> Vec<(Instant, Instant)> {
        let (instant, monotonic) = (Instant::now(), now());
        let at = |nanos: &str| {
            let ago = monotonic.checked_sub(Duration::from_nanos(nanos.parse().ok()?))?;
            instant.checked_sub(ago)
        };
        let logs: Vec<String> = self.0.iter().map(Process::log).collect();
        let lines = logs.iter().flat_map(|log| log.lines());
        lines
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(from, until)| Some((at(from)?, at(until)?)))
            .collect()
    }
}
