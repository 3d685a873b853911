//! `lab sim`: the simulator of `steadfast-vrrp-sim` at length.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use steadfast_vrrp_sim::{Coverage, InvalidRouters, Options, Property, Routers};

const WORLD: Duration = Duration::from_secs(3600);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many routers there are, 1 to 32.
    #[arg(long, default_value = "5", value_parser = routers)]
    routers: Routers,
    /// For how many virtual hours; each is a world of its own, with the next seed.
    #[arg(long, default_value_t = 100)]
    hours: u64,
    /// The seed of the first hour, as a failure names it. Default: another each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Give each machine two routers, on two networks, in a synchronisation group.
    #[arg(long)]
    sync_groups: bool,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
}

fn routers(number: &str) -> Result<Routers, String> {
    let number = number.parse().map_err(|_| "give a number from 1 to 32".to_owned())?;
    Routers::new(number).map_err(|error: InvalidRouters| error.to_string())
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let first = arguments.seed.unwrap_or_else(any_seed);
    let Arguments { routers, sync_groups, .. } = *arguments;
    let options = Options { routers, sync_groups, duration: WORLD };
    println!("{} routers, {} hours, seeds from {first}", arguments.routers.get(), arguments.hours);
    let began = Instant::now();
    let mut covered = Coverage::default();
    for seed in (first..).take(usize::try_from(arguments.hours).unwrap_or(usize::MAX)) {
        let mut print = |moment: &_| println!("{moment}");
        let mut ignore = |_: &_| {};
        let watcher: &mut dyn FnMut(&_) = if arguments.trace { &mut print } else { &mut ignore };
        match steadfast_vrrp_sim::run(seed, &options, watcher) {
            Ok(coverage) => covered += &coverage,
            Err(failure) => {
                println!("{failure}");
                println!(
                    "\nagain, with everything from the start: cargo lab sim --routers {} --hours 1 \
                     --seed {seed}{} --trace",
                    routers.get(),
                    if sync_groups { " --sync-groups" } else { "" }
                );
                return ExitCode::FAILURE;
            }
        }
    }
    let spent = began.elapsed().as_secs_f64();
    print!("{covered}");
    if !sync_groups {
        println!("of each router, on every step");
        Property::OF_ONE_ROUTER.iter().for_each(|property| println!("                {property}"));
    }
    let hours = covered.time.as_secs_f64() / 3600.0;
    println!("{spent:.1} s: {:.1} virtual hours per second", hours / spent);
    ExitCode::SUCCESS
}

fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().wrapping_mul(1_000_000)
}
