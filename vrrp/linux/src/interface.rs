//! One interface's sockets, shared by all instances on it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use steadfast_vrrp::announce::GratuitousArp;
use steadfast_vrrp::packet::{Carrier, MAX_LEN, TTL};
use steadfast_vrrp::router::Advertise;

use crate::observed::Observed;
use crate::running::Running;
use crate::socket::{Announcer, Packet, Receiver, Sender};
use crate::{Destination, Error, Instance};

/// More than any receive buffer of common size holds: whoever reads that many has read all that was
/// there when he began, and must not be kept from his timers by a flood.
const PACKETS_AT_ONCE: usize = 1024;

#[derive(Debug)]
pub(crate) struct Interface {
    receiver: Receiver,
    announcer: Announcer,
    /// By source and TTL.
    senders: BTreeMap<(Ipv4Addr, u8), Sender>,
    /// A flood was left unread.
    unread: bool,
    /// Packets for a VRID that no instance here has.
    pub(crate) unknown_vrids: u64,
}

impl Interface {
    pub(crate) fn open(
        name: &str,
        index: u32,
        receive_buffer: Option<usize>,
    ) -> Result<Self, Error> {
        let receiver = Receiver::open(name, index, receive_buffer)
            .map_err(Error::system(format!("opening a VRRP socket on {name}")))?;
        let announcer = Announcer::open(index)
            .map_err(Error::system(format!("opening a packet socket on {name}")))?;
        let senders = BTreeMap::new();
        Ok(Self { receiver, announcer, senders, unread: false, unknown_vrids: 0 })
    }

    pub(crate) fn join(&mut self, instance: &Instance) -> Result<(), Error> {
        let Destination::Multicast(IpAddr::V4(group)) = instance.destination else { return Ok(()) };
        let joining = Error::system(format!("joining {group} on {}", instance.interface));
        self.receiver.join(group).map_err(joining)
    }

    /// Waits until something may be there to be received.
    pub(crate) async fn readable(&self) {
        if !self.unread {
            self.receiver.readable().await;
        }
    }

    /// Hands on what was received; `take` says whether the packet was for anybody.
    pub(crate) fn receive_all(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&Packet<'_>) -> bool,
    ) -> io::Result<()> {
        self.unread = false;
        for _ in 0..PACKETS_AT_ONCE {
            let Some(length) = self.receiver.receive(buffer)? else { return Ok(()) };
            let packet = Packet::parse(buffer.get(..length).unwrap_or_default());
            if !packet.is_some_and(|packet| take(&packet)) {
                self.unknown_vrids = self.unknown_vrids.saturating_add(1);
            }
        }
        self.unread = true;
        Ok(())
    }

    pub(crate) fn advertise(
        &mut self,
        running: &Running,
        advertise: &Advertise,
    ) -> Result<(), Error> {
        let Instance { interface, destination, .. } = &running.instance;
        let ttl = match destination {
            Destination::Multicast(_) => TTL,
            Destination::Unicast { ttl, .. } => *ttl,
        };
        let mut failed = Ok(());
        for to in destination.addresses() {
            let (IpAddr::V4(source), IpAddr::V4(to)) = (advertise.source, to) else { continue };
            let mut buffer = [0; MAX_LEN];
            let carrier = Carrier::V4 { source, destination: to };
            let sent = running
                .router
                .encode(advertise, carrier, &mut buffer)
                .map_err(io::Error::other)
                .and_then(|length| {
                    let sender = match self.senders.entry((source, ttl)) {
                        Entry::Occupied(entry) => entry.into_mut(),
                        Entry::Vacant(entry) => entry.insert(Sender::open(interface, source, ttl)?),
                    };
                    sender.send(to, buffer.get(..length).unwrap_or_default())
                });
            // One that cannot be reached is no reason to leave out the others.
            failed = failed
                .and(sent.map_err(Error::system(format!("advertising to {to} on {interface}"))));
        }
        failed
    }

    /// Announces an address on the interface that has it; not while none has.
    pub(crate) fn announce(
        &self,
        instance: &Instance,
        address: IpAddr,
        observed: &Observed,
    ) -> Result<(), Error> {
        let IpAddr::V4(ipv4) = address else { return Ok(()) };
        let Some(held) = instance.addresses.iter().find(|held| held.address == address) else {
            return Ok(());
        };
        let device = instance.interface_of(held);
        let Some(index) = observed.index_of(device) else { return Ok(()) };
        let Some(mac) = observed.link(index).and_then(|link| link.mac) else { return Ok(()) };
        if observed.held(index, address).next().is_none() {
            return Ok(());
        }
        self.announcer
            .send(index, &GratuitousArp { mac, address: ipv4 })
            .map_err(Error::system(format!("announcing {address} on {device}")))
    }
}
