//! The daemon: everything that happens comes together here, and what the kernel should hold follows
//! from it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use steadfast_checkers::{Event as CheckEvent, Events, Monitor, Standing};
use steadfast_conf::Model;
use steadfast_director_core::instances::{Command, InstanceState, Instances, notifications};
use steadfast_director_core::script::Standing as ScriptStanding;
use steadfast_director_core::services::{CheckId, Occurrence, Services};
use steadfast_director_core::table::{self, TableError};
use steadfast_director_core::tracking::Verdict;
use steadfast_director_core::vrrp::InstanceError;
use steadfast_ipvs::Table;
use steadfast_vrrp::Priority;
use steadfast_vrrp::router::{Event, FaultReason};
use steadfast_vrrp_linux::{Handle, Notice, NoticeKind, Notices};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::{debug, error, info, warn};

use crate::kernel::Kernel;
use crate::notify::Notifier;
use crate::script::Scripts;
use crate::{checks, tracking, vrrp};

/// How often the kernel's table is looked at although nothing is known to have changed: it tells
/// nobody when somebody else changes it.
const OBSERVE_EVERY: Duration = Duration::from_secs(5);
/// Checks that change together are applied together.
const SETTLE: Duration = Duration::from_millis(10);
/// How long scripts may take at the end.
const LAST_SCRIPTS: Duration = Duration::from_secs(5);

/// What the daemon is asked to do beyond its configuration.
#[derive(Debug)]
pub(crate) struct Options {
    /// Run VRRP instances.
    pub(crate) vrrp: bool,
    /// Run virtual servers and their checks.
    pub(crate) services: bool,
    /// Leave the IPVS table as it is at the end.
    pub(crate) keep_ipvs: bool,
    /// Where to write the process id.
    pub(crate) pid_files: Vec<PathBuf>,
}

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Vrrp(#[from] steadfast_vrrp_linux::Error),
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error(transparent)]
    Ipvs(#[from] steadfast_ipvs::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the VRRP thread has ended by itself")]
    SpeakerEnded,
    #[error("{what}: {source}")]
    System { what: String, source: std::io::Error },
}

/// The running daemon.
struct Director {
    instances: Instances,
    services: Services,
    notifier: Notifier,
    speaker: Option<(Handle, Notices)>,
    /// What each instance is known to have been told about its tracked scripts.
    verdicts: HashMap<String, Verdict>,
    kernel: Option<Kernel>,
    /// Keeps the checks running.
    _monitor: Monitor<CheckId>,
    check_events: Events<CheckId>,
    /// Keeps the tracked scripts running.
    _scripts: JoinSet<()>,
    runs: mpsc::UnboundedReceiver<tracking::Run>,
    /// When the kernel's table is to be looked at because something changed.
    apply_at: Option<Instant>,
}

