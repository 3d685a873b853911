//! The daemon: four components, and a loop that passes on what they say.
//!
//! | component | has |
//! |---|---|
//! | [`Speaker`] (`speaker`, `vrrp`) | the thread of the VRRP driver: instances, their addresses and announcements |
//! | [`Balancer`] (`balancer`, `checks`, `kernel`) | virtual servers: checks, and the kernel's IPVS table that follows |
//! | [`Routing`] (`routing`) | static addresses, routes and rules, and those that follow an instance |
//! | [`Trackers`] (`trackers`) | what instances track: scripts, interfaces, addresses, files, processes |
//! | [`Notifier`] (`notifier`) | who is told: scripts, run in order |
//!
//! Beside them, [`Control`] takes orders, [`Reloader`] reads another configuration, and [`TimedReload`]
//! says when that is to be done by itself.
//!
//! None knows another. Each has the same three:
//!
//! - `reconcile(&mut self, &Model, …)` makes it what a model says. It is level-triggered: the start is a
//!   reconciliation from nothing, a reload another one. What is unchanged, by its name or by its
//!   address, keeps its state, its timers and its connections.
//! - `next(&mut self)` waits for something that concerns others, and returns that. It may be dropped
//!   while it waits, and must not lose anything then: what takes longer is done in a task.
//! - `stop(self)` puts everything back.
//!
//! What they decide is decided in `steadfast-director-core`, without I/O: to support something more,
//! put the decision there, the I/O into its component, and, if it concerns another component, what
//! is passed on into [`Director::run`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use steadfast_conf::Model;
use steadfast_conf::model::Lvs;
use steadfast_director_core::herald::{Happening, News};
use steadfast_director_core::standing::state_file;
use steadfast_vrrp_linux::Guard;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::balancer::{self, Balancer, BalancerError};
use crate::check::{Configuration, Machine, Runnable};
use crate::control::{Answer, Control, Order, Request, socket_beside};
use crate::dump;
use crate::estate::Estate;
use crate::notifier::{self, Notifier};
use crate::reload::{self, Candidate, Reloader};
use crate::requests;
use crate::routing::Routing;
use crate::speaker::{Speaker, SpeakerError};
use crate::status::{Counted, InstanceStatus, Status};
use crate::supervisor::STATISTICS_ANEW;
use crate::sys::give_memory_back;
use crate::timed_reload::TimedReload;
use crate::trackers::Trackers;

/// Others are told of a state although its routes are not in place: the kernel does not take them.
const LONGEST_HELD: Duration = Duration::from_secs(1);

/// What the daemon is asked to do beyond its configuration.
#[derive(Debug)]
pub(crate) struct Options {
    /// Which configuration is read again at each reload.
    pub(crate) configuration: Configuration,
    /// What was left by one whose place it takes.
    pub(crate) estate: Estate,
    /// Which part of it to run.
    pub(crate) part: Part,
    /// It takes the place of one that died: what is done once at the start has been done.
    pub(crate) goes_on: bool,
    /// Gives up for the VRRP instances if this process dies.
    pub(crate) guard: Guard,
    /// Leave the IPVS table as it is at the end.
    pub(crate) keep_ipvs: bool,
    /// Leave the addresses of instances as they are at the end.
    pub(crate) keep_vrrp: bool,
    /// The file with the process id, which the control socket is beside.
    pub(crate) pid_file: PathBuf,
}

/// Which part of a configuration is run: keepalived's `--vrrp` and `--check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// VRRP instances.
    pub(crate) vrrp: bool,
    /// Virtual servers and their checks.
    pub(crate) services: bool,
}

impl Part {
    /// A model without what is not run.
    pub(crate) fn of(self, mut model: Model) -> Model {
        if !self.vrrp {
            model.instances.clear();
            model.scripts.clear();
            model.sync_groups.clear();
            model.track_processes.clear();
            model.static_addresses.clear();
            model.static_routes.clear();
            model.static_rules.clear();
            // It follows an instance.
            model.global.lvs.sync_daemon = None;
        }
        if !self.services {
            model.virtual_servers.clear();
            // The table is that of whoever has the services.
            let sync_daemon = model.global.lvs.sync_daemon.take();
            model.global.lvs = Lvs { sync_daemon, ..Lvs::default() };
        }
        model
    }
}

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
    #[error(transparent)]
    Balancer(#[from] BalancerError),
    #[error("{what}: {source}")]
    System { what: String, source: std::io::Error },
}

