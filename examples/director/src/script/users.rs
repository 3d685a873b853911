//! Users and groups, asked for once while a configuration is read: who knows them may be a directory
//! that is slow to answer, or out of reach until just the failover for which a script is to run.

use std::collections::HashMap;
use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use steadfast_checkers::script::RunAs;
use steadfast_conf::Model;
use steadfast_conf::model::{Fifo, Global, ScriptUser};

/// Who runs scripts that name nobody, if there is such a user; keepalived's rule.
pub(super) const DEFAULT_USER: &str = "keepalived_script";

/// As whom the scripts of a configuration run, and to whom its FIFOs belong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Users {
    /// By whom they name.
    identities: HashMap<Option<ScriptUser>, Result<Option<RunAs>, Nobody>>,
    /// By the user and the group that they name.
    owners: HashMap<(Option<String>, Option<String>), Result<Owner, String>>,
}

/// Why there is nobody to run a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Nobody {
    /// There is no such user or group.
    Named(String),
    /// It names nobody, and there is no [`DEFAULT_USER`].
    Default,
}

/// A user and a group, as far as they are given.
pub(crate) type Owner = (Option<u32>, Option<u32>);

impl Users {
    /// All that a configuration names, for a director that is root or is not.
    pub(super) fn look_up(model: &Model, by_root: bool) -> Self {
        let mut users = Self::default();
        for script in model.all_scripts() {
            if !users.identities.contains_key(&script.user) {
                let identity = identity(script.user.as_ref(), &model.global, by_root);
                users.identities.insert(script.user.clone(), identity);
            }
        }
        let fifos = &model.global.fifos;
        for fifo in [&fifos.all, &fifos.vrrp, &fifos.lvs].into_iter().flatten() {
            let names = (fifo.user.clone(), fifo.group.clone());
            users.owners.entry(names).or_insert_with_key(|(user, group)| owner(user, group));
        }
        users
    }

    /// No other than that one.
    pub(super) fn only(&self, user: &Option<ScriptUser>) -> Self {
        let identity = self.identities.get_key_value(user);
        let identities = identity.map(|(user, identity)| (user.clone(), identity.clone()));
        Self { identities: identities.into_iter().collect(), owners: HashMap::new() }
    }

    /// As whom a script runs that names this user; `None` is as we do.
    pub(super) fn of(&self, user: &Option<ScriptUser>) -> Result<Option<&RunAs>, Nobody> {
        match self.identities.get(user) {
            Some(Ok(identity)) => Ok(identity.as_ref()),
            Some(Err(nobody)) => Err(nobody.clone()),
            // It is of another configuration.
            None => Err(match user {
                Some(user) => Nobody::Named(user.user.clone()),
                None => Nobody::Default,
            }),
        }
    }

    /// To whom a FIFO belongs: those it names, otherwise those of a script that names nobody.
    pub(super) fn owner(&self, fifo: &Fifo) -> Result<Owner, String> {
        let names = (fifo.user.clone(), fifo.group.clone());
        let unknown = || Err("it is of another configuration".to_owned());
        self.owners.get(&names).cloned().unwrap_or_else(unknown)
    }
}

fn identity(
    wanted: Option<&ScriptUser>,
    global: &Global,
    by_root: bool,
) -> Result<Option<RunAs>, Nobody> {
    let (user, gid, supplementary) = match wanted {
        Some(wanted) => {
            let missing = |name: &str| Nobody::Named(name.to_owned());
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
            None if global.enable_script_security => return Err(Nobody::Default),
            None => return Ok(None),
        },
    };
    // Only root can run something as somebody else.
    if !by_root && (user.uid == Uid::effective() || wanted.is_none()) {
        return Ok(None);
    }
    let supplementary = if supplementary || global.supplementary_groups {
        groups_of(&user, gid)
    } else {
        Vec::new()
    };
    Ok(Some(RunAs { uid: user.uid.as_raw(), gid: gid.as_raw(), supplementary }))
}

fn owner(user: &Option<String>, group: &Option<String>) -> Result<Owner, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a script that these say who runs it.
    fn users(globals: &str) -> (Users, Option<ScriptUser>) {
        let text = format!("global_defs {{\n{globals}\nstartup_script /bin/true\n}}\n");
        let model = steadfast_conf::parse("t.conf", &text).model.unwrap();
        let user = model.all_scripts().next().unwrap().user.clone();
        (Users::look_up(&model, Uid::effective().is_root()), user)
    }

    #[test]
    fn an_unknown_user_is_named() {
        let (users, user) = users("script_user no-such-user");
        assert_eq!(users.of(&user), Err(Nobody::Named("no-such-user".to_owned())));
    }

    #[test]
    fn without_a_colon_no_further_groups_go_with_a_user() {
        let (users, user) = users("script_user root");
        if let Some(run_as) = users.of(&user).unwrap() {
            assert!(run_as.supplementary.is_empty());
        }
    }

    #[test]
    fn with_security_a_script_that_names_nobody_needs_the_default_user() {
        let (users, user) = users("enable_script_security");
        let found = users.of(&user);
        assert_eq!(found.is_ok(), user_named(DEFAULT_USER).is_some(), "{found:?}");
    }

    #[test]
    fn a_user_of_another_configuration_is_not_asked_for() {
        let (_, user) = users("script_user root");
        let nobody = Err(Nobody::Named("root".to_owned()));
        assert_eq!(Users::default().of(&user), nobody);
    }
}
