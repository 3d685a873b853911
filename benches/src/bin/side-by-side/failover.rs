//! An Active router is killed: how long until the other announces the address as its own.

use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::Signal;
use steadfast_lab::{Network, Process, Topology};

use crate::Outcome;
use crate::percentiles::Percentiles;
use crate::speaker::{self, PATIENCE, Program, virtual_address};
use crate::wire::{Seen, Wire};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Centiseconds between advertisements.
    #[arg(long, default_value_t = 1)]
    centis: u16,
    /// How often the Active router is killed.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// Both programs with real-time priority and locked memory.
    #[arg(long)]
    realtime: bool,
}

const ACTIVE: u8 = 200;
const BACKUP: u8 = 100;

pub(crate) fn run(options: &Options) -> Outcome {
    let interval = f64::from(options.centis) * 10.0;
    let skew = interval * (256.0 - f64::from(BACKUP)) / 256.0;
    println!(
        "{} kills, an advertisement every {interval} ms, Backup of priority {BACKUP}; milliseconds",
        options.kills
    );
    let down = 3.0 * interval + skew;
    println!("theory      from the last advertisement   {down:.2}");
    println!("theory      from the kill                 {:.2} to {down:.2}", down - interval);
    for program in Program::ALL {
        measure(options, program)?;
    }
    Ok(())
}

fn measure(options: &Options, program: Program) -> Outcome {
    let network = hosts()?;
    let (active, backup) = (network.host("active")?, network.host("backup")?);
    let work = |priority| speaker::Options {
        interfaces: 1,
        vrids: 1,
        priority,
        centis: options.centis,
        realtime: options.realtime,
    };
    let mut watch = Watch { wire: Wire::at(network.host("observer")?)?, last: None };
    let _backup = program.start(backup, &work(BACKUP))?;
    let (mut since_kill, mut since_advertisement) = (Vec::new(), Vec::new());
    for _ in 0..options.kills {
        let process = program.start(active, &work(ACTIVE))?;
        let mac = watch.wait_for_announcement()?;
        // Its later announcements, and a phase of the interval that is not always the same.
        watch.settle(Duration::from_millis(500 + u64::from(process.pid() % 37)))?;
        let killed = kill(process)?;
        let (announced, last) = watch.takeover(mac, killed)?;
        since_kill.push(announced.duration_since(killed).as_secs_f64() * 1000.0);
        since_advertisement.push(announced.duration_since(last).as_secs_f64() * 1000.0);
    }
    let say = |what: &str, times| match Percentiles::of(times) {
        Some(percentiles) => println!("{:<12}{what:<30}{percentiles}", program.name()),
        None => println!("{:<12}{what:<30}none", program.name()),
    };
    say("from the kill", since_kill);
    say("from the last advertisement", since_advertisement);
    Ok(())
}

fn hosts() -> Outcome<Network> {
    let network = Topology::new()
        .bridge("lan0")
        .host("active", |host| host.link("eth0", "lan0", "10.0.0.1/16"))
        .host("backup", |host| host.link("eth0", "lan0", "10.0.0.2/16"))
        .host("observer", |host| host.link("eth0", "lan0", "10.0.0.3/16"))
        .start()?;
    Ok(network)
}

/// Kills a program with all its processes at once, as a power cut would.
fn kill(process: Process) -> Outcome<Instant> {
    let family = process.family();
    let began = Instant::now();
    family.signal(Signal::KILL)?;
    Ok(began)
}

/// What the observer has seen up to now.
#[derive(Debug)]
struct Watch {
    wire: Wire,
    /// When the router that is to be killed advertised last.
    last: Option<Instant>,
}

impl Watch {
    fn next(&mut self, until: Instant) -> Outcome<Option<(Instant, Seen)>> {
        let next = self.wire.next(until)?;
        if let Some((at, Seen::Advertisement { priority: ACTIVE, .. })) = next {
            self.last = Some(at);
        }
        Ok(next)
    }

    /// Waits until the router that is to be killed announces the address; says by which hardware
    /// address.
    fn wait_for_announcement(&mut self) -> Outcome<[u8; 6]> {
        let until = Instant::now() + PATIENCE;
        self.last = None;
        while let Some((_, seen)) = self.next(until)? {
            if let Seen::Announcement { address, mac } = seen
                && self.last.is_some()
                && address == virtual_address(0, 1)
            {
                return Ok(mac);
            }
        }
        Err(format!("no router of priority {ACTIVE} announced its address within {PATIENCE:?}")
            .into())
    }

    fn settle(&mut self, time: Duration) -> Outcome {
        let until = Instant::now() + time;
        while self.next(until)?.is_some() {}
        Ok(())
    }

    /// When another than `mac` announced the address, and when the last advertisement before was
    /// seen.
    fn takeover(&mut self, mac: [u8; 6], killed: Instant) -> Outcome<(Instant, Instant)> {
        while let Some((at, seen)) = self.next(killed + PATIENCE)? {
            if let Seen::Announcement { address, mac: by } = seen
                && by != mac
                && address == virtual_address(0, 1)
            {
                return Ok((at, self.last.ok_or("the killed router never advertised")?));
            }
        }
        Err(format!("nobody took over within {PATIENCE:?}").into())
    }
}
