//! How the advertisements of a `vrrp_instance` travel, and what its addresses may be.

use std::time::Duration;

use steadfast_conf::model::{Destination, Family, UnicastPeer, VrrpInstance, VrrpVersion};

use super::{instance, model, said};

fn first(text: &str) -> VrrpInstance {
    model(text).instances.remove(0)
}

fn ipv6(lines: &str) -> String {
    instance(lines).replace("192.0.2.10/24", "fe80::10/64\n2001:db8::10")
}

#[test]
fn unicast_peers_have_bounds_for_the_ttl_of_their_packets() {
    let peers = "unicast_src_ip 192.0.2.1\nunicast_ttl 5\nunicast_peer {\n192.0.2.2\n\
                 192.0.2.3 min_ttl 254 max_ttl 254\n}";
    let instance = first(&instance(peers));
    assert_eq!(instance.source_address, Some("192.0.2.1".parse().unwrap()));
    let peer = |address: &str, min_ttl, max_ttl| UnicastPeer {
        address: address.parse().unwrap(),
        min_ttl,
        max_ttl,
    };
    let peers = vec![peer("192.0.2.2", 0, 255), peer("192.0.2.3", 254, 254)];
    assert_eq!(instance.destination, Destination::Unicast { peers, ttl: 5, check_source: false });
}

#[test]
fn the_length_of_a_prefix_after_an_address_alone_is_left_out() {
    let text = instance("unicast_src_ip 192.0.2.1/24\nunicast_peer {\n192.0.2.2/24\n}");
    let warning = "warning: `/24` is no part of an address alone";
    assert_eq!(said(&text), [warning, warning]);
    let instance = first(&text);
    assert_eq!(instance.source_address, Some("192.0.2.1".parse().unwrap()));
    let Destination::Unicast { peers, .. } = instance.destination else { panic!("unicast") };
    assert_eq!(peers[0].address.to_string(), "192.0.2.2");
}

#[test]
fn peers_that_are_no_addresses_are_the_only_thing_to_say() {
    let text = instance("unicast_src_ip 192.0.2.1\nunicast_peer {\nlb2.example.org\n}");
    assert_eq!(said(&text), ["error: `lb2.example.org` is not an address"]);
}

#[test]
fn a_router_among_its_own_peers_is_a_warning() {
    let peers = "unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.1\n192.0.2.2\n}";
    assert_eq!(said(&instance(peers)), ["warning: 192.0.2.1 is this router itself"]);
}

#[test]
fn a_source_check_for_all_instances_holds_for_each() {
    let text = instance("unicast_peer { 192.0.2.2 }");
    let text = format!("global_defs {{ vrrp_check_unicast_src }}\n{text}");
    let Destination::Unicast { check_source, ttl, .. } = first(&text).destination else {
        panic!("unicast")
    };
    assert_eq!((check_source, ttl), (true, 255));
}

#[test]
fn only_unicast_with_a_source_can_do_without_an_interface() {
    let without = |lines: &str| instance(lines).replace("interface eth0\n", "");
    assert_eq!(said(&without("")), ["error: `interface` is missing"]);
    let unicast = "unicast_peer { 192.0.2.2 }";
    assert_eq!(said(&without(unicast)), ["error: `interface` is missing"]);
    let text = without(&format!("{unicast}\nunicast_src_ip 192.0.2.1"));
    assert_eq!(first(&text).interface, None);
}

#[test]
fn unicast_without_an_interface_is_in_the_vrf_that_it_names() {
    let lines = "vrf blue\nunicast_src_ip 192.0.2.1\nunicast_peer { 192.0.2.2 }";
    let text = instance(lines).replace("interface eth0\n", "");
    let on = text.replace("192.0.2.10/24", "192.0.2.10/24 dev eth0");
    assert_eq!(said(&on), [""; 0]);
    assert_eq!(first(&on).interface.as_deref(), Some("blue"));
    assert_eq!(said(&text), ["warning: 192.0.2.10 is for no interface of the VRF"]);
    let with_mac = said(&on.replace("vrf blue", "vrf blue\nuse_vmac"));
    let error = "error: a virtual MAC address needs an `interface` to be on";
    assert!(with_mac.contains(&error.to_owned()), "{with_mac:?}");
}

#[test]
fn a_vrf_beside_an_interface_has_no_effect() {
    let text = instance("vrf blue");
    assert_eq!(said(&text), ["warning: `vrf` has no effect beside `interface`"]);
    assert_eq!(first(&text).interface.as_deref(), Some("eth0"));
}

#[test]
fn a_vrf_is_no_interface_for_multicast() {
    let text = instance("vrf blue").replace("interface eth0\n", "");
    assert!(said(&text).contains(&"error: `interface` is missing".to_owned()));
}

