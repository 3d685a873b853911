//! The driver's loop: from sockets, clock, kernel and owner to the virtual routers, and back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

use futures_util::future::select_all;
use steadfast_vrrp::Instant;
use steadfast_vrrp::packet::peek_vrid;
use steadfast_vrrp::router::{FaultReason, Received, Transmit};
use tokio::sync::mpsc;

use crate::addresses::Change;
use crate::clock::{self, Alarm};
use crate::driver::Command;
use crate::interface::Interface;
use crate::netlink::{News, NewsLost, Requests};
use crate::notice::{Notice, NoticeKind};
use crate::observed::{Held, Observed};
use crate::running::{RETRY, Running};
use crate::worker::{Job, Report, Worker};
use crate::{Error, Instance, Options, Snapshot};

/// More than any IPv4 packet.
const RECEIVE_BUFFER: usize = 65_536;

/// All instances, their sockets and what is known of the kernel.
#[derive(Debug)]
pub(crate) struct Speaker {
    instances: Vec<Running>,
    interfaces: BTreeMap<u32, Interface>,
    kernel: Kernel,
    notices: mpsc::UnboundedSender<Notice>,
    alarm: Alarm,
    /// When to try again what concerns no instance alone.
    retry_at: Option<Instant>,
    receive_buffer: Option<usize>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Kernel {
    news: News,
    observed: Observed,
    worker: Worker,
    reports: mpsc::UnboundedReceiver<Report>,
    asking: Asking,
}

/// Whether the kernel has to be asked for everything, because news was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Needless,
    DueAt(Instant),
    /// News waits until the answer is there, which may be older.
    UnderWay,
}

impl Kernel {
    /// What the kernel has, where that is known.
    fn known(&self) -> Option<&Observed> {
        (self.asking == Asking::Needless).then_some(&self.observed)
    }
}

