//! Synchronisation groups: which instances are in one, and which groups have something to settle.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadfast_vrrp::group::SyncGroup;

use crate::instances::Id;
use crate::running::Running;

#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<String, Group>,
    of: BTreeMap<Id, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) state: SyncGroup,
    pub(crate) members: Vec<(Id, Arc<str>)>,
    /// A member was touched.
    due: bool,
}

impl Groups {
    /// Forgets who is in which group, but not the groups.
    pub(crate) fn clear(&mut self) {
        self.of.clear();
        self.groups.values_mut().for_each(|group| group.members.clear());
    }

    pub(crate) fn add(&mut self, id: Id, running: &Running) {
        if let Some(name) = running.sync_group() {
            let group = self.groups.entry(name.to_owned()).or_default();
            group.members.push((id, running.instance.name.as_str().into()));
            group.due = true;
            self.of.insert(id, name.to_owned());
        }
    }

    /// Forgets groups that nobody is in.
    pub(crate) fn prune(&mut self) {
        self.groups.retain(|_, group| !group.members.is_empty());
    }

    pub(crate) fn touch(&mut self, id: Id) {
        if let Some(group) = self.of.get(&id).and_then(|name| self.groups.get_mut(name)) {
            group.due = true;
        }
    }

    /// The groups of which a member was touched since this was last called.
    pub(crate) fn take_due(&mut self) -> impl Iterator<Item = (&String, &mut Group)> {
        let due = |(_, group): &mut (&String, &mut Group)| std::mem::take(&mut group.due);
        self.groups.iter_mut().filter_map(move |mut group| due(&mut group).then_some(group))
    }
}
