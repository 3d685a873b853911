//! The virtual servers: their checks, and the kernel's table that follows from them.

use std::collections::HashSet;
use std::time::Duration;

use steadfast_checkers::{Event, Events, Monitor};
use steadfast_conf::model::VirtualServer;
use steadfast_conf::{Diagnostic, Loaded, Model, Severity};
use steadfast_director_core::notify::InstanceState;
use steadfast_director_core::services::{CheckId, Checks, Occurrence, Services, Suspension};
use steadfast_director_core::status::ServiceStatus;
use steadfast_director_core::table::{self, TableError};
use steadfast_ipvs::Table;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, error, info};

use crate::check::Machine;
use crate::checks::{self, Handshakes};
use crate::estate::Estate;
use crate::following::Addresses;
use crate::kernel::Kernel;
use crate::links::Links;
use crate::lvs::Settings;
use crate::or_never::or_never;

/// Checks that change together are applied together.
const SETTLE: Duration = Duration::from_millis(10);

/// All virtual servers.
#[derive(Debug)]
pub(crate) struct Balancer {
    services: Services,
    monitor: Monitor<CheckId>,
    events: Events<CheckId>,
    /// There is none before there are services.
    kernel: Option<Kernel>,
    settings: Settings,
    /// What is flushed once at the start has been.
    goes_on: bool,
    estate: Estate,
    /// Followed while a service asks for it.
    addresses: Option<Addresses>,
    /// Whether services of others are removed at the end.
    flush_on_stop: bool,
    /// What is still to become of checks.
    changed: Checks,
    /// What the checks with TLS have been made with; `None` before there were checks.
    handshakes: Option<Handshakes>,
    /// When the kernel is to be told what is wanted of it now.
    tell_at: Option<Instant>,
}

/// Why services are not as they should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BalancerError {
    #[error(transparent)]
    Ipvs(#[from] steadfast_ipvs::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the task that keeps the IPVS table has ended: {0}")]
    Ended(tokio::task::JoinError),
}

/// Refuses services that the configuration's own rules allow and the kernel's table cannot hold. It
/// can hold those that are shared with an earlier model.
pub(crate) fn audit(loaded: &mut Loaded, earlier: &Model) {
    let Some(model) = &loaded.model else { return };
    let refused = |(service, error): (&VirtualServer, TableError)| {
        let message = format!("this service cannot be run: {error}");
        Diagnostic::new(Severity::Error, service.span, message)
    };
    let errors = table::unfit(model, earlier).into_iter().map(refused).collect();
    loaded.say(errors);
}

impl Balancer {
    /// There are no services.
    pub(crate) fn new(goes_on: bool, estate: Estate) -> Self {
        let (monitor, events) = checks::monitor();
        Self {
            services: Services::default(),
            monitor,
            events,
            kernel: None,
            settings: Settings::new(estate.clone()),
            goes_on,
            estate,
            addresses: None,
            flush_on_stop: false,
            changed: Checks::default(),
            handshakes: None,
            tell_at: None,
        }
    }

    /// Serves what a model says, and returns when the kernel does: servers that are as they were keep
    /// their connections. The checks are yet to [follow](Self::check), and what has happened is yet to
    /// be [said](log): it has, whether or not the kernel serves.
    pub(crate) async fn reconcile(
        &mut self,
        model: &Model,
    ) -> (Vec<Occurrence>, Result<(), BalancerError>) {
        let lvs = &model.global.lvs;
        let namespace = model.process.net_namespace_ipvs.as_ref();
        self.settings.reconcile(namespace, lvs);
        self.flush_on_stop = lvs.flush_on_stop;
        let flush = lvs.flush && !self.goes_on;
        let has_any = !model.virtual_servers.is_empty() || self.estate.has_services();
        if self.kernel.is_none() && !has_any && !flush {
            return (Vec::new(), Ok(()));
        }
        let mut found = Table::default();
        let is_first = self.kernel.is_none();
        if is_first {
            match Kernel::connect(namespace, flush, &self.estate).await {
                Ok((kernel, table)) => {
                    self.kernel = Some(kernel);
                    found = table;
                }
                Err(error) => return (Vec::new(), Err(error.into())),
            }
        }
        let found = |service: &_, server: &_| table::found(&found, service, server);
        let (changed, occurrences) = self.services.reconcile(model, found);
        self.changed = changed;
        (occurrences, self.make_touched(is_first).await)
    }

    /// Has the checks follow what a model says: those that are as they were go on.
    pub(crate) fn check(&mut self, model: &Model, machine: &Machine) {
        let changed = std::mem::take(&mut self.changed);
        checks::change(&self.monitor, &self.services, &changed, machine);
        let before = self.handshakes.replace(machine.handshakes.clone());
        if before.is_some() && before != self.handshakes {
            checks::renew(&self.monitor, &self.services, machine);
        }
        self.follow_addresses(model);
    }

