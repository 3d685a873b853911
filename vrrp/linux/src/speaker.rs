//! The driver's loop: from sockets, clock, kernel and owner to the virtual routers, and back.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use futures_util::{Stream, StreamExt};
use rtnetlink::packet_route::RouteNetlinkMessage;
use steadfast_vrrp::announce::GratuitousArp;
use steadfast_vrrp::packet::{MAX_LEN, peek_vrid};
use steadfast_vrrp::router::{Advertise, FaultReason, Received, Transmit};
use steadfast_vrrp::{Instant, VirtualRouter};
use tokio::sync::mpsc;

use crate::driver::Command;
use crate::netlink::{Change, Netlink};
use crate::notice::{Notice, NoticeKind};
use crate::observed::Observed;
use crate::socket::{Announcer, Receiver, Sender};
use crate::{Error, Instance, Snapshot, VirtualAddress};

/// More than any IPv4 packet.
const RECEIVE_BUFFER: usize = 65_536;
/// How long to wait before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// All instances, their sockets and what is known of the kernel.
pub(crate) struct Speaker {
    instances: Vec<Running>,
    interfaces: BTreeMap<u32, Interface>,
    kernel: Kernel,
    notices: mpsc::UnboundedSender<Notice>,
    /// Where tasks that change addresses report.
    done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
    epoch: tokio::time::Instant,
    retry_at: Option<tokio::time::Instant>,
}

struct Kernel {
    netlink: Netlink,
    news: Box<dyn Stream<Item = RouteNetlinkMessage> + Unpin>,
    observed: Observed,
}

struct Running {
    instance: Instance,
    router: VirtualRouter,
    /// What the owner declared.
    declared_fault: Option<FaultReason>,
    /// What the router was told.
    fault: Option<FaultReason>,
    /// Changes to its addresses are under way.
    changing: bool,
    last_discarded: Option<String>,
}

struct Interface {
    receiver: Receiver,
    announcer: Announcer,
    senders: BTreeMap<Ipv4Addr, Sender>,
}

/// A change to an instance's address was made, or not.
struct Done {
    position: usize,
    results: Vec<(Change, Result<(), Error>)>,
}

