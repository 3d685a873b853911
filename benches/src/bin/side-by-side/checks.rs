//! Many health checks: processor time, memory, and how punctual they are.

use std::thread::sleep;
use std::time::Duration;

use clap::{Args, ValueEnum};
use steadfast_lab::{Family, Host, Process, Topology, this_program, wait_until};

use crate::Outcome;
use crate::checked::{Checked, PORT};
use crate::checker;
use crate::metronome::Metronome;
use crate::speaker::PATIENCE;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Tcp,
    Http,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What is checked.
    #[arg(long, value_enum, default_value_t = Kind::Tcp)]
    kind: Kind,
    /// How many servers are checked.
    #[arg(long, default_value_t = 20_000)]
    servers: u32,
    /// Milliseconds between the checks of each.
    #[arg(long, default_value_t = 2_000)]
    interval: u64,
    /// As many servers more that never answer.
    #[arg(long, default_value_t = 0)]
    black_holes: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How often, by turns.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Beside whom, if not alone; keepalived needs a kernel with IPVS (`cargo lab run`).
    #[arg(long, value_enum)]
    beside: Option<Program>,
    /// Counts system calls with strace instead of measuring: it slows everything down.
    #[arg(long)]
    calls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    #[value(skip)]
    Steadfast,
    /// Of HTTP only: it resets a TCP check before the connection is there, so that no server ever
    /// sees it.
    Haproxy,
    Keepalived,
}

pub(crate) fn run(options: &Options) -> Outcome {
    if options.beside == Some(Program::Haproxy) && options.kind != Kind::Http {
        return Err("no server sees the TCP checks of haproxy: with it, say --kind http".into());
    }
    println!(
        "{} {:?} checks every {} ms, and {} of servers that never answer",
        options.servers, options.kind, options.interval, options.black_holes
    );
    println!(
        "lateness: milliseconds from when a check should have come, as the server sees it; and beside \
         it of a thread that only wakes up, every millisecond"
    );
    for _ in 0..options.rounds {
        measure(options, Program::Steadfast)?;
        if let Some(peer) = options.beside {
            measure(options, peer)?;
        }
    }
    Ok(())
}

fn measure(options: &Options, program: Program) -> Outcome {
    let network = Topology::new()
        .bridge("lan")
        .host("director", |host| {
            // Whatever is sent there is lost without a word: nobody has that hardware address.
            host.link("eth0", "lan", "10.0.0.1/8")
                .ip("neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent")
                .ip("route add 11.0.0.0/8 via 10.0.0.2")
        })
        .start()?;
    let host = network.host("director")?;
    let mut work = checker::Options {
        kind: options.kind,
        servers: 1,
        interval: options.interval,
        black_holes: 0,
    };
    // What it is without checks, or nearly.
    let empty = program.start(host, &work)?;
    sleep(Duration::from_secs(2));
    let without = empty.family().memory()?;
    drop(empty);

    work.servers = options.servers;
    work.black_holes = options.black_holes;
    let checked = Checked::start(host, options.kind, options.servers)?;
    let running = program.start(host, &work)?;
    wait_until(PATIENCE, "every server is checked again and again", || {
        checked.count() >= 3 * u64::from(options.servers)
    })?;
    let family = running.family();
    if options.calls {
        return count_calls(host, program, &family, options.seconds);
    }
    let (before, _, metronome) = (family.processor_time(), checked.take(), Metronome::start());
    sleep(Duration::from_secs(options.seconds));
    let (after, seen, machine) = (family.processor_time(), checked.take(), metronome.take());
    let with = family.memory()?;

    let used = (after - before).as_secs_f64() * 1e6 / seen.checks as f64;
    let each =
        (with as f64 - without as f64) * 1024.0 / f64::from(options.servers + options.black_holes);
    let lateness =
        seen.lateness(Duration::from_millis(options.interval)).ok_or("no checks came")?;
    let machine = machine.ok_or("the metronome stood still")?;
    println!(
        "{:<10} {:>8} checks  {used:>6.1} µs of processor each  {each:>7.0} bytes each  lateness: {lateness}  the machine: {machine}",
        program.name(),
        seen.checks,
    );
    Ok(())
}

