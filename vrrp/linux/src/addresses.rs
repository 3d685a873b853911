//! What is to be changed so that the kernel holds an instance's addresses, or does not.

use std::net::IpAddr;

use crate::observed::Observed;
use crate::{Instance, VirtualAddress};

/// A change to one address of one interface.
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
    Remove { address: IpAddr, prefix_len: u8 },
}

impl Change {
    pub(crate) fn address(&self) -> IpAddr {
        match &self.action {
            Action::Add(address) => address.address,
            Action::Remove { address, .. } => *address,
        }
    }

    pub(crate) fn adds(&self) -> bool {
        matches!(self.action, Action::Add(_))
    }
}

/// The difference between what is observed and what is wanted: each address with its own prefix and
/// no other, or not at all. What is missing comes first, so that there is no gap.
pub(crate) fn changes(instance: &Instance, observed: &Observed, wanted: bool) -> Vec<Change> {
    let (mut additions, mut removals) = (Vec::new(), Vec::new());
    for address in &instance.addresses {
        let interface = instance.interface_of(address);
        // What is to be on an interface that is not there has to wait until it is.
        let Some(index) = observed.index_of(interface) else { continue };
        let change = |action| Change { index, interface: interface.clone(), action };
        let is_right = |prefix_len: u8| wanted && prefix_len == address.prefix_len;
        let held = || observed.held(index, address.address).map(|held| held.prefix_len);
        if wanted && !held().any(is_right) {
            additions.push(change(Action::Add(address.clone())));
        }
        let wrong = held().filter(|prefix_len| !is_right(*prefix_len));
        removals.extend(
            wrong.map(|prefix_len| change(Action::Remove { address: address.address, prefix_len })),
        );
    }
    additions.extend(removals);
    additions
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::RouteNetlinkMessage;
    use netlink_packet_route::link::{LinkAttribute, LinkMessage};
    use steadfast_vrrp::router::VirtualAddresses;
    use steadfast_vrrp::{Config, Vrid};

    use super::*;
    use crate::observed::tests::{INDEX, new_address};

    const ADDRESS: &str = "192.0.2.100";

    fn instance() -> Instance {
        let addresses = VirtualAddresses::new([ADDRESS.parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(51).unwrap(), addresses).build().unwrap();
        Instance::new("VI_1", "eth0", config)
    }

    /// An interface with the virtual address in each of these prefixes.
    fn observed(prefixes: &[u8]) -> Observed {
        let mut observed = Observed::default();
        let mut link = LinkMessage::default();
        link.header.index = INDEX;
        link.attributes.push(LinkAttribute::IfName("eth0".to_owned()));
        observed.handle(&RouteNetlinkMessage::NewLink(link));
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
        Action::Remove { address: ADDRESS.parse().unwrap(), prefix_len }
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
