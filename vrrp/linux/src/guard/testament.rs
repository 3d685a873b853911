//! The last will of a virtual router as it is now.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use steadfast_vrrp::packet::MAX_LEN;
use steadfast_vrrp::router::{Advertise, State};

use super::message::{Destination, Packet, Removal, Will};
use crate::Error;
use crate::channel::Channels;
use crate::interface::{Interface, advertisement_frame};
use crate::running::Running;
use crate::sender::Sender;
use crate::socket::Protocol;

pub(super) struct Testament<'a> {
    pub(super) will: Will,
    /// Receives for it: a descriptor of its own, since the other one is borrowed.
    pub(super) receiver: Option<OwnedFd>,
    /// To send its packets on.
    pub(super) sender: Option<BorrowedFd<'a>>,
    /// Whether nothing is missing in it.
    pub(super) complete: Result<(), Error>,
}

impl<'a> Testament<'a> {
    pub(super) fn of(
        running: &Running,
        interface: Option<&'a Interface>,
        channels: &'a mut Channels,
    ) -> Self {
        let removal = |(address, interface): (IpAddr, &String)| Removal {
            interface: interface.clone(),
            address,
        };
        let mut will = Will {
            instance: running.instance.name.clone(),
            packets: Vec::new(),
            addresses: running.places().map(removal).collect(),
            identity: None,
            sequence: None,
        };
        let is_active = running.router.state() == State::Active;
        let place = running.place().filter(|_| is_active);
        let protocol = running.protocol();
        let receiver =
            place.and_then(|place| channels.receiver(place, protocol)?.try_clone_to_owned().ok());
        if receiver.is_some() {
            will.identity = Some(running.identity());
        }
        if protocol == Protocol::AuthenticationHeader {
            will.sequence = running.router.resignation().map(|resignation| resignation.sequence);
        }
        match packets(running, interface, channels) {
            Ok((packets, sender)) => {
                will.packets = packets;
                Self { will, receiver, sender, complete: Ok(()) }
            }
            Err(error) => Self { will, receiver, sender: None, complete: Err(error) },
        }
    }
}

/// What an Active router would send if it gave up, and on what; nothing in other states.
fn packets<'a>(
    running: &Running,
    interface: Option<&'a Interface>,
    channels: &'a mut Channels,
) -> Result<(Vec<Packet>, Option<BorrowedFd<'a>>), Error> {
    let nothing = Ok((Vec::new(), None));
    let (Some(resignation), Some(place)) = (running.router.resignation(), running.place()) else {
        return nothing;
    };
    let encoding = || Error::system("encoding an advertisement for the crash guard");
    if let Some((mac, group)) = running.sends_from() {
        let Some(interface) = interface else { return nothing };
        let frame = advertisement_frame(running, &resignation, mac, group).map_err(encoding())?;
        let packet = Packet { destination: Destination::Link(place.0), bytes: frame };
        return Ok((vec![packet], Some(interface.packet_socket().as_fd())));
    }
    let origin = running.origin(&resignation);
    let Some(sender) = channels.sender(place, origin)? else { return nothing };
    let sender: &'a Sender<_> = sender;
    let packets = ip_packets(running, &resignation).map_err(encoding())?;
    Ok((packets, Some(sender.as_fd())))
}

fn ip_packets(running: &Running, resignation: &Advertise) -> io::Result<Vec<Packet>> {
    let mut packets = Vec::new();
    for to in running.instance.config.destination().addresses() {
        let Some(carrier) = resignation.carrier(to) else { continue };
        let mut buffer = [0; MAX_LEN];
        let encoded = running.router.encode(resignation, carrier, &mut buffer);
        let length = encoded.map_err(io::Error::other)?;
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        packets.push(Packet { destination: Destination::Ip(SocketAddr::new(to, 0)), bytes });
    }
    Ok(packets)
}