#[test]
fn unicast_without_a_peer_is_multicast_or_a_fault() {
    let group = "224.0.0.18".parse().unwrap();
    let text = instance("unicast_src_ip 192.0.2.1");
    assert_eq!(said(&text), ["warning: `unicast_src_ip` without a `unicast_peer` is multicast"]);
    assert_eq!(first(&text).destination, Destination::Multicast(group));
    let text = instance("unicast_fault_no_peer");
    let stays = "warning: this instance has no `unicast_peer`: it stays in FAULT";
    assert_eq!(said(&text), [stays]);
    assert_eq!(first(&text).destination, Destination::NoPeer(group));
}

#[test]
fn a_peer_that_cannot_be_one_is_an_error() {
    for (line, error) in [
        ("192.0.2", "`192.0.2` is not an address"),
        ("2001:db8::1", "a peer of an IPv4 instance cannot be 2001:db8::1"),
        ("224.0.0.18", "224.0.0.18 is not the address of a router"),
        ("192.0.2.2 min_ttl 256", "`min_ttl` cannot be `256`"),
        ("192.0.2.2 min_ttl", "`min_ttl` needs a value"),
        ("192.0.2.2 ttl 5", "unknown word `ttl` after a peer"),
        (
            "192.0.2.2 min_ttl 9 max_ttl 8",
            "no TTL is both at least `min_ttl` and at most `max_ttl`",
        ),
    ] {
        let said = said(&instance(&format!("unicast_peer {{\n192.0.2.9\n{line}\n}}")));
        assert_eq!(said, [format!("error: {error}")]);
    }
}

#[test]
fn strict_mode_has_no_unicast() {
    let text = instance("strict_mode\naccept\nunicast_peer { 192.0.2.2 }");
    assert_eq!(said(&text), ["error: strict mode has no unicast"]);
}

#[test]
fn one_router_may_be_on_an_interface_twice_if_nobody_hears_both() {
    let other = |lines: &str| {
        instance(lines).replace("_instance A", "_instance B").replace("192.0.2.10", "192.0.2.11")
    };
    let pair = |one: &str, two: &str| said(&format!("{}{}", instance(one), other(two)));
    let (second, third) = ("unicast_peer { 192.0.2.2 }", "unicast_peer { 192.0.2.3 }");
    assert_eq!(pair("", second), [""; 0]);
    assert_eq!(pair(second, third), [""; 0]);
    let twice = ["error: virtual_router_id 5 is used twice on eth0"];
    assert_eq!(pair(second, second), twice);
    assert_eq!(
        said(&format!("{}{}", instance(""), ipv6("").replace("_instance A", "_instance B"))),
        [""; 0]
    );
}

#[test]
fn an_instance_is_of_the_family_of_its_first_address() {
    let instance = first(&ipv6("virtual_ipaddress_excluded { 192.0.2.20/24 }"));
    assert_eq!((instance.family, instance.version), (Family::Ipv6, VrrpVersion::V3));
    assert_eq!(instance.destination, Destination::Multicast("ff02::12".parse().unwrap()));
    assert_eq!(instance.excluded_addresses.len(), 1);
}

#[test]
fn version_2_is_not_for_ipv6() {
    let text = ipv6("version 2");
    assert_eq!(said(&text), ["warning: version 2 is for IPv4 only"]);
    assert_eq!(first(&text).version, VrrpVersion::V3);
}

#[test]
fn an_address_of_the_other_family_is_not_advertised() {
    let text = instance("virtual_ipaddress { 2001:db8::1 }");
    assert_eq!(said(&text), ["warning: 2001:db8::1 cannot be advertised over IPv4"]);
    assert_eq!(first(&text).addresses.len(), 1);
    let text = instance("native_ipv6\nvirtual_ipaddress { fe80::1 }");
    assert_eq!(said(&text), ["warning: 192.0.2.10 cannot be advertised over IPv6"]);
}

#[test]
fn an_ipv6_address_alone_in_its_prefix_is_nobodys_choice_to_send_from() {
    let text = ipv6(
        "virtual_ipaddress {\n2001:db8::11 preferred_lft forever -nodad\n2001:db8::12 preferred_lft 30 home mngtmpaddr noprefixroute autojoin\n}",
    );
    let instance = first(&text);
    let lifetimes: Vec<_> = instance.addresses.iter().map(|it| it.preferred_lifetime).collect();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(lifetimes, [None, seconds(0), None, seconds(30)]);
    let [_, _, one, other] = instance.addresses.as_slice() else { panic!("four") };
    assert!(one.detect_duplicates && one.prefix_route && !one.home);
    assert!(other.home && other.manage_temporary && other.autojoin && !other.prefix_route);
}

#[test]
fn a_peer_brings_the_length_of_the_prefix() {
    let text = instance("virtual_ipaddress { 192.0.2.20 peer 198.51.100.1/24 }");
    let address = &first(&text).addresses[1];
    assert_eq!((address.peer, address.prefix_len), (Some("198.51.100.1".parse().unwrap()), 24));
}

