//! Running a program: alone in a process group, with a time limit, its output bounded.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep};

use super::group::Group;
use super::identity;
use super::said;
use crate::LONGEST_WAIT;

/// What is kept of the output; the rest is read and thrown away.
const KEPT_OUTPUT: usize = 4096;
/// What runs a script that names nothing to run it.
const SHELL: &str = "/bin/sh";
/// As much as a pipe holds by default (pipe(7)).
const PIPE: usize = 65_536;

/// A program to run.
///
/// It runs in a process group of its own, without input, and with our environment but `IFS` and the
/// `LD_` variables, which would change how shells and the dynamic linker behave. No shell is
/// involved. When it has ended, nothing of its process group is left running, unless it
/// [may leave something](Self::may_leave_children).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Script {
    /// The file, found along `PATH` if its name has no slash.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// As whom it runs; `None` is as we do.
    pub run_as: Option<RunAs>,
    /// What it has started in the background goes on when it has ended by itself. What that prints is
    /// read and thrown away: without a reader its next word would be its last.
    pub may_leave_children: bool,
    /// It is sent SIGTERM when the thread that has started it ends, in whatever way.
    pub ends_with_us: bool,
    /// How many files it may have open, which it may raise itself (the soft limit `RLIMIT_NOFILE`,
    /// getrlimit(2)); `None` is as many as we may. A program that has raised its own for its checks
    /// should not let scripts have that: some use select(2), which fails beyond 1024.
    pub open_files: Option<u64>,
}

/// A user and groups to run as; nothing of ours goes with them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunAs {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The numbers of further groups.
    pub supplementary: Vec<u32>,
}

/// A program that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What it printed, on standard output and standard error together, up to 4 KiB.
    pub output: String,
    /// How long it took.
    pub took: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, which we did not send.
    Signalled(i32),
    /// By us, because its time was over.
    TimedOut,
}

impl Ran {
    /// Whether it ended by itself with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending {
            Ending::Exited(code) => write!(f, "exited with {code}"),
            Ending::Signalled(signal) => write!(f, "was killed by signal {signal}"),
            Ending::TimedOut => {
                write!(f, "was killed: it had not ended after {:.1?}", self.took)
            }
        }
    }
}

/// Why a program could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// There is no such program, it is not executable, or we are short of something.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ran, but could not run something itself: a shell's way to say so (sh(1), env(1)).
    #[error("{program} could not run something: it exited with {code}{}", said(output))]
    Within {
        /// The program.
        program: String,
        /// Its exit code: 126 for what is not executable, 127 for what does not exist.
        code: i32,
        /// What it printed.
        output: String,
    },
    /// How it ended cannot be found out.
    #[error("{program} cannot be waited for: {source}")]
    Wait {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Script {
    /// A program with arguments, run as we do.
    pub fn new(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self {
            program: program.into(),
            arguments,
            run_as: None,
            may_leave_children: false,
            ends_with_us: false,
            open_files: None,
        }
    }

    /// As somebody else.
    #[must_use]
    pub fn run_as(self, user: RunAs) -> Self {
        Self { run_as: Some(user), ..self }
    }

    /// Runs it to its end, which must come within the limit: then its process group is sent SIGTERM,
    /// and SIGKILL two seconds later. If this future is dropped, SIGKILL at once.
    ///
    /// # Errors
    ///
    /// When it cannot be started or waited for.
    pub async fn run(&self, limit: Duration) -> Result<Ran, ScriptError> {
        self.run_until(sleep(limit.min(LONGEST_WAIT))).await
    }

    /// Runs it to its end, or until this is ready, which is taken as the end of its time.
    ///
    /// # Errors
    ///
    /// When it cannot be started or waited for.
    pub async fn run_until(&self, over: impl Future<Output = ()>) -> Result<Ran, ScriptError> {
        let begin = Instant::now();
        let program = || self.program.display().to_string();
        let start = |source| ScriptError::Start { program: program(), source };
        let wait = |source| ScriptError::Wait { program: program(), source };

        let (mut group, mut output) = self.start().map_err(start)?;
        let ended = tokio::select! {
            ended = group.ended() => Some(ended),
            () = over => None,
            never = output.drain() => match never {},
        };
        if ended.is_none() {
            tokio::select! {
                () = group.terminate() => {}
                never = output.drain() => match never {},
            }
        }
        if ended.is_none() || !self.may_leave_children {
            group.kill();
        }
        let status = group.reap().await.map_err(wait)?;
        let ending = match ended {
            Some(Ok(())) => match (status.code(), status.signal()) {
                (Some(code), _) => Ending::Exited(code),
                (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
            },
            Some(Err(source)) => return Err(wait(source)),
            None => Ending::TimedOut,
        };
        let is_open = output.read_what_is_there() == Pipe::Open;
        let text = output.text();
        if is_open && self.may_leave_children {
            tokio::spawn(async move { output.read_to_end().await });
        }
        Ok(Ran { ending, output: text, took: begin.elapsed() })
    }

    fn start(&self) -> io::Result<(Group, Output)> {
        let (mut command, output) = self.command(&self.program)?;
        command.args(&self.arguments);
        match Group::start(command) {
            // It does not say what runs it: a script of the shell, as execvp(3) has it.
            Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
                let (mut command, output) = self.command(OsStr::new(SHELL))?;
                command.arg(&self.program).args(&self.arguments);
                Ok((Group::start(command)?, output))
            }
            started => Ok((started?, output)),
        }
    }

    /// A command yet without arguments, and where its output comes out.
    fn command(&self, program: &OsStr) -> io::Result<(Command, Output)> {
        let (sender, receiver) = pipe::pipe()?;
        let sender = sender.into_blocking_fd()?;
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .stderr(Stdio::from(sender.try_clone()?))
            .stdout(Stdio::from(sender));
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_unwanted(name)) {
            command.env_remove(name);
        }
        if let Some(user) = &self.run_as {
            identity::assume(&mut command, user);
        }
        if let Some(limit) = self.open_files {
            identity::limit_files(&mut command, limit);
        }
        if self.ends_with_us {
            identity::end_with_us(&mut command);
        }
        Ok((command, Output { pipe: receiver, kept: Vec::new() }))
    }
}

fn is_unwanted(name: &OsStr) -> bool {
    name == "IFS" || name.as_encoded_bytes().starts_with(b"LD_")
}

/// What a program prints.
struct Output {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
}

/// Whether anything can still come out of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipe {
    Open,
    Ended,
}

impl Output {
    /// Reads, so that the program never waits for us.
    async fn drain(&mut self) -> std::convert::Infallible {
        self.read_to_end().await;
        std::future::pending().await
    }

    async fn read_to_end(&mut self) {
        while self.pipe.readable().await.is_ok() {
            // Who prints faster than we read does not keep others from their turn.
            consume_budget().await;
            match self.read() {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // It ended, or broke, which is its end too.
                Ok(0) | Err(_) => return,
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 4096];
        let length = self.pipe.try_read(&mut buffer)?;
        let room = KEPT_OUTPUT.saturating_sub(self.kept.len()).min(length);
        self.kept.extend(buffer.iter().take(room));
        Ok(length)
    }

    /// What was printed before the end. Somebody else may still have the pipe open and go on.
    fn read_what_is_there(&mut self) -> Pipe {
        let mut read = 0;
        while read < PIPE {
            match self.read() {
                Ok(0) => return Pipe::Ended,
                Ok(length) => read += length,
                Err(_) => return Pipe::Open,
            }
        }
        Pipe::Open
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}
