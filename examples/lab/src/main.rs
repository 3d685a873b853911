//! `lab`: a kernel with IPVS on any Linux machine, and what is done on it.
//!
//! See `cargo lab --help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod demo;
mod kernel;
mod packages;
mod shell;
mod tests;

/// Tests and demonstrations on a kernel that has IPVS: this machine's own where that may be used,
/// else User-Mode Linux.
#[derive(Parser)]
#[command(name = "lab")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all tests of the workspace, those that need a kernel with IPVS included.
    Test(tests::Arguments),
    /// Two directors, three web servers, one client: watch failures being survived.
    Demo(demo::Arguments),
    /// Open a shell in the demo's network, with the directors running.
    Shell(shell::Arguments),
    /// Be the first process inside the kernel (started by the others).
    #[command(hide = true)]
    Inside {
        /// The folder with the job.
        folder: std::path::PathBuf,
        /// What User-Mode Linux adds for the first process; of no use.
        #[arg(trailing_var_arg = true)]
        kernel_words: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Test(arguments) => tests::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Shell(arguments) => shell::run(&arguments),
        Command::Inside { folder, .. } => kernel::inside::run(&folder),
    };
    done.unwrap_or_else(|error| {
        eprintln!("lab: {error}");
        ExitCode::FAILURE
    })
}
