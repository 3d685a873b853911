//! What instances must not be, alone and together.

use std::net::IpAddr;

use steadfast_vrrp::Family;

use crate::{Destination, Error, Instance};

pub(crate) fn check(instances: &[Instance]) -> Result<(), Error> {
    for (position, second) in instances.iter().enumerate() {
        check_alone(second)?;
        for first in instances.iter().take(position) {
            check_pair(first, second)?;
        }
    }
    Ok(())
}

fn check_alone(instance: &Instance) -> Result<(), Error> {
    let name = || instance.name.clone();
    let family = instance.config.family();
    if family == Family::Ipv6 {
        return Err(Error::Ipv6(name()));
    }
    let mut given = instance.destination.addresses().chain(instance.source);
    if let Some(address) = given.find(|address| Family::of(*address) != family) {
        return Err(Error::Family { instance: name(), address, family });
    }
    match &instance.destination {
        Destination::Multicast(group) if !group.is_multicast() => {
            Err(Error::NotMulticast { instance: name(), group: *group })
        }
        Destination::Unicast { peers, .. } if peers.is_empty() => Err(Error::NoPeers(name())),
        Destination::Multicast(_) | Destination::Unicast { .. } => Ok(()),
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
        && hear_the_same(&first.destination, &second.destination)
    {
        return Err(Error::DuplicateVrid {
            first: first.name.clone(),
            second: second.name.clone(),
            vrid: vrid.get(),
            interface: second.interface.clone(),
        });
    }
    let taken: Vec<_> = places(first).collect();
    if let Some((address, interface)) = places(second).find(|at| taken.contains(at)) {
        return Err(Error::DuplicateAddress {
            first: first.name.clone(),
            second: second.name.clone(),
            address,
            interface: interface.clone(),
        });
    }
    Ok(())
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

/// Which addresses an instance has, and on which interface.
fn places(instance: &Instance) -> impl Iterator<Item = (IpAddr, &String)> {
    instance.addresses.iter().map(|held| (held.address, instance.interface_of(held)))
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
            let mut first = instance("one", "eth0", 1, "192.0.2.1");
            let mut second = instance("two", "eth0", 1, "192.0.2.2");
            (first.destination, second.destination) = (one, other);
            assert_eq!(check(&[first, second]).is_ok(), accepted);
        }
    }

    fn refusal_of(change: impl FnOnce(&mut Instance)) -> String {
        let mut instance = instance("one", "eth0", 1, "192.0.2.1");
        change(&mut instance);
        check(&[instance]).unwrap_err().to_string()
    }

    #[test]
    fn source_and_destination_are_of_the_family_of_the_virtual_router() {
        assert_eq!(
            refusal_of(|one| one.source = Some("fe80::1".parse().unwrap())),
            "one: fe80::1 is no address of IPv4, of which the virtual router is"
        );
        assert_eq!(
            refusal_of(|one| one.destination = unicast(&["192.0.2.9", "fe80::1"])),
            "one: fe80::1 is no address of IPv4, of which the virtual router is"
        );
    }

    #[test]
    fn a_destination_is_a_group_or_at_least_one_peer() {
        assert_eq!(
            refusal_of(|one| one.destination = unicast(&[])),
            "one: unicast needs at least one peer"
        );
        let group = Destination::Multicast("192.0.2.9".parse().unwrap());
        assert_eq!(
            refusal_of(|one| one.destination = group),
            "one: 192.0.2.9 is no multicast group"
        );
    }

    #[test]
    fn a_virtual_router_of_ipv6_is_refused_as_long_as_it_would_not_work() {
        let addresses = VirtualAddresses::new(["fe80::1".parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(1).unwrap(), addresses).build().unwrap();
        let refused = check(&[Instance::new("six", "eth0", config)]);
        assert!(matches!(refused, Err(Error::Ipv6(name)) if name == "six"));
    }
}
