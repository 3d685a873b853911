//! Loading, listing, comparing, changing and clearing a table of the kernel's load balancer: with
//! steadfast-ipvs, with ipvsadm, and with a C program that sends the same bytes.

mod bare;
mod tool;
mod workload;

use std::time::{Duration, Instant};

use steadfast_ipvs::{Client, Table};
use steadfast_lab::{Network, Topology};

use crate::Outcome;
use workload::Workload;

/// How much there is to do.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many services.
    #[arg(long, default_value_t = 1000)]
    services: u32,
    /// How many destinations each has.
    #[arg(long, default_value_t = 10)]
    destinations: u32,
    /// How often, by turns. The least time of each part is printed, as other work on the machine only
    /// ever adds, and the median of what the others' times were to ours in the same round.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

/// How long each part took.
struct Times {
    /// Finding out what to change; only this crate does that.
    plan: Option<Duration>,
    load: Duration,
    dump: Duration,
    /// Compared with what it should be, which it is; only this crate does that.
    compare: Option<Duration>,
    change: Duration,
    clear: Duration,
}

impl Times {
    /// In the order of the columns.
    fn parts(&self) -> [Option<Duration>; 6] {
        let Self { plan, load, dump, compare, change, clear } = *self;
        [plan, Some(load), Some(dump), compare, Some(change), Some(clear)]
    }
}

pub(crate) fn run(options: &Options) -> Outcome {
    let workload = Workload::new(options.services, options.destinations);
    let bare = bare::build()?;
    println!(
        "{} services with {} destinations each; 1 % of the destinations change; {} rounds",
        options.services, options.destinations, options.rounds
    );
    // So that nobody's time has the loading of the kernel's modules in it.
    ours(&namespace()?, &Workload::new(1, 1))?;
    let mut rounds = Vec::new();
    for _ in 0..options.rounds.max(1) {
        // A namespace for each: what was deleted in one slows additions down for two minutes.
        rounds.push([
            ours(&namespace()?, &workload)?,
            tool::run(&namespace()?, &workload)?,
            bare.run(&namespace()?, &workload)?,
        ]);
    }
    print("least, ms", ["plan", "load", "list", "compare", "change", "clear"].map(str::to_owned));
    for (who, name) in ["steadfast-ipvs", "ipvsadm", "bare C"].into_iter().enumerate() {
        print(name, columns(&rounds, |round| milliseconds(round.get(who)?), least));
    }
    println!("as many times ours, median");
    for (who, name) in [(1, "ipvsadm"), (2, "bare C")] {
        print(name, columns(&rounds, |round| ratios(round.get(who)?, round.first()?), median));
    }
    Ok(())
}

/// What there is for each part in a round.
type Parts = [Option<f64>; 6];

/// For each part what is told of the rounds.
fn columns(
    rounds: &[[Times; 3]],
    of: impl Fn(&[Times; 3]) -> Option<Parts>,
    told: impl Fn(Vec<f64>) -> Option<f64>,
) -> [String; 6] {
    let rounds: Vec<Parts> = rounds.iter().filter_map(of).collect();
    std::array::from_fn(|part| {
        let found = rounds.iter().filter_map(|round| round.get(part).copied().flatten());
        told(found.collect()).map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
    })
}

fn milliseconds(times: &Times) -> Option<Parts> {
    Some(times.parts().map(|part| Some(part?.as_secs_f64() * 1000.0)))
}

fn ratios(theirs: &Times, ours: &Times) -> Option<Parts> {
    let (theirs, ours) = (milliseconds(theirs)?, milliseconds(ours)?);
    Some(std::array::from_fn(|part| Some((*theirs.get(part)?)? / (*ours.get(part)?)?)))
}

fn least(numbers: Vec<f64>) -> Option<f64> {
    numbers.into_iter().min_by(f64::total_cmp)
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn namespace() -> Outcome<Network> {
    let topology = Topology::new().bridge("lan");
    Ok(topology.host("a", |host| host.link("eth0", "lan", "10.0.0.1/24")).start()?)
}

fn ours(network: &Network, workload: &Workload) -> Outcome<Times> {
    let namespace = network.host("a")?.namespace_path();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let begun = Instant::now();
        let plan = Table::default().diff(&workload.table, |_| true);
        let planning = begun.elapsed();

        let begun = Instant::now();
        let mut client = Client::in_netns(&namespace).await?;
        whole(client.apply(&plan).await?)?;
        let load = begun.elapsed();

        let begun = Instant::now();
        let found = client.table().await?;
        let dump = begun.elapsed();

        let begun = Instant::now();
        let nothing = found.diff(&workload.table, |_| true);
        let compare = begun.elapsed();
        if !nothing.is_empty() {
            return Err("the kernel's table is not what was loaded".into());
        }

        let begun = Instant::now();
        let plan = found.diff(&workload.changed, |_| true);
        whole(client.apply(&plan).await?)?;
        let change = begun.elapsed();

        let begun = Instant::now();
        client.flush().await?;
        let clear = begun.elapsed();
        Ok(Times { plan: Some(planning), load, dump, compare: Some(compare), change, clear })
    })
}

fn whole(mut applied: steadfast_ipvs::Applied) -> Outcome {
    applied.failed.pop().map_or(Ok(()), |failure| Err(failure.error.into()))
}

fn print(name: &str, cells: [String; 6]) {
    let cells = cells.map(|cell| format!("{cell:>12}"));
    println!("{name:<16}{}", cells.concat());
}
