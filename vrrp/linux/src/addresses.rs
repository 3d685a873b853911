//! What is to be changed so that the kernel holds an instance's addresses, or does not.

use std::io;
use std::net::IpAddr;

use crate::arp_settings::ArpSettings;
use crate::macvlan::Macvlan;
use crate::notice::NoticeKind;
use crate::observed::{Held, Observed};
use crate::{Error, Instance, VirtualAddress};

/// A change to one interface or one of its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) index: u32,
    /// The interface's name, for messages.
    pub(crate) interface: String,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Add(VirtualAddress),
    Remove {
        address: IpAddr,
        prefix_len: u8,
        peer: Option<IpAddr>,
    },
    /// Administratively up, or down.
    SetUp(bool),
    AddMacvlan(Macvlan),
    /// With the interface, for who comes after a crash.
    WriteDown(ArpSettings),
    RemoveLink,
}

impl Action {
    /// Removes an address as it is there.
    pub(crate) fn remove(held: &Held, observed: &Observed) -> Self {
        let (address, prefix_len) = (held.address, held.prefix_len);
        Self::Remove { address, prefix_len, peer: observed.peer_of(held) }
    }
}

impl Change {
    pub(crate) fn added(&self) -> Option<IpAddr> {
        match &self.action {
            Action::Add(address) => Some(address.address),
            _ => None,
        }
    }

    pub(crate) fn removed(&self) -> Option<IpAddr> {
        match &self.action {
            Action::Remove { address, .. } => Some(*address),
            _ => None,
        }
    }

    pub(crate) fn makes_interface(&self) -> bool {
        matches!(self.action, Action::AddMacvlan(_))
    }

    /// What the kernel says if the change has been made before.
    pub(crate) fn made_before(&self) -> Option<i32> {
        match &self.action {
            Action::Add(_) => Some(libc::EEXIST),
            Action::Remove { .. } => Some(libc::EADDRNOTAVAIL),
            Action::RemoveLink => Some(libc::ENODEV),
            Action::SetUp(_) | Action::AddMacvlan(_) | Action::WriteDown(_) => None,
        }
    }

    /// What to say of it once it is made.
    pub(crate) fn made(&self) -> Option<NoticeKind> {
        match &self.action {
            Action::Add(address) => Some(NoticeKind::AddressAdded(address.address)),
            Action::Remove { address, .. } => Some(NoticeKind::AddressRemoved(*address)),
            _ => None,
        }
    }

    pub(crate) fn error(&self, source: io::Error) -> Error {
        let interface = self.interface.clone();
        let (action, address) = match &self.action {
            Action::Add(address) => ("adding", address.address),
            Action::Remove { address, .. } => ("removing", *address),
            Action::SetUp(true) => return Error::system(format!("setting {interface} up"))(source),
            Action::SetUp(false) => {
                return Error::system(format!("setting {interface} down"))(source);
            }
            Action::AddMacvlan(_) => return Error::system(format!("making {interface}"))(source),
            Action::WriteDown(settings) => {
                return Error::system(format!("noting {settings} with {interface}"))(source);
            }
            Action::RemoveLink => return Error::system(format!("removing {interface}"))(source),
        };
        Error::Address { action, address, interface, source }
    }
}

/// The difference between what is observed and what is wanted: each address with its own prefix
/// (and peer) and no other, or not at all. What is missing comes first, so that there is no gap.
pub(crate) fn changes(instance: &Instance, observed: &Observed, wanted: bool) -> Vec<Change> {
    let (mut additions, mut removals) = (Vec::new(), Vec::new());
    for address in &instance.addresses {
        let interface = instance.interface_of(address);
        // What is to be on an interface that is not there has to wait until it is.
        let Some(index) = observed.index_of(interface) else { continue };
        let change = |action| Change { index, interface: interface.clone(), action };
        let peer = address.peer.filter(|peer| *peer != address.address);
        let is_right = |held: &Held| {
            wanted && held.prefix_len == address.prefix_len && observed.peer_of(held) == peer
        };
        let held = || observed.held(index, address.address);
        if wanted && !held().any(|held| is_right(&held)) {
            additions.push(change(Action::Add(address.clone())));
        }
        let wrong = held().filter(|held| !is_right(held));
        removals.extend(wrong.map(|held| change(Action::remove(&held, observed))));
    }
    additions.extend(removals);
    additions
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::link::LinkFlags;
    use steadfast_vrrp::router::VirtualAddresses;
    use steadfast_vrrp::{Config, Vrid};

    use super::*;
    use crate::observed::tests::{INDEX, new_address, new_link};

    const ADDRESS: &str = "192.0.2.100";

    fn instance() -> Instance {
        let addresses = VirtualAddresses::new([ADDRESS.parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(51).unwrap(), addresses).build().unwrap();
        Instance::new("VI_1", "eth0", config)
    }

    /// An interface with the virtual address in each of these prefixes.
    fn observed(prefixes: &[u8]) -> Observed {
        let mut observed = Observed::default();
        observed.handle(&new_link(INDEX, "eth0", LinkFlags::Up));
        for prefix_len in prefixes {
            observed.handle(&new_address(ADDRESS, *prefix_len));
        }
        observed
    }

    fn actions(prefixes: &[u8], wanted: bool) -> Vec<Action> {
        let changes = changes(&instance(), &observed(prefixes), wanted);
        changes.into_iter().map(|change| change.action).collect()
    }

    fn add() -> Action {
        Action::Add(VirtualAddress::new(ADDRESS.parse().unwrap()))
    }

    fn remove(prefix_len: u8) -> Action {
        Action::Remove { address: ADDRESS.parse().unwrap(), prefix_len, peer: None }
    }

    #[test]
    fn what_is_wanted_and_missing_is_added() {
        assert_eq!(actions(&[], true), [add()]);
    }

    #[test]
    fn what_is_as_wanted_is_left_alone() {
        assert_eq!(actions(&[32], true), []);
        assert_eq!(actions(&[], false), []);
    }

    #[test]
    fn what_is_not_wanted_is_removed_with_the_prefixes_it_has() {
        assert_eq!(actions(&[24, 32], false), [remove(24), remove(32)]);
    }

    #[test]
    fn another_prefix_is_removed_after_the_right_one_is_in() {
        assert_eq!(actions(&[24], true), [add(), remove(24)]);
    }

    #[test]
    fn an_address_for_an_interface_that_is_not_there_has_to_wait() {
        let mut instance = instance();
        instance.addresses[0].interface = Some("eth1".to_owned());
        assert_eq!(changes(&instance, &observed(&[]), true), []);
    }
}
