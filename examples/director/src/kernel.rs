//! The kernel's IPVS table, kept what it should be by a task of its own: nobody waits for the kernel
//! who does not want to.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use steadfast_conf::model::IpvsNamespace;
use steadfast_director_core::said::Said;
use steadfast_director_core::table::Touched;
use steadfast_ipvs::{Applied, Client, Entry, Error, Failure, Plan, ServiceKey, Table};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, error, info};

use crate::estate::Estate;
use crate::namespace;

/// How often the kernel's table is looked at although nothing is known to have changed: it tells
/// nobody when somebody else changes it.
pub(crate) const OBSERVE_EVERY: Duration = Duration::from_secs(5);
/// A large table takes time to read: so many times as long it is left alone then.
const REST_AFTER_OBSERVATION: u32 = 20;
/// More changes at once are told by their number only.
const TOLD_ONE_BY_ONE: usize = 100;

/// Has a task make the kernel hold what is wanted.
#[derive(Debug)]
pub(crate) struct Kernel {
    wishes: mpsc::UnboundedSender<Wish>,
    task: JoinSet<()>,
}

#[derive(Debug)]
enum Wish {
    /// This and nothing else.
    Whole(Table, oneshot::Sender<Result<(), Error>>),
    /// Nothing at all, of nobody.
    Nothing(oneshot::Sender<Result<(), Error>>),
    /// These services like this or not at all, others as they were wanted.
    Part(Touched, oneshot::Sender<Result<(), Error>>),
}

impl Kernel {
    /// Says also what the table is before anything is wanted. What is in there is somebody else's,
    /// unless it is to be flushed (`lvs_flush`), or left by one whose place we take.
    pub(crate) async fn connect(
        namespace: Option<&IpvsNamespace>,
        flush: bool,
        estate: &Estate,
    ) -> Result<(Self, Table), Error> {
        let mut client = namespace::ipvs(namespace).await?;
        let observer = namespace::ipvs(namespace).await?;
        let found = client.table().await?;
        let (wishes, inbox) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        let mut ours = Ours { keys: estate.services(), estate: estate.clone() };
        ours.extend(found.iter().filter(|_| flush).map(|entry| *entry.key()));
        let keeper = Keeper {
            namespace: namespace.cloned(),
            client,
            wanted: Table::default(),
            known: found.clone(),
            ours,
            said: Said::default(),
            granted: Granted::default(),
        };
        task.spawn(keep(keeper, observer, inbox));
        Ok((Self { wishes, task }, found))
    }

    /// Wants this from now on.
    pub(crate) fn want(&self, wanted: Table) -> oneshot::Receiver<Result<(), Error>> {
        let (done, answer) = oneshot::channel();
        // A task that has ended drops the answer as well, and is missed in `ended`.
        let _ended = self.wishes.send(Wish::Whole(wanted, done));
        answer
    }

    /// Wants an empty table, whosever services are in there.
    pub(crate) fn want_nothing(&self) -> oneshot::Receiver<Result<(), Error>> {
        let (done, answer) = oneshot::channel();
        let _ended = self.wishes.send(Wish::Nothing(done));
        answer
    }

    /// Wants these services to be like this from now on. What becomes of it, its task says as well.
    pub(crate) fn want_part(&self, part: Touched) -> oneshot::Receiver<Result<(), Error>> {
        let (done, answer) = oneshot::channel();
        let _ended = self.wishes.send(Wish::Part(part, done));
        answer
    }

    /// Waits for the task to panic: it does not end otherwise.
    pub(crate) async fn ended(&mut self) -> JoinError {
        match self.task.join_next().await {
            Some(Err(error)) => error,
            Some(Ok(())) | None => std::future::pending().await,
        }
    }
}

type Inbox = mpsc::UnboundedReceiver<Wish>;

async fn keep(mut keeper: Keeper, mut observer: Client, mut inbox: Inbox) {
    let mut observe_at = Instant::now() + OBSERVE_EVERY;
    loop {
        tokio::select! {
            wish = inbox.recv() => match wish {
                Some(wish) => if !keeper.grant(wish).await {
                    // What is known of the table may be out of date.
                    observe_at = Instant::now();
                },
                None => return,
            },
            () = sleep_until(observe_at) => {
                let begun = Instant::now();
                let Some(granted) = observe(&mut keeper, &mut observer, &mut inbox).await else {
                    return;
                };
                let rest = begun.elapsed().saturating_mul(REST_AFTER_OBSERVATION);
                observe_at = Instant::now();
                if granted {
                    observe_at += OBSERVE_EVERY.max(rest);
                }
            }
        }
    }
}

