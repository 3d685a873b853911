//! Counts instructions with valgrind: the same on every machine and under any load.
//!
//! Each case runs in a process of its own, once with few repetitions and once with many; the
//! difference, divided, is what one costs.

use std::hint::black_box;
use std::net::SocketAddr;
use std::process::{Command, ExitCode};

use steadfast_benches::checkers::{Checker, serve};
use steadfast_benches::ipvs::{Addition, Listed, table};
use steadfast_benches::vrrp::{Backup, Packet};
use steadfast_ipvs::Weight;
use steadfast_vrrp::packet::MAX_LEN;

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// Does the work so many times; health checks are of that server.
type Work = fn(u64, SocketAddr);
const CASES: &[(&str, Work)] = &[
    ("vrrp/decode", |times, _| {
        let packet = Packet::default();
        (0..times).for_each(|_| {
            black_box(black_box(&packet).decode());
        });
    }),
    ("vrrp/encode", |times, _| {
        let packet = Packet::default();
        let decoded = packet.decode();
        let mut buffer = [0; MAX_LEN];
        (0..times).for_each(|_| {
            black_box(Packet::encode(black_box(&decoded), black_box(&mut buffer)));
        });
    }),
    ("vrrp/receive", |times, _| {
        let mut backup = Backup::default();
        (0..times).for_each(|_| {
            black_box(backup.hear());
        });
    }),
    ("ipvs/decode", |times, _| {
        let listed = Listed::default();
        (0..times).for_each(|_| {
            black_box(black_box(&listed).decode());
        });
    }),
    ("ipvs/encode", |times, _| {
        let addition = Addition::default();
        let mut buffer = Vec::new();
        (0..times).for_each(|_| black_box(&addition).encode(black_box(&mut buffer)));
    }),
    ("ipvs/diff", |times, _| {
        let table = table(1, 10, |_| Weight::from(5));
        let same = table.clone();
        (0..times).for_each(|_| {
            black_box(black_box(&table).diff(black_box(&same), |_| true));
        });
    }),
    ("checkers/tcp", |times, server| Checker::new(server).tcp(times)),
    ("checkers/http", |times, server| Checker::new(server).http(times)),
    ("checkers/monitor", |times, server| Checker::new(server).monitor(times)),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => count_all(),
        [case, times, server] => run(case, times, server),
        _ => Err("usage: instructions".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn count_all() -> Result<(), String> {
    let server = serve().map_err(|error| format!("a server to check: {error}"))?;
    for (name, _) in CASES {
        let (few, many) = (count(name, FEW, server)?, count(name, MANY, server)?);
        println!("{name:<16} {:>8} instructions", many.saturating_sub(few) / (MANY - FEW));
    }
    Ok(())
}

fn run(case: &str, times: &str, server: &str) -> Result<(), String> {
    let (_, work) =
        CASES.iter().find(|(name, _)| *name == case).ok_or(format!("there is no case {case}"))?;
    let times = times.parse().map_err(|error| format!("{times}: {error}"))?;
    work(times, server.parse().map_err(|error| format!("{server}: {error}"))?);
    Ok(())
}

/// All instructions of a process that does a case so many times.
fn count(case: &str, times: u64, server: SocketAddr) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args([case, &times.to_string(), &server.to_string()])
        .output()
        .map_err(|error| {
            format!("starting valgrind: {error}; it is the Debian package valgrind")
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1));
    match collected.and_then(|count| count.trim().parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind said of {case}:\n{said}")),
    }
}
