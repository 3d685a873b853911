//! The process that does the work, a child of the supervisor.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use rustix::stdio::dup2_stdin;
use steadfast_conf::{Model, Style};
use steadfast_vrrp_linux::Guard;
use tracing::{error, info, warn};

use crate::arguments::Daemon;
use crate::check::{Configuration, Purpose, Runnable};
use crate::estate::Estate;
use crate::exit::Exit;
use crate::memory::Memory;
use crate::pid_file::PidFile;
use crate::reload::says_nothing;
use crate::run::{Failure, Options, Part, run};

/// The whole life of the worker.
pub(crate) fn work(daemon: Daemon, guard: Guard) -> Exit {
    let goes_on = daemon.goes_on;
    match start(daemon, guard) {
        // There was one that could run here: what is in the way of another may pass.
        Exit::Fatal if goes_on => Exit::Software,
        exit => exit,
    }
}

fn start(daemon: Daemon, guard: Guard) -> Exit {
    let channel = match detach() {
        Ok(channel) => channel,
        Err(error) => {
            error!("{error}");
            return Exit::Fatal;
        }
    };
    info!(
        "Starting director {}, configuration {}",
        env!("CARGO_PKG_VERSION"),
        daemon.configuration.file.display()
    );
    let configuration = daemon.configuration();
    let Some(runnable) = runnable(&daemon, &configuration) else {
        error!("not started: the configuration has errors");
        return Exit::Config;
    };
    if runnable.model.is_idle() {
        warn!("there is nothing to run: no vrrp_instance, no virtual_server, nothing static");
    }
    let part = Part { vrrp: !daemon.check, services: !daemon.vrrp };
    let files = daemon.pid_files(&configuration.process());
    let of_vrrp = part.vrrp.then_some((&files.vrrp, "--vrrp_pid"));
    let of_services = part.services.then_some((&files.checkers, "--checkers_pid"));
    let mut pid_files = Vec::new();
    for (path, option) in of_vrrp.into_iter().chain(of_services) {
        match PidFile::take(path, option) {
            Ok(file) => pid_files.push(file),
            Err(error) => {
                error!("{error}");
                return Exit::Fatal;
            }
        }
    }
    let options = Options {
        configuration,
        estate: Estate::new(daemon.estate.try_into().ok().map(Memory::new)),
        part,
        goes_on: daemon.goes_on,
        guard: guard.supervised(channel),
        keep_ipvs: daemon.dont_release_ipvs,
        keep_vrrp: daemon.dont_release_vrrp,
        pid_file: files.main,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = match runtime {
        Ok(runtime) => {
            let ran = runtime.block_on(run(runnable, options));
            // Who still asks a name server, or a file system, that does not answer is not waited for.
            runtime.shutdown_background();
            ran
        }
        Err(source) => Err(Failure::making_the_runtime(source)),
    };
    match ran {
        Ok(()) => Exit::Ok,
        Err(Failure::Start(error)) => {
            error!("{error}");
            Exit::Fatal
        }
        Err(Failure::Later(error)) => {
            error!("{error}");
            Exit::Software
        }
    }
}

/// What is to be run, if there is anything.
fn runnable(daemon: &Daemon, configuration: &Configuration) -> Option<Runnable> {
    if daemon.as_before
        && let Some(runnable) = configuration.remembered()
    {
        info!("going on with the configuration that was run before");
        return Some(runnable);
    }
    match read(configuration, daemon.shows_diagnostics()) {
        Some(runnable) if !says_nothing(&runnable.model) => Some(runnable),
        useless => {
            let Some(runnable) = configuration.remembered() else { return useless };
            let why = if useless.is_some() { "nothing in it" } else { "errors" };
            error!("the configuration has {why}: going on with the one that was run before");
            Some(runnable)
        }
    }
}

/// Reads the configuration; what there is to say goes where somebody reads it.
fn read(configuration: &Configuration, shown: bool) -> Option<Runnable> {
    if shown {
        return configuration.read(Purpose::Run);
    }
    let (loaded, machine) = configuration.look(&Model::default(), Purpose::Run);
    let said = loaded.render(Style::Plain);
    if !said.is_empty() {
        warn!("{}", said.trim_end());
    }
    Runnable::of((loaded, machine))
}

/// Ends in order when the supervisor dies, and takes its channel out of the way of scripts.
fn detach() -> io::Result<OwnedFd> {
    let supervisor = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have died before that was set.
    if getppid() != supervisor {
        return Err(io::Error::other("the supervisor has ended"));
    }
    let channel = io::stdin().as_fd().try_clone_to_owned()?;
    let nothing = std::fs::File::open("/dev/null")?;
    dup2_stdin(&nothing)?;
    Ok(channel)
}