#[test]
fn a_virtual_mac_has_the_standards_address_and_keepaliveds_name() {
    let text = format!(
        "{}{}",
        instance("use_vmac"),
        ipv6("use_vmac").replace("_instance A", "_instance B")
    );
    let macs: Vec<_> = model(&text).instances.into_iter().filter_map(|it| it.virtual_mac).collect();
    let [one, other] = macs.as_slice() else { panic!("two") };
    assert_eq!((one.interface.as_str(), one.address), ("vrrp.5", [0, 0, 0x5e, 0, 1, 5]));
    assert_eq!((other.interface.as_str(), other.address), ("vrrp6.5", [0, 0, 0x5e, 0, 2, 5]));
    assert!(!one.xmit_base);
}

/// The addresses of the first instance with the interfaces made for them.
fn made_for(global: &str, lines: &str) -> Vec<String> {
    let text = format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n{lines}\n}}\n"
    );
    let instance = first(&text);
    let all = instance.addresses.iter().chain(&instance.excluded_addresses);
    let made = all.map(|held| {
        let on = held.virtual_interface.as_ref()?;
        let made = instance.virtual_interfaces.iter().find(|made| made.interface == *on)?;
        let [.., of_family, last] = made.address;
        Some(format!("{} {on}@{} {of_family}:{last}", held.address, made.base))
    });
    made.flatten().collect()
}

const EVERYWHERE: &str = "virtual_ipaddress {\n192.0.2.1\n192.0.2.2 dev eth1\n192.0.2.3 dev eth1\n\
                          192.0.2.4 dev eth2\n}\n\
                          virtual_ipaddress_excluded {\n2001:db8::1\n2001:db8::2 dev eth1\n}\n";

#[test]
fn addresses_elsewhere_or_of_the_other_family_get_interfaces_as_from_keepalived() {
    let all = [
        "192.0.2.2 vrrp1.5@eth1 1:5",
        "192.0.2.3 vrrp1.5@eth1 1:5",
        "192.0.2.4 vrrp2.5@eth2 1:5",
        "2001:db8::1 vrrp6.5@eth0 2:5",
        "2001:db8::2 vrrp3.5@eth1 2:5",
    ];
    let lines = format!("{EVERYWHERE}use_vmac\nuse_vmac_addr");
    assert_eq!(made_for("", &lines), all);
    let other_names = all.map(|line| {
        let renamed = line.replace("vrrp1", "va").replace("vrrp2", "va1").replace("vrrp3", "va2");
        renamed.replace("vrrp6", "va6")
    });
    assert_eq!(made_for("vmac_addr_prefix va\nvmac_prefix vb", &lines), other_names);
    let one_mac = [
        "192.0.2.2 vrrp.5@eth1 0:7",
        "192.0.2.3 vrrp.5@eth1 0:7",
        "192.0.2.4 vrrp1.5@eth2 0:7",
        "2001:db8::2 vrrp.5@eth1 0:7",
    ];
    let lines = format!("{EVERYWHERE}use_vmac web 02:00:00:00:00:07\nuse_vmac_addr");
    assert_eq!(made_for("", &lines), one_mac);
    assert_eq!(made_for("", &format!("{EVERYWHERE}use_vmac")), [""; 0]);
}

#[test]
fn an_address_may_ask_for_an_interface_of_its_own() {
    let addresses =
        "virtual_ipaddress {\n192.0.2.1 use_vmac\n192.0.2.2\n192.0.2.3 dev eth1 use_vmac\n}";
    let both = ["192.0.2.1 vrrp.5@eth0 1:5", "192.0.2.3 vrrp1.5@eth1 1:5"];
    assert_eq!(made_for("", addresses), both);
    assert_eq!(made_for("", &format!("{addresses}\nuse_vmac")), both[1..]);
    let text = "static_ipaddress {\n192.0.2.1/24 dev eth0 use_vmac\n}\n";
    assert_eq!(said(text), ["error: `use_vmac` is for addresses of an instance only"]);
}

#[test]
fn a_virtual_mac_is_what_is_written() {
    let virtual_mac = |lines: &str| first(&instance(lines)).virtual_mac.unwrap();
    let mac = virtual_mac("use_vmac web0 02:00:00:00:00\nvmac_xmit_base");
    assert_eq!((mac.interface.as_str(), mac.address), ("web0", [2, 0, 0, 0, 0, 5]));
    assert!(mac.xmit_base);
    let mac = virtual_mac("use_vmac name group 02:00:00:00:00:09");
    assert_eq!((mac.interface.as_str(), mac.address), ("group", [2, 0, 0, 0, 0, 9]));
    let said = said(&instance("use_vmac 02:00:00"));
    assert_eq!(said, ["error: `02:00:00` is neither an interface's name nor a MAC address"]);
}
