//! Running scripts: alone in a process group, with a time limit, their output bounded.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What is kept of a script's output; the rest is read and thrown away.
const KEPT_OUTPUT: usize = 4096;
/// From SIGTERM to SIGKILL, as keepalived has it.
const GRACE: Duration = Duration::from_secs(2);
/// Not for scripts: they would change how the dynamic linker and shells behave.
const UNWANTED_ENVIRONMENT: [&str; 3] = ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"];

/// A script that ran to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    /// What it printed, up to a bound.
    pub(crate) output: String,
}

/// Why a script did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("script {command:?} is empty: it names no program")]
    Empty { command: Vec<String> },
    #[error("script {program} cannot be started: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("script {program} cannot be waited for: {source}")]
    Wait { program: String, source: std::io::Error },
    #[error("script {program} had not ended after {limit:?} and was killed")]
    TimedOut { program: String, limit: Duration },
}

/// Runs a command to its end. It and all that it started in its process group are killed when the
/// limit has passed, or when the caller loses interest.
pub(crate) async fn run(command: &[String], limit: Duration) -> Result<Ran, ScriptError> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| ScriptError::Empty { command: command.to_vec() })?;
    let mut prepared = Command::new(program);
    prepared
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for name in UNWANTED_ENVIRONMENT {
        prepared.env_remove(name);
    }
    let child = prepared
        .spawn()
        .map_err(|source| ScriptError::Start { program: program.clone(), source })?;
    let mut group = Group::new(child);
    let (out, err) = (group.child.stdout.take(), group.child.stderr.take());
    let ending = async {
        // What a script leaves behind may keep its output open; its own end is what counts.
        let mut output = String::new();
        let reading = async { tokio::join!(read_some(out), read_some(err)) };
        tokio::pin!(reading);
        let status = tokio::select! {
            status = group.child.wait() => {
                if let Ok((out, err)) = timeout(Duration::from_millis(50), &mut reading).await {
                    output = out + &err;
                }
                status
            }
            (out, err) = &mut reading => {
                output = out + &err;
                group.child.wait().await
            }
        };
        status.map(|status| Ran { status, output })
    };
    match timeout(limit, ending).await {
        Ok(Ok(ran)) => {
            group.ended = true;
            Ok(ran)
        }
        Ok(Err(source)) => Err(ScriptError::Wait { program: program.clone(), source }),
        Err(_) => {
            group.end().await;
            Err(ScriptError::TimedOut { program: program.clone(), limit })
        }
    }
}

async fn read_some(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    // A broken pipe ends the output like its end does.
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let room = KEPT_OUTPUT.saturating_sub(kept.len()).min(length);
        kept.extend(buffer.iter().take(room));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// A process group that does not outlive our interest in it.
struct Group {
    child: Child,
    id: Option<Pid>,
    ended: bool,
}

impl Group {
    fn new(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, id, ended: false }
    }

    fn signal(&self, signal: Signal) {
        // The only failure is that nothing of the group is left, which is what is wanted.
        if let Some(id) = self.id {
            let _nothing_left = kill_process_group(id, signal);
        }
    }

    async fn end(&mut self) {
        self.signal(Signal::TERM);
        let _in_time = timeout(GRACE, self.child.wait()).await;
        // Also when the script has gone: what it started may have stayed.
        self.signal(Signal::KILL);
        let _reaped = timeout(GRACE, self.child.wait()).await;
        self.ended = true;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            self.signal(Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Vec<String> {
        ["sh", "-c", text].map(str::to_owned).to_vec()
    }

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn exit_code_and_output_are_reported() {
        let ran = run(&shell("echo out; echo err >&2; exit 3"), LIMIT).await.unwrap();
        assert_eq!(ran.status.code(), Some(3));
        assert_eq!(ran.output, "out\nerr\n");
    }

    #[tokio::test]
    async fn output_beyond_the_bound_is_thrown_away() {
        let ran = run(&shell("head -c 100000 /dev/zero | tr '\\0' x"), LIMIT).await.unwrap();
        assert_eq!(ran.output.len(), KEPT_OUTPUT);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = run(&["/nowhere/script".to_owned()], LIMIT).await.unwrap_err();
        assert!(error.to_string().starts_with("script /nowhere/script cannot be started"));
    }

    #[tokio::test]
    async fn a_script_that_hangs_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let text = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let error = run(&shell(&text), Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, ScriptError::TimedOut { .. }));
        let started: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let state = std::fs::read_to_string(format!("/proc/{started}/stat")).unwrap_or_default();
        // Gone, or dead and not yet reaped by whoever inherited it.
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }
}
