//! Our router: the driver itself, in the network of a host.

use std::time::Duration;

use steadfast_lab::{Host, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp::router::{Event, State, StateReason};
use steadfast_vrrp_linux::{Handle, Instance, NoticeKind, Notices, Options, Snapshot, spawn};
use tokio::runtime::Runtime;

use crate::scenario::PATIENCE;

pub(crate) struct Ours {
    name: String,
    handle: Handle,
    said: Said,
}

/// What it says, as far as it was listened to.
struct Said {
    notices: Notices,
    heard: Vec<String>,
    /// There is nothing to complain about where both sides are configured alike.
    complaints: Vec<String>,
    runtime: Runtime,
}

impl Ours {
    pub(crate) fn start(host: &Host, instance: Instance) -> Self {
        let name = instance.name.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        // The driver lives where it is started.
        let (handle, notices) =
            host.enter(|| spawn(vec![instance], Options::default())).unwrap().unwrap();
        let said = Said { notices, heard: Vec::new(), complaints: Vec::new(), runtime };
        Self { name, handle, said }
    }

    /// Waits for the next change of state, which must be this one, and says its reason.
    pub(crate) fn becomes(&mut self, state: State) -> StateReason {
        loop {
            let kind = self.said.next(PATIENCE).unwrap_or_else(|| panic!("no change to {state}"));
            if let NoticeKind::Event(Event::StateChange(change)) = kind {
                assert_eq!(change.to, state, "because of {}", change.reason);
                return change.reason;
            }
        }
    }

    /// Waits until so many advertisements have been heard, its state remaining what it is.
    pub(crate) fn hears(&self, advertisements: u64) {
        self.stays_until(|before, now| {
            now.counters.advertisement_rcvd >= before.counters.advertisement_rcvd + advertisements
        });
    }

    /// Waits until so many advertisements have been sent, its state remaining what it is.
    pub(crate) fn sends(&self, advertisements: u64) {
        self.stays_until(|before, now| {
            now.counters.advertisement_sent >= before.counters.advertisement_sent + advertisements
        });
    }

    fn stays_until(&self, enough: impl Fn(&Snapshot, &Snapshot) -> bool) {
        let before = self.snapshot();
        let mut now = before.clone();
        let changed = |now: &Snapshot| {
            now.counters.master_transitions != before.counters.master_transitions
                || now.state != before.state
        };
        wait_until(PATIENCE, "enough advertisements have passed", || {
            now = self.snapshot();
            enough(&before, &now) || changed(&now)
        })
        .unwrap();
        assert!(!changed(&now), "it was {} and is {}", before.state, now.state);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.said.runtime.block_on(self.handle.snapshot()).unwrap().remove(0)
    }

    pub(crate) fn set_priority(&self, priority: u8) {
        self.handle.set_priority(&self.name, Priority::new(priority).unwrap()).unwrap();
    }

    /// Stops it in order. It had nothing to complain about.
    pub(crate) fn stop(self) {
        assert_eq!(self.stop_and_say_complaints(), [""; 0]);
    }

    /// Stops it in order. It had something to complain about, this alone.
    pub(crate) fn stop_after_complaints_of(self, what: &str) {
        let complaints = self.stop_and_say_complaints();
        let expected = complaints.iter().all(|complaint| complaint.contains(what));
        assert!(expected && !complaints.is_empty(), "{complaints:?}");
    }

    fn stop_and_say_complaints(self) -> Vec<String> {
        let Self { handle, mut said, .. } = self;
        said.runtime.block_on(handle.shutdown()).unwrap();
        while said.next(PATIENCE).is_some() {}
        std::mem::take(&mut said.complaints)
    }
}

impl Said {
    /// The next notice; `None` after the last one, or if there is none for so long.
    fn next(&mut self, limit: Duration) -> Option<NoticeKind> {
        let next = async { tokio::time::timeout(limit, self.notices.next()).await };
        let kind = self.runtime.block_on(next).ok()??.kind;
        self.heard.push(kind.to_string());
        let expected = matches!(
            kind,
            NoticeKind::Event(
                Event::StateChange(_)
                    | Event::PriorityChange { .. }
                    | Event::LowerPriorityPeer { .. }
                    // What the other has just sent when the owner comes.
                    | Event::OwnerConflict { .. }
                    | Event::Overslept { .. }
            ) | NoticeKind::AddressAdded(_)
                | NoticeKind::AddressRemoved(_)
        );
        if !expected {
            self.complaints.push(kind.to_string());
        }
        Some(kind)
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            while self.next(Duration::ZERO).is_some() {}
            eprintln!("---- ours said ----\n{}", self.heard.join("\n"));
        }
    }
}
