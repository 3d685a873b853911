//! Changes as the kernel wants to be asked for them (rtnetlink(7)).

use std::net::IpAddr;
use std::time::Duration;

use netlink_packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::VirtualAddress;
use crate::addresses::{Action, Change};
use crate::macvlan::Macvlan;

/// INFINITY_LIFE_TIME.
const FOR_EVER: u32 = u32::MAX;

/// What the kernel is asked, and the flags of the message.
pub(crate) type Request = (RouteNetlinkMessage, u16);

/// The request for a change.
pub(crate) fn request(change: &Change) -> Request {
    match &change.action {
        Action::Add(address) => {
            let message = RouteNetlinkMessage::NewAddress(addition(change.index, address));
            (message, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)
        }
        Action::Remove { address, prefix_len, peer } => {
            let message = address_message(change.index, *address, *prefix_len, *peer);
            (RouteNetlinkMessage::DelAddress(message), NLM_F_ACK)
        }
        Action::AddMacvlan(macvlan) => add_macvlan(macvlan, change.index),
        Action::RemoveLink => remove_link(change.index),
        Action::WriteDown(settings) => {
            let note = write_down(&change.interface, &settings.to_string());
            (RouteNetlinkMessage::SetLink(note), NLM_F_ACK)
        }
        Action::SetUp(up) => (RouteNetlinkMessage::SetLink(set_up(change.index, *up)), NLM_F_ACK),
    }
}

/// The request for a macvlan on the interface of that index, or for making one that is there what
/// it should be.
fn add_macvlan(macvlan: &Macvlan, base: u32) -> Request {
    let mut message = LinkMessage::default();
    let mode = InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Vepa)]);
    message.attributes = vec![
        LinkAttribute::IfName(macvlan.name.clone()),
        LinkAttribute::Link(base),
        LinkAttribute::Address(macvlan.mac.0.to_vec()),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(mode)]),
    ];
    (RouteNetlinkMessage::NewLink(message), NLM_F_ACK | NLM_F_CREATE)
}

/// The request for the end of an interface.
fn remove_link(index: u32) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    (RouteNetlinkMessage::DelLink(message), NLM_F_ACK)
}

/// A note that is kept with an interface.
fn write_down(name: &str, note: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes =
        vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::IfAlias(note.to_owned())];
    message
}

fn set_up(index: u32, up: bool) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
    message.header.change_mask = LinkFlags::Up;
    message
}

fn addition(index: u32, address: &VirtualAddress) -> AddressMessage {
    let mut message = address_message(index, address.address, address.prefix_len, address.peer);
    message.header.scope = AddressScope::from(address.scope);
    let mut flags = AddressFlags::empty();
    flags.set(AddressFlags::Noprefixroute, !address.prefix_route);
    flags.set(AddressFlags::Mcautojoin, address.autojoin);
    let attributes = &mut message.attributes;
    match address.address {
        IpAddr::V4(_) => {
            attributes.extend(address.broadcast.map(AddressAttribute::Broadcast));
            attributes.extend(address.label.clone().map(AddressAttribute::Label));
        }
        IpAddr::V6(_) => {
            flags.set(AddressFlags::Nodad, !address.detect_duplicates);
            flags.set(AddressFlags::Homeaddress, address.home);
            flags.set(AddressFlags::Managetempaddr, address.manage_temporary);
        }
    }
    if !flags.is_empty() {
        attributes.push(AddressAttribute::Flags(flags));
    }
    attributes.extend(address.preferred_lifetime.map(preferred_for));
    message
}

/// The address stays, but is not preferred any longer.
fn preferred_for(lifetime: Duration) -> AddressAttribute {
    let mut lifetimes = CacheInfo::default();
    lifetimes.ifa_valid = FOR_EVER;
    lifetimes.ifa_preferred = u32::try_from(lifetime.as_secs()).unwrap_or(FOR_EVER);
    AddressAttribute::CacheInfo(lifetimes)
}

