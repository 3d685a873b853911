//! What holds for the kernel's load balancer as a whole: timeouts and sync daemons, kept by a task of
//! its own.

use std::collections::HashMap;
use std::time::Duration;

use steadfast_conf::model::{IpvsNamespace, Lvs, LvsTimeouts};
use steadfast_director_core::notify::InstanceState;
use steadfast_director_core::said::Said;
use steadfast_director_core::sync;
use steadfast_ipvs::{Client, Error, InvalidTimeout, SyncDaemon, Timeouts};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{error, info};

use crate::estate::Estate;
use crate::kernel::OBSERVE_EVERY;
use crate::namespace;
use crate::or_never::or_never;

/// Timeouts and sync daemons.
#[derive(Debug)]
pub(crate) struct Settings {
    estate: Estate,
    /// Whose load balancer it is.
    namespace: Option<IpvsNamespace>,
    config: Lvs,
    states: HashMap<String, InstanceState>,
    /// There is no task before something is wanted.
    task: Option<(watch::Sender<Wanted>, JoinHandle<()>)>,
}

/// What the kernel should have; by default, what it had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Wanted {
    timeouts: LvsTimeouts,
    daemons: Vec<SyncDaemon>,
}

impl Settings {
    /// Nothing is wanted.
    pub(crate) fn new(estate: Estate) -> Self {
        Self { estate, namespace: None, config: Lvs::default(), states: HashMap::new(), task: None }
    }

    /// Keeps from now on what a model says.
    pub(crate) fn reconcile(&mut self, namespace: Option<&IpvsNamespace>, config: &Lvs) {
        self.namespace = namespace.cloned();
        self.config = config.clone();
        self.want();
    }

    /// An instance entered a state.
    pub(crate) fn handle_entered(&mut self, instance: &str, state: InstanceState) {
        self.states.insert(instance.to_owned(), state);
        self.want();
    }

    fn want(&mut self) {
        let daemons = self.config.sync_daemon.as_ref().map(|config| {
            let instance = config.instance.as_ref();
            let state = instance.and_then(|instance| self.states.get(instance)).copied();
            sync::daemons(config, state)
        });
        let daemons = match daemons.transpose() {
            Ok(daemons) => daemons.unwrap_or_default(),
            Err(error) => {
                error!("{error}");
                Vec::new()
            }
        };
        let wanted = Wanted { timeouts: self.config.timeouts, daemons };
        match &self.task {
            Some((sender, _)) if !sender.is_closed() => drop(sender.send(wanted)),
            _ if wanted == Wanted::default() && !has_changed(&self.estate) => {}
            _ => {
                let (sender, receiver) = watch::channel(wanted);
                let keeper = Keeper::new(self.estate.clone());
                let task = tokio::spawn(keep(keeper, self.namespace.clone(), receiver));
                self.task = Some((sender, task));
            }
        }
    }

    /// Puts back what was before, unless it is to stay.
    pub(crate) async fn stop(self, keep: bool) {
        let Some((sender, task)) = self.task else { return };
        if !keep {
            let _panicked = sender.send(Wanted::default());
        }
        drop(sender);
        if let Err(error) = task.await {
            error!("the task that keeps the timeouts and sync daemons of IPVS has ended: {error}");
        }
    }
}

/// Whether there is something to put back.
fn has_changed(estate: &Estate) -> bool {
    estate.timeouts().is_some() || estate.sync_daemons()
}

async fn keep(
    mut keeper: Keeper,
    namespace: Option<IpvsNamespace>,
    mut wanted: watch::Receiver<Wanted>,
) {
    loop {
        let now = wanted.borrow_and_update().clone();
        let wrong = match namespace::ipvs(namespace.as_ref()).await {
            Ok(mut client) => keeper.make(&mut client, &now).await,
            Err(error) => vec![error.to_string()],
        };
        let looks_again = !wrong.is_empty() || !now.daemons.is_empty();
        keeper.say(wrong);
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() {
                return;
            },
            // An interface may have come up, or somebody may have ended a daemon: nobody tells.
            () = or_never(looks_again.then(|| sleep(OBSERVE_EVERY))) => {}
        }
    }
}

struct Keeper {
    estate: Estate,
    /// Those that were asked for and made.
    timeouts: Option<LvsTimeouts>,
    /// Those that run, once some are wanted: until then they are somebody else's.
    running: Option<Vec<SyncDaemon>>,
    said: Said<()>,
}

impl Keeper {
    fn new(estate: Estate) -> Self {
        Self { estate, timeouts: None, running: None, said: Said::default() }
    }

