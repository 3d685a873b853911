//! Frames of our own making on one interface: announcements, and advertisements from virtual MACs.

use std::io;
use std::net::IpAddr;

use steadfast_vrrp::MacAddress;
use steadfast_vrrp::announce::{GratuitousArp, NeighborAdvertisement};
use steadfast_vrrp::packet::{Carrier, MAX_LEN};
use steadfast_vrrp::router::Advertise;

use crate::frame::{advertisement, ipv4_frame, neighbor_advertisement};
use crate::observed::Observed;
use crate::packet_socket::PacketSocket;
use crate::running::Running;
use crate::socket::Protocol;
use crate::{Error, Instance};

/// An advertisement to a group from a virtual MAC.
pub(crate) fn advertisement_frame(
    running: &Running,
    advertise: &Advertise,
    mac: MacAddress,
    group: IpAddr,
) -> io::Result<Vec<u8>> {
    let carrier = advertise.carrier(group).ok_or(io::ErrorKind::InvalidInput)?;
    let mut buffer = [0; MAX_LEN];
    let encoded = running.router.encode(advertise, carrier, &mut buffer);
    let length = encoded.map_err(io::Error::other)?;
    let bytes = buffer.get(..length).unwrap_or_default();
    Ok(match (running.protocol(), carrier) {
        (Protocol::AuthenticationHeader, Carrier::V4 { destination, .. }) => {
            ipv4_frame(mac, destination, bytes)
        }
        _ => advertisement(mac, carrier, bytes),
    })
}

#[derive(Debug)]
pub(crate) struct Interface {
    index: u32,
    announcer: PacketSocket,
}

impl Interface {
    pub(crate) fn open(name: &str, index: u32) -> Result<Self, Error> {
        let announcer = PacketSocket::open(index)
            .map_err(Error::system(format!("opening a packet socket on {name}")))?;
        Ok(Self { index, announcer })
    }

    /// Sends an advertisement to a group from a virtual MAC.
    pub(crate) fn advertise(
        &self,
        running: &Running,
        advertise: &Advertise,
        mac: MacAddress,
        group: IpAddr,
    ) -> Result<(), Error> {
        let frame = advertisement_frame(running, advertise, mac, group);
        let sent = frame.and_then(|frame| self.announcer.send(self.index, &frame));
        let interface = &running.instance.interface;
        sent.map_err(Error::system(format!("advertising from {mac} on {interface}")))
    }

    /// What frames are sent on.
    pub(crate) fn packet_socket(&self) -> &PacketSocket {
        &self.announcer
    }

    /// Announces an address on each interface that is to have it; not while that has not.
    pub(crate) fn announce(
        &self,
        instance: &Instance,
        address: IpAddr,
        observed: &Observed,
    ) -> Result<(), Error> {
        let places = instance.places().filter(|(held, _)| *held == address);
        let announced = places.map(|(_, on)| self.announce_on(on, instance, address, observed));
        announced.fold(Ok(()), Result::and)
    }

    fn announce_on(
        &self,
        device: &String,
        instance: &Instance,
        address: IpAddr,
        observed: &Observed,
    ) -> Result<(), Error> {
        let Some(index) = observed.index_of(device) else { return Ok(()) };
        let Some(link) = observed.link(index) else { return Ok(()) };
        let Some(mac) = link.mac else { return Ok(()) };
        if observed.held(index, address).next().is_none() {
            return Ok(());
        }
        let frame = match address {
            IpAddr::V4(address) => GratuitousArp { mac, address }.encode().to_vec(),
            IpAddr::V6(target) => {
                neighbor_advertisement(&NeighborAdvertisement { source: target, target, mac })
            }
        };
        // From the interface under a macvlan it makes no difference to those who hear it, and the
        // macvlan, which may be up for no time at all, need not be ready.
        let is_ours = |base: &u32| *base == self.index || instance.makes(device);
        let from = link.macvlan_of.filter(is_ours);
        self.announcer
            .send(from.unwrap_or(index), &frame)
            .map_err(Error::system(format!("announcing {address} on {device}")))
    }
}
