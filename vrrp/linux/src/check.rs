//! What instances must not be, alone and together.

use std::borrow::Borrow;
use std::net::IpAddr;

use steadfast_vrrp::Family;
use steadfast_vrrp::router::Destination;

use crate::{Error, Instance, VirtualInterface, VirtualMac};

pub(crate) fn check(instances: &[Instance]) -> Result<(), Error> {
    instances
        .iter()
        .enumerate()
        .try_for_each(|(position, instance)| check_with(instance, instances.iter().take(position)))
}

/// Checks one that comes to others.
pub(crate) fn check_with(
    instance: &Instance,
    mut others: impl Iterator<Item: Borrow<Instance>>,
) -> Result<(), Error> {
    check_alone(instance)?;
    others.try_for_each(|other| check_pair(other.borrow(), instance))
}

fn check_alone(instance: &Instance) -> Result<(), Error> {
    let name = || instance.name.clone();
    let family = instance.config.family();
    if instance.sync_group.is_some() != instance.config.sync_group() {
        return Err(Error::SyncGroup(name()));
    }
    let macvlans = instance.macvlans();
    for (position, VirtualInterface { interface, .. }) in macvlans.iter().enumerate() {
        let interface = interface.clone();
        if !is_interface_name(&interface) {
            return Err(Error::InterfaceName { instance: name(), interface });
        }
        if macvlans.iter().take(position).any(|other| other.interface == interface) {
            return Err(Error::DuplicateInterface { first: name(), second: name(), interface });
        }
    }
    if let Some(virtual_mac) = &instance.virtual_mac
        && instance.config.strict()
    {
        let standard = VirtualMac::new(instance.config.vrid(), family).address;
        let forbidden = [
            ("advertisements from the interface's own MAC address", virtual_mac.xmit_base),
            ("another virtual MAC address than the standard's", virtual_mac.address != standard),
        ];
        if let Some((option, _)) = forbidden.into_iter().find(|(_, is_set)| *is_set) {
            return Err(Error::Strict { instance: name(), option });
        }
    }
    match instance.source.filter(|source| Family::of(*source) != family) {
        Some(address) => Err(Error::SourceFamily { instance: name(), address, family }),
        None => Ok(()),
    }
}

fn check_pair(first: &Instance, second: &Instance) -> Result<(), Error> {
    if first.name == second.name {
        return Err(Error::DuplicateName(first.name.clone()));
    }
    let vrid = second.config.vrid();
    if first.interface == second.interface
        && first.config.family() == second.config.family()
        && first.config.vrid() == vrid
        && hear_the_same(first.config.destination(), second.config.destination())
    {
        return Err(Error::DuplicateVrid {
            first: first.name.clone(),
            second: second.name.clone(),
            vrid: vrid.get(),
            interface: second.interface.clone(),
        });
    }
    let theirs = first.macvlans();
    let is_theirs =
        |own: &VirtualInterface| theirs.iter().any(|their| their.interface == own.interface);
    if let Some(VirtualInterface { interface, .. }) = second.macvlans().into_iter().find(is_theirs)
    {
        let (first, second) = (first.name.clone(), second.name.clone());
        return Err(Error::DuplicateInterface { first, second, interface });
    }
    let is_others = |address: &IpAddr| first.places().any(|(other, _)| other == *address);
    if first.accepts() != second.accepts()
        && let Some(address) = second.places().map(|(address, _)| address).find(is_others)
    {
        let (first, second) = (first.name.clone(), second.name.clone());
        return Err(Error::DifferentAccept { first, second, address });
    }
    let taken = |at: &(IpAddr, &String)| first.places().any(|taken| taken == *at);
    if let Some((address, interface)) = second.places().find(taken) {
        return Err(Error::DuplicateAddress {
            first: first.name.clone(),
            second: second.name.clone(),
            address,
            interface: interface.clone(),
        });
    }
    Ok(())
}

/// What the kernel takes (dev_valid_name).
fn is_interface_name(name: &str) -> bool {
    let refused = |byte: u8| byte == b'/' || byte == b':' || byte.is_ascii_whitespace();
    (1..=15).contains(&name.len()) && name != "." && name != ".." && !name.bytes().any(refused)
}

