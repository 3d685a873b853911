//! Static addresses, routes and rules, and the routes and rules that follow VRRP instances: a task
//! keeps the kernel as it should be, and puts back what somebody else takes away.

mod encapsulation;
mod kernel;
mod message;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use steadfast_conf::Model;
use steadfast_director_core::notify::InstanceState;
use steadfast_director_core::routing;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::estate::Estate;

/// How long the kernel may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the kernel should hold, and the task that sees to it.
#[derive(Debug)]
pub(crate) struct Routing {
    estate: Estate,
    model: Arc<Model>,
    states: BTreeMap<String, InstanceState>,
    wanted: watch::Sender<Wanted>,
    /// The number of what was made last.
    made: watch::Sender<u64>,
    /// Only where there is something to see to.
    task: JoinSet<()>,
}

/// What should be there, numbered: each that differs from the one before has the next number.
#[derive(Debug, Clone, Default)]
struct Wanted {
    number: u64,
    routing: routing::Routing,
}

impl Routing {
    /// Nothing should be there.
    pub(crate) fn new(estate: Estate) -> Self {
        Self {
            estate,
            model: Arc::default(),
            states: BTreeMap::new(),
            wanted: watch::Sender::default(),
            made: watch::Sender::default(),
            task: JoinSet::new(),
        }
    }

    /// Makes the kernel hold what a model says.
    pub(crate) fn reconcile(&mut self, model: &Arc<Model>) {
        self.model = Arc::clone(model);
        let instances = &model.instances;
        self.states.retain(|name, _| instances.iter().any(|instance| instance.name == *name));
        self.follow();
    }

    /// Routes and rules follow an instance that entered a state.
    pub(crate) fn handle_entered(&mut self, name: &str, state: InstanceState) {
        self.states.insert(name.to_owned(), state);
        self.follow();
    }

    /// Whether what should be there is, as far as it can be.
    pub(crate) fn is_settled(&self) -> bool {
        self.task.is_empty() || *self.made.borrow() == self.wanted.borrow().number
    }

    /// Waits until it is, but no longer than until then.
    pub(crate) async fn settled(&self, until: Instant) {
        let mut made = self.made.subscribe();
        let settled = async {
            while !self.is_settled() {
                // It cannot end: the other end is here.
                let _changed = made.changed().await;
            }
        };
        let _late = timeout_at(until, settled).await;
    }

    fn follow(&mut self) {
        let wanted = routing::Routing::of(&self.model, &self.states);
        let has_any =
            self.model.instances.iter().any(|it| !it.routes.is_empty() || !it.rules.is_empty());
        let has_any = has_any || !wanted.is_empty() || self.estate.has_routing();
        if self.task.is_empty() && has_any {
            let (wanted, made) = (self.wanted.subscribe(), self.made.clone());
            self.task.spawn(kernel::keep(wanted, made, self.estate.clone()));
        }
        self.wanted.send_if_modified(|before| {
            let changed = before.routing != wanted;
            if changed {
                *before = Wanted { number: before.number.wrapping_add(1), routing: wanted };
            }
            changed
        });
    }

    /// Takes everything away, unless it is to be kept.
    pub(crate) async fn stop(self, keep: bool) {
        let Self { wanted, mut task, .. } = self;
        if keep {
            return task.shutdown().await;
        }
        wanted.send_replace(Wanted::default());
        drop(wanted);
        let ended = async { while task.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            warn!("routes could not be removed within {PATIENCE:?}");
        }
    }
}
