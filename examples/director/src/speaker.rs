//! The VRRP side: the driver's thread, and what it is told and tells.

use std::collections::{BTreeMap, HashMap};

use steadfast_conf::Model;
use steadfast_director_core::herald::{Happening, News};
use steadfast_director_core::tracking::Fitness;
use steadfast_vrrp::Priority;
use steadfast_vrrp::announce::Pace;
use steadfast_vrrp::priority::Effective;
use steadfast_vrrp::router::Event;
use steadfast_vrrp_linux::{
    Error, Guard, Handle, Instance, Nftables, Notice, NoticeKind, Notices, Options, PaceGroup,
    RealtimePriority, Snapshot,
};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use crate::estate::Estate;
use crate::status::InstanceStatus;
use crate::sysctl::PromoteSecondaries;
use crate::vrrp::{self, UnfitInstance};

/// All VRRP instances.
#[derive(Debug)]
pub(crate) struct Speaker {
    guard: Guard,
    /// It takes the place of one that died.
    goes_on: bool,
    promote_secondaries: PromoteSecondaries,
    driver: Option<Driver>,
    /// How it is to be started, and when, while it may not be yet.
    delayed: Option<(Tuning, Instant)>,
    /// The instances that there are to be.
    wanted: Vec<Instance>,
    /// Those that the driver has, by their names.
    instances: HashMap<String, Instance>,
    /// What each tracks, as it is.
    fitness: HashMap<String, Fitness>,
    /// What each is known to have been told about that.
    told: HashMap<String, Effective>,
}

#[derive(Debug)]
struct Driver {
    handle: Handle,
    notices: Notices,
    tuning: Tuning,
}

/// What holds for all instances, and for as long as the driver runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tuning {
    pace: Pace,
    pace_groups: Vec<PaceGroup>,
    nftables: Nftables,
    realtime: Option<RealtimePriority>,
    lock_memory: bool,
}

