//! Running the scripts of a configuration: as whom, and which not at all.

use std::ffi::CString;
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use steadfast_checkers::script::{self, Ran, RunAs};
use steadfast_conf::model::{Global, Script, ScriptUser};

pub(crate) mod audit;
mod security;

/// Who runs scripts that name nobody, if there is such a user; keepalived's rule.
const DEFAULT_USER: &str = "keepalived_script";

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

/// Runs the scripts of a configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scripts {
    /// `enable_script_security`.
    enforce_security: bool,
    /// `set_supplementary_groups`.
    supplementary_groups: bool,
}

impl Scripts {
    /// Runs scripts by the rules of a configuration.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            enforce_security: global.enable_script_security,
            supplementary_groups: global.supplementary_groups,
        }
    }

    /// Runs a script to its end, as the user it names. It and all that it started in its process
    /// group are killed when the limit has passed, or when the caller loses interest.
    pub(crate) async fn run(
        self,
        script: &Script,
        arguments: &[String],
        limit: Duration,
    ) -> Result<Ran, ScriptError> {
        Ok(self.ready(script, arguments)?.run(limit).await?)
    }

    /// The same, until this is ready; it does not outlive us, whatever ends us.
    pub(crate) async fn run_until(
        self,
        script: &Script,
        arguments: &[String],
        over: impl Future<Output = ()>,
    ) -> Result<Ran, ScriptError> {
        let script = self.ready(script, arguments)?;
        Ok(script::Script { ends_with_us: true, ..script }.run_until(over).await?)
    }

    /// A script as it is run, if it may be.
    pub(crate) fn ready(
        self,
        script: &Script,
        arguments: &[String],
    ) -> Result<script::Script, ScriptError> {
        let (program, own) = script.argv.split_first().ok_or(ScriptError::Empty)?;
        let run_as = self.identity(program, script.user.as_ref())?;
        if self.enforce_security
            && let Some(path) = risk(program, run_as.as_ref())
        {
            return Err(ScriptError::Insecure { program: program.clone(), path });
        }
        // Scripts that start a service leave it running.
        let may_leave_children = true;
        let script = script::Script::new(program, own.iter().chain(arguments));
        Ok(script::Script { run_as, may_leave_children, ..script })
    }

    /// What others than root could change of a script that root would run.
    fn risk(self, script: &Script) -> Option<PathBuf> {
        let program = script.argv.first()?;
        let run_as = self.identity(program, script.user.as_ref()).ok()?;
        risk(program, run_as.as_ref())
    }

    /// As whom a script runs; `None` is as we do.
    fn identity(
        self,
        program: &str,
        wanted: Option<&ScriptUser>,
    ) -> Result<Option<RunAs>, ScriptError> {
        let (user, gid, supplementary) = match wanted {
            Some(wanted) => {
                let missing = |name: &str| {
                    let (program, name) = (program.to_owned(), name.to_owned());
                    ScriptError::NoSuchUser { program, name }
                };
                let found = user_named(&wanted.user).ok_or_else(|| missing(&wanted.user))?;
                let gid = match &wanted.group {
                    None => found.gid,
                    Some(name) => group_named(name).ok_or_else(|| missing(name))?,
                };
                (found, gid, wanted.supplementary_groups)
            }
            None => match user_named(DEFAULT_USER) {
                Some(found) => {
                    let gid = found.gid;
                    (found, gid, false)
                }
                None if self.enforce_security => {
                    return Err(ScriptError::NoDefaultUser { program: program.to_owned() });
                }
                None => return Ok(None),
            },
        };
        // Only root can run something as somebody else.
        let we_are_root = Uid::effective().is_root();
        if !we_are_root && (user.uid == Uid::effective() || wanted.is_none()) {
            return Ok(None);
        }
        let supplementary = if supplementary || self.supplementary_groups {
            groups_of(&user, gid)
        } else {
            Vec::new()
        };
        Ok(Some(RunAs { uid: user.uid.as_raw(), gid: gid.as_raw(), supplementary }))
    }
}

/// The user and group of a FIFO: those it names, otherwise those of a script that names nobody.
pub(crate) fn owner(
    user: Option<&str>,
    group: Option<&str>,
) -> Result<(Option<u32>, Option<u32>), String> {
    let user = match user {
        Some(name) => Some(user_named(name).ok_or_else(|| format!("there is no user {name}"))?),
        None => user_named(DEFAULT_USER),
    };
    let gid = match group {
        Some(name) => Some(group_named(name).ok_or_else(|| format!("there is no group {name}"))?),
        None => user.as_ref().map(|user| user.gid),
    };
    Ok((user.map(|user| user.uid.as_raw()), gid.map(Gid::as_raw)))
}

fn user_named(name: &str) -> Option<User> {
    let by_number = || User::from_uid(Uid::from_raw(name.parse().ok()?)).ok().flatten();
    User::from_name(name).ok().flatten().or_else(by_number)
}

fn group_named(name: &str) -> Option<Gid> {
    let by_name = Group::from_name(name).ok().flatten().map(|group| group.gid);
    by_name.or_else(|| name.parse().ok().map(Gid::from_raw))
}

fn groups_of(user: &User, gid: Gid) -> Vec<u32> {
    let name = CString::new(user.name.as_str()).unwrap_or_default();
    let groups = getgrouplist(&name, gid).unwrap_or_default();
    groups.into_iter().map(Gid::as_raw).filter(|group| *group != gid.as_raw()).collect()
}

/// What others than root could change of a program that root would run.
fn risk(program: &str, run_as: Option<&RunAs>) -> Option<PathBuf> {
    let path = security::find(program)?;
    let uid = run_as.map_or_else(Uid::effective, |user| Uid::from_raw(user.uid));
    let as_root = uid.is_root() || security::becomes_root(&path);
    if as_root { security::changeable_by_others(&path) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &str, supplementary_groups: bool) -> Result<Option<RunAs>, ScriptError> {
        let user = ScriptUser { user: name.to_owned(), group: None, supplementary_groups };
        Scripts::default().identity("/bin/true", Some(&user))
    }

    #[test]
    fn an_unknown_user_is_named() {
        let error = identity("no-such-user", false).unwrap_err();
        assert!(error.to_string().contains("run by no-such-user"));
    }

    #[test]
    fn without_a_colon_no_further_groups_go_with_a_user() {
        let name = "root";
        if let Some(run_as) = identity(name, false).unwrap() {
            assert!(run_as.supplementary.is_empty());
        }
    }

    #[test]
    fn with_security_a_script_that_names_nobody_needs_the_default_user() {
        let scripts = Scripts { enforce_security: true, ..Scripts::default() };
        let found = scripts.identity("/bin/true", None);
        assert_eq!(found.is_ok(), user_named(DEFAULT_USER).is_some(), "{found:?}");
    }
}
