//! What the kernel has: links and addresses, kept up to date by its notifications.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use steadfast_vrrp::MacAddress;

/// All links and addresses of a network namespace.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    links: BTreeMap<u32, Link>,
    addresses: BTreeMap<Held, Seen>,
    next: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) mac: Option<MacAddress>,
    /// Administratively up, and with a carrier.
    pub(crate) running: bool,
}

/// An address of an interface. The kernel takes the same one twice, with different prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_len: u8,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The first seen comes first in the kernel's list as well.
    order: u64,
    /// Whether one would choose it to send from.
    primary: bool,
}

impl Observed {
    /// Takes in a notification; says which address is gone by it.
    pub(crate) fn handle(&mut self, message: &RouteNetlinkMessage) -> Option<Held> {
        match message {
            RouteNetlinkMessage::NewLink(link) => {
                if let Some(seen) = read_link(link) {
                    self.links.insert(link.header.index, seen);
                }
                None
            }
            RouteNetlinkMessage::DelLink(link) => {
                let index = link.header.index;
                self.links.remove(&index);
                self.addresses.retain(|held, _| held.index != index);
                None
            }
            RouteNetlinkMessage::NewAddress(address) => {
                let (held, primary) = read_address(address)?;
                let order = self.addresses.get(&held).map_or(self.next, |seen| seen.order);
                self.next += 1;
                self.addresses.insert(held, Seen { order, primary });
                None
            }
            RouteNetlinkMessage::DelAddress(address) => {
                let (held, _) = read_address(address)?;
                self.addresses.remove(&held).map(|_| held)
            }
            _ => None,
        }
    }

    pub(crate) fn index_of(&self, interface: &str) -> Option<u32> {
        self.links.iter().find(|(_, link)| link.name == interface).map(|(index, _)| *index)
    }

    pub(crate) fn link(&self, index: u32) -> Option<&Link> {
        self.links.get(&index)
    }

    /// The address with each prefix with which the interface has it.
    pub(crate) fn held(&self, index: u32, address: IpAddr) -> impl Iterator<Item = Held> + '_ {
        let with = |prefix_len| Held { index, address, prefix_len };
        self.addresses.range(with(0)..=with(u8::MAX)).map(|(held, _)| *held)
    }

    /// The interface's primary IPv4 address, none of those that come and go.
    pub(crate) fn primary_ipv4(
        &self,
        index: u32,
        virtual_addresses: &[IpAddr],
    ) -> Option<Ipv4Addr> {
        let here = self.addresses.iter().filter(|(held, seen)| {
            held.index == index && seen.primary && !virtual_addresses.contains(&held.address)
        });
        let ipv4 = here.filter_map(|(held, seen)| match held.address {
            IpAddr::V4(address) => Some((seen.order, address)),
            IpAddr::V6(_) => None,
        });
        ipv4.min().map(|(_, address)| address)
    }
}

fn read_link(message: &LinkMessage) -> Option<Link> {
    let name = message.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::IfName(name) => Some(name.clone()),
        _ => None,
    })?;
    let mac = message.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::Address(bytes) => Some(MacAddress(bytes.as_slice().try_into().ok()?)),
        _ => None,
    });
    let running = message.header.flags.contains(LinkFlags::Up | LinkFlags::Running);
    Some(Link { name, mac, running })
}

fn read_address(message: &AddressMessage) -> Option<(Held, bool)> {
    // IFA_LOCAL is the interface's own address; IFA_ADDRESS differs on point-to-point links.
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    let address = local.or_else(|| {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })?;
    let header = &message.header;
    let secondary = header.flags.contains(AddressHeaderFlags::Secondary);
    let primary = header.scope == AddressScope::Universe && !secondary;
    Some((Held { index: header.index, address, prefix_len: header.prefix_len }, primary))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const INDEX: u32 = 3;

    pub(crate) fn new_address(text: &str, prefix_len: u8) -> RouteNetlinkMessage {
        RouteNetlinkMessage::NewAddress(address(text, prefix_len, AddressHeaderFlags::empty()))
    }

    fn address(text: &str, prefix_len: u8, flags: AddressHeaderFlags) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.index = INDEX;
        message.header.prefix_len = prefix_len;
        message.header.flags = flags;
        message.attributes.push(AddressAttribute::Local(text.parse().unwrap()));
        message
    }

    fn with(texts: &[&str]) -> Observed {
        let mut observed = Observed::default();
        for text in texts {
            assert_eq!(observed.handle(&new_address(text, 24)), None);
        }
        observed
    }

    #[test]
    fn a_virtual_address_is_never_the_primary_one() {
        let observed = with(&["192.0.2.1", "192.0.2.9"]);
        let primary = observed.primary_ipv4(INDEX, &["192.0.2.1".parse().unwrap()]);
        assert_eq!(primary, Some(Ipv4Addr::new(192, 0, 2, 9)));
    }

    #[test]
    fn the_first_address_is_the_primary_one_whatever_its_number() {
        let observed = with(&["192.0.2.9", "192.0.2.1"]);
        assert_eq!(observed.primary_ipv4(INDEX, &[]), Some(Ipv4Addr::new(192, 0, 2, 9)));
    }

    #[test]
    fn an_address_that_is_announced_again_keeps_its_place() {
        let observed = with(&["192.0.2.9", "192.0.2.1", "192.0.2.9"]);
        assert_eq!(observed.primary_ipv4(INDEX, &[]), Some(Ipv4Addr::new(192, 0, 2, 9)));
    }

    #[test]
    fn a_secondary_address_is_not_primary() {
        let mut observed = Observed::default();
        let message = address("192.0.2.1", 24, AddressHeaderFlags::Secondary);
        observed.handle(&RouteNetlinkMessage::NewAddress(message));
        assert_eq!(observed.primary_ipv4(INDEX, &[]), None);
    }

    #[test]
    fn a_removed_address_is_named_and_not_held_any_more() {
        let mut observed = with(&["192.0.2.1"]);
        let message = address("192.0.2.1", 24, AddressHeaderFlags::empty());
        let gone = observed.handle(&RouteNetlinkMessage::DelAddress(message));
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(gone, Some(Held { index: INDEX, address, prefix_len: 24 }));
        assert_eq!(observed.held(INDEX, address).count(), 0);
    }

    #[test]
    fn an_address_is_held_once_for_each_prefix() {
        let mut observed = with(&["192.0.2.1"]);
        observed.handle(&new_address("192.0.2.1", 32));
        let held = observed.held(INDEX, "192.0.2.1".parse().unwrap());
        assert_eq!(held.map(|held| held.prefix_len).collect::<Vec<_>>(), [24, 32]);
    }
}
