//! What the guard was told, and how it does it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{SendFlags, sendto};
use steadfast_vrrp::Instant;

use super::executor::Execution;
use super::message::{Bequest, Destination, Packet, Will};
use crate::Error;
use crate::addresses::{Action, Change};
use crate::netlink::Requests;
use crate::observed::Observed;
use crate::packet_socket;

/// What there is of every virtual router, by its instance's name.
#[derive(Debug, Default)]
pub(super) struct Estate(BTreeMap<String, Left>);

#[derive(Debug)]
struct Left {
    will: Will,
    /// Receives for it.
    receiver: Option<OwnedFd>,
    /// For its packets.
    sender: Option<OwnedFd>,
}

impl Estate {
    pub(super) fn take(&mut self, will: Will, passed: Vec<OwnedFd>) {
        let mut passed = passed.into_iter();
        let receiver = will.identity.as_ref().and_then(|_| passed.next());
        let sender = passed.next();
        self.0.insert(will.instance.clone(), Left { will, receiver, sender });
    }

    /// What an heir may resume.
    pub(super) fn bequests(
        &self,
        active_until: Instant,
    ) -> impl Iterator<Item = (Bequest, BorrowedFd<'_>)> {
        self.0.values().filter_map(move |Left { will, receiver, .. }| {
            let (instance, identity) = (will.instance.clone(), will.identity.clone()?);
            let bequest = Bequest { instance, identity, active_until, sequence: will.sequence };
            Some((bequest, receiver.as_ref()?.as_fd()))
        })
    }

    pub(super) fn forget(&mut self, instance: &str) {
        self.0.remove(instance);
    }

    /// Does all that is to be done.
    pub(super) fn execute(&self) -> Execution {
        // The packets first: from then on another router takes over.
        let (gave_up, mut failed) = self.send_packets();
        let (removed, not_removed) = self.remove_addresses();
        // Once more: nobody will repeat one that was lost.
        self.send_packets();
        failed.extend(not_removed);
        Execution { gave_up: gave_up.into_iter().map(str::to_owned).collect(), removed, failed }
    }

    /// Gives up for every Active router. Says for which, and what failed.
    fn send_packets(&self) -> (Vec<&str>, Vec<String>) {
        let (mut gave_up, mut failed) = (Vec::new(), Vec::new());
        for Left { will, sender, .. } in
            self.0.values().filter(|left| !left.will.packets.is_empty())
        {
            for packet in &will.packets {
                if let Err(error) = send(packet, sender.as_ref()) {
                    failed.push(format!("{}: sending priority 0: {error}", will.instance));
                }
            }
            gave_up.push(will.instance.as_str());
        }
        (gave_up, failed)
    }

    /// Removes every address that is there. Says which, and what failed.
    fn remove_addresses(&self) -> (Vec<String>, Vec<String>) {
        let (mut removed, mut failed) = (Vec::new(), Vec::new());
        match self.try_to_remove_addresses() {
            Ok(results) => {
                for (change, result) in results {
                    match result {
                        Ok(()) => removed.extend(
                            change
                                .removed()
                                .map(|address| format!("{address} from {}", change.interface)),
                        ),
                        Err(error) => failed.push(error.to_string()),
                    }
                }
            }
            Err(error) => failed.push(format!("removing addresses: {error}")),
        }
        (removed, failed)
    }

    fn try_to_remove_addresses(&self) -> io::Result<Vec<(Change, Result<(), Error>)>> {
        if self.0.values().all(|left| left.will.addresses.is_empty()) {
            return Ok(Vec::new());
        }
        let mut requests = Requests::connect()?;
        let changes = self.removals(&requests.observe()?);
        Ok(requests.apply(changes))
    }

    fn removals(&self, observed: &Observed) -> Vec<Change> {
        let (mut changes, mut macvlans) = (Vec::new(), BTreeMap::new());
        for removal in self.0.values().flat_map(|left| &left.will.addresses) {
            let interface = &removal.interface;
            let Some((index, link)) = observed.find(interface) else { continue };
            for held in observed.held(index, removal.address) {
                let action = Action::remove(&held, observed);
                changes.push(Change { index, interface: interface.clone(), action });
            }
            if link.left.is_some() && link.up {
                macvlans.insert(index, interface.clone());
            }
        }
        // What is sent to a virtual MAC is for another router now.
        let down = |(index, interface)| Change { index, interface, action: Action::SetUp(false) };
        changes.extend(macvlans.into_iter().map(down));
        changes
    }
}

fn send(packet: &Packet, socket: Option<&OwnedFd>) -> io::Result<()> {
    let socket = socket.ok_or_else(|| io::Error::other("its socket did not arrive"))?;
    match packet.destination {
        Destination::Ip(to) => {
            sendto(socket, &packet.bytes, SendFlags::DONTWAIT, &to)?;
            Ok(())
        }
        Destination::Link(index) => packet_socket::send(socket, index, &packet.bytes),
    }
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::link::LinkFlags;

    use super::*;
    use crate::guard::message::tests::will;
    use crate::observed::tests::{INDEX, new_address, new_link};

    fn observed(interface: &str, prefixes: &[u8]) -> Observed {
        let mut observed = Observed::default();
        observed.handle(&new_link(INDEX, interface, LinkFlags::Up));
        for prefix_len in prefixes {
            observed.handle(&new_address("192.0.2.100", *prefix_len));
        }
        observed.handle(&new_address("192.0.2.1", 24));
        observed
    }

    fn removed(observed: &Observed) -> Vec<Action> {
        let mut estate = Estate::default();
        estate.take(will(Vec::new()), Vec::new());
        estate.removals(observed).into_iter().map(|change| change.action).collect()
    }

    #[test]
    fn an_address_is_removed_with_the_prefixes_it_has_and_no_other_is() {
        let address = "192.0.2.100".parse().unwrap();
        let remove = |prefix_len| Action::Remove { address, prefix_len, peer: None };
        assert_eq!(removed(&observed("eth0", &[24, 32])), [remove(24), remove(32)]);
    }

    #[test]
    fn an_address_of_another_interface_stays() {
        assert_eq!(removed(&observed("eth1", &[24])), []);
    }

    #[test]
    fn an_active_router_whose_socket_did_not_arrive_is_reported() {
        let mut estate = Estate::default();
        let packet = Packet { destination: Destination::Link(INDEX), bytes: vec![0] };
        estate.take(will(vec![packet]), Vec::new());
        let (_, failed) = estate.send_packets();
        let expected = "VI_1: sending priority 0: its socket did not arrive";
        assert_eq!(failed, [expected]);
    }
}
