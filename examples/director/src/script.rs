//! Running the scripts of a configuration: as whom, and which not at all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::Uid;
use steadfast_checkers::script::{self, Ran, RunAs};
use steadfast_conf::Model;
use steadfast_conf::model::{Fifo, Script};

pub(crate) mod audit;
mod security;
mod users;

pub(crate) use users::Owner;
use users::{DEFAULT_USER, Nobody, Users};

/// Why a script does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("the script is empty: it names no program")]
    Empty,
    #[error("script {0}")]
    Run(#[from] script::ScriptError),
    #[error("script {program} is to be run by {name}, but there is no such user or group")]
    NoSuchUser { program: String, name: String },
    #[error(
        "script {program} is not run: it names no user, and there is no user {DEFAULT_USER} \
         (enable_script_security)"
    )]
    NoDefaultUser { program: String },
    #[error(
        "script {program} is not run as root: others than root can change {} \
         (enable_script_security)",
        path.display()
    )]
    Insecure { program: String, path: PathBuf },
}

/// Runs the scripts of a configuration. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scripts {
    /// `enable_script_security`.
    enforce_security: bool,
    /// Whether the director that runs them is root, as far as is known.
    by_root: bool,
    users: Arc<Users>,
    /// How many files they may have open; `None` is as many as we may.
    open_files: Option<u64>,
}

impl Scripts {
    /// Runs scripts by the rules of a configuration, for a director that is root or is not. Asks for its
    /// users, which may take its time.
    pub(crate) fn look_up(model: &Model, by_root: bool) -> Self {
        let enforce_security = model.global.enable_script_security;
        let users = Arc::new(Users::look_up(model, by_root));
        Self { enforce_security, by_root, users, open_files: None }
    }

    /// Runs no other script than this one, which is equal to another as long as nothing has changed for it.
    pub(crate) fn only(&self, script: &Script) -> Self {
        Self { users: Arc::new(self.users.only(&script.user)), ..*self }
    }

    /// Runs a script to its end, as the user it names. It and all that it started in its process
    /// group are killed when the limit has passed, or when the caller loses interest.
    pub(crate) async fn run(
        &self,
        script: &Script,
        arguments: &[String],
        limit: Duration,
    ) -> Result<Ran, ScriptError> {
        Ok(self.ready(script, arguments)?.run(limit).await?)
    }

    /// The same, until this is ready; it does not outlive us, whatever ends us.
    pub(crate) async fn run_until(
        &self,
        script: &Script,
        arguments: &[String],
        over: impl Future<Output = ()>,
    ) -> Result<Ran, ScriptError> {
        let script = self.ready(script, arguments)?;
        Ok(script::Script { ends_with_us: true, ..script }.run_until(over).await?)
    }

    /// A script as it is run, if it may be.
    pub(crate) fn ready(
        &self,
        script: &Script,
        arguments: &[String],
    ) -> Result<script::Script, ScriptError> {
        let (program, own) = script.argv.split_first().ok_or(ScriptError::Empty)?;
        let run_as = self.identity(program, script)?;
        if self.enforce_security
            && let Some(path) = self.risk(program, run_as)
        {
            return Err(ScriptError::Insecure { program: program.clone(), path });
        }
        // Scripts that start a service leave it running.
        let may_leave_children = true;
        let (run_as, open_files) = (run_as.cloned(), self.open_files);
        let script = script::Script::new(program, own.iter().chain(arguments));
        Ok(script::Script { run_as, may_leave_children, open_files, ..script })
    }

    /// Whom a FIFO is to belong to.
    pub(crate) fn owner(&self, fifo: &Fifo) -> Result<Owner, String> {
        self.users.owner(fifo)
    }

    /// What others than root could change of a program that root would run.
    fn risk(&self, program: &str, run_as: Option<&RunAs>) -> Option<PathBuf> {
        let path = security::find(program)?;
        let by_root = run_as.map_or(self.by_root, |user| Uid::from_raw(user.uid).is_root());
        let as_root = by_root || security::becomes_root(&path);
        if as_root { security::changeable_by_others(&path) } else { None }
    }

    /// As whom a script runs; `None` is as we do.
    fn identity(&self, program: &str, script: &Script) -> Result<Option<&RunAs>, ScriptError> {
        let program = || program.to_owned();
        self.users.of(&script.user).map_err(|nobody| match nobody {
            Nobody::Named(name) => ScriptError::NoSuchUser { program: program(), name },
            Nobody::Default => ScriptError::NoDefaultUser { program: program() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_script_needs_is_nothing_to_one() {
        let one = "startup_script /bin/true root";
        let model = |rest| {
            let text = format!("global_defs {{\n{one}\n{rest}\n}}\n");
            steadfast_conf::parse("t.conf", &text).model.unwrap()
        };
        let (before, after) = (model(""), model("shutdown_script /bin/true no-such-user"));
        let script = &before.global.startup_script.as_ref().unwrap().script;
        let (before, after) = (Scripts::look_up(&before, false), Scripts::look_up(&after, false));
        assert_ne!(before, after);
        assert_eq!(before.only(script), after.only(script));
    }
}
