//! VRRP on a real network stack: `vrrpd` with itself and with real keepalived.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::net::UdpSocket;
use std::time::Duration;

use rustix::process::Signal;
use steadfast_lab::{Host, Network, Process, Topology, binary, wait_until};

const VIRTUAL_ADDRESS: &str = "10.0.0.100";
const PATIENCE: Duration = Duration::from_secs(20);
/// What a loaded machine may need on top of what the protocol does.
const LOAD: Duration = Duration::from_secs(1);

/// Two routers and one neighbour on a LAN.
fn lan() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "10.0.0.1/24"))
        .host("b", |host| host.link("eth0", "lan", "10.0.0.2/24"))
        .host("neighbour", |host| host.link("eth0", "lan", "10.0.0.9/24"))
        .start()
        .unwrap()
}

/// Starts `vrrpd` with VRID 51, ten advertisements a second unless told otherwise by `more`.
fn vrrpd(network: &Network, host: &str, priority: u8, more: &[&str]) -> Process {
    let priority = priority.to_string();
    let mut arguments = vec!["--interface", "eth0", "--vrid", "51", "--priority", &priority];
    if !more.contains(&"--advert-int") {
        arguments.extend(["--advert-int", "0.1"]);
    }
    arguments.extend(more);
    arguments.push(VIRTUAL_ADDRESS);
    network.host(host).unwrap().spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap()
}

fn addresses(network: &Network, host: &str) -> String {
    network.host(host).unwrap().run("ip", ["-4", "addr", "show", "dev", "eth0"]).unwrap()
}

fn has_address(network: &Network, host: &str) -> bool {
    addresses(network, host).contains(&format!("inet {VIRTUAL_ADDRESS}/"))
}

/// Waits until one of the two has the address and the other has not.
fn wait_for_owner(network: &Network, owner: &str, other: &str, what: &str) -> Duration {
    wait_until(PATIENCE, what, || has_address(network, owner) && !has_address(network, other))
        .unwrap()
}

fn wait_for_log(process: &Process, text: &str) {
    wait_until(PATIENCE, format!("{text:?} is logged"), || process.log().contains(text)).unwrap();
}

