//! All processors are busy with something else: how often is a router thought dead that is not?

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use steadfast_lab::Topology;

use crate::Outcome;
use crate::percentiles::Percentiles;
use crate::speaker::{self, PATIENCE, Program};
use crate::standstill::Watchers;
use crate::wire::{Seen, Wire};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Centiseconds between advertisements.
    #[arg(long, default_value_t = 1)]
    centis: u16,
    /// Seconds under load, for each program.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Busy threads for each processor.
    #[arg(long, default_value_t = 2)]
    busy: usize,
    /// Both programs with real-time priority and locked memory.
    #[arg(long)]
    realtime: bool,
}

const ACTIVE: u8 = 200;
const BACKUP: u8 = 100;
/// How long before a false failover a standstill may have ended that brought it about.
const AFTERMATH: Duration = Duration::from_millis(50);

pub(crate) fn run(options: &Options) -> Outcome {
    let processors = std::thread::available_parallelism()?.get();
    println!(
        "{} s with {} busy threads on {processors} processors, an advertisement every {} ms{}",
        options.seconds,
        options.busy * processors,
        u32::from(options.centis) * 10,
        if options.realtime { ", real-time priority" } else { "" }
    );
    for program in Program::ALL {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let measured = measure(options, program, processors, || {
                for _ in 0..options.busy * processors {
                    scope.spawn(|| keep_busy(&stop));
                }
            });
            stop.store(true, Ordering::Relaxed);
            measured
        })?;
    }
    Ok(())
}

fn measure(
    options: &Options,
    program: Program,
    processors: usize,
    begin_load: impl FnOnce(),
) -> Outcome {
    let network = Topology::new()
        .bridge("lan0")
        .host("active", |host| host.link("eth0", "lan0", "10.0.0.1/16"))
        .host("backup", |host| host.link("eth0", "lan0", "10.0.0.2/16"))
        .host("observer", |host| host.link("eth0", "lan0", "10.0.0.3/16"))
        .start()?;
    let work = |priority| speaker::Options {
        interfaces: 1,
        vrids: 1,
        priority,
        centis: options.centis,
        realtime: options.realtime,
    };
    let mut wire = Wire::at(network.host("observer")?)?;
    let _active = program.start(network.host("active")?, &work(ACTIVE))?;
    let until = Instant::now() + PATIENCE;
    if wire.next(until)?.is_none() {
        return Err("nothing was advertised".into());
    }
    let _backup = program.start(network.host("backup")?, &work(BACKUP))?;
    settle(&mut wire)?;

    let watchers = Watchers::start(network.host("observer")?, processors)?;
    begin_load();
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let (mut speaking, mut failovers) = (ACTIVE, Vec::new());
    let (mut last, mut gaps) = (None::<Instant>, Vec::new());
    while let Some((at, seen)) = wire.next(until)? {
        let Seen::Advertisement { priority, .. } = seen else { continue };
        if priority == BACKUP && speaking == ACTIVE {
            failovers.push(at);
        }
        speaking = priority;
        if priority == ACTIVE {
            gaps.extend(last.replace(at).map(|last| (at - last).as_secs_f64() * 1000.0));
        }
    }
    let gaps = Percentiles::of(gaps).ok_or("the Active router advertised nothing")?;
    let still = watchers.seen();
    let excused = failovers
        .iter()
        .filter(|at| still.iter().any(|(from, until)| *from <= **at && **at <= *until + AFTERMATH));
    println!(
        "{:<12}{} false failovers; ms between advertisements: {gaps}",
        program.name(),
        failovers.len()
    );
    let longest = still.iter().map(|(from, until)| *until - *from).max().unwrap_or_default();
    println!(
        "{:<12}meanwhile a processor stood still {} times, at most {:.2} ms; that was just before {} of them",
        "",
        still.len(),
        longest.as_secs_f64() * 1000.0,
        excused.count(),
    );
    Ok(())
}

/// Lets the election and its announcements pass.
fn settle(wire: &mut Wire) -> Outcome {
    let until = Instant::now() + Duration::from_secs(8);
    while wire.next(until)?.is_some() {}
    Ok(())
}

fn keep_busy(stop: &AtomicBool) {
    let mut number = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..1_000 {
            number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}
