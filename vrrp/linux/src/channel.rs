//! The sockets of one interface and family, shared by all instances on it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use steadfast_vrrp::router::Advertise;
use steadfast_vrrp::{Family, Instant};

use crate::Error;
use crate::instances::Id;
use crate::mmsg::Inbox;
use crate::readiness::Readiness;
use crate::receiver::{Packet, Receiver};
use crate::running::Running;
use crate::sender::{Origin, Sender};
use crate::socket::Protocol;

/// An interface's index, and a family.
pub(crate) type Place = (u32, Family);

/// All channels that the instances need.
#[derive(Debug)]
pub(crate) struct Channels {
    channels: BTreeMap<Place, Channel>,
    readiness: Readiness,
    inbox: Inbox,
    receive_buffer: Option<usize>,
    /// A flood was left unread.
    unread: bool,
    rest: Rest,
}

#[derive(Debug)]
struct Channel {
    interface: String,
    index: u32,
    receivers: BTreeMap<Protocol, Receiver>,
    senders: BTreeMap<Origin, Sender<Id>>,
}

/// What instances need at one place.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) interface: String,
    pub(crate) groups: Vec<IpAddr>,
    pub(crate) sources: Vec<IpAddr>,
    pub(crate) vrids: BTreeSet<u8>,
    pub(crate) protocols: BTreeSet<Protocol>,
}

impl Channels {
    pub(crate) fn new(receive_buffer: Option<usize>) -> io::Result<Self> {
        let (channels, inbox) = (BTreeMap::new(), Inbox::new());
        let readiness = Readiness::new()?;
        let rest = Rest::default();
        Ok(Self { channels, readiness, inbox, receive_buffer, unread: false, rest })
    }

    /// Opens and closes, joins and leaves, until there is what is needed and no more.
    pub(crate) fn provide(&mut self, all: &BTreeMap<Place, Needs>) -> Result<(), Error> {
        for (_, mut channel) in self.channels.extract_if(.., |place, _| !all.contains_key(place)) {
            for receiver in channel.receivers.values_mut() {
                close(&mut self.readiness, receiver);
            }
        }
        let mut provided = Ok(());
        for (place, needs) in all {
            provided = provided.and(self.provide_one(*place, needs));
        }
        provided
    }

    fn provide_one(&mut self, place: Place, needs: &Needs) -> Result<(), Error> {
        let name = &needs.interface;
        let channel = match self.channels.entry(place) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (receivers, senders) = (BTreeMap::new(), BTreeMap::new());
                let (interface, (index, _)) = (name.clone(), place);
                entry.insert(Channel { interface, index, receivers, senders })
            }
        };
        channel.senders.retain(|origin, _| needs.sources.contains(&origin.source));
        let is_needless = |protocol: &Protocol, _: &mut _| !needs.protocols.contains(protocol);
        for (_, mut receiver) in channel.receivers.extract_if(.., is_needless) {
            close(&mut self.readiness, &mut receiver);
        }
        for protocol in &needs.protocols {
            let receiver = match channel.receivers.entry(*protocol) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let opening =
                        |error| Error::system(format!("opening a VRRP socket on {name}"))(error);
                    let receiver = Receiver::open(place, *protocol, name, self.receive_buffer)
                        .map_err(opening)?;
                    self.readiness.watch(&receiver, token(place, *protocol)).map_err(opening)?;
                    entry.insert(receiver)
                }
            };
            receiver.want_only(&needs.vrids).map_err(|error| {
                Error::system(format!("filtering what arrives on {name}"))(error)
            })?;
            receiver.join_only(&needs.groups).map_err(|(group, error)| {
                Error::system(format!("joining or leaving {group} on {name}"))(error)
            })?;
        }
        Ok(())
    }

    /// Waits until something may be there to be received; after much came in a short time, for ever:
    /// then it is to be received at [`rests_until`](Self::rests_until).
    pub(crate) async fn readable(&self) {
        if self.rest.until.is_some() {
            std::future::pending::<()>().await;
        } else if !self.unread {
            self.readiness.readable().await;
        }
    }

    pub(crate) fn rests_until(&self) -> Option<Instant> {
        self.rest.until
    }

    /// Hands on what was received; `take` says whether the packet was for anybody. The errors did
    /// not stop it.
    pub(crate) fn receive_all(
        &mut self,
        now: Instant,
        mut take: impl FnMut(Place, &Packet<'_>) -> bool,
    ) -> Vec<Error> {
        let (mut failures, mut received) = (Vec::new(), false);
        self.unread = false;
        let ready = match self.readiness.ready() {
            Ok(ready) => ready,
            Err(error) => return vec![Error::system("asking for advertisements")(error)],
        };
        for (place, protocol) in ready.map(place_of) {
            let Some(channel) = self.channels.get_mut(&place) else { continue };
            let Some(receiver) = channel.receivers.get_mut(&protocol) else { continue };
            let left = receiver.receive_all(&mut self.inbox, |packet| take(place, packet));
            received = true;
            self.unread |= left.unread;
            if let Some(error) = left.failure {
                let what = format!("receiving on {}", channel.interface);
                failures.push(Error::system(what)(error));
            }
        }
        self.rest.after(now, received);
        failures
    }

    /// Queues an advertisement to all whom the instance addresses.
    pub(crate) fn queue(
        &mut self,
        place: Place,
        id: Id,
        running: &Running,
        advertise: &Advertise,
    ) -> Result<(), Error> {
        let destination = running.instance.config.destination();
        let origin = running.origin(advertise);
        let Some(sender) = self.sender(place, origin)? else { return Ok(()) };
        for to in destination.addresses() {
            let Some(carrier) = advertise.carrier(to) else { continue };
            let write = |buffer: &mut [u8]| running.router.encode(advertise, carrier, buffer);
            let queued = sender.queue(id, to, |buffer| write(buffer).map_err(io::Error::other));
            queued.map_err(|error| {
                Error::system(format!("encoding an advertisement to {to}"))(error)
            })?;
        }
        Ok(())
    }

    /// What sends from there, unless nothing is open there.
    pub(crate) fn sender(
        &mut self,
        place: Place,
        origin: Origin,
    ) -> Result<Option<&mut Sender<Id>>, Error> {
        let Some(channel) = self.channels.get_mut(&place) else { return Ok(None) };
        match channel.senders.entry(origin) {
            Entry::Occupied(entry) => Ok(Some(entry.into_mut())),
            Entry::Vacant(entry) => {
                let name = &channel.interface;
                let opened = Sender::open(name, channel.index, origin);
                let opening = Error::system(format!("sending from {} on {name}", origin.source));
                Ok(Some(entry.insert(opened.map_err(opening)?)))
            }
        }
    }

    /// What receives there, if anything is open.
    pub(crate) fn receiver(&self, place: Place, protocol: Protocol) -> Option<BorrowedFd<'_>> {
        Some(self.channels.get(&place)?.receivers.get(&protocol)?.as_fd())
    }

    /// Hands on what has arrived on a socket that is not ours to keep.
    pub(crate) fn drain(
        &mut self,
        (place, protocol): (Place, Protocol),
        socket: OwnedFd,
        not_before: Instant,
        mut take: impl FnMut(Place, &Packet<'_>) -> bool,
    ) {
        let mut receiver = Receiver::inherited(place, protocol, socket, not_before);
        // What it did not read in so many rounds is a flood, and what fails is another's.
        let _left = receiver.receive_all(&mut self.inbox, |packet| take(place, packet));
    }

    /// Sends all that is queued.
    pub(crate) fn flush(&mut self, mut failed: impl FnMut(Id, Error)) {
        for Channel { interface, senders, .. } in self.channels.values_mut() {
            for sender in senders.values_mut() {
                sender.flush(|id, to, error| {
                    let what = format!("advertising to {to} on {interface}");
                    failed(id, Error::system(what)(error));
                });
            }
        }
    }

    /// Packets there with a VRID that no instance there has.
    pub(crate) fn unknown_vrids(&self, place: Place) -> u64 {
        let receivers = self.channels.get(&place).into_iter().flat_map(|it| it.receivers.values());
        receivers.map(|receiver| receiver.unknown_vrids).sum()
    }
}

