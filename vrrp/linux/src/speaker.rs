//! The driver's loop: from sockets, clock, kernel and owner to the virtual routers, and back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

use steadfast_vrrp::Instant;
use steadfast_vrrp::router::Transmit;
use tokio::sync::mpsc;

use crate::channel::{Channels, Needs, Place};
use crate::clock::{self, Alarm};
use crate::driver::Command;
use crate::guard::{Inherited, Keeper};
use crate::instances::{Id, Instances};
use crate::interface::Interface;
use crate::macvlan;
use crate::netlink::{News, Requests};
use crate::notice::{Notice, NoticeKind};
use crate::observed::Observed;
use crate::paces::Paces;
use crate::receiver::Packet;
use crate::running::{RETRY, Running};
use crate::worker::Worker;
use crate::{Error, Instance, Options};

mod commands;

use commands::Leaving;

mod dropping;

use dropping::Dropping;

mod guarded;

use guarded::{inherit, news_of_guard};

mod kernel;

use kernel::{Asking, Kernel};

mod outbox;

use outbox::Outbox;

/// All instances, their sockets and what is known of the kernel.
#[derive(Debug)]
pub(crate) struct Speaker {
    instances: Instances,
    channels: Channels,
    interfaces: BTreeMap<u32, Interface>,
    kernel: Kernel,
    notices: mpsc::UnboundedSender<Notice>,
    outbox: Outbox,
    alarm: Alarm,
    keeper: Option<Keeper>,
    /// What a driver before this one left for instances that are not there, or not yet.
    unclaimed: Vec<Inherited>,
    paces: Paces,
    /// When those start that do not resume.
    start_at: Option<Instant>,
    /// When to try again what concerns no instance alone.
    retry_at: Option<Instant>,
    leaving: Vec<Leaving>,
    dropping: Dropping,
}

