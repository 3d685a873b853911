//! The VRRP instances: what tracked scripts do to them, and which scripts their states run.

use std::fmt;

use steadfast_conf::Model;
use steadfast_conf::model::{InstanceNotify, Script, VrrpInstance, VrrpScript};

use crate::script::{Policy, Standing, TrackedScript};
use crate::tracking::{Effect, Verdict, verdict};

/// The state of an instance in keepalived's words, which its users and their scripts know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// RFC 9568's Active.
    Master,
    /// RFC 9568's Backup.
    Backup,
    /// It may not take part.
    Fault,
    /// It has been stopped.
    Stop,
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
        })
    }
}

/// The tracked scripts of a model and the instances that track them.
#[derive(Debug)]
pub struct Instances {
    scripts: Vec<(VrrpScript, TrackedScript)>,
    instances: Vec<VrrpInstance>,
}

impl Instances {
    /// No script has run yet.
    pub fn new(model: &Model) -> Self {
        let tracked = |script: &VrrpScript| {
            let policy = Policy {
                interval: script.interval,
                rise: script.rise,
                fall: script.fall,
                init_fail: script.init_fail,
            };
            (script.clone(), TrackedScript::new(policy))
        };
        Self {
            scripts: model.scripts.iter().map(tracked).collect(),
            instances: model.instances.clone(),
        }
    }

    /// A run of the script at that position of [`Model::scripts`] ended; says the script's name and
    /// new standing when it changed.
    pub fn handle_run(&mut self, script: usize, succeeded: bool) -> Option<(String, Standing)> {
        let (model, tracked) = self.scripts.get_mut(script)?;
        tracked.handle_run(succeeded).map(|standing| (model.name.clone(), standing))
    }

    /// What an instance's tracked scripts amount to.
    pub fn verdict(&self, instance: &VrrpInstance) -> Verdict {
        let objects = instance.track_scripts.iter().filter_map(|track| {
            let (_, script) = self.scripts.iter().find(|(model, _)| model.name == track.script)?;
            let effect = match track.weight.get() {
                0 => Effect::Fault,
                weight => Effect::Weight(weight),
            };
            Some((
                track.script.as_str(),
                effect,
                reversed(script.standing(), track.weight.reverse()),
            ))
        });
        verdict(instance.priority.get(), objects)
    }

    /// The instances, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &VrrpInstance> {
        self.instances.iter()
    }
}

fn reversed(standing: Standing, reverse: bool) -> Standing {
    match (standing, reverse) {
        (Standing::Up, true) => Standing::Down,
        (Standing::Down, true) => Standing::Up,
        (other, _) => other,
    }
}

/// A command to be run, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The script of the configuration.
    pub script: Script,
    /// Arguments after those of the configuration.
    pub arguments: Vec<String>,
}

/// What an instance runs on entering a state: its own script for that state first, then the one for
/// all states with keepalived's arguments.
pub fn notifications(instance: &VrrpInstance, state: InstanceState, priority: u8) -> Vec<Command> {
    let InstanceNotify { master, backup, fault, stop, any } = &instance.notify;
    let own = match state {
        InstanceState::Master => master,
        InstanceState::Backup => backup,
        InstanceState::Fault => fault,
        InstanceState::Stop => stop,
    };
    let own = own.iter().map(|script| Command { script: script.clone(), arguments: Vec::new() });
    let any = any.iter().map(|script| Command {
        script: script.clone(),
        arguments: vec![
            "INSTANCE".to_owned(),
            instance.name.clone(),
            state.to_string(),
            priority.to_string(),
        ],
    });
    own.chain(any).collect()
}