fn delete_address(host: &Host) {
    let address = format!("{VIRTUAL_ADDRESS}/32");
    host.run("ip", ["addr", "del", &address, "dev", "eth0"]).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_higher_priority_is_elected_and_preempts() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    let _high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has it");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_preemption_a_lower_priority_keeps_the_address() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    let high = vrrpd(&network, "b", 150, &["--nopreempt"]);
    wait_for_log(&high, "-> Backup");
    // Longer than any down interval: only an advertisement that counts keeps it quiet.
    std::thread::sleep(LOAD);
    assert!(has_address(&network, "a") && !has_address(&network, "b"));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_killed_router_is_replaced_and_takes_over_again() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    let mut high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");
    high.kill().unwrap();
    wait_until(PATIENCE, "the other takes over", || has_address(&network, "a")).unwrap();
    assert!(has_address(&network, "b"), "a killed process cannot remove it");

    let _high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the first has it back");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_a_killed_router_left_is_removed_by_the_next_one() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    let mut high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");
    high.kill().unwrap();
    wait_until(PATIENCE, "the other takes over", || has_address(&network, "a")).unwrap();

    let _lowest = vrrpd(&network, "b", 50, &[]);
    wait_for_owner(&network, "a", "b", "what was left is gone");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_is_left_with_another_prefix_is_removed_as_well() {
    let network = lan();
    let left = format!("{VIRTUAL_ADDRESS}/24");
    let b = network.host("b").unwrap();
    b.run("ip", ["addr", "add", &left, "dev", "eth0"]).unwrap();
    let _high = vrrpd(&network, "a", 150, &[]);
    let _low = vrrpd(&network, "b", 100, &[]);
    wait_for_owner(&network, "a", "b", "what was left is gone");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_stops_hands_over_within_the_skew_time() {
    let network = lan();
    let slow = ["--advert-int", "3"];
    let mut high = vrrpd(&network, "b", 150, &slow);
    wait_until(PATIENCE, "the only one has the address", || has_address(&network, "b")).unwrap();
    let low = vrrpd(&network, "a", 100, &slow);
    wait_for_log(&low, "-> Backup");

    high.signal(Signal::TERM).unwrap();
    let took = wait_for_owner(&network, "a", "b", "the backup takes over");
    // RFC 9568 6.1: (256 - 100) / 256 of 3 s. Without priority 0 it would be 9 s more.
    let skew_time = Duration::from_millis(1829);
    assert!(took < skew_time + LOAD, "it took {took:?}");
    let told = "Backup -> Active: 10.0.0.2 gave up (priority 0)";
    assert!(low.log().contains(told), "{}", low.log());
    assert!(high.wait(PATIENCE).unwrap().success());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_whose_cable_is_pulled_is_in_fault_until_it_is_mended() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    let high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");

    network.cut("b", "eth0").unwrap();
    wait_for_owner(&network, "a", "b", "the other has it, and the one without a cable gave it up");
    wait_for_log(&high, "Active -> Fault: fault: interface is down");

    network.mend("b", "eth0").unwrap();
    wait_for_owner(&network, "b", "a", "the first has it back");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_without_an_address_to_send_from_is_in_fault_until_it_has_one() {
    let network = lan();
    let _low = vrrpd(&network, "a", 100, &[]);
    let high = vrrpd(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");

    let b = network.host("b").unwrap();
    b.run("ip", ["addr", "del", "10.0.0.2/24", "dev", "eth0"]).unwrap();
    wait_for_owner(&network, "a", "b", "the other has it");
    wait_for_log(&high, "Active -> Fault: fault: interface has no address to send from");

    b.run("ip", ["addr", "add", "10.0.0.2/24", "dev", "eth0"]).unwrap();
    wait_for_owner(&network, "b", "a", "the first has it back");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_interface_that_is_made_anew_is_used_again() {
    let network = lan();
    let b = network.host("b").unwrap();
    let make = "link add made type veth peer name far
        addr add 10.9.0.2/24 dev made
        link set made up
        link set far up";
    let ip = |lines: &str| {
        let file = b.write("batch", lines).unwrap().display().to_string();
        b.run("ip", ["-batch", &file]).unwrap();
    };
    ip(make);
    let arguments = ["--interface", "made", "--vrid", "9", "--advert-int", "0.1", VIRTUAL_ADDRESS];
    let vrrpd = b.spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap();
    let has_it = || {
        b.run("ip", ["addr", "show", "dev", "made"])
            .is_ok_and(|shown| shown.contains(VIRTUAL_ADDRESS))
    };
    wait_until(PATIENCE, "it has the address", has_it).unwrap();
    ip("link del made");
    wait_for_log(&vrrpd, "-> Fault: fault: interface is down");
    ip(make);
    wait_until(PATIENCE, "it has the address again", has_it).unwrap();

    // It can be heard as well: whoever is below stays Backup.
    let switch_to = |name: &str| format!("link set far netns {name}");
    let a = network.host("a").unwrap();
    ip(&switch_to(a.namespace()));
    a.run("ip", ["addr", "add", "10.9.0.1/24", "dev", "far"]).unwrap();
    a.run("ip", ["link", "set", "far", "up"]).unwrap();
    let arguments = ["--interface", "far", "--vrid", "9", "--advert-int", "0.1"];
    let arguments = [&arguments[..], &["--priority", "50", VIRTUAL_ADDRESS]].concat();
    let below = a.spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap();
    wait_for_log(&below, "-> Backup");
    std::thread::sleep(LOAD);
    assert!(!below.log().contains("-> Active"));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_that_somebody_deletes_is_put_back_and_reported() {
    let network = lan();
    let vrrpd = vrrpd(&network, "a", 100, &[]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "a")).unwrap();
    delete_address(network.host("a").unwrap());
    wait_until(PATIENCE, "it is put back", || has_address(&network, "a")).unwrap();
    wait_for_log(&vrrpd, "10.0.0.100 was taken away by somebody else");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_deleted_amid_more_news_than_the_kernel_keeps_is_put_back() {
    let network = lan();
    let host = network.host("a").unwrap();
    let vrrpd = vrrpd(&network, "a", 100, &[]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "a")).unwrap();

    vrrpd.signal(Signal::STOP).unwrap();
    let change = |verb: &'static str| {
        (0..2000).map(move |n| format!("addr {verb} 10.8.{}.{}/32 dev lo\n", n / 250, n % 250 + 1))
    };
    let lines: String = change("add").chain(change("del")).collect();
    let file = host.write("batch", &lines).unwrap().display().to_string();
    host.run("ip", ["-batch", &file]).unwrap();
    delete_address(host);
    vrrpd.signal(Signal::CONT).unwrap();

    wait_until(PATIENCE, "it is put back", || has_address(&network, "a")).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_has_and_gives_up_two_hundred_addresses() {
    let network = lan();
    let many: Vec<_> = (1..=200).map(|last| format!("10.0.1.{last}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let mut vrrpd = vrrpd(&network, "a", 100, &many);
    let count = || addresses(&network, "a").matches("inet 10.0.1.").count();
    wait_until(PATIENCE, "it has all addresses", || count() == 200).unwrap();
    assert!(vrrpd.terminate(PATIENCE).unwrap().success());
    assert_eq!(count(), 0);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_neighbour_learns_where_the_address_is_now() {
    let network = lan();
    let neighbour = network.host("neighbour").unwrap();
    let knows_it_at =
        |mac: &str| neighbour.run("ip", ["neigh", "show", VIRTUAL_ADDRESS]).unwrap().contains(mac);
    let (mac_of_a, mac_of_b) = (link_address(&network, "a"), link_address(&network, "b"));
    let _low = vrrpd(&network, "a", 100, &[]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    // Whoever sends something has to ask where to.
    let socket = neighbour.enter(|| UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    socket.send_to(b"hello", (VIRTUAL_ADDRESS, 9)).unwrap();
    wait_until(PATIENCE, "the neighbour has asked", || knows_it_at(&mac_of_a)).unwrap();

    let _high = vrrpd(&network, "b", 150, &[]);
    // Now it asks nobody: it is told.
    wait_until(PATIENCE, "the neighbour knows", || knows_it_at(&mac_of_b)).unwrap();
}

fn link_address(network: &Network, host: &str) -> String {
    let shown = network.host(host).unwrap().run("ip", ["link", "show", "dev", "eth0"]).unwrap();
    shown.split_whitespace().skip_while(|word| *word != "link/ether").nth(1).unwrap().to_owned()
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_backup_that_was_stopped_does_not_take_over_from_a_living_router() {
    let network = lan();
    let high = vrrpd(&network, "b", 150, &[]);
    wait_until(PATIENCE, "the first has the address", || has_address(&network, "b")).unwrap();
    let low = vrrpd(&network, "a", 100, &[]);
    wait_for_log(&low, "-> Backup");
    for pause in [200, 370, 600, 1500] {
        low.signal(Signal::STOP).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        low.signal(Signal::CONT).unwrap();
        std::thread::sleep(Duration::from_millis(400));
    }
    assert!(!low.log().contains("-> Active"), "{}", low.log());
    assert_eq!(high.log().matches("-> Active").count(), 1);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_interface_that_is_not_there_is_named() {
    let network = lan();
    let arguments = ["--interface", "eth7", "--vrid", "51", VIRTUAL_ADDRESS];
    let mut vrrpd =
        network.host("a").unwrap().spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap();
    assert!(!vrrpd.wait(PATIENCE).unwrap().success());
    assert!(vrrpd.log().contains("there is no interface eth7"), "{}", vrrpd.log());
}

/// How both sides speak, in the words of each.
struct Dialect {
    keepalived: &'static str,
    vrrpd: &'static [&'static str],
}

const VERSION_2_WITH_PASSWORD: Dialect = Dialect {
    keepalived: "version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass secret\n}",
    vrrpd: &["--protocol", "2", "--advert-int", "1", "--auth-pass", "secret"],
};
const VERSION_3_TEN_TIMES_A_SECOND: Dialect = Dialect {
    keepalived: "version 3\nadvert_int 0.1",
    vrrpd: &["--protocol", "3", "--advert-int", "0.1"],
};

fn keepalived(network: &Network, host: &str, priority: u8, dialect: &Dialect) -> Process {
    let host = network.host(host).unwrap();
    let configuration = format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 51\n\
         priority {priority}\n{}\nvirtual_ipaddress {{\n{VIRTUAL_ADDRESS}\n}}\n}}\n",
        dialect.keepalived
    );
    let file = host.write("keepalived.conf", &configuration).unwrap().display().to_string();
    let pid = |name| host.folder().join(name).display().to_string();
    let arguments = [
        "--dont-fork",
        "--log-console",
        "--use-file",
        &file,
        "--pid",
        &pid("main.pid"),
        "--vrrp_pid",
        &pid("vrrp.pid"),
        "--checkers_pid",
        &pid("checkers.pid"),
    ];
    host.spawn("keepalived", "/usr/sbin/keepalived", arguments).unwrap()
}

/// keepalived on a with a priority in the middle, `vrrpd` on b below and above it.
fn hand_over(dialect: &Dialect) {
    let network = lan();
    let mut on_a = keepalived(&network, "a", 100, dialect);
    wait_for_owner(&network, "a", "b", "keepalived alone has the address");
    let mut on_b = vrrpd(&network, "b", 50, dialect.vrrpd);
    wait_for_log(&on_b, "-> Backup");
    on_a.terminate(PATIENCE).unwrap();
    wait_for_owner(&network, "b", "a", "vrrpd takes over from keepalived that stops");

    let _on_a = keepalived(&network, "a", 100, dialect);
    wait_for_owner(&network, "a", "b", "keepalived preempts vrrpd");

    on_b.terminate(PATIENCE).unwrap();
    on_b = vrrpd(&network, "b", 150, dialect.vrrpd);
    wait_for_owner(&network, "b", "a", "vrrpd preempts keepalived");

    on_b.terminate(PATIENCE).unwrap();
    wait_for_owner(&network, "a", "b", "keepalived takes over from vrrpd that stops");

    on_b = vrrpd(&network, "b", 150, dialect.vrrpd);
    wait_for_owner(&network, "b", "a", "vrrpd preempts keepalived again");
    on_b.kill().unwrap();
    wait_until(PATIENCE, "keepalived takes over from vrrpd that was killed", || {
        has_address(&network, "a")
    })
    .unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn keepalived_and_vrrpd_hand_over_both_ways_in_version_2_with_a_password() {
    hand_over(&VERSION_2_WITH_PASSWORD);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn keepalived_and_vrrpd_hand_over_both_ways_in_version_3_ten_times_a_second() {
    hand_over(&VERSION_3_TEN_TIMES_A_SECOND);
}
