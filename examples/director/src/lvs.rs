//! What holds for the kernel's load balancer as a whole: timeouts and sync daemons, kept by a task of
//! its own.

use std::collections::HashMap;
use std::time::Duration;

use steadfast_conf::model::{IpvsNamespace, Lvs, LvsTimeouts};
use steadfast_director_core::notify::InstanceState;
use steadfast_director_core::sync;
use steadfast_ipvs::{Client, Error, InvalidTimeout, SyncDaemon, Timeouts};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info};

use crate::namespace;

/// Timeouts and sync daemons.
#[derive(Debug, Default)]
pub(crate) struct Settings {
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
            _ if wanted == Wanted::default() => {}
            // One that has ended could not reach the kernel, which may be mended by now.
            _ => {
                let (sender, receiver) = watch::channel(wanted);
                self.task = Some((sender, tokio::spawn(keep(self.namespace.clone(), receiver))));
            }
        }
    }

    /// Puts back what was before, unless it is to stay.
    pub(crate) async fn stop(self, keep: bool) {
        let Some((sender, task)) = self.task else { return };
        if !keep {
            // A task that has ended has said why.
            let _ended = sender.send(Wanted::default());
        }
        drop(sender);
        if let Err(error) = task.await {
            error!("the task that keeps the timeouts and sync daemons of IPVS has ended: {error}");
        }
    }
}

async fn keep(namespace: Option<IpvsNamespace>, mut wanted: watch::Receiver<Wanted>) {
    let mut keeper = match Keeper::connect(namespace.as_ref()).await {
        Ok(keeper) => keeper,
        Err(error) => return error!("IPVS: {error}"),
    };
    loop {
        let now = wanted.borrow_and_update().clone();
        keeper.make(&now).await;
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

struct Keeper {
    client: Client,
    /// As they were before we changed anything.
    original: Timeouts,
    timeouts: Timeouts,
    /// Those that run, once some are wanted: until then they are somebody else's.
    running: Option<Vec<SyncDaemon>>,
}

impl Keeper {
    async fn connect(namespace: Option<&IpvsNamespace>) -> Result<Self, Error> {
        let mut client = namespace::ipvs(namespace).await?;
        let original = client.timeouts().await?;
        Ok(Self { client, original, timeouts: original, running: None })
    }

    async fn make(&mut self, wanted: &Wanted) {
        match over(&self.original, wanted.timeouts) {
            Ok(timeouts) if timeouts == self.timeouts => {}
            Ok(timeouts) => match self.client.set_timeouts(&timeouts).await {
                Ok(()) => {
                    info!("IPVS: timeouts are {timeouts}");
                    self.timeouts = timeouts;
                }
                Err(error) => error!("IPVS: {error}"),
            },
            Err(error) => error!("lvs_timeouts: {error}"),
        }
        if self.running.is_none() && !wanted.daemons.is_empty() {
            match self.client.sync_daemons().await {
                Ok(found) => self.running = Some(found),
                Err(error) => error!("IPVS: {error}"),
            }
        }
        if let Some(running) = self.running.take() {
            self.running = Some(self.make_daemons(&wanted.daemons, running).await);
        }
    }

    /// Says which run then.
    async fn make_daemons(
        &mut self,
        wanted: &[SyncDaemon],
        found: Vec<SyncDaemon>,
    ) -> Vec<SyncDaemon> {
        let mut running = Vec::with_capacity(wanted.len());
        for daemon in found {
            if wanted.iter().any(|wanted| is(wanted, &daemon)) {
                running.push(daemon);
                continue;
            }
            match self.client.stop_sync_daemon(daemon.role).await {
                Ok(()) => info!("IPVS: ended the {daemon}"),
                Err(Error::NoSyncDaemon(_)) => {}
                Err(error) => {
                    error!("IPVS: {error}");
                    running.push(daemon);
                }
            }
        }
        for daemon in wanted {
            if running.iter().any(|running| is(daemon, running)) {
                continue;
            }
            match self.client.start_sync_daemon(daemon).await {
                Ok(()) => {
                    info!("IPVS: started the {daemon}");
                    running.push(*daemon);
                }
                Err(error) => error!("IPVS: {error}"),
            }
        }
        running
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
