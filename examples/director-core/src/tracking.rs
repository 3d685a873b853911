//! What VRRP instances track, and what it amounts to for each: its effective priority, or a fault.
//!
//! ```
//! use steadfast_conf::parse;
//! use steadfast_director_core::tracking::{Object, Tracking};
//! use steadfast_vrrp::Instant;
//! use steadfast_vrrp::priority::Status;
//!
//! let model = parse("keepalived.conf", r#"
//! vrrp_instance WEB {
//!     interface eth0
//!     virtual_router_id 51
//!     virtual_ipaddress { 192.0.2.10/24 }
//!     track_interface { eth1 weight -20 }
//! }
//! "#).model.ok_or("it has errors")?;
//! let mut tracking = Tracking::default();
//! tracking.reconcile(&model);
//! let now = Instant::from_nanos(0);
//! tracking.set(now, Object::Interface("eth1".to_owned()), Status::Down);
//! let (name, fitness) = tracking.fitness().next().ok_or("there is one")?;
//! assert_eq!((name, fitness.effective.priority.get()), ("WEB", 80));
//! # Ok::<(), &str>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use steadfast_conf::Model;
use steadfast_conf::model::{
    self, Destination, SyncGroup, Track, TrackWeight, VrrpInstance, VrrpScript,
};
use steadfast_vrrp::debounce::Debounce;
use steadfast_vrrp::priority::{Effective, Status, Tracked, Weight};
use steadfast_vrrp::{Instant, Priority};

use crate::script::{Policy, Standing, TrackedScript};
use crate::vrrp::link_delays;

/// Something that can be tracked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// The interface of that name has its carrier.
    Interface(String),
    /// The interface has the address; without one, any interface.
    Address {
        /// The name of the interface.
        interface: Option<String>,
        /// The address.
        address: IpAddr,
    },
    /// The `vrrp_script` of that name succeeds.
    Script(String),
    /// The `track_file` of that name has this number in it.
    File(String),
    /// The processes of the `vrrp_track_process` of that name run.
    Process(String),
}

/// What everything an instance tracks amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitness {
    /// Its priority, and the fault that it is in, if any.
    pub effective: Effective,
    /// Whether it is not known yet if it may take part, or if all of its group may: an object without
    /// weight is still to be looked at. Until then keepalived leaves it in its initial state.
    pub is_waiting: bool,
}

/// The objects that the instances of a model track, and how they are.
#[derive(Debug, Default)]
pub struct Tracking {
    instances: Vec<VrrpInstance>,
    groups: Vec<SyncGroup>,
    scripts: BTreeMap<String, TrackedScript>,
    /// Interfaces.
    links: BTreeMap<String, Debounce>,
    /// Neither scripts nor interfaces.
    others: BTreeMap<Object, Status>,
}

impl Tracking {
    /// Takes over a model, the first or another: what was tracked before stands as it stood.
    pub fn reconcile(&mut self, model: &Model) {
        let mut former = std::mem::take(&mut self.scripts);
        for script in &model.scripts {
            let policy = policy(script);
            let tracked = match former.remove(&script.name) {
                Some(former) => former.with_policy(policy),
                None => TrackedScript::new(policy),
            };
            self.scripts.insert(script.name.clone(), tracked);
        }
        self.instances.clone_from(&model.instances);
        self.groups.clone_from(&model.sync_groups);
        let objects = self.objects();
        let mut former = std::mem::take(&mut self.links);
        for object in &objects {
            let Object::Interface(name) = object else { continue };
            let delays = link_delays(model, name);
            let mut link = former.remove(name).unwrap_or_else(|| Debounce::new(delays));
            link.set_delays(delays);
            self.links.insert(name.clone(), link);
        }
        self.others.retain(|object, _| objects.contains(object));
    }

    /// Everything that is tracked by somebody.
    pub fn objects(&self) -> BTreeSet<Object> {
        let tracked = self.instances.iter().flat_map(|instance| self.tracked_by(instance));
        tracked.map(|(object, _)| object).collect()
    }

    /// A run of the script of that name ended; says its new standing when it changed.
    pub fn handle_run(&mut self, script: &str, succeeded: bool) -> Option<Standing> {
        self.scripts.get_mut(script)?.handle_run(succeeded)
    }

    /// An object, not a script, has been looked at; says whether it counts as different from before.
    pub fn set(&mut self, now: Instant, object: Object, status: Status) -> bool {
        let Object::Interface(name) = &object else {
            return self.others.insert(object, status) != Some(status);
        };
        let Some(link) = self.links.get_mut(name) else { return false };
        let before = link.is_up();
        link.handle_seen(now, status == Status::Up);
        link.is_up() != before
    }

