//! Keeps a guard on duty, and up to date.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;

use steadfast_vrrp::Instant;

use super::claim::Claim;
use super::inheritance::{self, Inherited};
use super::link::{Link, Recruit, engage, recruit};
use super::message::{Charge, Message};
use super::rendezvous;
use super::testament::Testament;
use crate::channel::Channels;
use crate::interface::Interface;
use crate::running::{RETRY, Running};
use crate::{Error, Guard, Options};

#[derive(Debug)]
pub(crate) struct Keeper {
    charge: Charge,
    state: State,
    /// Instances that are no more, which the guard does not know yet.
    gone: Vec<String>,
    /// Ours for as long as we live.
    _claim: Option<Claim>,
    /// Waits until all that its driver left is in our hands.
    predecessor: Option<OwnedFd>,
}

#[derive(Debug)]
enum State {
    /// There is none. What is left of the one before is to be waited for.
    Vacant { former: Option<Child>, until: Instant },
    /// One is being started.
    Recruiting,
    /// `busy` while it has to read first what it was told.
    OnDuty { link: Link, busy: bool },
}

/// What it takes to start a guard.
#[derive(Debug)]
pub(crate) struct Vacancy {
    charge: Charge,
    former: Option<Child>,
}

impl Vacancy {
    /// Starts a guard. It may have to wait for the disk.
    pub(crate) fn fill(self) -> io::Result<Recruit> {
        if let Some(mut former) = self.former {
            // It has ended; who else waited for it has done our work.
            let _ended = former.wait();
        }
        recruit(&self.charge)
    }
}

impl Keeper {
    /// Waits for the guard of an earlier run that has something to do, if the driver has a name, or
    /// inherits from it.
    pub(crate) fn new(
        guard: &Guard,
        options: &Options,
        now: Instant,
    ) -> Result<(Self, Vec<Inherited>, Option<Error>), Error> {
        let claim = guard.name().map(Claim::wait_for).transpose()?;
        let charge = Charge {
            process: std::process::id(),
            grace: guard.grace(),
            name: guard.name().map(str::to_owned),
            realtime: options.realtime,
            lock_memory: options.lock_memory,
        };
        let state = State::Vacant { former: None, until: now };
        let mut keeper = Self { charge, state, gone: Vec::new(), _claim: claim, predecessor: None };
        let inheriting = Error::system("inheriting from the driver before");
        match keeper.inherit(guard) {
            Ok(inherited) => Ok((keeper, inherited, None)),
            Err(error) => Ok((keeper, Vec::new(), Some(inheriting(error)))),
        }
    }

    fn inherit(&mut self, guard: &Guard) -> io::Result<Vec<Inherited>> {
        if let Some(supervisor) = guard.take_channel() {
            let inherited = inheritance::ask(supervisor.as_fd());
            let link = Link::new(engage(&self.charge, supervisor, None)?)?;
            self.state = State::OnDuty { link, busy: false };
            return inherited;
        }
        let Some(predecessor) = guard.name().map(rendezvous::come).transpose()?.flatten() else {
            return Ok(Vec::new());
        };
        let inherited = inheritance::ask(predecessor.as_fd())?;
        self.predecessor = Some(predecessor);
        Ok(inherited)
    }