/// Others that advertise for many virtual routers do so at the same time, one packet after the other,
/// and to wake for each costs more than to take it in. So whoever was woken for packets twice in a
/// short time lets them gather. Nothing is judged by when they are read: they carry the time of their
/// arrival, and all are taken in before any timer is judged.
#[derive(Debug, Default)]
struct Rest {
    until: Option<Instant>,
    received_at: Option<Instant>,
}

impl Rest {
    /// Much less than lies between two advertisements of one router.
    const LENGTH: Duration = Duration::from_millis(1);

    /// Whether something was received when it was tried.
    fn after(&mut self, now: Instant, received: bool) {
        if !received {
            self.until = self.until.filter(|until| *until > now);
            return;
        }
        let before = self.received_at.replace(now);
        let just_before = before.is_some_and(|at| now.duration_since(at) <= Self::LENGTH * 2);
        self.until = just_before.then_some(now + Self::LENGTH);
    }
}

fn close(readiness: &mut Readiness, receiver: &mut Receiver) {
    readiness.unwatch(&*receiver);
    // The crash guard may have the socket for a moment still. Where the interface is gone, there is
    // nothing to leave.
    let _gone = receiver.join_only(&[]);
}

fn token((index, family): Place, protocol: Protocol) -> u64 {
    let kind = match (family, protocol) {
        (Family::Ipv4, Protocol::Vrrp) => 0,
        (Family::Ipv6, _) => 1,
        (Family::Ipv4, Protocol::AuthenticationHeader) => 2,
    };
    u64::from(index) << 2 | kind
}

fn place_of(token: u64) -> (Place, Protocol) {
    let (family, protocol) = match token & 3 {
        0 => (Family::Ipv4, Protocol::Vrrp),
        1 => (Family::Ipv6, Protocol::Vrrp),
        _ => (Family::Ipv4, Protocol::AuthenticationHeader),
    };
    ((u32::try_from(token >> 2).unwrap_or_default(), family), protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_nanos(1_000 * micros)
    }

    #[test]
    fn packets_far_apart_are_each_received_at_once() {
        let mut rest = Rest::default();
        for millis in 1..10 {
            rest.after(at(10_000 * millis), true);
            assert_eq!(rest.until, None);
        }
    }

    #[test]
    fn packets_close_together_gather_until_no_more_come() {
        let mut rest = Rest::default();
        rest.after(at(10), true);
        rest.after(at(20), true);
        assert_eq!(rest.until, Some(at(1020)));
        rest.after(at(100), false);
        assert_eq!(rest.until, Some(at(1020)), "a timer rang meanwhile");
        rest.after(at(1020), true);
        assert_eq!(rest.until, Some(at(2020)));
        rest.after(at(2020), false);
        assert_eq!(rest.until, None);
    }

    #[test]
    fn a_token_names_its_place() {
        for index in [1, 2, u32::MAX] {
            for (family, protocol) in [
                (Family::Ipv4, Protocol::Vrrp),
                (Family::Ipv4, Protocol::AuthenticationHeader),
                (Family::Ipv6, Protocol::Vrrp),
            ] {
                let place = (index, family);
                assert_eq!(place_of(token(place, protocol)), (place, protocol));
            }
        }
    }
}