    /// Waits until something happens to a service or a server.
    pub(crate) async fn next(&mut self) -> Result<Vec<Occurrence>, BalancerError> {
        loop {
            tokio::select! {
                Some(event) = self.events.next() => {
                    let occurrences = self.handle_check(&event);
                    if !occurrences.is_empty() {
                        return Ok(occurrences);
                    }
                }
                () = or_never(self.tell_at.map(sleep_until)) => self.tell(),
                held = or_never(self.addresses.as_mut().map(Addresses::changed)) => {
                    self.services.handle_addresses(held);
                    self.suspend();
                }
                error = or_never(self.kernel.as_mut().map(Kernel::ended)) => {
                    return Err(BalancerError::Ended(error));
                }
            }
        }
    }

    fn follow_addresses(&mut self, model: &Model) {
        if !model.virtual_servers.iter().any(|service| service.ha_suspend) {
            self.addresses = None;
        } else if self.addresses.is_none() {
            self.addresses = Some(Addresses::follow(Links::addresses));
            self.services.handle_addresses(HashSet::new());
        }
        self.suspend();
    }

    fn suspend(&mut self) {
        for Suspension { service, suspended, checks } in self.services.take_suspensions() {
            if suspended {
                info!("Suspending the checks of {service}: its address is not here");
            } else {
                info!("Resuming the checks of {service}");
            }
            checks::suspend(&self.monitor, suspended, &checks);
        }
    }

    fn handle_check(&mut self, event: &Event<CheckId>) -> Vec<Occurrence> {
        let Event { key, outcome, standing, .. } = event;
        if outcome.is_pass() {
            debug!("Check of {}: {outcome}", self.services.name_of(*key));
        } else {
            info!("Check of {}: {outcome}", self.services.name_of(*key));
        }
        let Some(judgement) = checks::judgement(*standing, outcome) else { return Vec::new() };
        let occurrences = self.services.handle_check(*key, judgement);
        log(&occurrences);
        self.tell_at.get_or_insert_with(|| Instant::now() + SETTLE);
        occurrences
    }

    fn tell(&mut self) {
        self.tell_at = None;
        let Some(kernel) = &self.kernel else { return };
        match table::touched(&mut self.services) {
            Ok(touched) => drop(kernel.want_part(touched)),
            Err(error) => error!("{error}"),
        }
    }

    /// A VRRP instance entered a state.
    pub(crate) fn handle_entered(&mut self, instance: &str, state: InstanceState) {
        self.settings.handle_entered(instance, state);
    }

    /// Has the kernel be told what is wanted of it now, and waits for it.
    async fn make_touched(&mut self, is_first: bool) -> Result<(), BalancerError> {
        self.tell_at = None;
        let touched = table::touched(&mut self.services)?;
        let made = self.kernel.as_ref().map(|kernel| {
            if is_first {
                kernel.want(touched.entries.into_iter().collect())
            } else {
                kernel.want_part(touched)
            }
        });
        self.made(made).await
    }

    /// Wants this table, and waits for it.
    async fn make(&mut self, table: Table) -> Result<(), BalancerError> {
        self.tell_at = None;
        let made = self.kernel.as_ref().map(|kernel| kernel.want(table));
        self.made(made).await
    }

    async fn made(
        &mut self,
        made: Option<oneshot::Receiver<Result<(), steadfast_ipvs::Error>>>,
    ) -> Result<(), BalancerError> {
        let (Some(kernel), Some(made)) = (&mut self.kernel, made) else { return Ok(()) };
        tokio::select! {
            Ok(made) = made => Ok(made?),
            error = kernel.ended() => Err(BalancerError::Ended(error)),
        }
    }

    /// How the services stand.
    pub(crate) fn status(&self) -> Vec<ServiceStatus> {
        self.services.status()
    }

    /// Ends all checks and, unless they are to stay, removes the services from the kernel. Says what
    /// is to be told of that.
    pub(crate) async fn stop(mut self, keep: bool) -> (Vec<Occurrence>, Result<(), BalancerError>) {
        let omega = self.services.handle_end();
        let made = match &self.kernel {
            Some(_) if keep => Ok(()),
            Some(kernel) if self.flush_on_stop => {
                let made = kernel.want_nothing();
                self.made(Some(made)).await
            }
            Some(_) | None => self.make(Table::default()).await,
        };
        self.settings.stop(keep).await;
        (omega, made)
    }
}

/// Says what has happened. There may be very much.
pub(crate) fn log(occurrences: &[Occurrence]) {
    for occurrence in occurrences {
        match occurrence {
            Occurrence::Server { server, service, up, .. } => {
                info!("Server {server} of {service} is {}", if *up { "up" } else { "down" });
            }
            Occurrence::Quorum { service, change, quorum, .. } => {
                let verb = if change.has_quorum { "Gained" } else { "Lost" };
                let weight = change.weight;
                info!("{verb} quorum of {service}: weight {weight}, needed {quorum}");
            }
            // Told when the check judged.
            Occurrence::Check { .. } => {}
        }
    }
}