/// When it could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// At the start: another would end the same way.
    Start(RunError),
    /// Later.
    Later(RunError),
}

impl Failure {
    /// There is nothing to run on.
    pub(crate) fn making_the_runtime(source: std::io::Error) -> Self {
        Self::Start(system("making the runtime")(source))
    }
}

/// The signals that it acts upon.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    data: Signal,
    statistics: Signal,
    statistics_anew: Signal,
}

/// The running daemon.
struct Director {
    /// What it was made to be.
    model: Arc<Model>,
    part: Part,
    configuration: Arc<Configuration>,
    speaker: Speaker,
    routing: Routing,
    balancer: Balancer,
    trackers: Trackers,
    notifier: Notifier,
    reloader: Reloader,
    timed_reload: TimedReload,
    control: Control,
    /// What was counted before counting began anew.
    counted: Counted,
    /// Answers that are being worked out, and what is cleared up behind them.
    answering: JoinSet<()>,
    held: Held,
    /// The model is being written down, and those before it.
    remembering: Option<JoinHandle<()>>,
}

/// What others are yet to be told, in order.
#[derive(Debug)]
struct Held {
    news: Vec<News>,
    /// Then at the latest.
    until: Instant,
}

/// Runs until a signal ends it, and then puts everything back.
pub(crate) async fn run(runnable: Runnable, options: Options) -> Result<(), Failure> {
    let mut signals = Signals::watch().map_err(Failure::Start)?;
    let Options { configuration, estate, part, goes_on, guard, keep_ipvs, keep_vrrp, pid_file } =
        options;
    let configuration = Arc::new(configuration);
    let mut director = Director {
        model: Arc::default(),
        part,
        configuration: Arc::clone(&configuration),
        speaker: Speaker::new(guard, goes_on, estate.clone()),
        routing: Routing::new(estate.clone()),
        balancer: Balancer::new(goes_on, estate),
        trackers: Trackers::new(),
        notifier: Notifier::new(),
        reloader: Reloader::new(configuration, part),
        timed_reload: TimedReload::new(),
        control: Control::listen(&socket_beside(&pid_file)),
        counted: Counted::default(),
        answering: JoinSet::new(),
        held: Held { news: Vec::new(), until: Instant::now() },
        remembering: None,
    };
    let is_to_run = goes_on
        || tokio::select! {
            () = notifier::startup(&runnable) => true,
            _ = signals.terminate.recv() => false,
        };
    let ran = if is_to_run { director.start(runnable, &mut signals).await } else { Ok(()) };
    // Nothing is left behind by a start that fails either.
    let stopped = director.stop(keep_vrrp, keep_ipvs).await;
    ran.and(stopped.map_err(Failure::Later))
}

impl Director {
    async fn start(&mut self, runnable: Runnable, signals: &mut Signals) -> Result<(), Failure> {
        let Runnable { model, machine } = runnable;
        self.reconcile(self.part.of(model), &machine).await.map_err(Failure::Start)?;
        self.answering.spawn_blocking(give_memory_back);
        self.run(signals).await.map_err(Failure::Later)
    }

    /// Makes everything what the model says, as far as that is possible; says the last thing that was
    /// not.
    async fn reconcile(&mut self, model: Model, machine: &Machine) -> Result<(), RunError> {
        self.model = Arc::new(model);
        let model = &self.model;
        self.timed_reload.reconcile(model);
        self.notifier.reconcile(model, &machine.scripts).await;
        let (occurrences, balanced) = self.balancer.reconcile(model).await;
        self.trackers.reconcile(model, &machine.scripts);
        self.routing.reconcile(model);
        // Once clients can be served: an instance that is MASTER has them come.
        let spoken = self.speaker.reconcile(model, self.trackers.fitness()).await;
        // There may be so many checks, and so much to say, that the first advertisement would be late.
        self.balancer.check(model, machine);
        balancer::log(&occurrences);
        for occurrence in &occurrences {
            self.notifier.handle_occurrence(occurrence);
        }
        self.remember();
        balanced.map_err(RunError::from).and(spoken.map_err(RunError::from))
    }

    /// Writes the model down, once those before it are. It takes its time, and nobody waits for it.
    fn remember(&mut self) {
        let (configuration, model) = (Arc::clone(&self.configuration), Arc::clone(&self.model));
        let before = self.remembering.take();
        self.remembering = Some(tokio::spawn(async move {
            if let Some(before) = before {
                let _panicked = before.await;
            }
            let _panicked = spawn_blocking(move || configuration.remember(&model)).await;
        }));
    }

