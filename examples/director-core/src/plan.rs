//! What another configuration would change, said in the words of the configuration.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use steadfast_conf::Model;
use steadfast_conf::model::VirtualServer;

/// All that differs between two models, object by object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan(pub Vec<Change>);

/// What differs about one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The object, as it is written: its block, and the blocks around that one, outermost first.
    pub object: Vec<String>,
    /// What becomes of it.
    pub kind: Kind,
    /// Lines of the effective configuration that are no more. None of one that is added.
    pub before: Vec<String>,
    /// Lines of the effective configuration that are new. None of one that is removed.
    pub after: Vec<String>,
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is no more.
    Removed,
    /// It is another than it was.
    Changed,
}

impl Plan {
    /// What leads from the current model to the new one. Passwords are not in it.
    pub fn between(current: &Model, new: &Model) -> Self {
        let (mut current, mut new) = without_what_is_equal(current, new);
        let former = std::mem::take(&mut current.virtual_servers);
        let services = std::mem::take(&mut new.virtual_servers);
        let mut found = Found::default();
        found.compare(&current.to_string(), &new.to_string());
        // There may be thousands, and their words take many times the room that they do.
        for (before, after) in pairs(former, services) {
            let text = |service: Option<Arc<VirtualServer>>| {
                service.map_or_else(String::new, |service| service.to_string())
            };
            found.compare(&text(before), &text(after));
        }
        found.removed.append(&mut found.others);
        Self(found.removed)
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Plan {
    /// Added, removed and changed objects, and below each what changed about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Change { object, kind, before, after } in &self.0 {
            let object = object.join(" / ");
            match kind {
                Kind::Added => writeln!(f, "+ {object}")?,
                Kind::Removed => writeln!(f, "- {object}")?,
                Kind::Changed => writeln!(f, "  {object}")?,
            }
            for line in before {
                writeln!(f, "    - {line}")?;
            }
            for line in after {
                writeln!(f, "    + {line}")?;
            }
        }
        Ok(())
    }
}

/// Each service with what it was: of one that comes or goes there is only one.
fn pairs(
    former: Vec<Arc<VirtualServer>>,
    services: Vec<Arc<VirtualServer>>,
) -> impl Iterator<Item = (Option<Arc<VirtualServer>>, Option<Arc<VirtualServer>>)> {
    let mut places: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (at, service) in former.iter().enumerate() {
        places.entry(service.frontend.to_string()).or_default().push_back(at);
    }
    let mut former: Vec<_> = former.into_iter().map(Some).collect();
    let mut pairs = Vec::with_capacity(services.len());
    for service in services {
        let places = places.get_mut(&service.frontend.to_string());
        let at = places.and_then(VecDeque::pop_front);
        pairs.push((at.and_then(|at| former.get_mut(at)?.take()), Some(service)));
    }
    let gone = former.into_iter().filter(Option::is_some).map(|gone| (gone, None));
    gone.chain(pairs)
}

/// What was found to differ.
#[derive(Default)]
struct Found {
    removed: Vec<Change>,
    others: Vec<Change>,
}

impl Found {
    /// Compares what is printed of one model, or of part of it, and of the other.
    fn compare(&mut self, before: &str, after: &str) {
        let (before, after) = (Blocks::of(before), Blocks::of(after));
        // What comes or goes with a block around it goes without saying.
        let alone = |key: &Key<'_>, others: &Blocks<'_>| {
            !others.has(key) && key.outer().is_none_or(|outer| others.has(&outer))
        };
        let removed = before.order.iter().filter(|key| alone(key, &after));
        self.removed.extend(removed.map(|key| key.change(Kind::Removed)));
        self.others.extend(after.order.iter().filter_map(|key| {
            match (before.lines.get(key), after.lines.get(key)) {
                (Some(former), Some(lines)) => changed(key, former, lines),
                _ => alone(key, &before).then(|| key.change(Kind::Added)),
            }
        }));
    }
}

