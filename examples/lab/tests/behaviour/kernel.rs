//! What else the kernel holds for an instance: virtual MAC addresses, routes, rules.

use crate::observe::Watched::{
    self, Addresses, Advertisements, Announcements, Links, Routes, Rules,
};
use crate::scenario::Scenario;
use crate::text::{peer, quick};

const ALL: &[Watched] = &[Addresses, Advertisements, Announcements, Links, Routes, Rules];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_virtual_mac_address() {
    Scenario::new(ALL)
        .start(quick(100, "use_vmac"), &["00:00:5e:00:01:33", "10.77.0.100/24"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["!10.77.0.100/24"])
        .step("it stops", |scene| scene.stop_peer(), &["10.77.0.100/24"])
        .step("it is stopped", |scene| scene.stop(), &["!00:00:5e:00:01:33"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn virtual_mac_addresses_on_other_interfaces() {
    let more = "use_vmac\n use_vmac_addr\n virtual_ipaddress_excluded {\n \
                10.78.0.100/24 dev eth1\n fd78::100/64 dev eth1\n }";
    Scenario::new(&[Addresses, Advertisements, Links])
        .start(quick(100, more), &["vrrp1.51@eth1 00:00:5e:00:01:33", "vrrp1.51 inet 10.78.0.100"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["!10.78.0.100"])
        .step("it stops", |scene| scene.stop_peer(), &["vrrp1.51 inet 10.78.0.100"])
        .step("it is stopped", |scene| scene.stop(), &["!00:00:5e:00:01:33"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn virtual_routes_and_rules() {
    let more = "virtual_routes {\n 192.0.2.0/24 via 10.78.0.11 dev eth1 metric 5\n \
                198.51.100.0/24 dev eth1 table 100 rtt 300ms \
                rto_min 1s mtu lock 1400 initcwnd 20\n blackhole 203.0.113.0/24\n }\n \
                virtual_rules {\n from 10.77.0.100 lookup 100 priority 500\n }";
    Scenario::new(ALL)
        .start(quick(100, more), &["192.0.2.0/24", "198.51.100.0/24", "500:"])
        .step(
            "a higher one comes",
            |scene| scene.start_peer(&peer(150)),
            &["!192.0.2.0/24", "!500:"],
        )
        .step("it stops", |scene| scene.stop_peer(), &["192.0.2.0/24", "500:"])
        .step("it is stopped", |scene| scene.stop(), &["!192.0.2.0/24", "!500:"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn routes_of_several_ways_and_tables_by_name() {
    let more = "virtual_routes {\n \
                192.0.2.0/24 nexthop via 10.77.0.2 nexthop via 10.78.0.11 dev eth1 weight 3\n \
                198.51.100.0/24 table main metric 7 nexthop via 10.78.0.11 dev eth1 onlink \
                nexthop dev eth0 weight 256\n \
                2001:db8::/48 nexthop via fe80::2 dev eth0 nexthop via fe80::3 dev eth1 weight 2\n \
                203.0.113.0/24 table default dev eth1\n }\n \
                virtual_rules {\n from 10.77.0.100 lookup default priority 500\n }";
    Scenario::new(ALL)
        .start(quick(100, more), &["weight 3", "weight 256", "2001:db8::/48", "table default"])
        .step("it is cut off", |scene| scene.cut("eth0"), &["!192.0.2.0/24", "!2001:db8::/48"])
        .step("it is back", |scene| scene.mend("eth0"), &["weight 3", "2001:db8::/48"])
        .step("it is stopped", |scene| scene.stop(), &["!192.0.2.0/24", "!2001:db8::/48"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_packets_of_routes_travel_in() {
    let more = "virtual_routes {\n \
                192.0.2.0/24 encap ip id 5 dst 198.51.100.1 src 198.51.100.2 tos 4 ttl 7 dev eth1\n \
                2001:db8::/48 encap ip6 dst fd77::9 tc 6 hoplimit 9 dev eth1\n \
                203.0.113.0/24 encap mpls 100/200 via 10.78.0.11 dev eth1\n }";
    Scenario::new(&[Addresses, Routes])
        .start(quick(100, more), &["encap ip id 5", "encap ip6", "encap mpls  100/200"])
        .step("it is stopped", |scene| scene.stop(), &["!encap"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn static_addresses_routes_and_rules() {
    let configuration = "static_ipaddress {\n 10.78.0.50/24 dev eth1\n}\n\
        static_routes {\n 192.0.2.0/24 via 10.78.0.11 dev eth1\n}\n\
        static_rules {\n from 192.0.2.0/24 lookup 100 priority 600\n}\n"
        .to_owned()
        + &quick(100, "");
    Scenario::new(ALL)
        .start(configuration, &["10.78.0.50/24", "192.0.2.0/24", "600:", "10.77.0.100/24"])
        .step("it is stopped", |scene| scene.stop(), &["!10.78.0.50", "!192.0.2.0", "!600:"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn options_of_addresses() {
    let more = "virtual_ipaddress_excluded {\n 10.77.0.120 peer 10.77.0.121\n \
                10.79.0.122/24 brd 10.79.0.255 scope link\n fd77::122/64 preferred_lft 600\n }";
    Scenario::new(ALL)
        .start(quick(100, more), &["10.77.0.120 peer 10.77.0.121/32", "scope link", "fd77::122"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_address_on_two_interfaces() {
    let more = "virtual_ipaddress_excluded {\n 10.77.0.100/24 dev eth1\n }";
    Scenario::new(&[Addresses, Advertisements, Announcements])
        .start(quick(100, more), &["eth0 inet 10.77.0.100/24", "eth1 inet 10.77.0.100/24"])
        .step("it is stopped", |scene| scene.stop(), &["!10.77.0.100/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_address_on_another_interface_is_announced_again_and_again() {
    let configuration = quick(100, "garp_extra_if all 1")
        .replace("interface eth0", "interface eth1")
        .replace("10.77.0.100/24", "10.77.0.100/24 dev eth0");
    Scenario::new(&[Addresses, Announcements])
        .start(configuration, &["10.77.0.100 is at its own"])
        .step("time passes", |_| {}, &["10.77.0.100 is at its own"])
        .play();
}
