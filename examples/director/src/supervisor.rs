//! The process that starts the worker and starts it again when it dies; meanwhile it holds what the
//! worker's virtual routers leave: see [`Executor`].

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use steadfast_director_core::respawn::Respawn;
use steadfast_vrrp_linux::Executor;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use crate::arguments::SignalName;
use crate::exit::Exit;
use crate::memory_score::Spared;
use crate::requests;

/// How long a worker may take to end in order, without its last script: it waits for others.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// Whether a worker that dies is followed by another: keepalived's `--dont-respawn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Respawn,
    End,
}

/// What a worker finds when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Nothing: it is the first.
    First,
    /// What one before it left, which may be no longer in the file: nobody has asked for a reload.
    AsBefore,
    /// One before it died soon after its start. What that ran may be why, and the file mended by now.
    Anew,
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SupervisorError {
    #[error("{what}: {source}")]
    System { what: &'static str, source: io::Error },
    #[error(transparent)]
    Guard(#[from] steadfast_vrrp_linux::Error),
}

/// How a worker that is supervised came to its end.
enum Outcome {
    /// It died by itself.
    Ended(ExitStatus),
    /// We were asked to end it.
    Stopped(ExitStatus),
}

struct Supervisor {
    executor: Executor,
    spared: Spared,
    terminate: Signals,
    interrupt: Signals,
    passed_on: PassedOn,
}

/// Keeps a worker running until it ends in order, or is of no use. `command` starts one; `last_script` says
/// how long the script may take that it runs at its end.
pub(crate) async fn supervise(
    command: impl Fn(Start) -> Command,
    last_script: impl Fn() -> Duration,
    after: After,
) -> Result<u8, SupervisorError> {
    let mut supervisor = Supervisor {
        executor: Executor::default(),
        spared: Spared::from_now_on(),
        terminate: watch(SignalKind::terminate())?,
        interrupt: watch(SignalKind::interrupt())?,
        passed_on: PassedOn::watch()?,
    };
    requests::let_in().map_err(system("letting signals in"))?;
    let mut respawn = Respawn::default();
    let mut start = Start::First;
    loop {
        let started = Instant::now();
        let status = match supervisor.run(command(start), &last_script).await {
            Ok(Outcome::Stopped(status)) => return Ok(supervisor.end(status)),
            Ok(Outcome::Ended(status)) if status.code().is_some_and(Exit::is_final) => {
                return Ok(supervisor.end(status));
            }
            Ok(Outcome::Ended(status)) => status,
            Err(error) => {
                error!("no worker can be started, giving up: {error}");
                supervisor.give_up();
                return Err(error);
            }
        };
        if after == After::End {
            error!("the worker died ({}) and is not to be started again", described(status));
            return Ok(supervisor.end(status));
        }
        let delay = respawn.handle_death(started.elapsed());
        if delay.is_zero() {
            error!("the worker died ({}), starting it again", described(status));
            start = Start::AsBefore;
            continue;
        }
        let what = described(status);
        error!("the worker died ({what}) again, starting it once more in {delay:?}");
        // Nobody advertises meanwhile.
        supervisor.give_up();
        start = Start::Anew;
        tokio::select! {
            () = sleep(delay) => continue,
            _ = supervisor.terminate.recv() => {}
            _ = supervisor.interrupt.recv() => {}
        }
        info!("starting the worker to remove what is left");
        let status = supervisor.run_to_end(command(Start::AsBefore), &last_script).await?;
        return Ok(supervisor.end(status));
    }
}

impl Supervisor {
    async fn run(
        &mut self,
        command: Command,
        last_script: impl Fn() -> Duration,
    ) -> Result<Outcome, SupervisorError> {
        let mut child = self.spawn(command)?;
        loop {
            tokio::select! {
                ended = child.wait() => {
                    return ended.map(Outcome::Ended).map_err(system("waiting for the worker"));
                }
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                passed_on = self.passed_on.next() => tell(&child, passed_on),
            }
        }
        terminated(child, last_script).await.map(Outcome::Stopped)
    }

    /// Has a worker end as soon as it is there.
    async fn run_to_end(
        &mut self,
        command: Command,
        last_script: impl Fn() -> Duration,
    ) -> Result<ExitStatus, SupervisorError> {
        terminated(self.spawn(command)?, last_script).await
    }

    fn spawn(&mut self, mut command: Command) -> Result<Child, SupervisorError> {
        command.stdin(self.executor.channel()?);
        let child = self.spared.start(|| command.spawn());
        // Our copy of the worker's end of the channel.
        drop(command);
        child.map_err(system("starting the worker"))
    }

    /// Does what a worker that did not end in order left to be done; says with what we end.
    fn end(&mut self, status: ExitStatus) -> u8 {
        // What one that did has left, it was asked to leave.
        if !status.success() {
            self.give_up();
        }
        status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
    }

    fn give_up(&mut self) {
        let done = self.executor.give_up();
        if done != steadfast_vrrp_linux::Execution::default() {
            warn!("for the worker: {done}");
        }
    }
}

/// Asks a worker to end, and sees to it that it does.
async fn terminated(
    mut child: Child,
    last_script: impl Fn() -> Duration,
) -> Result<ExitStatus, SupervisorError> {
    tell(&child, Signal::TERM);
    let mut ended = timeout(LAST_WORDS, child.wait()).await;
    if ended.is_err() {
        ended = timeout(last_script(), child.wait()).await;
    }
    let ended = match ended {
        Ok(ended) => ended,
        Err(_late) => {
            warn!("the worker has not ended in time: killing it");
            tell(&child, Signal::KILL);
            child.wait().await
        }
    };
    ended.map_err(system("waiting for the worker"))
}

fn tell(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        warn!("signalling the worker: {error}");
    }
}

fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// What tells the worker of `STATS_CLEAR`, whose own signal has no name to send it by.
pub(crate) const STATISTICS_ANEW: Signal = Signal::URG;

/// The signals that are the worker's.
struct PassedOn {
    hangup: Signals,
    data: Signals,
    statistics: Signals,
    statistics_anew: Signals,
    json: Signals,
}

impl PassedOn {
    fn watch() -> Result<Self, SupervisorError> {
        Ok(Self {
            hangup: watch(SignalKind::hangup())?,
            data: watch(SignalKind::user_defined1())?,
            statistics: watch(SignalKind::user_defined2())?,
            statistics_anew: watch(SignalKind::from_raw(SignalName::StatsClear.number()))?,
            json: watch(SignalKind::from_raw(SignalName::Json.number()))?,
        })
    }

    async fn next(&mut self) -> Signal {
        let Self { hangup, data, statistics, statistics_anew, json } = self;
        tokio::select! {
            _ = hangup.recv() => {
                info!("SIGHUP: the worker reloads");
                Signal::HUP
            }
            // The worker writes both.
            _ = data.recv() => Signal::USR1,
            _ = json.recv() => Signal::USR1,
            _ = statistics.recv() => Signal::USR2,
            _ = statistics_anew.recv() => STATISTICS_ANEW,
        }
    }
}

fn watch(kind: SignalKind) -> Result<Signals, SupervisorError> {
    signal(kind).map_err(system("watching for signals"))
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> SupervisorError {
    move |source| SupervisorError::System { what, source }
}