/// Whether a packet may be for both.
fn hear_the_same(first: &Destination, second: &Destination) -> bool {
    match (first, second) {
        (Destination::Multicast(_), Destination::Multicast(_)) => true,
        (Destination::Unicast { .. }, Destination::Unicast { .. }) => {
            let peers: Vec<_> = first.addresses().collect();
            second.addresses().any(|peer| peers.contains(&peer))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use steadfast_vrrp::router::VirtualAddresses;
    use steadfast_vrrp::{Config, Vrid};

    use super::*;

    fn instance(name: &str, interface: &str, vrid: u8, address: &str) -> Instance {
        let addresses = VirtualAddresses::new([address.parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(vrid).unwrap(), addresses).build().unwrap();
        Instance::new(name, interface, config)
    }

    fn refusal(second: Instance) -> String {
        let first = instance("one", "eth0", 1, "192.0.2.1");
        check(&[first, second]).unwrap_err().to_string()
    }

    #[test]
    fn instances_that_have_nothing_in_common_are_accepted() {
        let others = [("eth0", 2, "192.0.2.2"), ("eth1", 1, "192.0.2.1")];
        for (interface, vrid, address) in others {
            let both = [
                instance("one", "eth0", 1, "192.0.2.1"),
                instance("two", interface, vrid, address),
            ];
            check(&both).unwrap();
        }
    }

    #[test]
    fn an_address_accepts_packets_for_all_that_have_it_or_for_none() {
        let addresses = VirtualAddresses::new(["192.0.2.1".parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(2).unwrap(), addresses).accept(false);
        let second = Instance::new("two", "eth1", config.build().unwrap());
        let expected =
            "one and two both have 192.0.2.1, and only one of them accepts packets to it";
        assert_eq!(refusal(second), expected);
    }

    #[test]
    fn a_name_is_not_given_twice() {
        let second = instance("one", "eth1", 2, "192.0.2.2");
        assert_eq!(refusal(second), "two instances are named one");
    }

    #[test]
    fn a_virtual_router_is_on_an_interface_once() {
        let second = instance("two", "eth0", 1, "192.0.2.2");
        assert_eq!(refusal(second), "one and two are both virtual router 1 on eth0");
    }

    #[test]
    fn an_address_is_on_an_interface_once() {
        let mut second = instance("two", "eth1", 2, "192.0.2.1");
        second.addresses[0].interface = Some("eth0".to_owned());
        assert_eq!(refusal(second), "one and two both have 192.0.2.1 on eth0");
    }

    fn instance_with(name: &str, address: &str, destination: Destination) -> Instance {
        let addresses = VirtualAddresses::new([address.parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(1).unwrap(), addresses).destination(destination);
        Instance::new(name, "eth0", config.build().unwrap())
    }

    fn unicast(peers: &[&str]) -> Destination {
        Destination::unicast(peers.iter().map(|peer| peer.parse().unwrap()))
    }

    #[test]
    fn a_virtual_router_may_be_on_an_interface_twice_if_none_hears_what_is_for_the_other() {
        let multicast = Destination::standard(Family::Ipv4);
        for (one, other, accepted) in [
            (multicast.clone(), unicast(&["192.0.2.9"]), true),
            (unicast(&["192.0.2.8"]), unicast(&["192.0.2.9"]), true),
            (unicast(&["192.0.2.8", "192.0.2.9"]), unicast(&["192.0.2.9"]), false),
            (multicast.clone(), multicast, false),
        ] {
            let first = instance_with("one", "192.0.2.1", one);
            let second = instance_with("two", "192.0.2.2", other);
            assert_eq!(check(&[first, second]).is_ok(), accepted);
        }
    }

    #[test]
    fn the_source_is_of_the_family_of_the_virtual_router() {
        let mut instance = instance("one", "eth0", 1, "192.0.2.1");
        instance.source = Some("fe80::1".parse().unwrap());
        assert_eq!(
            check(&[instance]).unwrap_err().to_string(),
            "one: cannot send from fe80::1, the virtual router is one of IPv4"
        );
    }

    #[test]
    fn a_group_is_named_where_the_configuration_speaks_of_one_and_nowhere_else() {
        let mut instance = instance("one", "eth0", 1, "192.0.2.1");
        instance.sync_group = Some("VG".to_owned());
        assert!(matches!(check(&[instance]), Err(Error::SyncGroup(name)) if name == "one"));
    }

    #[test]
    fn the_interface_of_a_virtual_mac_has_a_name_that_the_kernel_takes() {
        let mut one = instance("one", "eth0", 1, "192.0.2.1");
        let mut virtual_mac = VirtualMac::new(one.config.vrid(), Family::Ipv4);
        virtual_mac.interface = "a_name_too_long.".to_owned();
        one.virtual_mac = Some(virtual_mac);
        let refused = check(&[one]).unwrap_err().to_string();
        let told = "one: \"a_name_too_long.\" is no name of an interface";
        assert!(refused.starts_with(told), "{refused}");
        for (name, valid) in [("vrrp.51", true), ("", false), ("..", false), ("a b", false)] {
            assert_eq!(is_interface_name(name), valid, "{name}");
        }
    }

    #[test]
    fn strict_mode_has_the_virtual_mac_of_the_standard_and_sends_from_it() {
        let refused = |strict, change: fn(&mut VirtualMac)| {
            let addresses = VirtualAddresses::new(["192.0.2.1".parse().unwrap()]).unwrap();
            let config = Config::builder(Vrid::new(1).unwrap(), addresses).strict(strict);
            let mut one = Instance::new("one", "eth0", config.build().unwrap());
            let mut virtual_mac = VirtualMac::new(one.config.vrid(), Family::Ipv4);
            change(&mut virtual_mac);
            one.virtual_mac = Some(virtual_mac);
            check(&[one]).err().map(|error| error.to_string())
        };
        assert_eq!(refused(true, |_| {}), None);
        let changes: [fn(&mut VirtualMac); 2] =
            [|mac| mac.xmit_base = true, |mac| mac.address.0[5] = 7];
        for change in changes {
            assert_eq!(refused(false, change), None);
            let told = refused(true, change).unwrap();
            assert!(told.starts_with("one: strict mode does not allow"), "{told}");
        }
    }

    #[test]
    fn two_virtual_macs_are_not_on_one_interface() {
        let with = |mut instance: Instance| {
            let vrid = Vrid::new(1).unwrap();
            instance.virtual_mac = Some(VirtualMac::new(vrid, Family::Ipv4));
            instance
        };
        let both = [
            with(instance("one", "eth0", 1, "192.0.2.1")),
            with(instance("two", "eth1", 1, "192.0.2.2")),
        ];
        let refused = check(&both).unwrap_err().to_string();
        assert_eq!(refused, "one and two both have their virtual MAC on vrrp.1");
    }
}
