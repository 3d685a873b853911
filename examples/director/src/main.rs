//! A keepalived-style director that runs keepalived.conf.
//!
//! It takes keepalived's options; `director check` is a verb of its own. What it decides is decided
//! in `steadfast-director-core`; here is what talks to the system.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing::{Level, error, info, warn};

mod arguments;
mod check;
mod checks;
mod kernel;
mod notify;
mod run;
mod script;
mod tracking;
mod vrrp;

use arguments::{Arguments, Daemon, Verb};
use run::Options;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.verb {
        Some(Verb::Check { file }) => exit(check::check(&file)),
        None if arguments.daemon.config_test => exit(check::check(&arguments.daemon.file)),
        None => daemon(arguments.daemon),
    }
}

fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn daemon(daemon: Daemon) -> ExitCode {
    let level = if daemon.log_detail { Level::DEBUG } else { Level::INFO };
    let terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_ansi(terminal)
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    info!(
        "Starting director {}, configuration {}",
        env!("CARGO_PKG_VERSION"),
        daemon.file.display()
    );
    if !daemon.dont_fork {
        warn!("running in the foreground: going into the background is not supported yet");
    }
    let Some(model) = check::read(&daemon.file) else {
        error!("not started: the configuration has errors");
        return ExitCode::FAILURE;
    };
    let options = Options {
        vrrp: !daemon.check,
        services: !daemon.vrrp,
        keep_ipvs: daemon.dont_release_ipvs,
        pid_files: [daemon.pid, daemon.vrrp_pid, daemon.checkers_pid]
            .into_iter()
            .flatten()
            .collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            runtime.block_on(run::run(model, options)).map_err(|error| error.to_string())
        }
        Err(error) => Err(format!("making the runtime: {error}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}
