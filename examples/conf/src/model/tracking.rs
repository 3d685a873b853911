use std::time::Duration;

use super::{GroupNotify, Place, TrackWeight};

/// What an instance, or a whole group, depends on beside its own interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracking {
    /// `track_interface`: names of interfaces, up or down.
    pub interfaces: Vec<Track>,
    /// `track_script`: each names a [`VrrpScript`](super::VrrpScript) of the model.
    pub scripts: Vec<Track>,
    /// `track_file`: each names a [`TrackFile`] of the model.
    pub files: Vec<Track>,
    /// `track_process`: each names a [`TrackProcess`] of the model.
    pub processes: Vec<Track>,
}

impl Tracking {
    /// Everything that is tracked.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        let Self { interfaces, scripts, files, processes } = self;
        [interfaces, scripts, files, processes].into_iter().flatten()
    }

    /// Keeps what the caller wants to keep.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Track) -> bool) {
        let Self { interfaces, scripts, files, processes } = self;
        for kind in [interfaces, scripts, files, processes] {
            kind.retain(&mut keep);
        }
    }
}

/// One line of a `track_…` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The name of what is tracked.
    pub name: String,
    /// What it does to the priority here: the weight given on the line, otherwise the object's own.
    pub weight: TrackWeight,
    /// Where the name was written.
    pub span: Place,
}

/// One line of `interface_up_down_delays { }`: how long a change of a link has to last until it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDelays {
    /// The name of the interface.
    pub interface: String,
    /// How long it has to be down; at most 255 s, and less than any instance on it can bear.
    pub down: Duration,
    /// How long it has to be up, of the same range.
    pub up: Duration,
    /// Where the interface was written.
    pub span: Place,
}

/// `track_file NAME { }`: a file with a number in it that changes priorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackFile {
    /// Its name, by which others refer to it.
    pub name: String,
    /// `file`: its path.
    pub path: String,
    /// `weight`: what its number is multiplied by where nothing else is said.
    pub weight: TrackWeight,
    /// `init_file`: whether it is made at the start, and with which number.
    pub init: Option<InitFile>,
    /// Where its name was written.
    pub span: Place,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InitFile {
    /// What is written: −254 to 254.
    pub value: i16,
    /// `overwrite`: also if the file is there.
    pub overwrite: bool,
}

/// `vrrp_track_process NAME { }`: processes whose number changes priorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackProcess {
    /// Its name, by which others refer to it.
    pub name: String,
    /// `process`: what they are called, and their parameters. Never empty.
    pub command: Vec<String>,
    /// `param_match`: how their parameters are compared. `None`, as without any in the command: they may
    /// have any.
    pub parameters: Option<ParameterMatch>,
    /// `full_command`: whether the name is all of the first word of the command line, not the name that
    /// the kernel keeps of it.
    pub full_command: bool,
    /// `weight`: what they do to the priority where nothing else is said.
    pub weight: TrackWeight,
    /// `quorum`: how many must run at least; 1 to 65535.
    pub quorum: u32,
    /// `quorum_max`: how many may run at most. `None`: any number.
    pub quorum_max: Option<u32>,
    /// `fork_delay` or `delay`: for how long there must be enough before it counts as up.
    pub fork_delay: Duration,
    /// `terminate_delay` or `delay`: for how long there must be too few before it counts as down.
    pub terminate_delay: Duration,
    /// Where its name was written.
    pub span: Place,
}

/// How the parameters of processes are compared with those that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterMatch {
    /// They are the same.
    Exact,
    /// They begin with the same, and the last of these may go on.
    Initial,
    /// They begin with the same.
    Partial,
}

/// `vrrp_sync_group NAME { }`: instances that are MASTER together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncGroup {
    /// Its name; unique among groups.
    pub name: String,
    /// `group`: the names of its instances; each is in no other group.
    pub members: Vec<String>,
    /// What all its members depend on.
    pub tracking: Tracking,
    /// `sync_group_tracking_weight`: whether what its members track may have weights.
    pub tracking_weight: bool,
    /// `notify` and its kin.
    pub notify: GroupNotify,
    /// Where its name was written.
    pub span: Place,
}