/// Why there is no VRRP, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpeakerError {
    #[error(transparent)]
    Vrrp(#[from] Error),
    #[error(transparent)]
    Instance(#[from] UnfitInstance),
    #[error("the VRRP thread has ended by itself")]
    Ended,
}

impl Speaker {
    /// There are no instances.
    pub(crate) fn new(guard: Guard, goes_on: bool, estate: Estate) -> Self {
        Self {
            guard,
            goes_on,
            promote_secondaries: PromoteSecondaries::new(estate),
            driver: None,
            delayed: None,
            fitness: HashMap::new(),
            wanted: Vec::new(),
            instances: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// Runs the instances of a model, as far as it is known what they track. Those that are as they
    /// were go on, and so do those that can take over what changed; the others end and start anew.
    pub(crate) async fn reconcile(
        &mut self,
        model: &Model,
        fitness: impl Iterator<Item = (&str, Fitness)>,
    ) -> Result<(), SpeakerError> {
        self.wanted = vrrp::instances(model)?;
        self.promote_secondaries.reconcile(model);
        let tuning = Tuning {
            pace: vrrp::pace(&model.global),
            pace_groups: vrrp::pace_groups(&model.garp_groups),
            nftables: vrrp::nftables(&model.global),
            realtime: vrrp::realtime(&model.global),
            lock_memory: model.global.lock_memory,
        };
        self.fitness = fitness.map(|(name, fitness)| (name.to_owned(), fitness)).collect();
        match (&self.driver, &mut self.delayed) {
            (Some(driver), _) => {
                if driver.tuning != tuning {
                    warn!(
                        "another pace, garp_group, table of nftables, vrrp_rt_priority or \
                         vrrp_no_swap takes effect at the next start"
                    );
                }
                self.change().await?;
            }
            (None, Some((delayed, _))) => *delayed = tuning,
            (None, None) if self.wanted.is_empty() => return Ok(()),
            (None, None) => {
                let delay = vrrp::startup_delay(&model.global, self.goes_on);
                if delay.is_zero() {
                    self.start(tuning)?;
                } else {
                    info!("Delaying the start of VRRP by {} s", delay.as_secs_f64());
                    self.delayed = Some((tuning, Instant::now() + delay));
                }
            }
        }
        self.tell();
        Ok(())
    }

    /// Has the instances follow what they track.
    pub(crate) async fn follow(&mut self, fitness: impl Iterator<Item = (&str, Fitness)>) {
        self.fitness = fitness.map(|(name, fitness)| (name.to_owned(), fitness)).collect();
        if self.driver.is_some() {
            // What could not be done has been said; the next time it is tried again.
            let _said = self.change().await;
        }
        self.tell();
    }

    fn start(&mut self, tuning: Tuning) -> Result<(), SpeakerError> {
        let ready = self.ready();
        let instances = ready.iter().map(|one| (one.name.clone(), one.clone())).collect();
        let options = Options {
            guard: Some(self.guard.clone()),
            pace: tuning.pace,
            pace_groups: tuning.pace_groups.clone(),
            nftables: Some(tuning.nftables.clone()),
            realtime: tuning.realtime,
            lock_memory: tuning.lock_memory,
            ..Options::default()
        };
        let started = ready.into_iter().map(|instance| self.started(instance)).collect();
        let (handle, notices) = steadfast_vrrp_linux::spawn(started, options)?;
        self.driver = Some(Driver { handle, notices, tuning });
        self.instances = instances;
        Ok(())
    }

    /// An instance with the fault that it starts in.
    fn started(&self, instance: Instance) -> Instance {
        let fitness = self.fitness.get(&instance.name);
        let initial_fault = fitness.and_then(|fitness| fitness.effective.fault.clone());
        Instance { initial_fault, ..instance }
    }

    /// The wanted instances that run already, or that wait for nothing.
    fn ready(&self) -> Vec<Instance> {
        let waits =
            |instance: &Instance| self.fitness.get(&instance.name).is_some_and(|it| it.is_waiting);
        let is_ready = |one: &&Instance| self.instances.contains_key(&one.name) || !waits(one);
        self.wanted.iter().filter(is_ready).cloned().collect()
    }

    /// Makes the instances of a running driver the wanted ones.
    async fn change(&mut self) -> Result<(), SpeakerError> {
        let ready = self.ready();
        let gone = |name: &&String| !ready.iter().any(|one| one.name == **name);
        let gone: Vec<_> = self.instances.keys().filter(gone).cloned().collect();
        for name in gone {
            self.remove(&name).await?;
        }
        let is_new = |one: &Instance| self.instances.get(&one.name) != Some(one);
        let mut waiting: Vec<_> = ready.into_iter().filter(is_new).collect();
        // One may have to give something up before another can have it.
        loop {
            let mut refused = Vec::new();
            for instance in &waiting {
                if self.adapt(instance.clone()).await.is_err() {
                    refused.push(instance.clone());
                }
            }
            if refused.len() == waiting.len() {
                break;
            }
            waiting = refused;
        }
        // What cannot be changed into what it is to be starts anew.
        for instance in &waiting {
            if self.instances.contains_key(&instance.name) {
                self.remove(&instance.name).await?;
            }
        }
        let mut result = Ok(());
        for instance in waiting {
            let name = instance.name.clone();
            if let Err(error) = self.adapt(instance).await {
                error!("({name}) {error}");
                result = Err(error.into());
            }
        }
        result
    }

    async fn adapt(&mut self, instance: Instance) -> Result<(), Error> {
        let started = self.started(instance.clone());
        let Some(Driver { handle, .. }) = &mut self.driver else { return Err(Error::Stopped) };
        if self.instances.contains_key(&instance.name) {
            handle.reconfigure(instance.clone()).await?;
        } else {
            handle.add(started).await?;
        }
        self.told.remove(&instance.name);
        self.instances.insert(instance.name.clone(), instance);
        Ok(())
    }

    async fn remove(&mut self, name: &str) -> Result<(), Error> {
        let Some(Driver { handle, .. }) = &mut self.driver else { return Err(Error::Stopped) };
        handle.remove(name).await?;
        self.told.remove(name);
        self.instances.remove(name);
        Ok(())
    }

    /// Tells the instances what they track amounts to, as far as they do not know it. What is not
    /// known yet is no news.
    fn tell(&mut self) {
        let Some(Driver { handle, .. }) = &self.driver else { return };
        let known = self.fitness.iter().filter(|(_, fitness)| !fitness.is_waiting);
        for (name, Fitness { effective, .. }) in known {
            if !self.instances.contains_key(name) || self.told.get(name) == Some(effective) {
                continue;
            }
            let told =
                handle.set_priority(name, effective.priority).and_then(|()| {
                    match &effective.fault {
                        Some(fault) => handle.fault(name, fault.clone()),
                        None => handle.clear_fault(name),
                    }
                });
            if let Err(error) = told {
                error!("({name}) {error}");
            }
            self.told.insert(name.clone(), effective.clone());
        }
    }

    /// Waits until something happens that others are told of; what else instances say goes to the
    /// log.
    pub(crate) async fn next(&mut self) -> Result<News, SpeakerError> {
        if let Some((_, at)) = &self.delayed {
            sleep_until(*at).await;
        }
        if let Some((tuning, _)) = self.delayed.take() {
            self.start(tuning)?;
            self.tell();
        }
        let Some(Driver { notices, .. }) = &mut self.driver else {
            match self.promote_secondaries.follow().await {}
        };
        loop {
            let notice = tokio::select! {
                notice = notices.next() => notice,
                never = self.promote_secondaries.follow() => match never {},
            };
            let Some(notice) = notice else { return Err(SpeakerError::Ended) };
            log(&notice);
            if let Some(news) = news(&notice, &self.told, &self.instances) {
                return Ok(news);
            }
        }
    }

    /// How the instances stand.
    pub(crate) async fn status(&self) -> Result<Vec<InstanceStatus>, SpeakerError> {
        let snapshots = match &self.driver {
            Some(Driver { handle, .. }) => handle.snapshot().await?,
            None => Vec::new(),
        };
        let running = snapshots.iter().filter_map(|snapshot| self.instance_status(snapshot));
        let waits = |one: &&Instance| !self.instances.contains_key(&one.name);
        let waiting = self.wanted.iter().filter(waits).map(waiting_status);
        let mut statuses: Vec<_> = running.chain(waiting).collect();
        statuses.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(statuses)
    }

    fn instance_status(&self, snapshot: &Snapshot) -> Option<InstanceStatus> {
        let instance = self.instances.get(&snapshot.instance)?;
        let state = vrrp::keepalived_state(snapshot.state);
        Some(InstanceStatus {
            name: snapshot.instance.clone(),
            interface: instance.interface.clone(),
            virtual_router_id: instance.config.vrid().get(),
            state: state.map_or_else(|| "INIT".to_owned(), |state| state.to_string()),
            fault: snapshot.fault.as_ref().map(ToString::to_string),
            priority: instance.config.priority().get(),
            effective_priority: snapshot.priority.get(),
            addresses: instance.addresses.iter().map(|held| held.address).collect(),
            counters: vrrp::counters(&snapshot.counters),
        })
    }

    /// Advertises priority 0 and removes addresses, unless they are to stay. Says what the instances
    /// went through.
    pub(crate) async fn stop(self, keep: bool) -> (Vec<News>, Result<(), SpeakerError>) {
        let Some(Driver { handle, mut notices, .. }) = self.driver else {
            self.promote_secondaries.stop();
            return (Vec::new(), Ok(()));
        };
        if keep {
            // The thread ends with the process, and says nothing.
            std::mem::forget(handle);
            return (Vec::new(), Ok(()));
        }
        let ended = handle.shutdown().await.map_err(SpeakerError::from);
        self.promote_secondaries.stop();
        let mut last = Vec::new();
        while let Some(notice) = notices.next().await {
            log(&notice);
            last.extend(news(&notice, &self.told, &self.instances));
        }
        (last, ended)
    }
}

/// An instance that has not started: its time has not come, or what it tracks is not known yet.
fn waiting_status(instance: &Instance) -> InstanceStatus {
    let priority = instance.config.priority().get();
    InstanceStatus {
        name: instance.name.clone(),
        interface: instance.interface.clone(),
        virtual_router_id: instance.config.vrid().get(),
        state: "INIT".to_owned(),
        fault: None,
        priority,
        effective_priority: priority,
        addresses: instance.addresses.iter().map(|held| held.address).collect(),
        counters: BTreeMap::new(),
    }
}

fn log(notice: &Notice) {
    let (serious, line) = vrrp::line(notice);
    if serious {
        warn!("{line}");
    } else {
        info!("{line}");
    }
}

fn news(
    notice: &Notice,
    told: &HashMap<String, Effective>,
    instances: &HashMap<String, Instance>,
) -> Option<News> {
    let name = notice.instance.clone();
    let (what, priority) = match &notice.kind {
        NoticeKind::SyncGroup { group, change } => {
            let state = vrrp::keepalived_state(change.to)?;
            return Some(News::Group { name: group.clone(), state });
        }
        NoticeKind::Event(Event::StateChange(change)) => {
            (Happening::Entered(vrrp::keepalived_state(change.to)?), None)
        }
        NoticeKind::Event(Event::LowerPriorityPeer { .. }) => (Happening::HeardLowerPriority, None),
        NoticeKind::Event(Event::PriorityChange { to, .. }) => {
            (Happening::PriorityChanged, Some(to.get()))
        }
        _ => return None,
    };
    let priority = priority.or_else(|| priority_of(&name, told, instances))?;
    Some(News::Instance { name, what, priority })
}

fn priority_of(
    name: &str,
    told: &HashMap<String, Effective>,
    instances: &HashMap<String, Instance>,
) -> Option<u8> {
    let told = told.get(name).map(|effective| effective.priority);
    let configured = || instances.get(name).map(|instance| instance.config.priority());
    told.or_else(configured).map(Priority::get)
}
