use std::time::Duration;

use super::{Place, TrackWeight};

/// A program to run, with its arguments: no shell reads them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Script {
    /// The path of the program, then its arguments. Never empty.
    pub argv: Vec<String>,
    /// Who runs it: the user named here, otherwise `script_user` of `global_defs`. `None` as for
    /// [`Global::script_user`](super::Global::script_user).
    pub user: Option<ScriptUser>,
    /// Where it was written.
    pub span: Place,
}

/// The user, and if given the group, that runs a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScriptUser {
    /// Name or number of the user.
    pub user: String,
    /// Name or number of the group. `None`: the user's own.
    pub group: Option<String>,
    /// Whether the user's supplementary groups are set too (a `:` before the group).
    pub supplementary_groups: bool,
}

/// `vrrp_script NAME { }`: a script run again and again whose result changes priorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpScript {
    /// Its name, by which instances refer to it.
    pub name: String,
    /// What is run.
    pub script: Script,
    /// `interval`: time between the starts of two runs; at least a millisecond.
    pub interval: Duration,
    /// `timeout`: a run that takes longer is killed and counts as failed.
    pub timeout: Duration,
    /// `weight`: what it does to the priority of an instance that does not say otherwise.
    pub weight: TrackWeight,
    /// `rise`: successes in a row after which a failed script counts as good; at least 1.
    pub rise: u32,
    /// `fall`: failures in a row after which a good script counts as failed; at least 1.
    pub fall: u32,
    /// `init_fail`: it counts as failed until it first succeeds.
    pub init_fail: bool,
    /// Where its name was written.
    pub span: Place,
}