/// Runs until a signal ends it, and then puts everything back.
pub(crate) async fn run(model: Model, options: Options) -> Result<(), RunError> {
    let system = |what: &str| {
        let what = what.to_owned();
        move |source| RunError::System { what, source }
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(system("watching for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("watching for SIGINT"))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(system("watching for SIGHUP"))?;
    for path in &options.pid_files {
        std::fs::write(path, format!("{}\n", std::process::id()))
            .map_err(system(&format!("writing {}", path.display())))?;
    }
    let mut director = Director::start(model, &options).await?;
    let ran = director.run(&mut terminate, &mut interrupt, &mut hangup).await;
    let stopped = director.stop(options.keep_ipvs).await;
    for path in &options.pid_files {
        if let Err(error) = std::fs::remove_file(path) {
            warn!("removing {}: {error}", path.display());
        }
    }
    ran.and(stopped)
}

impl Director {
    async fn start(mut model: Model, options: &Options) -> Result<Self, RunError> {
        if !options.vrrp {
            model.instances.clear();
            model.scripts.clear();
        }
        if !options.services {
            model.virtual_servers.clear();
        }
        let scripts = Scripts { enforce_security: model.global.enable_script_security };
        let (kernel, found) = connect(&model).await?;
        let in_place = |service: &_, server: &_| table::serves(&found, service, server);
        let services = Services::new(&model, in_place);
        let (script_tasks, runs) = tracking::start(scripts, &model.scripts);
        let (monitor, check_events) = checks::start(&model);
        let mut director = Self {
            instances: Instances::new(&model),
            services,
            notifier: Notifier::new(scripts),
            speaker: None,
            verdicts: HashMap::new(),
            kernel,
            _monitor: monitor,
            check_events,
            _scripts: script_tasks,
            runs,
            apply_at: Some(Instant::now()),
        };
        let occurrences = director.services.handle_startup();
        director.report(occurrences);
        director.apply().await;
        // Last: once an instance is MASTER, clients come.
        match director.speak(&model) {
            Ok(()) => Ok(director),
            Err(error) => {
                // Nothing is left behind by a start that fails.
                director.stop(options.keep_ipvs).await?;
                Err(error)
            }
        }
    }

    fn speak(&mut self, model: &Model) -> Result<(), RunError> {
        if !model.instances.is_empty() {
            let instances = vrrp::instances(model)?;
            let options = steadfast_vrrp_linux::Options::default();
            self.speaker = Some(steadfast_vrrp_linux::spawn(instances, options)?);
            self.follow_scripts();
        }
        Ok(())
    }

    async fn run(
        &mut self,
        terminate: &mut Signal,
        interrupt: &mut Signal,
        hangup: &mut Signal,
    ) -> Result<(), RunError> {
        let mut observation = interval(OBSERVE_EVERY);
        observation.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let apply_at = self.apply_at;
            tokio::select! {
                notice = next_notice(self.speaker.as_mut()) => match notice {
                    Some(notice) => self.handle_notice(&notice),
                    None => return Err(RunError::SpeakerEnded),
                },
                Some(event) = self.check_events.next() => self.handle_check(&event),
                Some(run) = self.runs.recv() => self.handle_run(&run),
                () = until(apply_at) => self.apply().await,
                _ = observation.tick() => self.apply().await,
                _ = terminate.recv() => {
                    info!("SIGTERM: stopping");
                    return Ok(());
                }
                _ = interrupt.recv() => {
                    info!("SIGINT: stopping");
                    return Ok(());
                }
                _ = hangup.recv() => {
                    warn!("SIGHUP: reloading is not supported yet, running on unchanged");
                }
            }
        }
    }

    /// Advertises priority 0 and removes addresses first: clients go elsewhere before the servers
    /// leave the table.
    async fn stop(mut self, keep_ipvs: bool) -> Result<(), RunError> {
        let mut ended = Ok(());
        let spoke = self.speaker.is_some();
        if let Some((handle, mut notices)) = self.speaker.take() {
            ended = handle.shutdown().await.map_err(RunError::from);
            while let Some(notice) = notices.next().await {
                self.handle_notice(&notice);
            }
        }
        let stopped: Vec<_> = self.instances.iter().filter(|_| spoke).cloned().collect();
        for instance in &stopped {
            let state = InstanceState::Stop;
            for command in notifications(instance, state, instance.priority.get()) {
                self.notifier.notify(&instance.name, command);
            }
        }
        for script in self.services.omega_scripts() {
            self.notifier.notify("omega", Command { script, arguments: Vec::new() });
        }
        if let Some(kernel) = self.kernel.as_mut().filter(|_| !keep_ipvs) {
            ended = ended.and(kernel.make(&Table::default()).await.map_err(RunError::from));
        }
        self.notifier.finish(LAST_SCRIPTS).await;
        info!("Stopped");
        ended
    }

    fn handle_notice(&mut self, notice: &Notice) {
        let (serious, line) = vrrp::line(notice);
        if serious {
            warn!("{line}");
        } else {
            info!("{line}");
        }
        let NoticeKind::Event(Event::StateChange(change)) = &notice.kind else { return };
        let Some(state) = vrrp::keepalived_state(change.to) else { return };
        let instance = self.instances.iter().find(|instance| instance.name == notice.instance);
        let Some(instance) = instance.cloned() else { return };
        let priority = match self.instances.verdict(&instance) {
            Verdict::Priority(priority) => priority,
            Verdict::Fault { .. } | Verdict::Waiting { .. } => instance.priority.get(),
        };
        for command in notifications(&instance, state, priority) {
            self.notifier.notify(&instance.name, command);
        }
    }

    fn handle_check(&mut self, event: &CheckEvent<CheckId>) {
        let CheckEvent { key, outcome, transition } = event;
        if !outcome.is_pass() {
            info!("Check of {}: {outcome}", self.services.name_of(*key));
        } else {
            debug!("Check of {}: {outcome}", self.services.name_of(*key));
        }
        let Some(standing) = transition else { return };
        let occurrences = self.services.handle_check(*key, *standing == Standing::Up);
        self.report(occurrences);
        self.apply_at.get_or_insert_with(|| Instant::now() + SETTLE);
    }

    fn handle_run(&mut self, run: &tracking::Run) {
        if let Some((name, standing)) = self.instances.handle_run(run.script, run.succeeded) {
            match standing {
                ScriptStanding::Up => info!("VRRP_Script({name}) succeeded"),
                ScriptStanding::Down => warn!("VRRP_Script({name}) failed"),
                ScriptStanding::Unknown => {}
            }
            self.follow_scripts();
        }
    }

    /// Tells the instances what their tracked scripts amount to.
    fn follow_scripts(&mut self) {
        let Some((handle, _)) = &self.speaker else { return };
        for instance in self.instances.iter() {
            let verdict = self.instances.verdict(instance);
            let name = &instance.name;
            if self.verdicts.get(name) == Some(&verdict) {
                continue;
            }
            let told = match &verdict {
                Verdict::Priority(priority) => match Priority::new(*priority) {
                    Ok(priority) => {
                        handle.set_priority(name, priority).and_then(|()| handle.clear_fault(name))
                    }
                    Err(error) => {
                        error!("({name}) {error}");
                        Ok(())
                    }
                },
                Verdict::Fault { object } | Verdict::Waiting { object } => {
                    handle.fault(name, FaultReason::Tracked(object.as_str().into()))
                }
            };
            if let Err(error) = told {
                error!("({name}) {error}");
            }
            self.verdicts.insert(name.clone(), verdict);
        }
    }

    fn report(&mut self, occurrences: Vec<Occurrence>) {
        for occurrence in occurrences {
            let (name, script) = match occurrence {
                Occurrence::Server { name, up, script } => {
                    info!("Server {name} is {}", if up { "up" } else { "down" });
                    (name, script)
                }
                Occurrence::Quorum { name, change, quorum, script } => {
                    let verb = if change.has_quorum { "Gained" } else { "Lost" };
                    let weight = change.weight;
                    info!("{verb} quorum of {name}: weight {weight}, needed {quorum}");
                    (name, script)
                }
            };
            if let Some(script) = script {
                self.notifier.notify(&name, Command { script, arguments: Vec::new() });
            }
        }
    }

    /// Compares the kernel's table with what it should be, and applies the difference.
    async fn apply(&mut self) {
        self.apply_at = None;
        let Some(kernel) = &mut self.kernel else { return };
        let desired = match table::desired(&self.services) {
            Ok(desired) => desired,
            Err(error) => return error!("{error}"),
        };
        if let Err(error) = kernel.make(&desired).await {
            error!("IPVS: {error}");
        }
    }
}

async fn connect(model: &Model) -> Result<(Option<Kernel>, Table), RunError> {
    if model.virtual_servers.is_empty() {
        return Ok((None, Table::default()));
    }
    let mut kernel = Kernel::connect(table::keys(model)).await?;
    let found = kernel.table().await?;
    Ok((Some(kernel), found))
}

async fn next_notice(speaker: Option<&mut (Handle, Notices)>) -> Option<Notice> {
    match speaker {
        Some((_, notices)) => notices.next().await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
