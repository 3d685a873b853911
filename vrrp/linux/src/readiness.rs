//! Which of many sockets have something to be read: one question for all of them (epoll(7)).

use std::io;
use std::os::fd::AsFd;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::watched::Watched;

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: Watched,
    /// How many were watched so far: no more can be ready.
    watched: usize,
}

impl Readiness {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = Watched::new(epoll::create(epoll::CreateFlags::CLOEXEC)?)?;
        Ok(Self { epoll, watched: 0 })
    }

    /// Watches a socket, which is then known as `token`, until it is no longer to be watched.
    pub(crate) fn watch(&mut self, socket: impl AsFd, token: u64) -> io::Result<()> {
        epoll::add(&self.epoll, socket, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?;
        self.watched += 1;
        Ok(())
    }

    /// That it is closed here is not enough: the crash guard may have it as well.
    pub(crate) fn unwatch(&mut self, socket: impl AsFd) {
        // It is watched.
        let _unknown = epoll::delete(&self.epoll, socket);
        self.watched = self.watched.saturating_sub(1);
    }

    /// Waits until something has arrived since [`ready`](Self::ready) was last asked.
    pub(crate) async fn readable(&self) {
        self.epoll.readable().await;
    }

    /// The sockets that have something to be read.
    pub(crate) fn ready(&self) -> io::Result<impl Iterator<Item = u64>> {
        let mut events = Vec::with_capacity(self.watched);
        if self.watched > 0 {
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&AT_ONCE))?;
        }
        Ok(events.into_iter().map(|event: epoll::Event| event.data.u64()))
    }
}
