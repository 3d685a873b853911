//! A kernel with IPVS, and running a command as its root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_lab::{LabError, this_program};

pub(crate) mod inside;
mod native;
mod user_mode;

/// What [`run`] runs: written for the process inside to read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// Its environment, beyond PATH and TMPDIR.
    pub(crate) environment: BTreeMap<String, String>,
    /// Whether a person sits at it.
    pub(crate) interactive: bool,
    /// When it is ended by force, so that nothing runs for ever, whoever is gone.
    pub(crate) time_limit: Duration,
}

impl Job {
    /// This program itself, with other arguments.
    pub(crate) fn this_program(arguments: &[&str], time_limit: Duration) -> Result<Self, LabError> {
        let this = this_program()?;
        let mut command = vec![this.display().to_string()];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Ok(Self {
            command,
            directory: std::env::current_dir().map_err(io("looking for the working folder"))?,
            environment: BTreeMap::new(),
            interactive: false,
            time_limit,
        })
    }
}

const JOB: &str = "job.json";
const STATUS: &str = "status";
const CONSOLE: &str = "console";
/// A link to the tree of User-Mode Linux's modules; there is none for another kernel.
const MODULES: &str = "modules";

/// Runs a job on a kernel that has IPVS and gives back its exit code.
///
/// The job is root there, alone with its own process ids, mounts and network; all that it
/// started is gone when it ends.
pub(crate) fn run(job: &Job) -> Result<ExitCode, LabError> {
    let folder = tempfile::Builder::new()
        .prefix("lab-job-")
        .tempdir()
        .map_err(io("making a folder for the job"))?;
    let folder = folder.path();
    let text = serde_json::to_vec(job).map_err(|error| io("writing the job")(error.into()))?;
    std::fs::write(folder.join(JOB), text).map_err(io("writing the job"))?;

    let start = |command: &mut Command| {
        command.status().map_err(io(format!("starting {:?}", command.get_program())))
    };
    let (name, status) = if native::has_ipvs() {
        ("this machine's kernel", start(&mut native::command(folder)?)?)
    } else {
        let (mut command, _output) = user_mode::command(folder)?;
        ("User-Mode Linux", start(&mut command)?)
    };
    match std::fs::read_to_string(folder.join(STATUS)).map(|code| code.trim().parse::<u8>()) {
        Ok(Ok(code)) => Ok(ExitCode::from(code)),
        _ => Err(no_result(name, status, folder)),
    }
}

/// Nothing ran to its end in there: what the kernel said last is the best there is.
fn no_result(kernel: &str, status: ExitStatus, folder: &Path) -> LabError {
    let console = std::fs::read(folder.join(CONSOLE)).unwrap_or_default();
    let console = String::from_utf8_lossy(&console);
    let lines: Vec<_> = console.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(30)).copied().collect::<Vec<_>>();
    LabError::Failed {
        command: format!("the job on {kernel}"),
        status: format!("{status}, without a result"),
        output: last.join("\n"),
    }
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> LabError {
    let what = what.into();
    move |source| LabError::Io { what, source }
}

/// A command that gets SIGTERM when we end, however that happens.
fn ending_with_us(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", program]);
    command
}

fn run_quietly(command: &mut Command) -> Result<(), LabError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(io(format!("starting {:?}", command.get_program())))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Failed {
        command: format!("{command:?}"),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
