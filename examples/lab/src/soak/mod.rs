//! `lab soak`: two directors live through faults at random, and after each bout of them everything
//! has to be as it should be.

mod bed;
mod fault;

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bed::{Bed, Use};
use fault::Fault;
use steadfast_lab::LabError;

use crate::kernel::{self, Job, Kernel};
use crate::{packages, tests};

/// Beyond the time asked for: the last bout, and the beginning.
const GRACE: Duration = Duration::from_secs(300);
const MOST_FAULTS: usize = 5;
const LONGEST_PAUSE: Duration = Duration::from_millis(2500);
/// What a program may have more than in the beginning: buffers grow until they are large enough.
const GROWTH: f64 = 1.5;
const SLACK: Use = Use { kib: 4096, descriptors: 16 };

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// The seed of what happens, as a failure names it. Default: another each time.
    #[arg(long)]
    seed: Option<u64>,
    /// The kernel to do it on.
    #[arg(long, value_enum, default_value = "auto")]
    kernel: Kernel,
    /// Be the part that runs inside the kernel.
    #[arg(long, hide = true)]
    inside: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    let seed = arguments.seed.unwrap_or_else(any_seed);
    let time = Duration::from_secs(60 * arguments.minutes);
    if arguments.inside {
        return Ok(soak(time, seed));
    }
    packages::ensure(&[packages::NETWORK, arguments.kernel.packages(), packages::DEMO])?;
    tests::build_director()?;
    let (minutes, seed) = (arguments.minutes.to_string(), seed.to_string());
    let words = ["soak", "--inside", "--minutes", &minutes, "--seed", &seed];
    kernel::run(&Job::this_program(&words, time + GRACE)?, arguments.kernel)
}

fn any_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn soak(time: Duration, seed: u64) -> ExitCode {
    println!("seed {seed}");
    match Soak::new(seed).and_then(|mut soak| soak.last(time)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nnot as it should be: {error}\nagain: cargo lab soak --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

struct Soak {
    bed: Bed,
    random: fastrand::Rng,
    /// What the directors used when all was well for the first time.
    at_first: Use,
}

impl Soak {
    fn new(seed: u64) -> Result<Self, LabError> {
        let mut bed = Bed::new()?;
        bed.settle()?;
        let at_first = bed.usage()?;
        println!("all is well, with {at_first}");
        Ok(Self { bed, random: fastrand::Rng::with_seed(seed), at_first })
    }

    fn last(&mut self, time: Duration) -> Result<(), LabError> {
        let began = Instant::now();
        let (mut bouts, mut faults) = (0_u64, 0);
        while began.elapsed() < time {
            bouts += 1;
            faults += self.bout(bouts)?;
        }
        println!("{bouts} bouts with {faults} faults in {:.0?}: all is well", began.elapsed());
        Ok(())
    }

    fn bout(&mut self, number: u64) -> Result<usize, LabError> {
        let faults = self.random.usize(1..=MOST_FAULTS);
        let mut happened = Vec::new();
        for _ in 0..faults {
            let fault = Fault::any(&mut self.random);
            // Said before it is done: it may be the last that is said.
            happened.push(fault.to_string());
            self.bed.suffer(fault)?;
            std::thread::sleep(LONGEST_PAUSE.mul_f64(self.random.f64()));
        }
        let healed = self.bed.heal();
        let settled = healed.and_then(|()| self.bed.settle());
        let used = self.bed.usage();
        let outcome = match &settled {
            Ok(took) => format!("well after {took:.1?}"),
            Err(_) => "not well".to_owned(),
        };
        println!("{number:>4}: {}; {outcome}", happened.join(", "));
        settled?;
        let (used, at_first) = (used?, self.at_first);
        let most = at_first.grown(GROWTH).plus(SLACK);
        if used.exceeds(most) {
            return Err(LabError::Failed {
                command: "the directors".to_owned(),
                status: "have grown".to_owned(),
                output: format!("from {at_first} to {used}"),
            });
        }
        Ok(faults)
    }
}
