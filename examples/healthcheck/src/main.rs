//! Health checks from the command line.
//!
//! ```console
//! $ healthcheck tcp 192.0.2.1:80 192.0.2.2:80
//! $ healthcheck http https://www.example.org/health --status 200-299 --json-at /status=ok
//! $ healthcheck --watch --interval 2 dns 192.0.2.53 --name example.org --type A
//! $ healthcheck genhash -s 192.0.2.1 -p 80 -u /index.html
//! ```
//!
//! It ends with 0 when all targets are well, with 1 when one is not, and with 2 when that could not
//! be found out.

#![allow(clippy::print_stderr, reason = "a program to be read at a terminal")]

mod arguments;
mod genhash;
mod http;
mod report;
mod target;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use steadfast_checkers::{Check, Outcome};

use crate::arguments::{Arguments, What};
use crate::report::Format;
use crate::target::{Target, TargetError};

/// Something could not be found out, or not even asked.
const TROUBLE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("healthcheck: {error}");
            ExitCode::from(TROUBLE)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, TargetError> {
    let format = if arguments.json { Format::Json } else { Format::Text };
    if let What::Genhash(options) = &arguments.check {
        return genhash::run(options, arguments.timeout()?).await;
    }
    let targets = arguments.targets().await?;
    if arguments.watch {
        watch::run(targets, arguments.policy()?, format).await;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(once(targets, format).await)
}

/// A reader who has gone has seen enough; the exit code still tells.
fn say(line: &str) {
    let _gone = writeln!(std::io::stdout(), "{line}");
}

/// Checks all targets at the same time.
async fn once(targets: Vec<Target>, format: Format) -> ExitCode {
    let checks: Vec<_> = targets
        .into_iter()
        .map(|target| {
            let check = target.check.clone();
            (target, tokio::spawn(async move { check.check().await }))
        })
        .collect();
    let mut worst = 0;
    for (target, check) in checks {
        let code = match check.await {
            Ok(outcome) => {
                say(&format.outcome(&target.name, &outcome));
                match outcome {
                    Outcome::Pass(_) => 0,
                    Outcome::Fail(_) => 1,
                    Outcome::Inconclusive(_) => TROUBLE,
                }
            }
            Err(error) => {
                eprintln!("healthcheck: {}: {error}", target.name);
                TROUBLE
            }
        };
        worst = worst.max(code);
    }
    ExitCode::from(worst)
}