impl Speaker {
    pub(crate) fn start(
        instances: Vec<Instance>,
        options: &Options,
        notices: mpsc::UnboundedSender<Notice>,
    ) -> Result<Self, Error> {
        let connecting = || Error::system("connecting to the kernel's routing socket");
        // Subscribed before asked, so that nothing is missed in between.
        let news = News::subscribe().map_err(connecting())?;
        let mut requests = Requests::connect().map_err(connecting())?;
        let observed = requests
            .observe()
            .map_err(Error::system("asking the kernel about links and addresses"))?;
        require_interfaces(&instances, &observed)?;

        let (reporting, reports) = mpsc::unbounded_channel();
        let worker = Worker::start(requests, reporting, options.realtime)
            .map_err(Error::system("starting the thread that changes addresses"))?;
        let asking = Asking::Needless;
        let mut speaker = Self {
            instances: instances.into_iter().map(Running::new).collect(),
            interfaces: BTreeMap::new(),
            kernel: Kernel { news, observed, worker, reports, asking },
            notices,
            alarm: Alarm::new().map_err(Error::system("making a timer"))?,
            retry_at: None,
            receive_buffer: options.receive_buffer,
            buffer: vec![0; RECEIVE_BUFFER],
        };
        for error in options.apply_to_this_thread() {
            speaker.notify("", NoticeKind::Failed(error));
        }
        let now = clock::now();
        speaker.follow_kernel(now);
        speaker.open_sockets()?;
        for running in &mut speaker.instances {
            running.router.handle_startup(now);
        }
        Ok(speaker)
    }

    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.carry_out();
            let wake_at = self.wake_at();
            if let Err(error) = self.alarm.set(wake_at) {
                self.notify("", NoticeKind::Failed(Error::system("setting a timer")(error)));
            }
            tokio::select! {
                // The rare ones first: a flood of packets must not keep them waiting.
                biased;
                command = commands.recv() => match command {
                    Some(Command::Stop) | None => break,
                    Some(command) => self.obey(command),
                },
                report = self.kernel.reports.recv() => match report {
                    Some(report) => self.handle_report(report),
                    // Without its thread nothing can be configured any more: leave it to others.
                    None => break,
                },
                () = self.kernel.news.readable() => {}
                () = self.alarm.ring() => {}
                () = readable(&self.interfaces) => {}
            }
            // Whatever woke us: all that has arrived is taken in before any timer is judged.
            self.hear_news();
            self.receive_all();
            self.handle_timeouts();
        }
        self.stop().await;
    }

    fn wake_at(&self) -> Option<Instant> {
        let router = |running: &Running| running.router.poll_timeout().map(|timeout| timeout.at);
        let routers = self.instances.iter().filter_map(router).min();
        let kernel = match self.kernel.asking {
            Asking::Needless => self.instances.iter().filter_map(Running::retry_at).min(),
            Asking::DueAt(at) => Some(at),
            Asking::UnderWay => None,
        };
        [routers, kernel, self.retry_at].into_iter().flatten().min()
    }

    fn handle_timeouts(&mut self) {
        let now = clock::now();
        for running in &mut self.instances {
            running.router.handle_timeout(now);
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.reopen_sockets(now);
        }
    }

    fn notify(&self, instance: &str, kind: NoticeKind) {
        let notice = Notice { instance: instance.to_owned(), at: SystemTime::now(), kind };
        // Whoever does not listen does not want to know.
        let _nobody_listens = self.notices.send(notice);
    }

    fn notify_of(&self, position: usize, kind: NoticeKind) {
        if let Some(running) = self.instances.get(position) {
            self.notify(&running.instance.name, kind);
        }
    }

    fn open_sockets(&mut self) -> Result<(), Error> {
        for running in &self.instances {
            let Some(index) = running.index else { continue };
            let interface = match self.interfaces.entry(index) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let name = &running.instance.interface;
                    entry.insert(Interface::open(name, index, self.receive_buffer)?)
                }
            };
            interface.join(&running.instance)?;
        }
        Ok(())
    }

    /// For interfaces that came or went after the start.
    fn reopen_sockets(&mut self, now: Instant) {
        let observed = &self.kernel.observed;
        self.interfaces.retain(|index, _| observed.link(*index).is_some());
        if let Err(error) = self.open_sockets() {
            self.retry_at = Some(now + RETRY);
            self.notify("", NoticeKind::Failed(error));
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::SetPriority(name, priority) => {
                if let Some(running) = self.named(&name) {
                    // Only the owner refuses, whose priority tracking does not change.
                    let _owner = running.router.set_priority(priority);
                }
            }
            Command::Fault(name, reason) => self.declare_fault(&name, Some(reason)),
            Command::ClearFault(name) => self.declare_fault(&name, None),
            Command::Snapshot(answer) => {
                let snapshots = self.instances.iter().map(|running| self.snapshot(running));
                let _asker_is_gone = answer.send(snapshots.collect());
            }
            Command::Stop => {}
        }
    }

    fn named(&mut self, name: &str) -> Option<&mut Running> {
        self.instances.iter_mut().find(|running| running.instance.name == name)
    }

    fn declare_fault(&mut self, name: &str, fault: Option<FaultReason>) {
        if let Some(running) = self.named(name) {
            running.declared_fault = fault;
        }
        self.follow_kernel(clock::now());
    }

    fn snapshot(&self, running: &Running) -> Snapshot {
        let interface = running.index.and_then(|index| self.interfaces.get(&index));
        Snapshot {
            instance: running.instance.name.clone(),
            state: running.router.state(),
            priority: running.router.effective_priority(),
            counters: *running.router.counters(),
            unknown_vrids: interface.map_or(0, |interface| interface.unknown_vrids),
        }
    }

    /// Reads all news, then acts upon it.
    fn hear_news(&mut self) {
        let (mut heard, mut gone) = (false, Vec::new());
        while self.kernel.asking == Asking::Needless {
            match self.kernel.news.next() {
                Ok(Some(messages)) => {
                    heard = true;
                    let observed = &mut self.kernel.observed;
                    gone.extend(messages.iter().filter_map(|message| observed.handle(message)));
                }
                Ok(None) => break,
                Err(NewsLost) => self.kernel.asking = Asking::DueAt(clock::now()),
            }
        }
        if heard {
            self.act_upon_kernel(&gone);
        }
        if matches!(self.kernel.asking, Asking::DueAt(at) if at <= clock::now()) {
            self.kernel.asking = Asking::UnderWay;
            self.kernel.worker.give(Job::Observe);
        }
    }

    fn act_upon_kernel(&mut self, gone: &[Held]) {
        let now = clock::now();
        self.follow_kernel(now);
        self.reopen_sockets(now);
        for held in gone {
            self.report_lost(held);
        }
    }

    /// Reports an address that somebody else took away from an Active router.
    fn report_lost(&self, gone: &Held) {
        let observed = &self.kernel.observed;
        for running in &self.instances {
            let instance = &running.instance;
            let is_lost = running.router.holds_addresses()
                && !running.is_changing()
                && instance.addresses.iter().any(|address| {
                    address.address == gone.address
                        && address.prefix_len == gone.prefix_len
                        && observed.index_of(instance.interface_of(address)) == Some(gone.index)
                })
                && !observed.held(gone.index, gone.address).any(|held| held == *gone);
            if is_lost {
                self.notify(&instance.name, NoticeKind::AddressLost(gone.address));
            }
        }
    }

    /// Tells the routers what links and addresses mean for them.
    fn follow_kernel(&mut self, now: Instant) {
        let all = self.instances.iter().flat_map(|running| &running.instance.addresses);
        let all_virtual: Vec<_> = all.map(|address| address.address).collect();
        for running in &mut self.instances {
            running.follow(now, &self.kernel.observed, &all_virtual);
        }
    }

    fn receive_all(&mut self) {
        let now = clock::now();
        let (instances, notices) = (&mut self.instances, &self.notices);
        let mut failed = Vec::new();
        for (index, interface) in &mut self.interfaces {
            let received = interface.receive_all(&mut self.buffer, |packet| {
                let vrid = peek_vrid(packet.payload);
                let Some(running) = instances.iter_mut().find(|running| {
                    vrid == Some(running.instance.config.vrid().get())
                        && running.index == Some(*index)
                        && running.hears(packet.source.into(), packet.destination.into())
                }) else {
                    return false;
                };
                let received = Received {
                    arrival: now,
                    source: packet.source.into(),
                    destination: packet.destination.into(),
                    hop_limit: packet.ttl,
                    unicast: running.accepts_unicast(packet.source.into(), packet.ttl),
                };
                if let Some(kind) = running.receive(now, &received, packet.payload) {
                    let instance = running.instance.name.clone();
                    let at = SystemTime::now();
                    let _nobody_listens = notices.send(Notice { instance, at, kind });
                }
                true
            });
            failed.extend(received.err());
        }
        for error in failed {
            let error = Error::system("receiving an advertisement")(error);
            self.notify("", NoticeKind::Failed(error));
        }
    }

    /// Sends, reports and changes what the routers want.
    fn carry_out(&mut self) {
        let now = clock::now();
        for position in 0..self.instances.len() {
            // The advertisement first, then the addresses; that they are in brings announcements.
            self.transmit_all(position);
            if self.kernel.known().is_some() {
                self.change_addresses(position, now);
                self.transmit_all(position);
            }
        }
    }

    fn transmit_all(&mut self, position: usize) {
        let Some(running) = self.instances.get_mut(position) else { return };
        let mut kinds: Vec<_> = std::iter::from_fn(|| running.poll_event()).collect();
        while let Some(transmit) = running.router.poll_transmit() {
            let Some(interface) = running.index.and_then(|i| self.interfaces.get_mut(&i)) else {
                continue;
            };
            let sent = match transmit {
                Transmit::Advertisement(advertise) => interface.advertise(running, &advertise),
                Transmit::Announce(announce) => {
                    let observed = &self.kernel.observed;
                    interface.announce(&running.instance, announce.address, observed)
                }
            };
            kinds.extend(sent.err().and_then(|error| running.failure(error)));
        }
        for kind in kinds {
            self.notify_of(position, kind);
        }
    }

    fn change_addresses(&mut self, position: usize, now: Instant) {
        let Some(running) = self.instances.get_mut(position) else { return };
        let changes = running.begin_changes(now, &self.kernel.observed);
        if !changes.is_empty() {
            self.kernel.worker.give(Job::Change { position, changes });
        }
    }

    fn handle_report(&mut self, report: Report) {
        match report {
            Report::Changed { position, results } => {
                // The kernel told all about the changes before it answered.
                self.hear_news();
                self.end_changes(position, results);
            }
            Report::Observed(Ok(observed)) => {
                self.kernel.observed = observed;
                self.kernel.asking = Asking::Needless;
                self.act_upon_kernel(&[]);
            }
            Report::Observed(Err(error)) => {
                self.kernel.asking = Asking::DueAt(clock::now() + RETRY);
                let what = "asking the kernel about links and addresses";
                self.notify("", NoticeKind::Failed(Error::system(what)(error)));
            }
        }
    }

    fn end_changes(&mut self, position: usize, results: Vec<(Change, Result<(), Error>)>) {
        let Some(running) = self.instances.get_mut(position) else { return };
        let late = running.end_changes(clock::now(), self.kernel.known());
        let interface = running.index.and_then(|index| self.interfaces.get(&index));
        let mut kinds = Vec::new();
        for (change, result) in results {
            let address = change.address();
            match result {
                Ok(()) if change.adds() => {
                    kinds.push(NoticeKind::AddressAdded(address));
                    if let (true, Some(interface)) = (late, interface) {
                        let observed = &self.kernel.observed;
                        let sent = interface.announce(&running.instance, address, observed);
                        kinds.extend(sent.err().and_then(|error| running.failure(error)));
                    }
                }
                Ok(()) => kinds.push(NoticeKind::AddressRemoved(address)),
                Err(error) => kinds.extend(running.failure(error)),
            }
        }
        for kind in kinds {
            self.notify_of(position, kind);
        }
    }

    /// Priority 0 first, then the addresses.
    async fn stop(mut self) {
        let now = clock::now();
        for running in &mut self.instances {
            running.router.handle_shutdown(now);
        }
        for position in 0..self.instances.len() {
            self.transmit_all(position);
        }
        // What is under way first, then what that left to do.
        self.handle_open_reports().await;
        for position in 0..self.instances.len() {
            self.change_addresses(position, now);
        }
        self.handle_open_reports().await;
        self.kernel.worker.finish();
    }

    async fn handle_open_reports(&mut self) {
        while self.kernel.asking == Asking::UnderWay
            || self.instances.iter().any(Running::is_changing)
        {
            match self.kernel.reports.recv().await {
                Some(report) => self.handle_report(report),
                None => break,
            }
        }
    }
}

fn require_interfaces(instances: &[Instance], observed: &Observed) -> Result<(), Error> {
    for Instance { name, interface, addresses, .. } in instances {
        let others = addresses.iter().filter_map(|address| address.interface.as_ref());
        if let Some(missing) =
            std::iter::once(interface).chain(others).find(|name| observed.index_of(name).is_none())
        {
            let (instance, interface) = (name.clone(), missing.clone());
            return Err(Error::NoInterface { instance, interface });
        }
    }
    Ok(())
}

async fn readable(interfaces: &BTreeMap<u32, Interface>) {
    let waiting: Vec<_> =
        interfaces.values().map(|interface| Box::pin(interface.readable())).collect();
    if waiting.is_empty() {
        return std::future::pending().await;
    }
    select_all(waiting).await;
}
