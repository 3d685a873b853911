//! Which process of the daemon this one is, and how it starts the next.

use std::ffi::CStr;
use std::fmt::Display;
use std::fs::{create_dir_all, remove_dir};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, chdir, setrlimit, umask};
use rustix::thread::set_name;
use steadfast_conf::{Model, Surroundings, parse_in};
use steadfast_director_core::standing;
use steadfast_vrrp_linux::Guard;
use tracing::{error, info, warn};

use crate::arguments::Daemon;
use crate::check::Configuration;
use crate::exit::Exit;
use crate::memory::{Held, Memory};
use crate::output::print;
use crate::pid_file::PidFile;
use crate::supervisor::{After, Start, supervise};
use crate::{background, logging, namespace, requests, sys, worker};

/// By these a process knows, as the zeroth of its arguments, what it is to be.
const SUPERVISOR: &str = "director-supervisor";
const WORKER: &str = "director-worker";
/// What the kernel calls every process, for `ps`, `pgrep` and `killall`: else it would be the `exe` that it was
/// started by.
const NAME: &CStr = c"director";
const CORE_PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// What a process of the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Started by somebody: the supervisor, if that is to stay in the foreground.
    First,
    /// The supervisor in the background.
    Background,
    /// Started by the supervisor.
    Worker,
}

impl Role {
    pub(crate) fn of_this_process() -> Self {
        match std::env::args_os().next() {
            Some(zeroth) if zeroth == SUPERVISOR => Self::Background,
            Some(zeroth) if zeroth == WORKER => Self::Worker,
            _ => Self::First,
        }
    }
}

/// The whole life of a process of the daemon.
pub(crate) fn run(role: Role, daemon: Daemon, guard: Guard) -> ExitCode {
    if let Some(name) = daemon.signum {
        print(format_args!("{}\n", name.number()));
        return ExitCode::SUCCESS;
    }
    if let Some(log) = daemon.config_test {
        return Configuration::new(daemon.configuration).config_test(log.as_deref());
    }
    let daemon = match daemon.settled() {
        Ok(daemon) => daemon,
        Err(error) => {
            eprintln!("director: finding out the present folder: {error}");
            return Exit::Fatal.into();
        }
    };
    if role != Role::First
        && let Err(error) = set_name(NAME)
    {
        eprintln!("director: taking its name: {error}");
    }
    match role {
        Role::First if daemon.dont_fork => supervisor(&daemon, role),
        Role::First => background::launch(&daemon),
        Role::Background => supervisor(&daemon, role),
        Role::Worker => {
            sys::use_large_blocks_again();
            let name = standing::own_name(&daemon.configuration().process());
            logging::start(&daemon, name.as_deref(), daemon.dont_fork);
            worker::work(daemon, guard).into()
        }
    }
}

fn supervisor(daemon: &Daemon, role: Role) -> ExitCode {
    let held_back = requests::hold_back();
    let process = daemon.configuration().process();
    logging::start(daemon, standing::own_name(&process).as_deref(), role == Role::First);
    // Until it is in the background somebody waits for it, who may have no messages to read.
    let not_started = |why: &dyn Display| {
        error!("{why}");
        if role == Role::Background && !daemon.log_console {
            eprintln!("director: {why}");
        }
        ExitCode::from(Exit::Fatal)
    };
    if let Err(error) = held_back {
        return not_started(&format_args!("holding signals back: {error}"));
    }
    for (name, why) in daemon.without_effect.given() {
        info!("--{name} has no effect: {why}");
    }
    if let Some(name) = &daemon.namespace {
        info!("--namespace is {name}: that counts more than net_namespace");
    }
    if let Err(error) = prepare(daemon, process.net_namespace.as_deref()) {
        return not_started(&error);
    }
    let folder = standing::folder(&process);
    if let Some(folder) = &folder
        && let Err(error) = create_dir_all(folder)
    {
        return not_started(&format_args!("making {}: {error}", folder.display()));
    }
    let pid_file = match PidFile::take(&daemon.pid_files(&process).main, "--pid") {
        Ok(file) => file,
        Err(error) => return not_started(&error),
    };
    if role == Role::Background
        && let Err(error) = background::detach()
    {
        return not_started(&format_args!("going into the background: {error}"));
    }
    let held = Held::new("keepalived.conf").and_then(|last| Ok((last, Held::new("estate")?)));
    let (last_good, estate) = match held {
        Ok(held) => held,
        Err(error) => {
            error!("memory for the workers: {error}");
            return Exit::Fatal.into();
        }
    };
    let settled = Model { process, ..Model::default() }.to_string();
    let worker = |start| {
        let mut command = again(daemon, WORKER);
        for (option, held) in [("--last-good", &last_good), ("--estate", &estate)] {
            for copy in held.names() {
                command.arg(option).arg(copy);
            }
        }
        command.args(["--settled", &settled]);
        command.args((start != Start::First).then_some("--goes-on"));
        command.args((start == Start::AsBefore).then_some("--as-before"));
        // A reload may be asked for while there is no worker, or one that is not ready yet. And one
        // that is told to end has to put back what another before it has left.
        sys::block(requests::signals(), &mut command);
        command.into()
    };
    let after = if daemon.dont_respawn { After::End } else { After::Respawn };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(supervise(worker, || last_script(&last_good), after)),
        Err(error) => {
            error!("making the runtime: {error}");
            return Exit::Fatal.into();
        }
    };
    drop(pid_file);
    if let Some(folder) = folder {
        let _of_others_too = remove_dir(folder);
    }
    match ended {
        Ok(number) => number.into(),
        Err(error) => {
            error!("{error}");
            Exit::Fatal.into()
        }
    }
}

/// How long the `shutdown_script` may take of what was run last.
fn last_script(last_good: &Held) -> Duration {
    let last_good = Memory::new(last_good.names());
    let text = last_good.read().unwrap_or_else(|error| {
        warn!("what was run last cannot be read: {error}");
        None
    });
    let surroundings = Surroundings::default();
    let model = text.and_then(|text| parse_in("what was run last", text, &surroundings).model);
    let script = model.and_then(|model| model.global.shutdown_script);
    script.map_or(Duration::ZERO, |script| script.timeout)
}

/// What a process and those that it starts are to have in common.
fn prepare(daemon: &Daemon, net_namespace: Option<&str>) -> io::Result<()> {
    if let Some(name) = net_namespace {
        namespace::enter(name)?;
    }
    if let Some(mask) = daemon.umask {
        umask(Mode::from_raw_mode(mask));
    }
    if let Some(pattern) = &daemon.core_dump_pattern
        && let Err(error) = std::fs::write(CORE_PATTERN, pattern)
    {
        warn!("writing {CORE_PATTERN}: {error}");
    }
    if daemon.core_dump || daemon.core_dump_pattern.is_some() {
        let unlimited = Rlimit { current: None, maximum: None };
        if let Err(error) = setrlimit(Resource::Core, unlimited) {
            warn!("memory images stay limited: {error}");
        }
    }
    // Its paths are absolute, and no file system is to be kept busy.
    if let Err(error) = chdir("/") {
        warn!("leaving the folder: {error}");
    }
    Ok(())
}

/// This program once more, with the same words, as the supervisor in the background.
pub(crate) fn supervisor_again(daemon: &Daemon) -> Command {
    again(daemon, SUPERVISOR)
}

fn again(daemon: &Daemon, zeroth: &str) -> Command {
    // Also right when the file was replaced or removed.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(zeroth).args(std::env::args_os().skip(1)).args(daemon.settled_words());
    command
}