/// What a program asks of the system for each check.
fn count_calls(host: &Host, program: Program, family: &Family, seconds: u64) -> Outcome {
    let pids: Vec<String> = family.pids().iter().map(u32::to_string).collect();
    let seconds = seconds.to_string();
    let pids = pids.join(",");
    let counts = host.folder().join("calls").display().to_string();
    let arguments = [
        "--signal=INT",
        &seconds,
        "strace",
        "-f",
        "-c",
        "-U",
        "calls,name",
        "-o",
        &counts,
        "-p",
        &pids,
    ];
    // It says by its exit status that it was interrupted.
    let _interrupted = host.spawn("strace", "timeout", arguments)?.wait(PATIENCE);
    let table = std::fs::read_to_string(&counts)?;
    let calls = || {
        table.lines().filter_map(|line| {
            let (calls, name) = line.trim().split_once(char::is_whitespace)?;
            Some((calls.parse::<f64>().ok()?, name.trim()))
        })
    };
    let (checks, _) = calls().find(|(_, name)| *name == "connect").ok_or("nobody was checked")?;
    println!("{} {checks} checks, calls for each:", program.name());
    for (calls, name) in calls().filter(|(calls, _)| calls / checks >= 0.005) {
        println!("  {:>6.2} {name}", calls / checks);
    }
    Ok(())
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Steadfast => "steadfast",
            Self::Haproxy => "haproxy",
            Self::Keepalived => "keepalived",
        }
    }

    fn start(self, host: &Host, work: &checker::Options) -> Outcome<Process> {
        match self {
            Self::Steadfast => Ok(host.spawn(self.name(), this_program()?, work.arguments())?),
            Self::Haproxy => {
                let file = host.write("haproxy.cfg", &haproxy_cfg(work))?;
                let file = file.display().to_string();
                Ok(host.spawn(self.name(), "/usr/sbin/haproxy", ["-db", "-f", &file])?)
            }
            Self::Keepalived => Ok(host.spawn_keepalived(
                self.name(),
                "/usr/sbin/keepalived",
                &keepalived_conf(work),
            )?),
        }
    }
}

/// HAProxy as it is at its best here: one thread, like the other.
fn haproxy_cfg(work: &checker::Options) -> String {
    let mut text = format!(
        "global\n nbthread 1\n maxconn 1000\n spread-checks 0\ndefaults\n mode tcp\n timeout connect 5s\n \
         timeout client 5s\n timeout server 5s\n timeout check 5s\nlisten checked\n bind 127.0.0.1:1\n \
         default-server inter {} fastinter {0} downinter {0}\n",
        work.interval
    );
    if work.kind == Kind::Http {
        text += " option httpchk GET /\n http-check expect status 200\n";
    }
    for (position, address) in work.addresses().enumerate() {
        text += &format!(" server s{position} {address}:{PORT} check\n");
    }
    text
}

/// One service for all: what is measured are its checks.
fn keepalived_conf(work: &checker::Options) -> String {
    let interval = work.interval as f64 / 1000.0;
    let check = match work.kind {
        Kind::Tcp => "TCP_CHECK {\n",
        Kind::Http => "HTTP_GET {\n http_protocol 1.1\n url {\n path /\n status_code 200\n }\n",
    };
    let servers: String = work
        .addresses()
        .map(|address| {
            format!(
                " real_server {address} {PORT} {{\n {check} connect_timeout 5\n retry 0\n }}\n }}\n"
            )
        })
        .collect();
    format!(
        "virtual_server 10.255.255.254 {PORT} {{\n delay_loop {interval}\n lvs_sched rr\n \
         lvs_method NAT\n protocol TCP\n{servers}}}\n"
    )
}