/// The models as far as they differ: most of a large one mostly does not.
fn without_what_is_equal(current: &Model, new: &Model) -> (Model, Model) {
    let only = |these: &Model, others: &Model| {
        // Each list is named, so that one that comes later is not forgotten.
        let Model {
            process,
            global,
            garp_groups,
            link_delays,
            scripts,
            track_files,
            track_processes,
            static_addresses,
            static_routes,
            static_rules,
            sync_groups,
            instances,
            virtual_servers,
        } = these;
        Model {
            process: process.clone(),
            global: global.clone(),
            garp_groups: not_in(garp_groups, &others.garp_groups),
            link_delays: not_in(link_delays, &others.link_delays),
            scripts: not_in(scripts, &others.scripts),
            track_files: not_in(track_files, &others.track_files),
            track_processes: not_in(track_processes, &others.track_processes),
            static_addresses: not_in(static_addresses, &others.static_addresses),
            static_routes: not_in(static_routes, &others.static_routes),
            static_rules: not_in(static_rules, &others.static_rules),
            sync_groups: not_in(sync_groups, &others.sync_groups),
            instances: not_in(instances, &others.instances),
            virtual_servers: not_in(virtual_servers, &others.virtual_servers),
        }
    };
    (only(current, new), only(new, current))
}

fn not_in<T: Clone + PartialEq>(these: &[T], others: &[T]) -> Vec<T> {
    let same_place = |at: usize, one: &T| others.get(at) == Some(one);
    let is_new = |(at, one): &(usize, &T)| !same_place(*at, one) && !others.contains(one);
    these.iter().enumerate().filter(is_new).map(|(_, one)| one.clone()).collect()
}

/// The blocks of a printed model, each with its own lines.
#[derive(Default)]
struct Blocks<'t> {
    /// As they open.
    order: Vec<Key<'t>>,
    lines: HashMap<Key<'t>, Vec<&'t str>>,
}

/// A block by what stands before its brace and those of the blocks around it. Of several alike it is
/// that many-th.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Key<'t> {
    path: Vec<(&'t str, usize)>,
}

impl Key<'_> {
    fn outer(&self) -> Option<Self> {
        let (_, outer) = self.path.split_last()?;
        (!outer.is_empty()).then(|| Self { path: outer.to_vec() })
    }

    fn change(&self, kind: Kind) -> Change {
        let object = self.path.iter().map(|(opener, _)| (*opener).to_owned()).collect();
        Change { object, kind, before: Vec::new(), after: Vec::new() }
    }
}

fn changed(key: &Key<'_>, former: &[&str], lines: &[&str]) -> Option<Change> {
    let missing = |these: &[&str], others: &[&str]| -> Vec<String> {
        let gone = these.iter().filter(|line| !others.contains(line));
        gone.map(|line| without_secret(line)).collect()
    };
    let (before, after) = (missing(former, lines), missing(lines, former));
    let differs = !before.is_empty() || !after.is_empty();
    differs.then(|| Change { before, after, ..key.change(Kind::Changed) })
}

fn without_secret(line: &str) -> String {
    match line.split_once(' ') {
        Some((keyword @ "auth_pass", _)) => format!("{keyword} ********"),
        _ => line.to_owned(),
    }
}

impl<'t> Blocks<'t> {
    fn of(text: &'t str) -> Self {
        let mut blocks = Self::default();
        let mut inside: Vec<Key<'t>> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(opener) = line.strip_suffix(" {") {
                let key = blocks.free_key(inside.last(), opener);
                blocks.order.push(key.clone());
                blocks.lines.insert(key.clone(), Vec::new());
                inside.push(key);
            } else if line == "}" {
                inside.pop();
            } else if let Some(lines) = inside.last().and_then(|key| blocks.lines.get_mut(key)) {
                lines.push(line);
            }
        }
        blocks
    }

    fn free_key(&self, outer: Option<&Key<'t>>, opener: &'t str) -> Key<'t> {
        let mut nth = 0;
        loop {
            let mut key = outer.cloned().unwrap_or_default();
            key.path.push((opener, nth));
            if !self.lines.contains_key(&key) {
                return key;
            }
            nth += 1;
        }
    }

    fn has(&self, key: &Key<'_>) -> bool {
        self.lines.contains_key(key)
    }
}

#[cfg(test)]
mod tests;
