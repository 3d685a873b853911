//! The speaker and its crash guard.

use std::io;
use std::time::{Duration, SystemTime};

use steadfast_vrrp::Instant;
use tokio::sync::mpsc;

use super::{Speaker, take_in};
use crate::clock;
use crate::guard::{Inherited, Keeper, Recruit};
use crate::instances::Id;
use crate::notice::{Notice, NoticeKind};
use crate::running::Running;
use crate::worker::Job;
use crate::{Error, Options};

/// How long what a driver before this one left waits for an instance that is to be added.
const CLAIMED_WITHIN: Duration = Duration::from_secs(60);

/// Waits until there is something to do about the guard.
pub(super) async fn news_of_guard(keeper: Option<&Keeper>) {
    match keeper {
        Some(keeper) => keeper.news().await,
        None => std::future::pending().await,
    }
}

/// Gets a keeper, if there is to be a guard, and what the one of a driver that died has for us.
pub(super) fn inherit(
    options: &Options,
    notices: &mpsc::UnboundedSender<Notice>,
) -> Result<(Option<Keeper>, Vec<Inherited>), Error> {
    let Some(guard) = &options.guard else { return Ok((None, Vec::new())) };
    let (keeper, inherited, refused) = Keeper::new(guard, options, clock::now())?;
    if let Some(error) = refused {
        let (at, kind) = (SystemTime::now(), NoticeKind::Failed(error));
        let _nobody_listens = notices.send(Notice { instance: String::new(), at, kind });
    }
    Ok((Some(keeper), inherited))
}

/// Starts a router, or has it resume.
fn start(running: &mut Running, now: Instant, heir: Option<&Inherited>, start_at: Option<Instant>) {
    let (identity, protocol) = (running.identity(), running.protocol());
    match heir.filter(|it| it.identity == identity && it.protocol() == protocol) {
        Some(inherited) => {
            running.router.handle_resumption(now, inherited.active_until);
            if let Some(sequence) = inherited.sequence {
                running.router.continue_numbering(sequence);
            }
        }
        None if start_at.is_none() => running.router.handle_startup(now),
        None => {}
    }
}

impl Speaker {
    /// Starts all, and has those resume that were Active until a driver before this one died.
    /// The others start after the delay.
    pub(super) fn start_all(&mut self, now: Instant, delay: Duration, inherited: Vec<Inherited>) {
        self.start_at = (!delay.is_zero()).then(|| now + delay);
        for running in self.instances.iter_mut() {
            let heir = inherited.iter().find(|it| it.instance == running.instance.name);
            start(running, now, heir, self.start_at);
        }
        // Only now are all there to hear who took over.
        for inherited in inherited {
            match self.instances.named(&inherited.instance) {
                Some(id) => self.hear_who_took_over(id, now, inherited),
                None => self.unclaimed.push(inherited),
            }
        }
        let all = self.unclaimed.is_empty();
        let accepted = self.keeper.as_mut().map_or(Ok(()), |it| it.accept_inheritance(all));
        self.report_guard(accepted);
    }

    /// Starts one that was added: it may have waited for something since a driver before this one died.
    pub(super) fn start_added(&mut self, id: Id, now: Instant) {
        let Some(running) = self.instances.get_mut(id) else { return };
        let name = &running.instance.name;
        let position = self.unclaimed.iter().position(|it| it.instance == *name);
        let inherited = position.map(|at| self.unclaimed.swap_remove(at));
        start(running, now, inherited.as_ref(), self.start_at);
        if let Some(inherited) = inherited {
            self.hear_who_took_over(id, now, inherited);
        }
    }

    fn hear_who_took_over(&mut self, id: Id, now: Instant, inherited: Inherited) {
        let Some(place) = self.instances.get(id).and_then(Running::place) else { return };
        let protocol = inherited.protocol();
        let Inherited { active_until, receiver, .. } = inherited;
        let (instances, notices) = (&mut self.instances, &self.notices);
        self.channels.drain((place, protocol), receiver, active_until, |place, packet| {
            take_in(instances, notices, now, place, packet)
        });
    }

    /// What nobody was added for in time is nobody's.
    pub(super) fn disown(&mut self, now: Instant) {
        let is_late = |it: &mut Inherited| now.duration_since(it.active_until) > CLAIMED_WITHIN;
        let late: Vec<_> = self.unclaimed.extract_if(.., is_late).collect();
        for Inherited { instance, .. } in late {
            self.have_guard_forget(instance);
        }
    }

    /// Sees to it that there is a guard, and that it knows what to do for these.
    pub(super) fn keep_guard(&mut self, ids: &[Id], now: Instant) {
        let Some(keeper) = &mut self.keeper else { return };
        if let Some(vacancy) = keeper.vacancy(now) {
            self.kernel.worker.give(Job::Recruit(vacancy));
        }
        let mut kinds = Vec::new();
        for id in ids {
            let due = self.instances.get_mut(*id).filter(|running| running.is_will_due());
            let Some(running) = due else { continue };
            let interface = running.place().and_then(|(index, _)| self.interfaces.get(&index));
            let told = keeper.tell(running, interface, &mut self.channels);
            let failure = told.err().and_then(|error| running.failure(error));
            kinds.extend(failure.map(|kind| (*id, kind)));
        }
        for (id, kind) in kinds {
            self.notify_of(id, kind);
        }
    }

    pub(super) fn employ_guard(&mut self, recruited: io::Result<Recruit>) {
        let Some(keeper) = &mut self.keeper else { return };
        let employed = keeper.employ(clock::now(), recruited);
        self.report_guard(employed);
        self.tell_guard_all();
    }

    pub(super) fn have_guard_forget(&mut self, instance: String) {
        let forgotten = self.keeper.as_mut().map_or(Ok(()), |keeper| keeper.forget(instance));
        self.report_guard(forgotten);
    }

    /// Has the guard told everything, whatever it knows.
    pub(super) fn tell_guard_all(&mut self) {
        for running in self.instances.iter_mut() {
            running.will_due = true;
        }
    }

    pub(super) fn check_guard(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        let checked = keeper.check(clock::now());
        self.report_guard(checked);
        // It may be able to hear the rest.
        self.instances.touch_all();
    }

    pub(super) fn dismiss_guard(&mut self) {
        let dismissed = self.keeper.take().map_or(Ok(()), Keeper::dismiss);
        self.report_guard(dismissed);
    }

    fn report_guard(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.notify("", NoticeKind::Failed(error));
        }
    }
}