    /// Says what cannot be made.
    async fn make(&mut self, client: &mut Client, wanted: &Wanted) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Err(error) = self.make_timeouts(client, wanted.timeouts).await {
            wrong.push(error);
        }
        if self.estate.sync_daemons() || !wanted.daemons.is_empty() {
            self.estate.set_sync_daemons(true);
            match client.sync_daemons().await {
                Ok(found) => self.make_daemons(client, &wanted.daemons, found, &mut wrong).await,
                Err(error) => wrong.push(error.to_string()),
            }
        }
        wrong
    }

    async fn make_timeouts(
        &mut self,
        client: &mut Client,
        wanted: LvsTimeouts,
    ) -> Result<(), String> {
        let is_default = wanted == LvsTimeouts::default();
        let before = self.estate.timeouts();
        if self.timeouts == Some(wanted) || (is_default && before.is_none()) {
            return Ok(());
        }
        let found = client.timeouts().await.map_err(|error| error.to_string())?;
        let original = before.unwrap_or(found);
        let timeouts = over(&original, wanted).map_err(|error| format!("lvs_timeouts: {error}"))?;
        self.estate.set_timeouts(Some(original));
        if timeouts != found {
            client.set_timeouts(&timeouts).await.map_err(|error| error.to_string())?;
            info!("IPVS: timeouts are {timeouts}");
        }
        self.timeouts = Some(wanted);
        if is_default {
            self.estate.set_timeouts(None);
        }
        Ok(())
    }

    async fn make_daemons(
        &mut self,
        client: &mut Client,
        wanted: &[SyncDaemon],
        found: Vec<SyncDaemon>,
        wrong: &mut Vec<String>,
    ) {
        let known = self.running.take();
        // Somebody may have ended one of ours, or started one in its place.
        let before = found.into_iter().filter_map(|found| {
            let Some(known) = &known else { return Some(found) };
            let same = |daemon: &&SyncDaemon| daemon.role == found.role;
            let own = known.iter().find(same).copied();
            own.or_else(|| wanted.iter().any(|wanted| same(&wanted)).then_some(found))
        });
        let before: Vec<_> = before.collect();
        let mut running = Vec::with_capacity(wanted.len());
        for daemon in before {
            if wanted.iter().any(|wanted| is(wanted, &daemon)) {
                running.push(daemon);
                continue;
            }
            match client.stop_sync_daemon(daemon.role).await {
                Ok(()) => info!("IPVS: ended the {daemon}"),
                Err(Error::NoSyncDaemon(_)) => {}
                Err(error) => {
                    wrong.push(error.to_string());
                    running.push(daemon);
                }
            }
        }
        for daemon in wanted {
            if running.iter().any(|running| is(daemon, running)) {
                continue;
            }
            match client.start_sync_daemon(daemon).await {
                Ok(()) => {
                    info!("IPVS: started the {daemon}");
                    running.push(*daemon);
                }
                Err(error) => wrong.push(error.to_string()),
            }
        }
        if wanted.is_empty() && running.is_empty() {
            self.estate.set_sync_daemons(false);
        } else {
            self.running = Some(running);
        }
    }

    fn say(&mut self, wrong: Vec<String>) {
        for text in self.said.handle_all(wrong) {
            error!("IPVS: {text}");
        }
    }
}

/// Whether a daemon that runs is the one that is wanted: the kernel fills in what was left to it.
fn is(wanted: &SyncDaemon, running: &SyncDaemon) -> bool {
    (wanted.role, wanted.interface, wanted.sync_id)
        == (running.role, running.interface, running.sync_id)
        && (wanted.max_length.is_none() || wanted.max_length == running.max_length)
        && (wanted.port.is_none() || wanted.port == running.port)
        && (wanted.ttl.is_none() || wanted.ttl == running.ttl)
        && (wanted.group.is_none() || wanted.group == running.group)
}

fn over(original: &Timeouts, wanted: LvsTimeouts) -> Result<Timeouts, InvalidTimeout> {
    let LvsTimeouts { tcp, tcp_fin, udp } = wanted;
    let seconds = |wanted: Option<std::num::NonZeroU32>, original: Duration| {
        wanted.map_or(original, |seconds| Duration::from_secs(u32::from(seconds).into()))
    };
    if wanted == LvsTimeouts::default() {
        return Ok(*original);
    }
    Timeouts::new(
        seconds(tcp, original.tcp()),
        seconds(tcp_fin, original.tcp_fin()),
        seconds(udp, original.udp()),
    )
}
