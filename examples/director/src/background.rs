//! Going into the background: the launcher starts the supervisor, waits until that is ready, and ends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{ExitCode, Stdio};

use rustix::process::setsid;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::arguments::Daemon;
use crate::check::{Configuration, Purpose};
use crate::exit::Exit;
use crate::process::supervisor_again;

/// Starts the supervisor in the background. What is wrong with the configuration, or keeps the
/// supervisor from its work, is told here, where somebody reads it.
pub(crate) fn launch(daemon: &Daemon) -> ExitCode {
    if Configuration::new(daemon.configuration.clone()).read(Purpose::Run).is_none() {
        eprintln!("director: not started: the configuration has errors");
        return Exit::Config.into();
    }
    match start(daemon) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("director: going into the background: {error}");
            Exit::Fatal.into()
        }
    }
}

fn start(daemon: &Daemon) -> io::Result<ExitCode> {
    let mut command = supervisor_again(daemon);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut ready = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut ready)?;
    }
    if !ready.is_empty() {
        return Ok(Exit::Ok.into());
    }
    let number = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(number.map_or(Exit::Fatal.into(), ExitCode::from))
}

/// Tells the launcher that all is well, and lets go of its terminal.
pub(crate) fn detach() -> io::Result<()> {
    setsid()?;
    io::stdout().write_all(b"\n")?;
    io::stdout().flush()?;
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(())
}
