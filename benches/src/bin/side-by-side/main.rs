//! Steadfast's libraries and their peers doing the same work on this machine, by turns.
//!
//! Needs root and network namespaces; every packet stays in namespaces that it makes itself.

#![allow(clippy::print_stdout, reason = "what it prints is its purpose")]

mod checked;
mod checker;
mod checks;
mod director_scale;
mod failover;
mod ipvs;
mod load;
mod metronome;
mod percentiles;
mod scale;
mod speaker;
mod standstill;
mod wire;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Steadfast and its peers doing the same, measured by turns")]
struct Arguments {
    #[command(subcommand)]
    comparison: Comparison,
}

#[derive(Subcommand)]
enum Comparison {
    /// Many virtual routers: processor time and memory of sending, and of receiving.
    VrrpScale(scale::Options),
    /// An Active router is killed, again and again: how long until another announces itself.
    VrrpFailover(failover::Options),
    /// All processors busy with something else: how often a router is thought dead that is not.
    VrrpLoad(load::Options),
    /// Many health checks: processor time, memory, and how punctual they are.
    Checks(checks::Options),
    /// Runs health checks with Steadfast's monitor until it is killed.
    #[command(hide = true)]
    Check(checker::Options),
    /// A table of the kernel's load balancer: load, dump, compare, change and clear.
    Ipvs(ipvs::Options),
    /// Very many virtual servers: start, reload of one weight, memory.
    DirectorScale(director_scale::Options),
    /// Runs virtual routers with Steadfast's driver until it is killed.
    #[command(hide = true)]
    Speak(speaker::Options),
    /// Says when a processor stood still.
    #[command(hide = true)]
    Standstill(standstill::Options),
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let done = match Arguments::parse().comparison {
        Comparison::VrrpScale(options) => scale::run(&options),
        Comparison::VrrpFailover(options) => failover::run(&options),
        Comparison::VrrpLoad(options) => load::run(&options),
        Comparison::Checks(options) => checks::run(&options),
        Comparison::Check(options) => checker::run(&options),
        Comparison::Ipvs(options) => ipvs::run(&options),
        Comparison::DirectorScale(options) => director_scale::run(&options),
        Comparison::Speak(options) => speaker::run(&options),
        Comparison::Standstill(options) => standstill::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("side-by-side: {error}");
            ExitCode::FAILURE
        }
    }
}