impl Speaker {
    pub(crate) fn start(
        instances: Vec<Instance>,
        options: &Options,
        notices: mpsc::UnboundedSender<Notice>,
    ) -> Result<Self, Error> {
        // First: the guard of an earlier run may still be removing addresses.
        let (keeper, inherited) = inherit(options, &notices)?;
        let connecting = || Error::system("connecting to the kernel's routing socket");
        // Subscribed before asked, so that nothing is missed in between.
        let news = News::subscribe().map_err(connecting())?;
        let mut requests = Requests::connect().map_err(connecting())?;
        let observed = requests
            .observe()
            .map_err(Error::system("asking the kernel about links and addresses"))?;
        instances.iter().try_for_each(|instance| require_interfaces(instance, &observed))?;

        let (reporting, reports) = mpsc::unbounded_channel();
        let (dropping, firewall) = Dropping::start(&instances, options)?;
        let worker = Worker::start(requests, firewall, reporting, options.realtime)
            .map_err(Error::system("starting the thread that changes addresses"))?;
        let asking = Asking::Needless;
        let (notices, outbox) = Outbox::new(notices);
        let mut speaker = Self {
            instances: Instances::default(),
            channels: Channels::new(options.receive_buffer)
                .map_err(Error::system("preparing to receive"))?,
            interfaces: BTreeMap::new(),
            kernel: Kernel { news, observed, worker, reports, asking },
            notices,
            outbox,
            alarm: Alarm::new().map_err(Error::system("making a timer"))?,
            keeper,
            unclaimed: Vec::new(),
            paces: Paces::new(options),
            start_at: None,
            retry_at: None,
            leaving: Vec::new(),
            dropping,
        };
        for instance in instances {
            speaker.instances.add(Running::new(instance));
        }
        for error in options.apply_to_this_thread() {
            speaker.notify("", NoticeKind::Failed(error));
        }
        let now = clock::now();
        speaker.follow_kernel(now);
        speaker.open_sockets()?;
        // The last that can fail, so that nothing is left behind if something does.
        let instances: Vec<_> = speaker.instances.iter().map(|running| &running.instance).collect();
        let mut requests = Requests::connect().map_err(connecting())?;
        let macvlans = macvlan::make_all(&instances, &speaker.kernel.observed, &mut requests)?;
        for (running, macvlans) in speaker.instances.iter_mut().zip(macvlans) {
            running.plan_macvlans(macvlans);
            running.possible_macvlans_made(&speaker.kernel.observed);
        }
        speaker.start_all(now, options.startup_delay, inherited);
        speaker.hear_news();
        Ok(speaker)
    }

    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.carry_out();
            if let Some(at) = self.wake_at()
                && let Err(error) = self.alarm.set(at)
            {
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
                () = self.dropping.news() => self.hear_of_table(),
                () = self.alarm.ring() => {}
                () = self.channels.readable() => {}
                () = news_of_guard(self.keeper.as_ref()) => self.check_guard(),
            }
            // Whatever woke us: all that has arrived by now is taken in before it is judged what
            // should have happened by now.
            let now = clock::now();
            self.hear_news();
            self.receive_all(now);
            self.handle_timeouts(now);
        }
        self.stop().await;
    }

    fn wake_at(&mut self) -> Option<Instant> {
        let kernel = match self.kernel.asking {
            Asking::DueAt(at) => Some(at),
            Asking::Needless | Asking::UnderWay => None,
        };
        let guard = self.keeper.as_ref().and_then(Keeper::wake_at);
        let dropping = self.dropping.wake_at();
        let others =
            [kernel, guard, dropping, self.start_at, self.retry_at, self.channels.rests_until()];
        others.into_iter().flatten().chain(self.instances.wake_at()).min()
    }

    fn handle_timeouts(&mut self, now: Instant) {
        if self.start_at.take_if(|at| *at <= now).is_some() {
            self.instances.iter_mut().for_each(|running| running.router.handle_startup(now));
        }
        self.instances.handle_timeouts(now);
        self.disown(now);
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.reopen_sockets(now);
            self.tell_guard_all();
        }
    }

    fn notify(&self, instance: &str, kind: NoticeKind) {
        let notice = Notice { instance: instance.to_owned(), at: SystemTime::now(), kind };
        // Whoever does not listen does not want to know.
        let _nobody_listens = self.notices.send(notice);
    }

    fn notify_of(&self, id: Id, kind: NoticeKind) {
        if let Some(running) = self.instances.get(id) {
            self.notify(&running.instance.name, kind);
        }
    }

    fn open_sockets(&mut self) -> Result<(), Error> {
        let mut all: BTreeMap<Place, Needs> = BTreeMap::new();
        for running in self.instances.iter() {
            let Some(place) = running.place() else { continue };
            let name = &running.instance.interface;
            if let Entry::Vacant(entry) = self.interfaces.entry(place.0) {
                entry.insert(Interface::open(name, place.0)?);
            }
            running.add_needs(all.entry(place).or_default());
        }
        self.channels.provide(&all)
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

    fn receive_all(&mut self, now: Instant) {
        let (instances, notices) = (&mut self.instances, &self.notices);
        let failures = self
            .channels
            .receive_all(now, |place, packet| take_in(instances, notices, now, place, packet));
        for error in failures {
            self.notify("", NoticeKind::Failed(error));
        }
    }

    /// Sends, reports and changes what the routers want.
    fn carry_out(&mut self) {
        let now = clock::now();
        for (group, change) in self.instances.synchronise(now) {
            self.notify("", NoticeKind::SyncGroup { group, change });
        }
        let touched = self.instances.take_touched();
        // Advertisements first, then addresses, which accept nothing they should not from the start.
        self.transmit(&touched, now);
        self.keep_guard(&touched, now);
        self.drop_more(&touched, now);
        if self.kernel.known().is_some() {
            self.change_addresses(&touched, now);
        }
        self.drop_less(&touched, now);
        self.outbox.await_changes(&touched);
        self.instances.let_go(touched);
        self.release_leaving();
        self.tell();
    }

    fn tell(&mut self) {
        let instances = &self.instances;
        self.outbox.send(|id| instances.get(id).is_some_and(Running::is_changing));
    }

    fn transmit(&mut self, ids: &[Id], now: Instant) {
        for id in ids {
            self.transmit_of(*id, now);
        }
        let mut failures = Vec::new();
        self.channels.flush(|id, error| failures.push((id, error)));
        for (id, error) in failures {
            let running = self.instances.get_mut(id);
            if let Some(kind) = running.and_then(|running| running.failure(error)) {
                self.notify_of(id, kind);
            }
        }
    }

    fn transmit_of(&mut self, id: Id, now: Instant) {
        let Some(running) = self.instances.get_mut(id) else { return };
        let mut kinds: Vec<_> = std::iter::from_fn(|| running.poll_event()).collect();
        let interface = running.place().and_then(|(index, _)| self.interfaces.get(&index));
        match (running.place(), interface) {
            (Some(place), Some(interface)) => {
                let pacer = self.paces.of(&running.instance.interface);
                // A pace counts from when a frame leaves, not from when we woke.
                while let Some(transmit) = running.poll_transmit(clock::now(), pacer) {
                    let sent = match (transmit, running.sends_from()) {
                        (Transmit::Advertisement(advertise), Some((mac, group))) => {
                            interface.advertise(running, &advertise, mac, group)
                        }
                        (Transmit::Advertisement(advertise), None) => {
                            self.channels.queue(place, id, running, &advertise)
                        }
                        (Transmit::Announce(announce), _) => {
                            let observed = &self.kernel.observed;
                            interface.announce(&running.instance, announce.address, observed)
                        }
                    };
                    kinds.extend(sent.err().and_then(|error| running.failure(error)));
                }
            }
            // It must not go out later, when it is not true any more.
            _ => while running.router.poll_transmit().is_some() {},
        }
        if let Some(interface) = interface {
            for address in running.due_elsewhere(now) {
                let sent = interface.announce(&running.instance, address, &self.kernel.observed);
                kinds.extend(sent.err().and_then(|error| running.failure(error)));
            }
        }
        for kind in kinds {
            self.notify_of(id, kind);
        }
    }

    /// Priority 0 first, then the addresses.
    async fn stop(mut self) {
        let now = clock::now();
        for running in self.instances.iter_mut() {
            running.leave(now);
        }
        let all = self.instances.take_touched();
        self.transmit(&all, now);
        self.keep_guard(&all, now);
        // What is under way first, then what that left to do.
        self.handle_open_reports().await;
        self.tell();
        self.change_addresses(&all, now);
        self.handle_open_reports().await;
        self.drop_for_those_left(now);
        self.dismiss_guard();
        self.restore_bases();
        self.tell();
        self.kernel.worker.finish();
    }

    fn restore_bases(&self) {
        let macvlans = self.instances.iter().flat_map(Running::macvlans);
        for error in macvlans.filter_map(|macvlan| macvlan.restore_base().err()) {
            self.notify("", NoticeKind::Failed(error));
        }
    }

    async fn handle_open_reports(&mut self) {
        while self.kernel.asking == Asking::UnderWay
            || self.instances.iter().any(Running::is_changing)
            || self.keeper.as_ref().is_some_and(Keeper::is_recruiting)
        {
            match self.kernel.reports.recv().await {
                Some(report) => self.handle_report(report),
                None => break,
            }
        }
    }
}

