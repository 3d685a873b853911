use super::*;
use crate::VirtualAddress;
use crate::addresses::Action;

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
    let source = observed.source(INDEX, Family::Ipv4, &["192.0.2.1".parse().unwrap()]);
    assert_eq!(source, Some("192.0.2.9".parse().unwrap()));
}

#[test]
fn the_first_address_is_the_primary_one_whatever_its_number() {
    let observed = with(&["192.0.2.9", "192.0.2.1"]);
    assert_eq!(observed.source(INDEX, Family::Ipv4, &[]), Some("192.0.2.9".parse().unwrap()));
}

#[test]
fn an_address_that_is_announced_again_keeps_its_place() {
    let observed = with(&["192.0.2.9", "192.0.2.1", "192.0.2.9"]);
    assert_eq!(observed.source(INDEX, Family::Ipv4, &[]), Some("192.0.2.9".parse().unwrap()));
}

#[test]
fn a_secondary_address_is_not_primary() {
    let mut observed = Observed::default();
    let message = address("192.0.2.1", 24, AddressHeaderFlags::Secondary);
    observed.handle(&RouteNetlinkMessage::NewAddress(message));
    assert_eq!(observed.source(INDEX, Family::Ipv4, &[]), None);
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

#[test]
fn an_ipv6_address_is_held_and_not_held_once_the_kernel_has_said_that_it_was_done() {
    let mut observed = Observed::default();
    let address: IpAddr = "2001:db8::100".parse().unwrap();
    let change = |action| Change { index: INDEX, interface: "eth0".to_owned(), action };
    observed.handle_made(&change(Action::Add(VirtualAddress::new(address))));
    assert_eq!(observed.held(INDEX, address).count(), 1);
    observed.handle_made(&change(Action::Remove { address, prefix_len: 128, peer: None }));
    assert_eq!(observed.held(INDEX, address).count(), 0);
}

const FIRST: &str = "fe80::1";
const SECOND: &str = "fe80::2";

/// The IPv6 address to send from, of these.
fn ipv6_source(addresses: &[(&str, AddressHeaderFlags)]) -> Option<String> {
    let mut observed = Observed::default();
    for (text, flags) in addresses {
        observed.handle(&RouteNetlinkMessage::NewAddress(address(text, 64, *flags)));
    }
    observed.source(INDEX, Family::Ipv6, &[]).map(|source| source.to_string())
}

#[test]
fn over_ipv6_the_source_is_link_local() {
    let none = AddressHeaderFlags::empty();
    assert_eq!(ipv6_source(&[("2001:db8::1", none), (FIRST, none)]), Some(FIRST.to_owned()));
    assert_eq!(ipv6_source(&[("2001:db8::1", none), ("192.0.2.1", none)]), None);
}

#[test]
fn an_address_that_another_may_have_is_no_source() {
    assert_eq!(ipv6_source(&[(FIRST, AddressHeaderFlags::Tentative)]), None);
    let failed = AddressHeaderFlags::Dadfailed | AddressHeaderFlags::Permanent;
    assert_eq!(ipv6_source(&[(FIRST, failed)]), None);
}

#[test]
fn an_address_becomes_a_source_when_its_duplicates_have_been_looked_for() {
    let (before, after) = (AddressHeaderFlags::Tentative, AddressHeaderFlags::Permanent);
    assert_eq!(ipv6_source(&[(FIRST, before), (FIRST, after)]), Some(FIRST.to_owned()));
}

#[test]
fn of_link_local_addresses_the_smallest_is_the_source_in_whatever_order_they_come() {
    let none = AddressHeaderFlags::empty();
    for addresses in [[(FIRST, none), (SECOND, none)], [(SECOND, none), (FIRST, none)]] {
        assert_eq!(ipv6_source(&addresses), Some(FIRST.to_owned()));
    }
}

#[test]
fn a_deprecated_address_is_the_last_choice() {
    let deprecated = (FIRST, AddressHeaderFlags::Deprecated);
    assert_eq!(ipv6_source(&[deprecated]), Some(FIRST.to_owned()));
    let other = (SECOND, AddressHeaderFlags::empty());
    assert_eq!(ipv6_source(&[deprecated, other]), Some(SECOND.to_owned()));
}

/// An interface without addresses.
pub(crate) fn new_link(index: u32, name: &str, flags: LinkFlags) -> RouteNetlinkMessage {
    let mut link = LinkMessage::default();
    link.header.index = index;
    link.header.flags = flags;
    link.attributes.push(LinkAttribute::IfName(name.to_owned()));
    RouteNetlinkMessage::NewLink(link)
}

#[test]
fn a_port_that_leaves_its_bridge_is_still_an_interface() {
    let mut observed = Observed::default();
    observed.handle(&new_link(INDEX, "eth0", LinkFlags::Up));
    let mut left = LinkMessage::default();
    left.header.interface_family = AddressFamily::Bridge;
    left.header.index = INDEX;
    observed.handle(&RouteNetlinkMessage::DelLink(left));
    assert_eq!(observed.index_of("eth0"), Some(INDEX));
}

#[test]
fn a_macvlan_says_what_is_under_it_unless_that_is_in_another_namespace() {
    let attributes = [
        LinkAttribute::IfName("vrrp.51".to_owned()),
        LinkAttribute::Link(INDEX),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::MacVlan)]),
        LinkAttribute::LinkNetNsId(1),
    ];
    let macvlan_of = |attributes: &[LinkAttribute]| {
        let mut link = LinkMessage::default();
        link.attributes = attributes.to_vec();
        read_link(&link).unwrap().macvlan_of
    };
    assert_eq!(macvlan_of(&attributes[..3]), Some(INDEX));
    assert_eq!(macvlan_of(&attributes), None);
    assert_eq!(macvlan_of(&attributes[..2]), None);
}
