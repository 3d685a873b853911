//! The thread that asks the kernel and changes it, and waits for it. The thread that advertises does
//! not: the kernel's lock on its network configuration can be held by others for long.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc::UnboundedSender;

use crate::addresses::Change;
use crate::netlink::Requests;
use crate::observed::Observed;
use crate::{Error, RealtimePriority, sys};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Job {
    /// Make changes for the instance at that position.
    Change { position: usize, changes: Vec<Change> },
    /// Look at everything.
    Observe,
}

/// What was done.
#[derive(Debug)]
pub(crate) enum Report {
    Changed { position: usize, results: Vec<(Change, Result<(), Error>)> },
    Observed(io::Result<Observed>),
}

#[derive(Debug)]
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread. Each job gets a report, in the same order.
    pub(crate) fn start(
        mut requests: Requests,
        reports: UnboundedSender<Report>,
        realtime: Option<RealtimePriority>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let work = move || {
            // The thread that advertises asks for the same, and reports what is refused.
            let _reported = realtime.and_then(RealtimePriority::lower).map(sys::run_realtime);
            for job in inbox {
                let report = match job {
                    Job::Change { position, changes } => {
                        Report::Changed { position, results: requests.apply(changes) }
                    }
                    Job::Observe => Report::Observed(requests.observe()),
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