fn address_message(
    index: u32,
    address: IpAddr,
    prefix_len: u8,
    peer: Option<IpAddr>,
) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.header.index = index;
    message.header.prefix_len = prefix_len;
    // With IFA_ADDRESS a removal is of this prefix only (inet_rtm_deladdr).
    message.attributes.push(AddressAttribute::Address(peer.unwrap_or(address)));
    message.attributes.push(AddressAttribute::Local(address));
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(address: &VirtualAddress) -> AddressMessage {
        let change =
            Change { index: 3, interface: "eth0".to_owned(), action: Action::Add(address.clone()) };
        match request(&change) {
            (RouteNetlinkMessage::NewAddress(message), _) => message,
            other => panic!("{other:?}"),
        }
    }

    fn flags(message: &AddressMessage) -> AddressFlags {
        let flags = message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Flags(flags) => Some(*flags),
            _ => None,
        });
        flags.unwrap_or(AddressFlags::empty())
    }

    fn preferred(message: &AddressMessage) -> Option<u32> {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::CacheInfo(lifetimes) => Some(lifetimes.ifa_preferred),
            _ => None,
        })
    }

    fn ipv4() -> VirtualAddress {
        VirtualAddress::new("192.0.2.100".parse().unwrap())
    }

    fn ipv6() -> VirtualAddress {
        VirtualAddress::new("2001:db8::100".parse().unwrap())
    }

    #[test]
    fn an_ipv6_address_is_used_at_once_and_by_nobody_who_does_not_ask_for_it() {
        let message = added(&ipv6());
        assert_eq!(flags(&message), AddressFlags::Nodad);
        assert_eq!(preferred(&message), Some(0));
    }

    #[test]
    fn an_ipv4_address_has_neither_flags_nor_lifetime() {
        let message = added(&ipv4());
        assert_eq!(flags(&message), AddressFlags::empty());
        assert_eq!(preferred(&message), None);
    }

    #[test]
    fn duplicates_are_looked_for_on_demand() {
        let message = added(&VirtualAddress { detect_duplicates: true, ..ipv6() });
        assert_eq!(flags(&message), AddressFlags::empty());
    }

    #[test]
    fn flags_beyond_the_first_eight_are_asked_for() {
        let message = added(&VirtualAddress { prefix_route: false, ..ipv4() });
        assert_eq!(flags(&message), AddressFlags::Noprefixroute);
        let message = added(&VirtualAddress { home: true, ..ipv6() });
        assert_eq!(flags(&message), AddressFlags::Nodad | AddressFlags::Homeaddress);
        let message = added(&VirtualAddress { manage_temporary: true, ..ipv6() });
        assert_eq!(flags(&message), AddressFlags::Nodad | AddressFlags::Managetempaddr);
        let message = added(&VirtualAddress { autojoin: true, ..ipv4() });
        assert_eq!(flags(&message), AddressFlags::Mcautojoin);
    }

    #[test]
    fn a_lifetime_longer_than_the_kernel_can_count_is_for_ever() {
        let lifetime = Some(Duration::from_secs(1 << 40));
        let message = added(&VirtualAddress { preferred_lifetime: lifetime, ..ipv6() });
        assert_eq!(preferred(&message), Some(FOR_EVER));
    }

    #[test]
    fn broadcast_and_label_are_of_ipv4_only() {
        let broadcast = Some("192.0.2.255".parse().unwrap());
        let label = Some("eth0:1".to_owned());
        let both = |address| VirtualAddress { broadcast, label: label.clone(), ..address };
        let special = |message: &AddressMessage| {
            let is = |attribute: &&AddressAttribute| {
                matches!(attribute, AddressAttribute::Broadcast(_) | AddressAttribute::Label(_))
            };
            message.attributes.iter().filter(is).count()
        };
        assert_eq!(special(&added(&both(ipv4()))), 2);
        assert_eq!(special(&added(&both(ipv6()))), 0);
    }

    #[test]
    fn the_other_end_of_a_link_is_the_address_of_the_prefix() {
        let peer: IpAddr = "192.0.2.101".parse().unwrap();
        let message = added(&VirtualAddress { peer: Some(peer), ..ipv4() });
        assert!(message.attributes.contains(&AddressAttribute::Address(peer)));
        assert!(message.attributes.contains(&AddressAttribute::Local(ipv4().address)));
    }
}
