//! Many virtual routers on two hosts: one sends for all of them, the other listens.

use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use steadfast_lab::{Family, Host, Network, Topology, wait_until};

use crate::Outcome;
use crate::speaker::{self, PATIENCE, Program};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Interfaces of each host.
    #[arg(long, default_value_t = 4)]
    interfaces: u8,
    /// VRIDs on each interface.
    #[arg(long, default_value_t = 250)]
    vrids: u8,
    /// Centiseconds between the advertisements of each.
    #[arg(long, default_value_t = 10)]
    centis: u16,
    /// Seconds to measure.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How often, by turns.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

pub(crate) fn run(options: &Options) -> Outcome {
    println!(
        "{} virtual routers, an advertisement every {} ms each; per second of real time:",
        u32::from(options.interfaces) * u32::from(options.vrids),
        u32::from(options.centis) * 10
    );
    for _ in 0..options.rounds {
        for program in Program::ALL {
            measure(options, program)?;
        }
    }
    Ok(())
}

fn measure(options: &Options, program: Program) -> Outcome {
    let network = hosts(options)?;
    let (sender, receiver) = (network.host("sender")?, network.host("receiver")?);
    let work = |priority| speaker::Options {
        interfaces: options.interfaces,
        vrids: options.vrids,
        priority,
        centis: options.centis,
        realtime: false,
    };
    let sending = program.start(sender, &work(200))?;
    wait_until(PATIENCE, "all virtual routers of the sender are Active", || {
        addresses(sender).is_ok_and(|count| count == work(200).routers().count())
    })?;
    let receiving = program.start(receiver, &work(100))?;
    // Announcements, and their repetition 5 s later, are not what is measured.
    sleep(Duration::from_secs(8));

    let families = [sending.family(), receiving.family()];
    let before = families.each_ref().map(Family::processor_time);
    let (began, packets) = (Instant::now(), received(receiver)?);
    sleep(Duration::from_secs(options.seconds));
    let packets = received(receiver)?.saturating_sub(packets);
    let took = began.elapsed().as_secs_f64();
    let after = families.each_ref().map(Family::processor_time);
    if addresses(receiver)? != 0 {
        return Err("the receiver took over: the machine is too slow for this".into());
    }

    println!("{:<12}{:>7.0} packets", program.name(), packets as f64 / took);
    for (what, family, before, after) in [
        ("sending", &families[0], before[0], after[0]),
        ("receiving", &families[1], before[1], after[1]),
    ] {
        let used = (after - before).as_secs_f64() / took;
        println!("  {what:<10}{:>7.1} ms of processor {:>7} KiB", used * 1000.0, family.memory()?);
    }
    Ok(())
}

fn hosts(options: &Options) -> Outcome<Network> {
    let mut topology = Topology::new();
    for interface in 0..options.interfaces {
        topology = topology.bridge(&format!("lan{interface}"));
    }
    for (last, name) in [(1, "sender"), (2, "receiver")] {
        topology = topology.host(name, |mut host| {
            for interface in 0..options.interfaces {
                let address = format!("10.{interface}.0.{last}/16");
                host = host.link(&format!("eth{interface}"), &format!("lan{interface}"), &address);
            }
            host
        });
    }
    Ok(topology.start()?)
}

/// Virtual addresses that a host holds.
fn addresses(host: &Host) -> Outcome<usize> {
    let text = host.run("ip", ["-4", "-oneline", "addr"])?;
    Ok(text.lines().filter(|line| line.contains("/32 ")).count())
}

/// Packets that a host has received on all its links.
fn received(host: &Host) -> Outcome<u64> {
    let text = host.enter(|| std::fs::read_to_string("/proc/thread-self/net/dev"))??;
    let packets = |line: &str| {
        let (name, counters) = line.split_once(':')?;
        name.trim().starts_with("eth").then_some(())?;
        counters.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Ok(text.lines().filter_map(packets).sum())
}