/// Reads the table and mends what is not as it should be. Wishes are granted meanwhile: a large table
/// takes time to read. Says whether all of them could be; `None` when nobody wishes any more.
async fn observe(keeper: &mut Keeper, observer: &mut Client, inbox: &mut Inbox) -> Option<bool> {
    keeper.granted = Granted::default();
    let mut all = true;
    let known = keeper.known.clone();
    let read = {
        let reading = observer.table_beside(&known);
        tokio::pin!(reading);
        loop {
            tokio::select! {
                read = &mut reading => break read,
                wish = inbox.recv() => all &= keeper.grant(wish?).await,
            }
        }
    };
    match read {
        Ok(table) => {
            keeper.say_of(Object::Listing, None::<Error>);
            let _said = keeper.handle_observed(table).await;
        }
        Err(error) => {
            let error = keeper.connect_again(observer).await.err().unwrap_or(error);
            keeper.say_of(Object::Listing, Some(error));
        }
    }
    Some(all)
}

/// The services that are ours in the kernel's table.
#[derive(Debug)]
struct Keeper {
    namespace: Option<IpvsNamespace>,
    client: Client,
    wanted: Table,
    /// What the kernel's table was when it was read, and what has been made of it since.
    known: Table,
    ours: Ours,
    said: Said<Object>,
    granted: Granted,
}

/// What something may be wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    /// The reading of the table.
    Listing,
    /// All changes.
    Changing,
    Service(ServiceKey),
}

/// The services that are ours: in the table, or as soon as the kernel takes them. Should we die, the
/// next one knows.
#[derive(Debug)]
struct Ours {
    keys: BTreeSet<ServiceKey>,
    estate: Estate,
}

impl Ours {
    fn extend(&mut self, keys: impl IntoIterator<Item = ServiceKey>) {
        self.change(|ours| ours.extend(keys));
    }

    fn retain(&mut self, is_ours: impl Fn(&ServiceKey) -> bool) {
        self.change(|ours| ours.retain(is_ours));
    }

    fn remove(&mut self, keys: impl IntoIterator<Item = ServiceKey>) {
        self.change(|ours| {
            for key in keys {
                ours.remove(&key);
            }
        });
    }

    /// Either adds or removes.
    fn change(&mut self, change: impl FnOnce(&mut BTreeSet<ServiceKey>)) {
        let before = self.keys.len();
        change(&mut self.keys);
        if self.keys.len() != before {
            self.estate.set_services(&self.keys);
        }
    }
}

/// Others may have a service that we gave up as soon as it is gone, whatever else could not be done.
fn is_ours(key: &ServiceKey, wanted: &Table, known: &Table) -> bool {
    wanted.get(key).is_some() || known.get(key).is_some()
}

/// What was changed since the table began to be read.
#[derive(Debug, Default)]
struct Granted {
    services: BTreeSet<ServiceKey>,
    everything: bool,
}

