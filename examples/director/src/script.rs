//! Running scripts: alone in a process group, with a time limit, their output bounded.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::unistd::{Gid, Group as UserGroup, Uid, User};
use rustix::process::{Pid, Signal, kill_process_group};
use steadfast_conf::model::{Script, ScriptUser};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What is kept of a script's output; the rest is read and thrown away.
const KEPT_OUTPUT: usize = 4096;
/// From SIGTERM to SIGKILL, as keepalived has it.
const GRACE: Duration = Duration::from_secs(2);
/// Who runs scripts that name nobody, if there is such a user; keepalived's rule.
const DEFAULT_USER: &str = "keepalived_script";
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
    #[error("the script is empty: it names no program")]
    Empty,
    #[error("script {program} cannot be started: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("script {program} cannot be waited for: {source}")]
    Wait { program: String, source: std::io::Error },
    #[error("script {program} had not ended after {limit:?} and was killed")]
    TimedOut { program: String, limit: Duration },
    #[error("script {program} is to be run by {name}, but there is no such user or group")]
    NoSuchUser { program: String, name: String },
    #[error(
        "script {program} is not run as root: others than root can change {} \
         (enable_script_security)",
        path.display()
    )]
    Insecure { program: String, path: PathBuf },
}

/// Runs the scripts of a configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scripts {
    /// `enable_script_security`.
    pub(crate) enforce_security: bool,
}

impl Scripts {
    /// Runs a script to its end, as the user it names. It and all that it started in its process
    /// group are killed when the limit has passed, or when the caller loses interest.
    pub(crate) async fn run(
        self,
        script: &Script,
        arguments: &[String],
        limit: Duration,
    ) -> Result<Ran, ScriptError> {
        let (program, own) = script.argv.split_first().ok_or(ScriptError::Empty)?;
        let mut prepared = Command::new(program);
        let user = identity(program, script.user.as_ref())?;
        if let Some((uid, gid)) = user {
            prepared.uid(uid.as_raw()).gid(gid.as_raw());
        }
        let as_root = user.map_or_else(Uid::effective, |(uid, _)| uid).is_root();
        if self.enforce_security && as_root {
            let insecure = changeable_by_others(Path::new(program));
            if let Some(path) = insecure {
                return Err(ScriptError::Insecure { program: program.clone(), path });
            }
        }
        prepared.args(own).args(arguments);
        run(program, prepared, limit).await
    }
}

/// As whom a script runs; `None` is as we do.
fn identity(program: &str, user: Option<&ScriptUser>) -> Result<Option<(Uid, Gid)>, ScriptError> {
    let missing =
        |name: &str| ScriptError::NoSuchUser { program: program.to_owned(), name: name.to_owned() };
    let Some(user) = user else {
        // Only root can run something as somebody else.
        let found = User::from_name(DEFAULT_USER).ok().flatten();
        let found = found.filter(|_| Uid::effective().is_root());
        return Ok(found.map(|user| (user.uid, user.gid)));
    };
    let by_name = User::from_name(&user.user).ok().flatten();
    let by_number = || User::from_uid(Uid::from_raw(user.user.parse().ok()?)).ok().flatten();
    let found = by_name.or_else(by_number).ok_or_else(|| missing(&user.user))?;
    let gid = match &user.group {
        None => found.gid,
        Some(name) => UserGroup::from_name(name)
            .ok()
            .flatten()
            .map(|group| group.gid)
            .or_else(|| name.parse().ok().map(Gid::from_raw))
            .ok_or_else(|| missing(name))?,
    };
    Ok((found.uid != Uid::effective()).then_some((found.uid, gid)))
}

/// The first part of a path that others than root could change.
fn changeable_by_others(program: &Path) -> Option<PathBuf> {
    const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    // What a link points to is what is run.
    let path = program.canonicalize().unwrap_or_else(|_| program.to_path_buf());
    let changeable = |path: &&Path| {
        path.metadata().is_ok_and(|seen| {
            let writable = seen.mode() & GROUP_OR_OTHERS_WRITE != 0;
            let sticky_folder = seen.is_dir() && seen.mode() & STICKY != 0;
            seen.uid() != 0 || (writable && !sticky_folder)
        })
    };
    path.ancestors().find(changeable).map(Path::to_path_buf)
}

async fn run(program: &str, mut prepared: Command, limit: Duration) -> Result<Ran, ScriptError> {
    prepared.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    for name in UNWANTED_ENVIRONMENT {
        prepared.env_remove(name);
    }
    let child = prepared
        .spawn()
        .map_err(|source| ScriptError::Start { program: program.to_owned(), source })?;
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
        Ok(Err(source)) => Err(ScriptError::Wait { program: program.to_owned(), source }),
        Err(_) => {
            group.end().await;
            Err(ScriptError::TimedOut { program: program.to_owned(), limit })
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

    async fn shell(text: &str, limit: Duration) -> Result<Ran, ScriptError> {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        run("sh", command, limit).await
    }

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn exit_code_and_output_are_reported() {
        let ran = shell("echo out; echo err >&2; exit 3", LIMIT).await.unwrap();
        assert_eq!(ran.status.code(), Some(3));
        assert_eq!(ran.output, "out\nerr\n");
    }

    #[tokio::test]
    async fn output_beyond_the_bound_is_thrown_away() {
        let ran = shell("head -c 100000 /dev/zero | tr '\\0' x", LIMIT).await.unwrap();
        assert_eq!(ran.output.len(), KEPT_OUTPUT);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let missing = "/nowhere/script";
        let error = run(missing, Command::new(missing), LIMIT).await.unwrap_err();
        assert!(error.to_string().starts_with("script /nowhere/script cannot be started"));
    }

    #[tokio::test]
    async fn a_script_that_hangs_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let text = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let error = shell(&text, Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, ScriptError::TimedOut { .. }));
        let started: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let state = std::fs::read_to_string(format!("/proc/{started}/stat")).unwrap_or_default();
        // Gone, or dead and not yet reaped by whoever inherited it.
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }

    #[test]
    fn a_program_that_others_can_replace_is_found_out() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("script");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(changeable_by_others(&program), Some(program.canonicalize().unwrap()));
    }

    #[test]
    fn an_unknown_user_is_named() {
        let user = ScriptUser {
            user: "no-such-user".to_owned(),
            group: None,
            supplementary_groups: false,
        };
        let error = identity("/bin/true", Some(&user)).unwrap_err();
        assert!(error.to_string().contains("run by no-such-user"));
    }
}
