//! What VRRP instances track: scripts, each run at its interval, interfaces, addresses, files and
//! processes. Each is watched by a task of its own, which says what it sees.

mod file;
mod processes;
mod script;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use steadfast_conf::Model;
use steadfast_conf::model::{TrackFile, TrackProcess, VrrpScript};
use steadfast_director_core::script::Standing;
use steadfast_director_core::tracking::{Fitness, Object, Tracking};
use steadfast_vrrp::Instant as Moment;
use steadfast_vrrp::priority::Status;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::links;
use crate::or_never::or_never;
use crate::script::Scripts;

/// All tracked objects, and what they amount to for each instance.
#[derive(Debug)]
pub(crate) struct Trackers {
    tracking: Tracking,
    watchers: HashMap<Key, Watcher>,
    tasks: JoinSet<()>,
    reports: mpsc::UnboundedSender<(u64, Seen)>,
    results: mpsc::UnboundedReceiver<(u64, Seen)>,
    /// How many tasks there ever were.
    serial: u64,
    /// Where time begins.
    start: Instant,
}

/// What one task watches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Script(String),
    File(String),
    /// All interfaces and addresses.
    Links,
    /// All processes.
    Processes,
}

/// What is to be known to watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Watched {
    Script(VrrpScript, Scripts),
    File(TrackFile),
    Links(BTreeSet<Object>),
    Processes(Vec<TrackProcess>),
}

/// A task that watches something.
#[derive(Debug)]
struct Watcher {
    watched: Watched,
    serial: u64,
    task: AbortHandle,
}

/// What a task saw.
#[derive(Debug)]
enum Seen {
    /// A run of a script ended.
    Run { script: String, succeeded: bool },
    /// An object is like that.
    Status(Object, Status),
}

/// Whom a task tells what it saw.
#[derive(Debug, Clone)]
struct Report {
    serial: u64,
    to: mpsc::UnboundedSender<(u64, Seen)>,
}

impl Report {
    /// When nobody listens any more, the task is about to be aborted.
    fn tell(&self, seen: Seen) {
        let _nobody_listens = self.to.send((self.serial, seen));
    }
}

impl Trackers {
    /// Nothing is tracked.
    pub(crate) fn new() -> Self {
        let (reports, results) = mpsc::unbounded_channel();
        Self {
            tracking: Tracking::default(),
            watchers: HashMap::new(),
            tasks: JoinSet::new(),
            reports,
            results,
            serial: 0,
            start: Instant::now(),
        }
    }

    /// Watches what the instances of a model track; what is as it was is watched on undisturbed.
    pub(crate) fn reconcile(&mut self, model: &Model, scripts: &Scripts) {
        self.tracking.reconcile(model);
        let mut former = std::mem::take(&mut self.watchers);
        for (key, watched) in wanted(model, scripts, &self.tracking.objects()) {
            let watcher = match former.remove(&key) {
                Some(watcher) if watcher.watched == watched => watcher,
                Some(changed) => {
                    changed.task.abort();
                    self.start(watched)
                }
                None => self.start(watched),
            };
            self.watchers.insert(key, watcher);
        }
        for gone in former.into_values() {
            gone.task.abort();
        }
    }

    fn start(&mut self, watched: Watched) -> Watcher {
        self.serial += 1;
        let serial = self.serial;
        let report = Report { serial, to: self.reports.clone() };
        let task = match watched.clone() {
            Watched::Script(script, scripts) => {
                self.tasks.spawn(script::repeat(scripts, script, report))
            }
            Watched::File(file) => self.tasks.spawn(file::watch(file, report)),
            Watched::Links(objects) => self.tasks.spawn(links::watch(move |links| {
                for object in &objects {
                    report.tell(Seen::Status(object.clone(), links.status(object)));
                }
            })),
            Watched::Processes(tracked) => self.tasks.spawn(processes::watch(tracked, report)),
        };
        Watcher { watched, serial, task }
    }

    /// Waits until the [`fitness`](Self::fitness) of an instance may have changed.
    pub(crate) async fn next(&mut self) {
        loop {
            let lasts = self.tracking.poll_timeout();
            let lasts = lasts.map(|at| self.start + Duration::from_nanos(at.as_nanos()));
            tokio::select! {
                // It never ends: we hold a sender.
                Some((serial, seen)) = self.results.recv() => {
                    // What an aborted task had still to say is about something else.
                    let is_current = self.watchers.values().any(|it| it.serial == serial);
                    if is_current && self.handle(seen) {
                        return;
                    }
                }
                () = or_never(lasts.map(sleep_until)) => {
                    let changed = self.tracking.handle_timeout(self.now());
                    changed.iter().for_each(|(object, status)| say(object, *status));
                    if !changed.is_empty() {
                        return;
                    }
                }
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        warn!("something is not watched any more: {error}");
                    }
                }
            }
        }
    }

    fn now(&self) -> Moment {
        let elapsed = self.start.elapsed().as_nanos();
        Moment::from_nanos(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    fn handle(&mut self, seen: Seen) -> bool {
        match seen {
            Seen::Run { script, succeeded } => {
                match self.tracking.handle_run(&script, succeeded) {
                    Some(Standing::Up) => info!("VRRP_Script({script}) succeeded"),
                    Some(Standing::Down) => warn!("VRRP_Script({script}) failed"),
                    Some(Standing::Unknown) | None => return false,
                }
                true
            }
            Seen::Status(object, status) => {
                let changed = self.tracking.set(self.now(), object.clone(), status);
                if changed {
                    say(&object, status);
                }
                changed
            }
        }
    }

    /// What everything each instance tracks amounts to, by its name.
    pub(crate) fn fitness(&self) -> impl Iterator<Item = (&str, Fitness)> {
        self.tracking.fitness()
    }

    /// Kills what is running.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

fn say(object: &Object, status: Status) {
    match status {
        Status::Up => info!("tracked {object} is up"),
        Status::Down => warn!("tracked {object} is down"),
        Status::Value(value) => info!("tracked {object} has {value} in it"),
        Status::Unknown => {}
    }
}

fn wanted(model: &Model, scripts: &Scripts, tracked: &BTreeSet<Object>) -> Vec<(Key, Watched)> {
    let script = |it: &VrrpScript| Watched::Script(it.clone(), scripts.only(&it.script));
    let mut wanted: Vec<_> =
        model.scripts.iter().map(|it| (Key::Script(it.name.clone()), script(it))).collect();
    let is_tracked = |file: &&TrackFile| tracked.contains(&Object::File(file.name.clone()));
    let files = model.track_files.iter().filter(is_tracked);
    wanted.extend(files.map(|it| (Key::File(it.name.clone()), Watched::File(it.clone()))));
    let is_link = |it: &&Object| matches!(it, Object::Interface(_) | Object::Address { .. });
    let links: BTreeSet<_> = tracked.iter().filter(is_link).cloned().collect();
    if !links.is_empty() {
        wanted.push((Key::Links, Watched::Links(links)));
    }
    let is_tracked = |it: &&TrackProcess| tracked.contains(&Object::Process(it.name.clone()));
    let processes: Vec<_> = model.track_processes.iter().filter(is_tracked).cloned().collect();
    if !processes.is_empty() {
        wanted.push((Key::Processes, Watched::Processes(processes)));
    }
    wanted
}
