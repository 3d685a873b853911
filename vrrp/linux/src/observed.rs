//! What the kernel has: links and addresses, kept up to date by its notifications.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use steadfast_vrrp::{Family, MacAddress};

use crate::VirtualAddress;
use crate::addresses::{Action, Change};
use crate::arp_settings::ArpSettings;
use crate::request::request;

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
    /// Of a macvlan: the interface under it.
    pub(crate) macvlan_of: Option<u32>,
    /// What an earlier run wrote down of that one, before it changed it.
    pub(crate) left: Option<ArpSettings>,
    /// Administratively up.
    pub(crate) up: bool,
    /// Up, and with a carrier.
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
    /// The other end of a point-to-point link, or the address itself.
    peer: IpAddr,
    /// The first seen comes first in the kernel's list as well.
    order: u64,
    /// Whether one would choose it to send from.
    source: bool,
    /// About to go.
    deprecated: bool,
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
            // A bridge says so of a port that leaves it.
            RouteNetlinkMessage::DelLink(link) if is_about_link(link) => {
                let index = link.header.index;
                self.links.remove(&index);
                self.addresses.retain(|held, _| held.index != index);
                None
            }
            RouteNetlinkMessage::NewAddress(address) => {
                let (held, seen) = read_address(address)?;
                let order = self.addresses.get(&held).map_or(self.next, |seen| seen.order);
                self.next += 1;
                self.addresses.insert(held, Seen { order, ..seen });
                None
            }
            RouteNetlinkMessage::DelAddress(address) => {
                let (held, _) = read_address(address)?;
                self.addresses.remove(&held).map(|_| held)
            }
            _ => None,
        }
    }

    /// Takes in a change that the kernel has made. Of IPv6 addresses it tells later, from a work
    /// queue (addrconf_dad_work).
    pub(crate) fn handle_made(&mut self, change: &Change) {
        let is_ipv6 = match &change.action {
            Action::Add(VirtualAddress { address, .. }) | Action::Remove { address, .. } => {
                address.is_ipv6()
            }
            _ => false,
        };
        if is_ipv6 {
            let (as_news, _) = request(change);
            self.handle(&as_news);
        }
    }

    pub(crate) fn anybody_has(&self, address: IpAddr) -> bool {
        self.addresses.keys().any(|held| held.address == address)
    }

    pub(crate) fn find(&self, interface: &str) -> Option<(u32, &Link)> {
        let found = self.links.iter().find(|(_, link)| link.name == interface);
        found.map(|(index, link)| (*index, link))
    }

    pub(crate) fn index_of(&self, interface: &str) -> Option<u32> {
        self.find(interface).map(|(index, _)| index)
    }

    pub(crate) fn link(&self, index: u32) -> Option<&Link> {
        self.links.get(&index)
    }

    /// The address with each prefix with which the interface has it.
    pub(crate) fn held(&self, index: u32, address: IpAddr) -> impl Iterator<Item = Held> + '_ {
        let with = |prefix_len| Held { index, address, prefix_len };
        self.addresses.range(with(0)..=with(u8::MAX)).map(|(held, _)| *held)
    }

    /// The other end of the link, where the address has one.
    pub(crate) fn peer_of(&self, held: &Held) -> Option<IpAddr> {
        self.addresses.get(held).map(|seen| seen.peer).filter(|peer| *peer != held.address)
    }

    /// The address to send advertisements from: the interface's primary IPv4 address, or a
    /// link-local IPv6 one that is known to be its alone; none of those that come and go.
    pub(crate) fn source(
        &self,
        index: u32,
        family: Family,
        virtual_addresses: &[IpAddr],
    ) -> Option<IpAddr> {
        let candidates = self.addresses.iter().filter(|(held, seen)| {
            held.index == index
                && seen.source
                && held.address.is_ipv4() == (family == Family::Ipv4)
                && !virtual_addresses.contains(&held.address)
        });
        let chosen = match family {
            Family::Ipv4 => candidates.min_by_key(|(_, seen)| seen.order),
            // The kernel lists the youngest first, which is another after each start.
            Family::Ipv6 => candidates.min_by_key(|(held, seen)| (seen.deprecated, held.address)),
        };
        chosen.map(|(held, _)| held.address)
    }
}

/// Bridges and IPv6 have news of the same kind, with less in it.
fn is_about_link(message: &LinkMessage) -> bool {
    message.header.interface_family == AddressFamily::Unspec
}

fn read_link(message: &LinkMessage) -> Option<Link> {
    if !is_about_link(message) {
        return None;
    }
    let (mut name, mut mac, mut left, mut under) = (None, None, None, None);
    let (mut is_macvlan, mut elsewhere) = (false, false);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = Some(text.clone()),
            LinkAttribute::Address(bytes) => {
                mac = bytes.as_slice().try_into().ok().map(MacAddress);
            }
            LinkAttribute::IfAlias(text) => left = text.parse().ok(),
            LinkAttribute::Link(index) => under = Some(*index),
            LinkAttribute::LinkNetNsId(_) => elsewhere = true,
            LinkAttribute::LinkInfo(infos) => {
                is_macvlan = infos.contains(&LinkInfo::Kind(InfoKind::MacVlan));
            }
            _ => {}
        }
    }
    let flags = message.header.flags;
    Some(Link {
        name: name?,
        mac,
        macvlan_of: under.filter(|_| is_macvlan && !elsewhere),
        left,
        up: flags.contains(LinkFlags::Up),
        running: flags.contains(LinkFlags::Up | LinkFlags::Running),
    })
}

/// The address that news is about, if it is about one.
pub(crate) fn address_in_news(message: &RouteNetlinkMessage) -> Option<IpAddr> {
    match message {
        RouteNetlinkMessage::NewAddress(address) | RouteNetlinkMessage::DelAddress(address) => {
            read_address(address).map(|(held, _)| held.address)
        }
        _ => None,
    }
}

fn read_address(message: &AddressMessage) -> Option<(Held, Seen)> {
    let (mut local, mut peer) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Address(address) => peer = Some(*address),
            _ => {}
        }
    }
    // IFA_LOCAL is the interface's own address; IFA_ADDRESS differs on point-to-point links.
    let address = local.or(peer)?;
    let header = &message.header;
    let is = |flags| header.flags.intersects(flags);
    let source = match address {
        IpAddr::V4(_) => {
            header.scope == AddressScope::Universe && !is(AddressHeaderFlags::Secondary)
        }
        // Until it is certain that nobody else has it, nothing may be sent from it.
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                && !is(AddressHeaderFlags::Tentative | AddressHeaderFlags::Dadfailed)
        }
    };
    let deprecated = is(AddressHeaderFlags::Deprecated);
    let held = Held { index: header.index, address, prefix_len: header.prefix_len };
    Some((held, Seen { peer: peer.unwrap_or(address), order: 0, source, deprecated }))
}

#[cfg(test)]
pub(crate) mod tests;