    /// When a change of an interface counts, unless it is undone before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.links.values().filter_map(Debounce::poll_timeout).min()
    }

    /// Changes of interfaces that have lasted for long enough count: these.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<(Object, Status)> {
        let mut changed = Vec::new();
        for (name, link) in &mut self.links {
            let before = link.is_up();
            link.handle_timeout(now);
            if link.is_up() != before {
                changed.push((Object::Interface(name.clone()), link_status(link)));
            }
        }
        changed
    }

    /// What it amounts to for each instance, by its name.
    pub fn fitness(&self) -> impl Iterator<Item = (&str, Fitness)> {
        self.instances.iter().map(|instance| {
            let members = self.group_of(instance).map_or(&[][..], |group| &group.members);
            let of_group = |other: &&VrrpInstance| members.contains(&other.name);
            let is_waiting = self.waits(instance)
                || self.instances.iter().filter(of_group).any(|member| self.waits(member));
            (instance.name.as_str(), Fitness { effective: self.effective(instance), is_waiting })
        })
    }

    fn effective(&self, instance: &VrrpInstance) -> Effective {
        let base = Priority::new(instance.priority.get()).unwrap_or_default();
        let mut tracked: Vec<Tracked> = self
            .tracked_by(instance)
            .map(|(object, weight)| self.tracked(&object, weight))
            .collect();
        if let Destination::NoPeer(_) = instance.destination {
            let name = Arc::from("unicast_peer");
            tracked.push(Tracked { name, weight: Weight::REQUIRED, status: Status::Down });
        }
        Effective::of(base, &tracked)
    }

    fn waits(&self, instance: &VrrpInstance) -> bool {
        self.tracked_by(instance)
            .any(|(object, weight)| weight.get() == 0 && self.status(&object) == Status::Unknown)
    }

    fn tracked(&self, object: &Object, weight: TrackWeight) -> Tracked {
        let forward = Weight::new(weight.get()).unwrap_or(Weight::REQUIRED);
        Tracked {
            name: object.to_string().into(),
            weight: if weight.reverse() { forward.reversed() } else { forward },
            status: self.status(object),
        }
    }

    fn status(&self, object: &Object) -> Status {
        match object {
            Object::Script(name) => match self.scripts.get(name).map(TrackedScript::standing) {
                Some(Standing::Up) => Status::Up,
                Some(Standing::Down) => Status::Down,
                Some(Standing::Unknown) | None => Status::Unknown,
            },
            Object::Interface(name) => self.links.get(name).map_or(Status::Unknown, link_status),
            _ => self.others.get(object).copied().unwrap_or(Status::Unknown),
        }
    }

    fn group_of(&self, instance: &VrrpInstance) -> Option<&SyncGroup> {
        self.groups.iter().find(|group| group.members.contains(&instance.name))
    }

    /// What an instance tracks, and what its group does.
    fn tracked_by(&self, instance: &VrrpInstance) -> impl Iterator<Item = (Object, TrackWeight)> {
        let source = instance.source_address.filter(|_| instance.track_source);
        let source = source.map(|address| {
            let interface = instance.interface.clone();
            (Object::Address { interface, address }, TrackWeight::default())
        });
        let of_group = self.group_of(instance).into_iter().flat_map(|group| named(&group.tracking));
        named(&instance.tracking).chain(of_group).chain(source)
    }
}

fn link_status(link: &Debounce) -> Status {
    match link.is_up() {
        Some(true) => Status::Up,
        Some(false) => Status::Down,
        None => Status::Unknown,
    }
}

fn named(tracking: &model::Tracking) -> impl Iterator<Item = (Object, TrackWeight)> {
    let model::Tracking { interfaces, scripts, files, processes } = tracking;
    let all = |tracks: &[Track], object: fn(String) -> Object| {
        let tracked = tracks.iter().map(|track| (object(track.name.clone()), track.weight));
        tracked.collect::<Vec<_>>()
    };
    all(interfaces, Object::Interface)
        .into_iter()
        .chain(all(scripts, Object::Script))
        .chain(all(files, Object::File))
        .chain(all(processes, Object::Process))
}

fn policy(script: &VrrpScript) -> Policy {
    Policy {
        interval: script.interval,
        rise: script.rise,
        fall: script.fall,
        init_fail: script.init_fail,
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interface(name) => write!(f, "interface {name}"),
            Self::Address { interface: Some(interface), address } => {
                write!(f, "address {address} of {interface}")
            }
            Self::Address { interface: None, address } => write!(f, "address {address}"),
            Self::Script(name) => write!(f, "script {name}"),
            Self::File(name) => write!(f, "file {name}"),
            Self::Process(name) => write!(f, "process {name}"),
        }
    }
}

#[cfg(test)]
mod tests;
