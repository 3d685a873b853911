//! A keepalived-style director that runs keepalived.conf.
//!
//! It takes keepalived's options; verbs such as `director check` are its own. What it decides is
//! decided in `steadfast-director-core`; here is what talks to the system.
//!
//! One program, three processes: the launcher, which ends once the director is in the background
//! (`background`); the supervisor (`supervisor`), and its child, the worker (`worker`), in which
//! everything happens (`run`).

use std::process::ExitCode;

use clap::Parser;
use steadfast_vrrp_linux::run_if_guard;

mod arguments;
mod background;
mod balancer;
mod check;
mod checks;
mod control;
mod dump;
mod estate;
mod exit;
mod following;
mod genhash;
mod interfaces;
mod kernel;
mod links;
mod logging;
mod lvs;
mod memory;
mod memory_score;
mod namespace;
mod notifier;
mod or_never;
mod output;
mod pid_file;
mod process;
mod reload;
mod requests;
mod routing;
mod run;
mod script;
mod speaker;
mod status;
mod supervisor;
mod sys;
mod sysctl;
mod timed_reload;
mod trackers;
mod verbs;
mod vrrp;
mod watched_file;
mod words;
mod worker;

use arguments::{Arguments, Verb};
use check::Configuration;
use process::Role;

fn main() -> ExitCode {
    // First of all: it may be the guard's process.
    let guard = run_if_guard();
    if let Some(words) = genhash::words(std::env::args_os()) {
        return genhash::run(words);
    }
    let words = words::with_values(std::env::args_os());
    let Arguments { verb, daemon } = Arguments::parse_from(words);
    match verb {
        Some(Verb::Check { configuration, print, json }) => {
            let configuration = Configuration::new(configuration);
            exit(match (print, json) {
                (true, _) => configuration.print(),
                (false, true) => configuration.check_as_json(),
                (false, false) => configuration.check(),
            })
        }
        Some(Verb::Reload { director }) => exit(verbs::reload(&director)),
        Some(Verb::Plan { file, director }) => exit(verbs::plan(file, &director)),
        Some(Verb::Status { director }) => exit(verbs::status(&director)),
        None => process::run(Role::of_this_process(), daemon, guard),
    }
}

fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