impl Speaker {
    pub(crate) async fn start(
        instances: Vec<Instance>,
        notices: mpsc::UnboundedSender<Notice>,
    ) -> Result<Self, Error> {
        let (netlink, news) = Netlink::connect()?;
        let observed = netlink.observe().await?;
        for Instance { name, interface, .. } in &instances {
            if observed.index_of(interface).is_none() {
                let (instance, interface) = (name.clone(), interface.clone());
                return Err(Error::NoInterface { instance, interface });
            }
        }
        let running = |instance: Instance| Running {
            router: VirtualRouter::new(instance.config.clone()),
            instance,
            declared_fault: None,
            fault: None,
            changing: false,
            last_discarded: None,
        };
        let mut speaker = Self {
            instances: instances.into_iter().map(running).collect(),
            interfaces: BTreeMap::new(),
            kernel: Kernel { netlink, news: Box::new(news), observed },
            notices,
            done: mpsc::unbounded_channel(),
            epoch: tokio::time::Instant::now(),
            retry_at: None,
        };
        speaker.open_sockets()?;
        let now = speaker.now();
        speaker.follow_kernel(now);
        for running in &mut speaker.instances {
            running.router.handle_startup(now);
        }
        Ok(speaker)
    }

    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.carry_out();
            let wake_at = self.wake_at();
            tokio::select! {
                // What was received is taken in before any timer is judged.
                biased;
                () = readable(&self.interfaces) => {}
                command = commands.recv() => match command {
                    Some(Command::Stop) | None => break,
                    Some(command) => self.obey(command),
                },
                Some(news) = self.kernel.news.next() => self.hear_of(&news),
                Some(done) = self.done.1.recv() => self.handle_done(done),
                () = sleep_until(wake_at) => {}
            }
            self.receive_all();
            let now = self.now();
            for running in &mut self.instances {
                running.router.handle_timeout(now);
            }
            if self.retry_at.is_some_and(|at| at <= tokio::time::Instant::now()) {
                self.retry_at = None;
                self.reopen_sockets();
            }
        }
        self.stop().await;
    }

    fn now(&self) -> Instant {
        let since = self.epoch.elapsed();
        Instant::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn wake_at(&self) -> Option<tokio::time::Instant> {
        let timeouts = self.instances.iter().filter_map(|running| running.router.poll_timeout());
        let next = timeouts.map(|timeout| timeout.at).min();
        let next = next.map(|at| self.epoch + Duration::from_nanos(at.as_nanos()));
        [next, self.retry_at].into_iter().flatten().min()
    }

    fn notify(&self, instance: &str, kind: NoticeKind) {
        // Whoever does not listen does not want to know.
        let _nobody_listens = self.notices.send(Notice { instance: instance.to_owned(), kind });
    }

    fn open_sockets(&mut self) -> Result<(), Error> {
        for Running { instance, .. } in &self.instances {
            let Some(index) = self.kernel.observed.index_of(&instance.interface) else { continue };
            let name = &instance.interface;
            let interface = match self.interfaces.entry(index) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let receiver = Receiver::open(name, index)
                        .map_err(Error::system(format!("opening a VRRP socket on {name}")))?;
                    let announcer = Announcer::open(index)
                        .map_err(Error::system(format!("opening a packet socket on {name}")))?;
                    entry.insert(Interface { receiver, announcer, senders: BTreeMap::new() })
                }
            };
            let group = instance.group;
            interface
                .receiver
                .join(group)
                .map_err(Error::system(format!("joining {group} on {name}")))?;
        }
        Ok(())
    }

    /// For interfaces that came back after the start.
    fn reopen_sockets(&mut self) {
        if let Err(error) = self.open_sockets() {
            self.retry_at = Some(tokio::time::Instant::now() + RETRY);
            self.notify("", NoticeKind::Failed(error));
        }
    }

    fn obey(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::SetPriority(name, priority) => {
                if let Some(running) = self.named(&name) {
                    // Only the owner refuses, whose priority tracking does not change.
                    let _owner = running.router.set_priority(priority);
                }
            }
            Command::Fault(name, reason) => {
                if let Some(running) = self.named(&name) {
                    running.declared_fault = Some(reason);
                }
                self.follow_kernel(now);
            }
            Command::ClearFault(name) => {
                if let Some(running) = self.named(&name) {
                    running.declared_fault = None;
                }
                self.follow_kernel(now);
            }
            Command::Snapshot(answer) => {
                let snapshots = self.instances.iter().map(|running| Snapshot {
                    instance: running.instance.name.clone(),
                    state: running.router.state(),
                    priority: running.router.effective_priority(),
                    counters: *running.router.counters(),
                });
                let _asker_is_gone = answer.send(snapshots.collect());
            }
            Command::Stop => {}
        }
    }

    fn named(&mut self, name: &str) -> Option<&mut Running> {
        self.instances.iter_mut().find(|running| running.instance.name == name)
    }

    fn hear_of(&mut self, news: &RouteNetlinkMessage) {
        let before = self.held_by_instances();
        self.kernel.observed.handle(news);
        let after = self.held_by_instances();
        for (position, address) in before.difference(&after) {
            if let Some(running) = self.instances.get(*position)
                && running.router.holds_addresses()
                && !running.changing
            {
                self.notify(&running.instance.name, NoticeKind::AddressLost(*address));
            }
        }
        self.reopen_sockets();
        self.follow_kernel(self.now());
    }

    /// Which instances' addresses the kernel has.
    fn held_by_instances(&self) -> BTreeSet<(usize, IpAddr)> {
        let mut held = BTreeSet::new();
        for (position, running) in self.instances.iter().enumerate() {
            for address in &running.instance.addresses {
                let index = self.index_for(&running.instance, address);
                if index.is_some_and(|i| self.kernel.observed.held(i, address.address).is_some()) {
                    held.insert((position, address.address));
                }
            }
        }
        held
    }

    fn index_for(&self, instance: &Instance, address: &VirtualAddress) -> Option<u32> {
        let interface = address.interface.as_ref().unwrap_or(&instance.interface);
        self.kernel.observed.index_of(interface)
    }

    /// Tells the routers what links and addresses mean for them.
    fn follow_kernel(&mut self, now: Instant) {
        let all = self.instances.iter().flat_map(|running| &running.instance.addresses);
        let virtual_addresses: Vec<_> = all.map(|address| address.address).collect();
        let observed = &self.kernel.observed;
        for running in &mut self.instances {
            let instance = &running.instance;
            let index = observed.index_of(&instance.interface);
            let link = index.and_then(|index| observed.link(index));
            let primary = index.and_then(|i| observed.primary_ipv4(i, &virtual_addresses));
            let source = instance.source.or(primary);
            running.router.set_source(source.map(IpAddr::V4));
            let up = link.is_some_and(|link| link.running || !instance.track_interface);
            let fault = match (up, source) {
                (false, _) => Some(FaultReason::InterfaceDown),
                (true, None) => Some(FaultReason::NoSourceAddress),
                (true, Some(_)) => running.declared_fault.clone(),
            };
            if fault == running.fault {
                continue;
            }
            running.fault.clone_from(&fault);
            match fault {
                Some(fault) => running.router.handle_fault(now, fault),
                None => running.router.clear_fault(now),
            }
        }
    }

    fn receive_all(&mut self) {
        let now = self.now();
        let mut buffer = [0; RECEIVE_BUFFER];
        let mut failed = Vec::new();
        for (index, interface) in &self.interfaces {
            loop {
                let packet = match interface.receiver.try_receive(&mut buffer) {
                    Ok(Some(packet)) => packet,
                    Ok(None) => break,
                    Err(error) => {
                        failed.push(Error::system("receiving an advertisement")(error));
                        break;
                    }
                };
                let here = |instance: &Instance| {
                    self.kernel.observed.index_of(&instance.interface) == Some(*index)
                };
                let running = self.instances.iter_mut().find(|running| {
                    peek_vrid(packet.payload) == Some(running.instance.config.vrid().get())
                        && here(&running.instance)
                });
                let Some(running) = running else { continue };
                let received = Received {
                    arrival: now,
                    source: packet.source.into(),
                    destination: packet.destination.into(),
                    hop_limit: packet.ttl,
                    unicast: false,
                };
                if let Err(reason) = running.router.handle_packet(now, &received, packet.payload) {
                    let text = format!("{} {reason}", packet.source);
                    if running.last_discarded.as_ref() != Some(&text) {
                        running.last_discarded = Some(text);
                        let kind = NoticeKind::Discarded { source: received.source, reason };
                        let instance = running.instance.name.clone();
                        let _nobody_listens = self.notices.send(Notice { instance, kind });
                    }
                }
            }
        }
        for error in failed {
            self.notify("", NoticeKind::Failed(error));
        }
    }

    /// Sends, reports and changes what the routers want.
    fn carry_out(&mut self) {
        let now = self.now();
        for position in 0..self.instances.len() {
            self.transmit_all(position);
            self.apply_addresses(position, now);
            // That the addresses are in may have brought announcements.
            self.transmit_all(position);
        }
    }

    fn transmit_all(&mut self, position: usize) {
        let Some(running) = self.instances.get_mut(position) else { return };
        let mut kinds = Vec::new();
        let index = self.kernel.observed.index_of(&running.instance.interface);
        while let Some(transmit) = running.router.poll_transmit() {
            let Some(interface) = index.and_then(|index| self.interfaces.get_mut(&index)) else {
                continue;
            };
            let sent = match transmit {
                Transmit::Advertisement(advertise) => interface.advertise(running, &advertise),
                Transmit::Announce(announce) => {
                    self.kernel.announce(running, interface, announce.address)
                }
            };
            if let Err(error) = sent {
                kinds.push(NoticeKind::Failed(error));
            }
        }
        while let Some(event) = running.router.poll_event() {
            kinds.push(NoticeKind::Event(event));
        }
        let name = running.instance.name.clone();
        for kind in kinds {
            self.notify(&name, kind);
        }
    }

    /// Makes the kernel's addresses what the router says: a difference, applied by a task so that
    /// nobody waits for the kernel.
    fn apply_addresses(&mut self, position: usize, now: Instant) {
        let changes = self.address_changes(position);
        let Some(running) = self.instances.get_mut(position) else { return };
        if running.changing {
            return;
        }
        if changes.is_empty() {
            if running.router.holds_addresses() {
                running.router.handle_addresses_installed(now);
            }
            return;
        }
        if self.retry_at.is_some() {
            return;
        }
        running.changing = true;
        let (netlink, done) = (self.kernel.netlink.clone(), self.done.0.clone());
        tokio::spawn(async move {
            let results = make(&netlink, changes).await;
            let _we_stop = done.send(Done { position, results });
        });
    }

    fn address_changes(&self, position: usize) -> Vec<Change> {
        let Some(running) = self.instances.get(position) else { return Vec::new() };
        let add = running.router.holds_addresses();
        let mut changes = Vec::new();
        for address in &running.instance.addresses {
            let Some(index) = self.index_for(&running.instance, address) else { continue };
            if self.kernel.observed.held(index, address.address).is_some() != add {
                let interface = address.interface.as_ref().unwrap_or(&running.instance.interface);
                let (interface, address) = (interface.clone(), address.clone());
                changes.push(Change { index, interface, address, add });
            }
        }
        changes
    }

    fn handle_done(&mut self, done: Done) {
        let Some(running) = self.instances.get_mut(done.position) else { return };
        running.changing = false;
        let name = running.instance.name.clone();
        for (change, result) in done.results {
            let address = change.address.address;
            let kind = match result {
                // Its own notification may still be under way.
                Ok(()) if change.add => {
                    self.kernel.observed.add(change.index, address, change.address.prefix_len);
                    NoticeKind::AddressAdded(address)
                }
                Ok(()) => {
                    self.kernel.observed.forget(change.index, address);
                    NoticeKind::AddressRemoved(address)
                }
                Err(error) => {
                    self.retry_at = Some(tokio::time::Instant::now() + RETRY);
                    NoticeKind::Failed(error)
                }
            };
            self.notify(&name, kind);
        }
    }

    /// Priority 0 first, then the addresses.
    async fn stop(mut self) {
        let now = self.now();
        for running in &mut self.instances {
            running.router.handle_shutdown(now);
        }
        for position in 0..self.instances.len() {
            self.transmit_all(position);
        }
        while self.instances.iter().any(|running| running.changing) {
            match self.done.1.recv().await {
                Some(done) => self.handle_done(done),
                None => break,
            }
        }
        for position in 0..self.instances.len() {
            let results = make(&self.kernel.netlink, self.address_changes(position)).await;
            self.handle_done(Done { position, results });
        }
    }
}

