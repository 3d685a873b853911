//! Who is MASTER, and what follows from it.

use crate::observe::Watched::{self, Addresses, Advertisements, Announcements, Calls};
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::text::{instance, peer, quick};

pub(crate) const ALL: &[Watched] = &[Addresses, Advertisements, Announcements, Calls];
const VERSION_2: &str =
    "priority 100\n virtual_ipaddress {\n 10.77.0.100\n 10.77.0.101/24 dev eth0 label eth0:v\n }";

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn alone_it_becomes_master_and_stops() {
    Scenario::new(ALL)
        .start(instance(VERSION_2), &["10.77.0.100/32", "MASTER", "priority 100"])
        .step("it is stopped", |scene| scene.stop(), &["!10.77.0.100/32", "STOP", "priority 0"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_higher_priority_takes_over_and_gives_back() {
    Scenario::new(ALL)
        .start(quick(100, ""), &["10.77.0.100/24", "MASTER"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["BACKUP"])
        .step("it stops", |scene| scene.stop_peer(), &["MASTER"])
        .step("it comes again", |scene| scene.start_peer(&peer(150)), &["BACKUP"])
        .step("it dies", |scene| scene.kill_peer(), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn without_a_virtual_address_it_is_master_all_the_same() {
    let excluded = "priority 100\n virtual_ipaddress_excluded {\n 10.77.0.100/24\n }";
    let peer = "vrrp_instance PEER {\n interface eth0\n virtual_router_id 51\n priority 150\n}\n";
    Scenario::new(ALL)
        .start(instance(excluded), &["10.77.0.100/24", "MASTER", "priority 100"])
        .step("a higher one comes", |scene| scene.start_peer(peer), &["BACKUP"])
        .step("it stops", |scene| scene.stop_peer(), &["MASTER"])
        .step("it is stopped", |scene| scene.stop(), &["!10.77.0.100/24", "STOP", "priority 0"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_lower_priority_is_told_who_is_master() {
    Scenario::new(ALL)
        .start(quick(100, ""), &["10.77.0.100/24", "MASTER"])
        .step("a lower one comes", |scene| scene.start_peer(&peer(50)), &["10.77.0.100/24"])
        .step("it is stopped", |scene| scene.stop(), &["STOP", "priority 0"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn without_preemption_who_is_master_stays_it() {
    let more = "state BACKUP\n nopreempt";
    Scenario::new(ALL)
        .before(|scene| scene.start_peer(&peer(50)))
        .before(|scene| scene.await_peer())
        .start(quick(150, more), &["BACKUP", "!10.77.0.100/24"])
        .step("that one stops", |scene| scene.stop_peer(), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_interface_that_is_down_is_a_fault() {
    Scenario::new(ALL)
        .start(quick(100, ""), &["10.77.0.100/24", "MASTER"])
        .step("it is set down", |scene| scene.ip("link set eth0 down"), &["FAULT"])
        .step("it is set up", |scene| scene.ip("link set eth0 up"), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_link_that_is_cut_is_a_fault() {
    Scenario::new(ALL)
        .start(quick(100, ""), &["10.77.0.100/24", "MASTER"])
        .step("the link is cut", |scene| scene.cut("eth0"), &["FAULT"])
        .step("it is mended", |scene| scene.mend("eth0"), &["MASTER"])
        .play();
}

/// The other end of it is on the same host.
fn make_interface(scene: &mut Scene<'_>) {
    scene.ip("link add late0 type veth peer name late1");
    scene.ip("addr add 10.79.0.1/24 dev late0");
    scene.ip("link set late1 up");
    scene.ip("link set late0 up");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_interface_that_is_not_there_yet_is_a_fault_until_it_appears() {
    let waiting = quick(100, "").replace("interface eth0", "interface late0");
    let configuration = format!("global_defs {{\n dynamic_interfaces\n }}\n{waiting}");
    Scenario::new(&[Addresses, Calls])
        .start(configuration, &["FAULT", "!10.77.0.100/24"])
        .step("it appears", make_interface, &["10.77.0.100/24", "MASTER"])
        .step("it goes", |scene| scene.ip("link del late0"), &["FAULT"])
        .step("it appears again", make_interface, &["10.77.0.100/24", "MASTER"])
        .play();
}

fn another_master(scene: &mut Scene<'_>) {
    scene.isolate_peer();
    scene.start_peer(&peer(100));
    scene.await_peer();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn of_two_with_equal_priority_the_greater_address_is_master() {
    Scenario::new(ALL)
        .start(quick(100, ""), &["MASTER"])
        .step("its equal is MASTER elsewhere", another_master, &["!BACKUP"])
        .step("they meet", |scene| scene.reunite_peer(), &["BACKUP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn who_owns_the_addresses_is_master_at_once() {
    Scenario::new(ALL)
        .before(|scene| scene.start_peer(&peer(200)))
        .before(|scene| scene.await_peer())
        .start(quick(255, "state MASTER"), &["MASTER", "priority 255"])
        .step("it is stopped", |scene| scene.stop(), &["STOP", "priority 0"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_password_is_in_each_advertisement() {
    let password = "authentication {\n auth_type PASS\n auth_pass secret\n }\n";
    Scenario::new(ALL).start(instance(&format!("{password}{VERSION_2}")), &["MASTER"]).play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn preemption_waits_for_its_delay() {
    Scenario::new(ALL)
        .before(|scene| scene.start_peer(&peer(50)))
        .before(|scene| scene.await_peer())
        .start(quick(100, "preempt_delay 20"), &["BACKUP"])
        .step("the delay passes", |_| (), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn excluded_addresses_come_and_go_with_the_others() {
    let more = "virtual_ipaddress_excluded {\n 10.77.0.200/24\n fd77::200/64\n }";
    Scenario::new(ALL)
        .start(quick(100, more), &["10.77.0.100/24", "10.77.0.200/24", "fd77::200/64"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["!10.77.0.200/24"])
        .step("it stops", |scene| scene.stop_peer(), &["10.77.0.200/24"])
        .step("it is stopped", |scene| scene.stop(), &["!10.77.0.200/24", "!fd77::200"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn over_ipv6_it_is_the_same() {
    let configuration = instance(
        "version 3\n native_ipv6\n advert_int 1\n priority 100\n \
         virtual_ipaddress {\n fe80::77/64\n fd77::100/64\n }",
    );
    Scenario::new(ALL)
        .start(configuration, &["fd77::100", "MASTER"])
        .step("it is stopped", |scene| scene.stop(), &["!fd77::100", "STOP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn unicast_goes_to_each_peer() {
    let more = "unicast_src_ip 10.77.0.1\n unicast_peer {\n 10.77.0.2\n 10.77.0.3\n }";
    let other = peer(150).replace(
        "interface eth0",
        "interface eth0\n unicast_src_ip 10.77.0.2\n unicast_peer {\n 10.77.0.1\n }",
    );
    Scenario::new(ALL)
        .before(|scene| scene.ip("neigh add 10.77.0.3 lladdr 02:00:00:00:00:03 dev eth0"))
        .start(quick(100, more), &["> 10.77.0.2", "> 10.77.0.3", "MASTER"])
        .step("a higher one comes", move |scene| scene.start_peer(&other), &["BACKUP"])
        .step("it dies", |scene| scene.kill_peer(), &["MASTER"])
        .play();
}
