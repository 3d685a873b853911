//! What the kernel has: links and addresses, kept up to date by its notifications.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use steadfast_vrrp::MacAddress;

/// All links and addresses of a network namespace.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    links: BTreeMap<u32, Link>,
    addresses: BTreeSet<Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) mac: Option<MacAddress>,
    /// Administratively up, and with a carrier.
    pub(crate) running: bool,
}

/// An address of an interface; the order is that of interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_len: u8,
    /// Whether one would choose it to send from.
    primary: bool,
}

impl Observed {
    pub(crate) fn handle(&mut self, message: &RouteNetlinkMessage) {
        match message {
            RouteNetlinkMessage::NewLink(link) => {
                if let Some(seen) = read_link(link) {
                    self.links.insert(link.header.index, seen);
                }
            }
            RouteNetlinkMessage::DelLink(link) => {
                let index = link.header.index;
                self.links.remove(&index);
                self.addresses.retain(|held| held.index != index);
            }
            RouteNetlinkMessage::NewAddress(address) => {
                if let Some(held) = read_address(address) {
                    self.forget(held.index, held.address);
                    self.addresses.insert(held);
                }
            }
            RouteNetlinkMessage::DelAddress(address) => {
                if let Some(held) = read_address(address) {
                    self.forget(held.index, held.address);
                }
            }
            _ => {}
        }
    }

    /// An address that we have just configured; never one to send from.
    pub(crate) fn add(&mut self, index: u32, address: IpAddr, prefix_len: u8) {
        self.forget(index, address);
        self.addresses.insert(Held { index, address, prefix_len, primary: false });
    }

    pub(crate) fn forget(&mut self, index: u32, address: IpAddr) {
        self.addresses.retain(|held| held.index != index || held.address != address);
    }

    pub(crate) fn index_of(&self, interface: &str) -> Option<u32> {
        self.links.iter().find(|(_, link)| link.name == interface).map(|(index, _)| *index)
    }

    pub(crate) fn link(&self, index: u32) -> Option<&Link> {
        self.links.get(&index)
    }

    pub(crate) fn held(&self, index: u32, address: IpAddr) -> Option<Held> {
        let mut all = self.addresses.iter();
        all.find(|held| held.index == index && held.address == address).copied()
    }

    /// The interface's primary IPv4 address, none of those that come and go.
    pub(crate) fn primary_ipv4(
        &self,
        index: u32,
        virtual_addresses: &[IpAddr],
    ) -> Option<Ipv4Addr> {
        let mut all = self.addresses.iter();
        all.find_map(|held| match held.address {
            IpAddr::V4(address)
                if held.index == index
                    && held.primary
                    && !virtual_addresses.contains(&held.address) =>
            {
                Some(address)
            }
            _ => None,
        })
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

fn read_address(message: &AddressMessage) -> Option<Held> {
    // IFA_LOCAL is the interface's own address; IFA_ADDRESS differs on point-to-point links.
    let mut attributes = message.attributes.iter();
    let local = attributes.find_map(|attribute| match attribute {
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
    let global = header.scope == AddressScope::Universe;
    let primary = global && !secondary;
    Some(Held { index: header.index, address, prefix_len: header.prefix_len, primary })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: u32 = 3;

    fn address(text: &str, flags: AddressHeaderFlags) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.index = INDEX;
        message.header.prefix_len = 24;
        message.header.flags = flags;
        message.attributes.push(AddressAttribute::Local(text.parse().unwrap()));
        message
    }

    #[test]
    fn a_virtual_address_is_never_the_primary_one() {
        let mut observed = Observed::default();
        for text in ["192.0.2.1", "192.0.2.9"] {
            let message = address(text, AddressHeaderFlags::empty());
            observed.handle(&RouteNetlinkMessage::NewAddress(message));
        }
        let primary = observed.primary_ipv4(INDEX, &["192.0.2.1".parse().unwrap()]);
        assert_eq!(primary, Some(Ipv4Addr::new(192, 0, 2, 9)));
    }

    #[test]
    fn a_removed_address_is_not_held() {
        let mut observed = Observed::default();
        let message = address("192.0.2.1", AddressHeaderFlags::empty());
        observed.handle(&RouteNetlinkMessage::NewAddress(message.clone()));
        observed.handle(&RouteNetlinkMessage::DelAddress(message));
        assert_eq!(observed.held(INDEX, "192.0.2.1".parse().unwrap()), None);
    }

    #[test]
    fn a_secondary_address_is_not_primary() {
        let mut observed = Observed::default();
        let message = address("192.0.2.1", AddressHeaderFlags::Secondary);
        observed.handle(&RouteNetlinkMessage::NewAddress(message));
        assert_eq!(observed.primary_ipv4(INDEX, &[]), None);
    }
}