    async fn run(&mut self, signals: &mut Signals) -> Result<(), RunError> {
        loop {
            tokio::select! {
                news = self.speaker.next() => {
                    let news = news?;
                    if let News::Instance { name, what: Happening::Entered(state), .. } = &news {
                        self.routing.handle_entered(name, *state);
                        self.balancer.handle_entered(name, *state);
                    }
                    self.tell(news);
                }
                () = self.routing.settled(self.held.until), if !self.held.news.is_empty() => {
                    self.tell_what_is_held();
                }
                occurrences = self.balancer.next() => {
                    for occurrence in occurrences? {
                        self.notifier.handle_occurrence(&occurrence);
                    }
                }
                () = self.trackers.next() => self.speaker.follow(self.trackers.fitness()).await,
                broken = self.notifier.next() => error!("telling others: {broken}"),
                (read, waiting) = self.reloader.next() => self.take_over(read, waiting).await,
                () = self.timed_reload.next() => {
                    info!("reload_time_file: reloading");
                    self.reloader.ask(&self.model, None);
                }
                order = self.control.next() => self.obey(order).await,
                Some(_answered) = self.answering.join_next() => {}
                _ = signals.terminate.recv() => {
                    info!("SIGTERM: stopping");
                    return Ok(());
                }
                _ = signals.interrupt.recv() => {
                    info!("SIGINT: stopping");
                    return Ok(());
                }
                _ = signals.hangup.recv() => {
                    info!("SIGHUP: reloading");
                    self.reloader.ask(&self.model, None);
                }
                _ = signals.data.recv() => {
                    let status = self.status().await;
                    let Model { global, process, .. } = &*self.model;
                    dump::write(&state_file(&global.dumps, process), &status);
                    dump::write(&global.dumps.json, status.json());
                }
                _ = signals.statistics.recv() => {
                    self.write_statistics(self.instances().await);
                }
                _ = signals.statistics_anew.recv() => {
                    let instances = self.instances().await;
                    let counted = Counted::by(&instances);
                    self.write_statistics(instances);
                    self.counted = counted;
                }
            }
        }
    }

    /// Tells others, once the routes that follow are in place: a script of a MASTER may need them.
    fn tell(&mut self, news: News) {
        if self.held.news.is_empty() {
            if self.routing.is_settled() {
                return self.notifier.handle_news(&news);
            }
            self.held.until = Instant::now() + LONGEST_HELD;
        }
        self.held.news.push(news);
    }

    fn tell_what_is_held(&mut self) {
        for news in std::mem::take(&mut self.held.news) {
            self.notifier.handle_news(&news);
        }
    }

    async fn obey(&mut self, Order { request, answer }: Order) {
        match request {
            Request::Reload => {
                info!("reloading");
                self.reloader.ask(&self.model, Some(answer));
            }
            Request::Plan { file } => {
                let configuration = match file {
                    Some(file) => Arc::new(self.configuration.of_file(file)),
                    None => Arc::clone(&self.configuration),
                };
                let (part, current) = (self.part, Arc::clone(&self.model));
                self.answering.spawn_blocking(move || {
                    let planned = match reload::read(&configuration, part, &current) {
                        Ok(Candidate { plan, said, .. }) => Answer::Planned { plan, said },
                        Err(said) => Answer::Refused { said },
                    };
                    let _asker_is_gone = answer.send(planned);
                    give_memory_back();
                });
            }
            Request::Status => {
                let status = Answer::Status(Box::new(self.status().await));
                let _asker_is_gone = answer.send(status);
            }
        }
    }

    async fn instances(&self) -> Vec<InstanceStatus> {
        self.speaker.status().await.unwrap_or_else(|error| {
            error!("asking the VRRP thread: {error}");
            Vec::new()
        })
    }

    fn write_statistics(&self, instances: Vec<InstanceStatus>) {
        let statistics = self.status_with(instances).statistics();
        dump::write(&self.model.global.dumps.statistics, statistics);
    }

    async fn status(&self) -> Status {
        self.status_with(self.instances().await)
    }