impl Keeper {
    /// Says whether all of it could be made.
    async fn grant(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Whole(wanted, done) => {
                self.granted.everything = true;
                self.wanted = wanted;
                let made = self.make().await;
                let all = made.as_ref().is_ok_and(|all| *all);
                // Nobody may wait for it any more.
                let _nobody_waits = done.send(made.map(drop));
                all
            }
            Wish::Nothing(done) => {
                self.granted.everything = true;
                self.wanted = Table::default();
                self.known = Table::default();
                let flushed = self.client.flush().await;
                self.say_of(Object::Changing, flushed.as_ref().err());
                let all = flushed.is_ok();
                let _nobody_waits = done.send(flushed);
                all
            }
            Wish::Part(part, done) => {
                let made = self.make_part(part).await;
                let all = made.as_ref().is_ok_and(|all| *all);
                let _nobody_waits = done.send(made.map(drop));
                all
            }
        }
    }

    /// The module may have been unloaded, and nobody answers to the number that its family had.
    async fn connect_again(&mut self, observer: &mut Client) -> Result<(), Error> {
        self.client = namespace::ipvs(self.namespace.as_ref()).await?;
        *observer = namespace::ipvs(self.namespace.as_ref()).await?;
        Ok(())
    }

    /// Mends what of the table, as it was read, is not as it should be. Of services that were changed
    /// meanwhile it may say what was before.
    async fn handle_observed(&mut self, mut found: Table) -> Result<bool, Error> {
        let Granted { services, everything } = std::mem::take(&mut self.granted);
        if everything {
            return Ok(true);
        }
        for key in services {
            match self.known.get(&key) {
                Some(entry) => drop(found.insert(entry.clone())),
                None => drop(found.remove(&key)),
            }
        }
        self.known = found;
        self.make().await
    }

    /// Compares the table with what it should be and applies the difference. A service that is there
    /// and of the same key is ours, whoever made it.
    async fn make(&mut self) -> Result<bool, Error> {
        self.ours.extend(self.wanted.iter().map(|entry| *entry.key()));
        self.known.share(&self.wanted);
        let plan = self.known.diff(&self.wanted, |key| self.ours.keys.contains(key));
        if plan.is_empty() {
            debug!("the IPVS table is as it should be");
        }
        let all = self.apply(&plan, |_| true).await?;
        if all && !plan.is_empty() {
            self.know(self.ours.keys.clone());
        }
        let Self { ours, wanted, known, .. } = self;
        ours.retain(|key| is_ours(key, wanted, known));
        Ok(all)
    }

    /// The same for these services only, which takes no longer if there are many others.
    async fn make_part(&mut self, part: Touched) -> Result<bool, Error> {
        let Touched { gone, entries } = part;
        let keys: Vec<_> = entries.iter().map(Entry::key).chain(&gone).copied().collect();
        let known = keys.iter().filter_map(|key| self.known.get(key).cloned());
        let known = known.collect::<Table>();
        self.granted.services.extend(&keys);
        let wanted = entries.iter().cloned().collect::<Table>();
        for key in &gone {
            self.wanted.remove(key);
        }
        self.ours.extend(entries.iter().map(|entry| *entry.key()));
        for entry in entries {
            self.wanted.insert(entry);
        }
        let plan = known.diff(&wanted, |_| true);
        let concerned: BTreeSet<_> = keys.iter().copied().collect();
        let all = self.apply(&plan, |key| concerned.contains(key)).await?;
        if all {
            self.know(keys);
        }
        let Self { ours, wanted, known, .. } = self;
        ours.remove(gone.into_iter().filter(|key| !is_ours(key, wanted, known)));
        Ok(all)
    }

    /// These services are now what is wanted, which is kept once.
    fn know(&mut self, made: impl IntoIterator<Item = ServiceKey>) {
        for key in made {
            match self.wanted.get(&key) {
                Some(entry) => drop(self.known.insert(entry.clone())),
                None => drop(self.known.remove(&key)),
            }
        }
    }

    /// Makes the changes, which are all that these services need; says whether all could be made. If
    /// so, what is known is yet to be told.
    async fn apply(
        &mut self,
        plan: &Plan,
        concerns: impl Fn(&ServiceKey) -> bool,
    ) -> Result<bool, Error> {
        let applied = self.ask(plan).await?;
        let refused: BTreeSet<_> = applied.failed.iter().map(|failure| failure.position).collect();
        let made = plan.changes().iter().enumerate().filter(|(at, _)| !refused.contains(at));
        let made = made.map(|(_, change)| change);
        let number = plan.changes().len().saturating_sub(refused.len());
        let many = number > TOLD_ONE_BY_ONE;
        if many {
            info!("IPVS: {number} changes");
        }
        for change in made.clone() {
            if many {
                debug!("IPVS: {change}");
            } else {
                info!("IPVS: {change}");
            }
        }
        if !refused.is_empty() {
            self.known.apply(&made.cloned().collect());
        }
        let wrong = applied.failed.iter().map(|Failure { change, error, .. }| {
            (Object::Service(*change.service()), format!("cannot {change}: {error}"))
        });
        self.say(|object| matches!(object, Object::Service(key) if concerns(key)), wrong);
        Ok(applied.failed.is_empty())
    }

    /// Has the kernel make changes, if there are any.
    async fn ask(&mut self, plan: &Plan) -> Result<Applied, Error> {
        if plan.is_empty() {
            return Ok(Applied::default());
        }
        let applied = self.client.apply(plan).await;
        self.say_of(Object::Changing, applied.as_ref().err());
        applied
    }

    /// Says what is wrong with an object, if anything is.
    fn say_of(&mut self, object: Object, wrong: Option<impl Display>) {
        self.say(|at| *at == object, wrong.map(|wrong| (object, wrong.to_string())));
    }

    /// Says what is wrong with the objects that were looked at.
    fn say(
        &mut self,
        looked_at: impl Fn(&Object) -> bool,
        wrong: impl IntoIterator<Item = (Object, String)>,
    ) {
        for text in self.said.handle(looked_at, wrong) {
            error!("IPVS: {text}");
        }
    }
}
