//! A kernel with IPVS, and running a command as its root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_lab::{LabError, this_program, wait_until};

use crate::packages::{self, Package};

pub(crate) mod boot;
mod emulated;
mod initramfs;
pub(crate) mod inside;
mod native;
mod user_mode;

/// The kernel that somebody wishes for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Kernel {
    /// This machine's own where it has IPVS and we are its administrator, else User-Mode Linux.
    Auto,
    /// User-Mode Linux.
    Uml,
    /// Debian's stock kernel in an emulated PC: slower, with two processors, nftables and SCTP.
    Qemu,
}

impl Kernel {
    fn machine(self) -> Machine {
        match self {
            Self::Auto if native::has_ipvs() => Machine::Native,
            Self::Auto | Self::Uml => Machine::UserMode,
            Self::Qemu => Machine::Emulated,
        }
    }

    /// The packages without which it does not run.
    pub(crate) fn packages(self) -> &'static [Package] {
        match self.machine() {
            Machine::Native => &[],
            Machine::UserMode => packages::USER_MODE,
            Machine::Emulated => packages::EMULATED,
        }
    }
}

/// What the first process finds itself on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Machine {
    /// This machine's own kernel.
    Native,
    /// User-Mode Linux.
    UserMode,
    /// An emulated PC.
    Emulated,
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::UserMode => "user-mode",
            Self::Emulated => "emulated",
        })
    }
}

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
    /// The file for what it prints, instead of our own standard output.
    pub(crate) output: Option<PathBuf>,
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
            output: None,
            time_limit,
        })
    }
}

const JOB: &str = "job.json";
const STATUS: &str = "status";
const CONSOLE: &str = "console";
/// A link to this program.
const INIT: &str = "init";
/// A link to the tree of User-Mode Linux's modules.
const MODULES: &str = "modules";
/// What a kernel may take to boot and to end, beyond the job's own time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a job on a kernel that has IPVS and gives back its exit code.
///
/// The job is root there, alone with its own process ids, mounts and network; all that it
/// started is gone when it ends.
pub(crate) fn run(job: &Job, kernel: Kernel) -> Result<ExitCode, LabError> {
    let folder = tempfile::Builder::new()
        .prefix("lab-job-")
        .tempdir()
        .map_err(io("making a folder for the job"))?;
    let folder = folder.path();
    let text = serde_json::to_vec(job).map_err(|error| io("writing the job")(error.into()))?;
    std::fs::write(folder.join(JOB), text).map_err(io("writing the job"))?;

    let limit = job.time_limit.saturating_add(PATIENCE);
    let run = |mut command: Command| {
        let started = command.spawn();
        end_of(started.map_err(io(format!("starting {:?}", command.get_program())))?, limit)
    };
    let machine = kernel.machine();
    let status = match machine {
        Machine::Native => run(native::command(folder)?)?,
        Machine::UserMode => {
            let (command, _output) = user_mode::command(folder)?;
            run(command)?
        }
        Machine::Emulated => run(emulated::command(folder)?)?,
    };
    match std::fs::read_to_string(folder.join(STATUS)).map(|code| code.trim().parse::<u8>()) {
        Ok(Ok(code)) => Ok(ExitCode::from(code)),
        _ => Err(no_result(machine, status, folder)),
    }
}

/// Waits until a kernel has ended; one that hangs is ended.
fn end_of(mut kernel: Child, limit: Duration) -> Result<ExitStatus, LabError> {
    let mut ended = Ok(None);
    let in_time = wait_until(limit, "the kernel has ended", || {
        ended = kernel.try_wait();
        !matches!(ended, Ok(None))
    });
    if in_time.is_err() {
        kernel.kill().map_err(io("ending the kernel"))?;
        return kernel.wait().map_err(io("ending the kernel"));
    }
    match ended {
        Ok(Some(status)) => Ok(status),
        Ok(None) => kernel.wait().map_err(io("waiting for the kernel")),
        Err(error) => Err(io("waiting for the kernel")(error)),
    }
}

/// Nothing ran to its end in there: what the kernel said last is the best there is.
fn no_result(machine: Machine, status: ExitStatus, folder: &Path) -> LabError {
    let console = std::fs::read(folder.join(CONSOLE)).unwrap_or_default();
    let console = String::from_utf8_lossy(&console);
    let lines: Vec<_> = console.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(30)).copied().collect::<Vec<_>>();
    LabError::Failed {
        command: format!("the job on the {machine} kernel"),
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

fn run_quietly(command: &mut Command) -> Result<String, LabError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(io(format!("starting {:?}", command.get_program())))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(LabError::Failed {
        command: format!("{command:?}"),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