impl Interface {
    fn advertise(&mut self, running: &Running, advertise: &Advertise) -> Result<(), Error> {
        let Instance { interface, group, .. } = &running.instance;
        let IpAddr::V4(source) = advertise.source else { return Ok(()) };
        let failed = || Error::system(format!("advertising on {interface}"));
        let mut buffer = [0; MAX_LEN];
        let encoded = advertise
            .carrier((*group).into())
            .ok_or_else(|| failed()(io::ErrorKind::InvalidInput.into()))
            .and_then(|carrier| {
                let encoded = running.router.encode(advertise, carrier, &mut buffer);
                encoded.map_err(|error| failed()(io::Error::other(error)))
            })?;
        let sender = match self.senders.entry(source) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Sender::open(interface, source).map_err(failed())?)
            }
        };
        sender.send(*group, buffer.get(..encoded).unwrap_or_default()).map_err(failed())
    }
}

impl Kernel {
    /// Announces on the interface that has the address.
    fn announce(
        &self,
        running: &Running,
        interface: &Interface,
        address: IpAddr,
    ) -> Result<(), Error> {
        let IpAddr::V4(address) = address else { return Ok(()) };
        let all = running.instance.addresses.iter();
        let device = all
            .filter(|held| held.address == address)
            .find_map(|held| held.interface.as_ref())
            .unwrap_or(&running.instance.interface);
        let Some(index) = self.observed.index_of(device) else { return Ok(()) };
        let mac = self.observed.link(index).and_then(|link| link.mac);
        let Some(mac) = mac else { return Ok(()) };
        interface
            .announcer
            .send(index, &GratuitousArp { mac, address })
            .map_err(Error::system(format!("announcing {address} on {device}")))
    }
}

/// All requests go out before the first answer is waited for.
async fn make(netlink: &Netlink, changes: Vec<Change>) -> Vec<(Change, Result<(), Error>)> {
    let made = changes.into_iter().map(|change| async move {
        let result = netlink.apply(&change).await;
        (change, result)
    });
    join_all(made).await
}

async fn readable(interfaces: &BTreeMap<u32, Interface>) {
    let waiting: Vec<_> =
        interfaces.values().map(|interface| Box::pin(interface.receiver.readable())).collect();
    if waiting.is_empty() {
        return std::future::pending().await;
    }
    // An error shows itself again on reading, where it is reported.
    let _first = select_all(waiting).await;
}

async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