    /// All that was inherited is in our hands; or not all, and a supervisor keeps the rest for us.
    pub(crate) fn accept_inheritance(&mut self, all: bool) -> Result<(), Error> {
        let accepted = match (self.predecessor.take(), &self.state) {
            (Some(guard), _) => inheritance::accept(guard),
            (None, State::OnDuty { link, .. }) if all => link.tell(&Message::Accepted, &[]),
            (None, _) => Ok(()),
        };
        accepted.map_err(Error::system("telling the crash guard that all is inherited"))
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Vacant { until, .. } => Some(until),
            State::Recruiting | State::OnDuty { .. } => None,
        }
    }

    pub(crate) fn is_recruiting(&self) -> bool {
        matches!(self.state, State::Recruiting)
    }

    /// The vacancy that is to be filled now.
    pub(crate) fn vacancy(&mut self, now: Instant) -> Option<Vacancy> {
        let State::Vacant { former, until } = &mut self.state else { return None };
        if *until > now {
            return None;
        }
        let former = former.take();
        self.state = State::Recruiting;
        Some(Vacancy { charge: self.charge.clone(), former })
    }

    /// A guard was started, which knows of no virtual router yet.
    pub(crate) fn employ(
        &mut self,
        now: Instant,
        recruited: io::Result<Recruit>,
    ) -> Result<(), Error> {
        match recruited.and_then(Link::new) {
            Ok(link) => {
                self.state = State::OnDuty { link, busy: false };
                self.gone.clear();
                Ok(())
            }
            Err(error) => {
                self.state = State::Vacant { former: None, until: now + RETRY };
                Err(Error::system("starting the crash guard")(error))
            }
        }
    }

    /// Waits until the guard has ended, or can be told more.
    pub(crate) async fn news(&self) {
        match &self.state {
            State::OnDuty { link, busy: false } => link.readable().await,
            State::OnDuty { link, busy: true } => tokio::select! {
                () = link.readable() => {}
                () = link.writable() => {}
            },
            State::Vacant { .. } | State::Recruiting => std::future::pending().await,
        }
    }

    /// Finds out whether the guard has ended.
    pub(crate) fn check(&mut self, now: Instant) -> Result<(), Error> {
        let until = now + RETRY;
        let vacant = State::Vacant { former: None, until };
        match std::mem::replace(&mut self.state, vacant) {
            State::OnDuty { link, .. } if link.has_ended() => {
                self.state = State::Vacant { former: link.into_child(), until };
                Err(Error::GuardEnded)
            }
            State::OnDuty { link, .. } => {
                self.state = State::OnDuty { link, busy: false };
                Ok(())
            }
            state => {
                self.state = state;
                Ok(())
            }
        }
    }

    /// Tells the guard the last will of a virtual router, which is due until it could be told.
    pub(crate) fn tell(
        &mut self,
        running: &mut Running,
        interface: Option<&Interface>,
        channels: &mut Channels,
    ) -> Result<(), Error> {
        if !matches!(self.state, State::OnDuty { busy: false, .. }) {
            return Ok(());
        }
        // In order: there may have been another of the same name.
        self.tell_gone()?;
        let Testament { will, receiver, sender, complete } =
            Testament::of(running, interface, channels);
        let (willed, receiver) = (will.sequence, receiver.as_ref().map(AsFd::as_fd));
        let passed: Vec<_> = receiver.into_iter().chain(sender).collect();
        if self.tell_message(&Message::Will(will), &passed)? {
            running.will_due = false;
            running.willed = willed;
            complete?;
        }
        Ok(())
    }

    /// Has the guard forget an instance.
    pub(crate) fn forget(&mut self, instance: String) -> Result<(), Error> {
        self.gone.push(instance);
        self.tell_gone()
    }

    fn tell_gone(&mut self) -> Result<(), Error> {
        while let Some(instance) = self.gone.pop() {
            if !self.tell_message(&Message::Forget(instance.clone()), &[])? {
                self.gone.push(instance);
                break;
            }
        }
        Ok(())
    }

    /// Says whether the message was taken: by a guard, and not because that ends.
    fn tell_message(
        &mut self,
        message: &Message,
        passed: &[BorrowedFd<'_>],
    ) -> Result<bool, Error> {
        let State::OnDuty { link, busy: busy @ false } = &mut self.state else { return Ok(false) };
        match link.tell(message, passed) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                *busy = true;
                Ok(false)
            }
            // It has ended, which there will be news of.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::system("telling the crash guard what to do")(error)),
        }
    }

    /// Sends the guard home.
    pub(crate) fn dismiss(self) -> Result<(), Error> {
        match self.state {
            State::OnDuty { link, .. } => {
                link.dismiss().map_err(Error::system("ending the crash guard"))
            }
            State::Vacant { .. } | State::Recruiting => Ok(()),
        }
    }
}
