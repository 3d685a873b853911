//! `lab`: a kernel with IPVS on any Linux machine, and what is done on it.
//!
//! See `cargo lab --help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod command;
mod demo;
mod kernel;
mod packages;
mod shell;
mod sim;
mod soak;
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
    /// Run a program as root on a kernel with IPVS.
    Run(command::Arguments),
    /// Open a shell in the demo's network, with the directors running.
    Shell(shell::Arguments),
    /// Let virtual routers go through virtual hours of faults, and check what must hold.
    Sim(sim::Arguments),
    /// Let two directors live through faults at random, and check after each bout that all is well.
    Soak(soak::Arguments),
    /// Be the first process inside the kernel (started by the others).
    #[command(hide = true)]
    Inside {
        /// The kernel.
        machine: kernel::Machine,
        /// The folder with the job.
        folder: std::path::PathBuf,
        /// What User-Mode Linux adds for the first process; of no use.
        #[arg(trailing_var_arg = true)]
        kernel_words: Vec<String>,
    },
    /// Be the first process of an emulated PC (started by its kernel).
    #[command(hide = true)]
    Boot {
        /// The folder with the job; none to only show that the kernel boots.
        folder: Option<std::path::PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Test(arguments) => tests::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Run(arguments) => command::run(&arguments),
        Command::Shell(arguments) => shell::run(&arguments),
        Command::Sim(arguments) => Ok(sim::run(&arguments)),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Inside { machine, folder, .. } => kernel::inside::run(machine, &folder),
        Command::Boot { folder } => kernel::boot::run(folder.as_deref()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("lab: {error}");
        ExitCode::FAILURE
    })
}
