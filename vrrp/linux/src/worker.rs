//! The thread that asks the kernel and changes it, and waits for it. The thread that advertises does
//! not: the kernel's lock on its network configuration can be held by others for long.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc::UnboundedSender;

use crate::addresses::{Action, Change};
use crate::firewall::Firewall;
use crate::guard::{Recruit, Vacancy};
use crate::instances::Id;
use crate::netlink::Requests;
use crate::observed::Observed;
use crate::{Error, RealtimePriority, sys};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Job {
    /// Make changes for some instances.
    Change(Vec<(Id, Vec<Change>)>),
    /// Look at everything.
    Observe,
    /// Have packets to these addresses dropped, and to no others.
    DropOnly(BTreeSet<IpAddr>),
    /// Start a crash guard.
    Recruit(Vacancy),
}

/// What was done.
#[derive(Debug)]
pub(crate) enum Report {
    Changed(Vec<(Id, Results)>),
    Observed(io::Result<Observed>),
    Dropped(io::Result<()>),
    Recruited(io::Result<Recruit>),
}

/// What became of changes.
pub(crate) type Results = Vec<(Change, Result<(), Error>)>;

#[derive(Debug)]
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread. Each job gets a report, in the same order.
    pub(crate) fn start(
        mut requests: Requests,
        firewall: Option<Firewall>,
        reports: UnboundedSender<Report>,
        realtime: Option<RealtimePriority>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let work = move || {
            // The thread that advertises asks for the same, and reports what is refused.
            let _reported = realtime.and_then(RealtimePriority::lower).map(sys::run_realtime);
            for job in inbox {
                let report = match job {
                    Job::Change(changes) => Report::Changed(apply_all(&mut requests, changes)),
                    Job::Observe => Report::Observed(requests.observe()),
                    Job::DropOnly(addresses) => Report::Dropped(
                        firewall.as_ref().map_or(Ok(()), |it| it.drop_only(&addresses)),
                    ),
                    Job::Recruit(vacancy) => Report::Recruited(vacancy.fill()),
                };
                if reports.send(report).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("vrrp-netlink".to_owned()).spawn(work)?;
        Ok(Self { jobs, thread })
    }

    /// Hands it a job; says whether it lives to do it.
    pub(crate) fn give(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }

    /// Waits until it has done all its jobs.
    pub(crate) fn finish(self) {
        drop(self.jobs);
        let _panicked = self.thread.join();
    }
}

/// Makes the changes of all instances as one, and sorts out what became of them.
fn apply_all(requests: &mut Requests, all: Vec<(Id, Vec<Change>)>) -> Vec<(Id, Results)> {
    let (counts, changes): (Vec<_>, Vec<_>) =
        all.into_iter().map(|(id, changes)| ((id, changes.len()), changes)).unzip();
    let mut results = apply(requests, changes.concat()).into_iter();
    counts.into_iter().map(|(id, count)| (id, results.by_ref().take(count).collect())).collect()
}

fn apply(requests: &mut Requests, changes: Vec<Change>) -> Results {
    let mut results = requests.apply(changes);
    for (change, result) in &mut results {
        if let (Action::AddMacvlan(macvlan), Ok(())) = (&change.action, &result) {
            *result = macvlan.set_up();
        }
    }
    results
}
