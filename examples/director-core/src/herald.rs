//! What is told of everything that happens, from one model to the next.

use std::collections::HashMap;

use steadfast_conf::Model;
use steadfast_conf::model::{Global, SyncGroup, VrrpInstance};

use crate::notify::{
    InstanceState, Told, group_entered, group_state, instance_deleted, instance_entered,
    instance_heard_lower_priority, instance_priority_changed, instance_state, occurred,
};
use crate::services::Occurrence;

/// What happened on the VRRP side that others are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something happened to an instance.
    Instance {
        /// Its name.
        name: String,
        /// What happened to it.
        what: Happening,
        /// Its effective priority.
        priority: u8,
    },
    /// A synchronisation group entered a state.
    Group {
        /// Its name.
        name: String,
        /// The state.
        state: InstanceState,
    },
}

/// What can happen to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It entered a state.
    Entered(InstanceState),
    /// Its effective priority changed.
    PriorityChanged,
    /// As MASTER it heard somebody of lower priority.
    HeardLowerPriority,
}

/// Knows the model, and the state of each instance as it was told.
#[derive(Debug, Default)]
pub struct Herald {
    global: Global,
    /// In the order of the file.
    instances: Vec<Known>,
    groups: Vec<KnownGroup>,
}

#[derive(Debug)]
struct Known {
    instance: VrrpInstance,
    /// `None` before it has entered any.
    state: Option<InstanceState>,
    priority: u8,
}

#[derive(Debug)]
struct KnownGroup {
    group: SyncGroup,
    /// `None` before it has entered any.
    state: Option<InstanceState>,
}

impl Herald {
    /// Takes over a model, the first or another. Tells of instances that it no longer has, and, if that
    /// is wanted, of the states of those that stay.
    pub fn reconcile(&mut self, model: &Model) -> Vec<Told> {
        self.global = model.global.clone();
        let former = std::mem::take(&mut self.instances);
        let mut former: HashMap<String, Known> =
            former.into_iter().map(|known| (known.instance.name.clone(), known)).collect();
        let mut told = Vec::new();
        for instance in &model.instances {
            let known = match former.remove(&instance.name) {
                Some(known) => Known { instance: instance.clone(), ..known },
                None => Known {
                    instance: instance.clone(),
                    state: None,
                    priority: instance.priority.get(),
                },
            };
            if let Some(state) = known.state.filter(|_| self.global.fifos.states_on_reload) {
                told.push(instance_state(&known.instance, state, known.priority));
            }
            self.instances.push(known);
        }
        let mut gone: Vec<Known> = former.into_values().collect();
        gone.sort_by(|one, other| one.instance.name.cmp(&other.instance.name));
        told.extend(gone.iter().map(|known| instance_deleted(&known.instance, known.priority)));
        told.extend(self.reconcile_groups(model));
        told
    }

    /// keepalived says nothing of groups that are gone.
    fn reconcile_groups(&mut self, model: &Model) -> Vec<Told> {
        let former = std::mem::take(&mut self.groups);
        let state_of = |name: &str| former.iter().find(|known| known.group.name == name)?.state;
        let known = model.sync_groups.iter().map(|group| {
            let state = state_of(&group.name);
            KnownGroup { group: group.clone(), state }
        });
        self.groups = known.collect();
        let again = self.groups.iter().filter(|_| self.global.fifos.states_on_reload);
        again.filter_map(|known| Some(group_state(&known.group, known.state?))).collect()
    }

    /// Something happened on the VRRP side.
    pub fn handle_news(&mut self, news: &News) -> Option<Told> {
        match news {
            News::Instance { name, what, priority } => self.handle_instance(name, *what, *priority),
            News::Group { name, state } => {
                let known = self.groups.iter_mut().find(|known| known.group.name == *name)?;
                known.state = Some(*state);
                Some(group_entered(&self.global, &known.group, *state))
            }
        }
    }

    fn handle_instance(&mut self, name: &str, what: Happening, priority: u8) -> Option<Told> {
        let known = self.instances.iter_mut().find(|known| known.instance.name == name)?;
        known.priority = priority;
        let instance = &known.instance;
        match what {
            Happening::Entered(state) => {
                known.state = Some(state);
                Some(instance_entered(&self.global, instance, state, priority))
            }
            Happening::PriorityChanged => {
                Some(instance_priority_changed(instance, known.state?, priority))
            }
            Happening::HeardLowerPriority => {
                Some(instance_heard_lower_priority(instance, priority))
            }
        }
    }

    /// The program ends, and all instances and groups with it.
    pub fn handle_end(&self) -> Vec<Told> {
        let running = self.instances.iter().filter(|known| known.state.is_some());
        let stopped = |Known { instance, priority, .. }: &Known| {
            instance_entered(&self.global, instance, InstanceState::Stop, *priority)
        };
        let groups = self.groups.iter().filter(|known| known.state.is_some());
        let groups =
            groups.map(|known| group_entered(&self.global, &known.group, InstanceState::Stop));
        running.map(stopped).chain(groups).collect()
    }

    /// Something happened to a service or a server.
    pub fn handle_occurrence(&self, occurrence: &Occurrence) -> Told {
        occurred(&self.global.mail, occurrence)
    }
}

#[cfg(test)]
mod tests;
