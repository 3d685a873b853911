//! One interface's sockets, shared by all instances on it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use steadfast_vrrp::announce::GratuitousArp;
use steadfast_vrrp::packet::MAX_LEN;
use steadfast_vrrp::router::Advertise;

use crate::observed::Observed;
use crate::running::Running;
use crate::socket::{Announcer, Packet, Receiver, Sender};
use crate::{Error, Instance};

/// More than any receive buffer of common size holds: whoever reads that many has read all that was
/// there when he began, and must not be kept from his timers by a flood.
const PACKETS_AT_ONCE: usize = 1024;

#[derive(Debug)]
pub(crate) struct Interface {
    receiver: Receiver,
    announcer: Announcer,
    senders: BTreeMap<Ipv4Addr, Sender>,
    /// A flood was left unread.
    unread: bool,
    /// Packets for a VRID that no instance here has.
    pub(crate) unknown_vrids: u64,
}

impl Interface {
    pub(crate) fn open(name: &str, index: u32) -> Result<Self, Error> {
        let receiver = Receiver::open(name, index)
            .map_err(Error::system(format!("opening a VRRP socket on {name}")))?;
        let announcer = Announcer::open(index)
            .map_err(Error::system(format!("opening a packet socket on {name}")))?;
        let senders = BTreeMap::new();
        Ok(Self { receiver, announcer, senders, unread: false, unknown_vrids: 0 })
    }

    pub(crate) fn join(
        &mut self,
        Instance { group, interface, .. }: &Instance,
    ) -> Result<(), Error> {
        let joining = Error::system(format!("joining {group} on {interface}"));
        self.receiver.join(*group).map_err(joining)
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