    fn status_with(&self, mut instances: Vec<InstanceStatus>) -> Status {
        instances.iter_mut().for_each(|instance| self.counted.take_from(instance));
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            configuration: self.configuration.file().display().to_string(),
            instances,
            services: self.balancer.status(),
        }
    }

    /// Runs another configuration from now on, if it can be run.
    async fn take_over(&mut self, read: Result<Candidate, String>, waiting: reload::Waiting) {
        let outcome = match read {
            Err(said) => {
                error!(
                    "the configuration is refused, the one before goes on:\n{}",
                    said.trim_end()
                );
                Answer::Refused { said }
            }
            Ok(Candidate { runnable: Runnable { model, machine }, plan, said }) => {
                info!("reloading changes {} objects", plan.0.len());
                if !said.is_empty() {
                    warn!("{}", said.trim_end());
                }
                let made = self.reconcile(model, &machine).await;
                let failed = made.err().map(|error| error.to_string());
                match &failed {
                    None => info!("reloaded"),
                    Some(error) => error!("reloaded, but {error}"),
                }
                Answer::Reloaded { plan, said, failed: failed.into_iter().collect() }
            }
        };
        for answer in waiting {
            let _asker_is_gone = answer.send(outcome.clone());
        }
        drop(outcome);
        self.answering.spawn_blocking(give_memory_back);
        self.reloader.done(&self.model);
    }

    /// Advertises priority 0 and removes addresses first: clients go elsewhere before the servers
    /// leave the table.
    async fn stop(mut self, keep_vrrp: bool, keep_ipvs: bool) -> Result<(), RunError> {
        self.tell_what_is_held();
        self.control.stop();
        let (news, silent) = self.speaker.stop(keep_vrrp).await;
        for news in &news {
            self.notifier.handle_news(news);
        }
        self.routing.stop(keep_vrrp).await;
        self.notifier.handle_end();
        let (omega, removed) = self.balancer.stop(keep_ipvs).await;
        for occurrence in &omega {
            self.notifier.handle_occurrence(occurrence);
        }
        self.trackers.stop().await;
        self.notifier.stop().await;
        info!("Stopped");
        silent.map_err(RunError::from).and(removed.map_err(RunError::from))
    }
}

impl Signals {
    fn watch() -> Result<Self, RunError> {
        let watch =
            |kind, name: &str| signal(kind).map_err(system(&format!("watching for {name}")));
        let signals = Self {
            terminate: watch(SignalKind::terminate(), "SIGTERM")?,
            interrupt: watch(SignalKind::interrupt(), "SIGINT")?,
            hangup: watch(SignalKind::hangup(), "SIGHUP")?,
            data: watch(SignalKind::user_defined1(), "SIGUSR1")?,
            statistics: watch(SignalKind::user_defined2(), "SIGUSR2")?,
            statistics_anew: watch(
                SignalKind::from_raw(STATISTICS_ANEW.as_raw()),
                "the order to count anew",
            )?,
        };
        requests::let_in().map_err(system("letting signals in"))?;
        Ok(signals)
    }
}

fn system(what: &str) -> impl FnOnce(std::io::Error) -> RunError {
    let what = what.to_owned();
    move |source| RunError::System { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = "global_defs {\n lvs_flush\n lvs_flush_on_stop\n lvs_timeouts tcp 77\n \
        lvs_sync_daemon eth0 A\n}\nstatic_routes {\n 198.51.100.0/24 via 192.0.2.1\n}\n\
        vrrp_instance A {\n interface eth0\n virtual_router_id 1\n \
        virtual_ipaddress {\n 192.0.2.1\n }\n}\n\
        virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
        real_server 192.0.2.2 80 {\n }\n}\n";

    fn part(vrrp: bool, services: bool) -> Model {
        Part { vrrp, services }.of(steadfast_conf::parse("test.conf", BOTH).model.unwrap())
    }

    #[test]
    fn who_has_no_services_leaves_the_table_to_whoever_has() {
        let model = part(true, false);
        let sync_daemon = model.global.lvs.sync_daemon.clone();
        assert!(sync_daemon.is_some() && !model.static_routes.is_empty());
        assert_eq!(model.global.lvs, Lvs { sync_daemon, ..Lvs::default() });
    }

    #[test]
    fn who_has_no_instances_leaves_what_follows_them_to_whoever_has() {
        let model = part(false, true);
        assert_eq!((model.global.lvs.sync_daemon, model.static_routes), (None, Vec::new()));
        assert!(model.global.lvs.flush && !model.virtual_servers.is_empty());
    }
}