/// Hands a packet to whom it is for; says whether there is one.
fn take_in(
    instances: &mut Instances,
    notices: &mpsc::UnboundedSender<Notice>,
    now: Instant,
    place: Place,
    packet: &Packet<'_>,
) -> bool {
    let Some(running) = instances.addressee(place, packet) else { return false };
    // It may have arrived since we looked at the clock.
    let now = now.max(packet.arrival);
    if let Some(kind) = running.receive(now, packet) {
        let instance = running.instance.name.clone();
        let _nobody_listens = notices.send(Notice { instance, at: SystemTime::now(), kind });
    }
    true
}

fn require_interfaces(instance: &Instance, observed: &Observed) -> Result<(), Error> {
    let Instance { name, interface, addresses, dynamic_interfaces, .. } = instance;
    if *dynamic_interfaces {
        return Ok(());
    }
    let others = addresses.iter().filter_map(|address| address.interface.as_ref());
    let others = others.filter(|other| !instance.makes(other));
    let bases = instance.virtual_interfaces.iter().map(|made| &made.base);
    let mut all = std::iter::once(interface).chain(others).chain(bases);
    match all.find(|name| observed.index_of(name).is_none()) {
        Some(missing) => {
            let (instance, interface) = (name.clone(), missing.clone());
            Err(Error::NoInterface { instance, interface })
        }
        None => Ok(()),
    }
}
