//! VRRP on a real network stack: `vrrp-speaker` with itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::net::UdpSocket;
use std::time::Duration;

use rustix::process::Signal;
use steadfast_lab::{Capture, Frame, Host, Network, Process, Topology, binary, wait_until};

const VIRTUAL_ADDRESS: &str = "10.0.0.100";
const PATIENCE: Duration = Duration::from_secs(60);

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

/// Starts `vrrp-speaker` with VRID 51, ten advertisements a second unless told otherwise by `more`.
fn speaker(network: &Network, host: &str, priority: u8, more: &[&str]) -> Process {
    let priority = priority.to_string();
    let mut arguments = vec!["--interface", "eth0", "--vrid", "51", "--priority", &priority];
    if !more.contains(&"--advert-int") {
        arguments.extend(["--advert-int", "0.1"]);
    }
    arguments.extend(more);
    arguments.push(VIRTUAL_ADDRESS);
    network
        .host(host)
        .unwrap()
        .spawn("speaker", binary("vrrp-speaker").unwrap(), arguments)
        .unwrap()
}

fn has_address(network: &Network, host: &str) -> bool {
    network.host(host).unwrap().has_address(VIRTUAL_ADDRESS).unwrap()
}

/// Waits until one of the two has the address and the other has not.
fn wait_for_owner(network: &Network, owner: &str, other: &str, what: &str) -> Duration {
    wait_until(PATIENCE, what, || has_address(network, owner) && !has_address(network, other))
        .unwrap()
}

fn wait_for_log(process: &Process, text: &str) {
    wait_until(PATIENCE, format!("{text:?} is logged"), || process.log().contains(text)).unwrap();
}

/// Waits until so many more advertisements have passed; says when the last of them did.
fn wait_for_advertisements(capture: &Capture<'_>, count: usize) -> Duration {
    let passed = || -> Vec<_> {
        let frames = capture.frames().unwrap();
        frames.iter().filter_map(Frame::advertisement).collect()
    };
    let count = passed().len() + count;
    wait_until(PATIENCE, "advertisements pass", || passed().len() >= count).unwrap();
    passed()[count - 1].at
}

fn delete_address(host: &Host) {
    let address = format!("{VIRTUAL_ADDRESS}/32");
    host.run("ip", ["addr", "del", &address, "dev", "eth0"]).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_higher_priority_is_elected_and_preempts() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &[]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    let _high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has it");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_preemption_a_lower_priority_keeps_the_address() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &["--advert-int", "0.5"]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    let high = speaker(&network, "b", 150, &["--nopreempt", "--advert-int", "0.5"]);
    wait_for_log(&high, "Entering BACKUP STATE");
    // More than a down interval holds: only advertisements that count keep it quiet.
    wait_for_advertisements(&network.capture("lan").unwrap(), 5);
    assert!(has_address(&network, "a") && !has_address(&network, "b"));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_killed_router_is_replaced_and_takes_over_again() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &[]);
    let mut high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");
    high.kill_with_children().unwrap();
    wait_until(PATIENCE, "the other takes over", || has_address(&network, "a")).unwrap();
    assert!(has_address(&network, "b"), "nobody is left to remove it");

    let _high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the first has it back");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_a_killed_router_left_is_removed_by_the_next_one() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &[]);
    let mut high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");
    high.kill_with_children().unwrap();
    wait_until(PATIENCE, "the other takes over", || has_address(&network, "a")).unwrap();

    let _lowest = speaker(&network, "b", 50, &[]);
    wait_for_owner(&network, "a", "b", "what was left is gone");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn what_is_left_with_another_prefix_is_removed_as_well() {
    let network = lan();
    let left = format!("{VIRTUAL_ADDRESS}/24");
    let b = network.host("b").unwrap();
    b.run("ip", ["addr", "add", &left, "dev", "eth0"]).unwrap();
    let _high = speaker(&network, "a", 150, &[]);
    let _low = speaker(&network, "b", 100, &[]);
    wait_for_owner(&network, "a", "b", "what was left is gone");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_stops_hands_over_within_the_skew_time() {
    let network = lan();
    let slow = ["--advert-int", "3"];
    let mut high = speaker(&network, "b", 150, &slow);
    wait_until(PATIENCE, "the only one has the address", || has_address(&network, "b")).unwrap();
    let low = speaker(&network, "a", 100, &slow);
    wait_for_log(&low, "Entering BACKUP STATE");

    high.signal(Signal::TERM).unwrap();
    let took = wait_for_owner(&network, "a", "b", "the backup takes over");
    // RFC 9568 6.1: (256 - 100) / 256 of 3 s. Without priority 0 it would be 6 to 9 s more.
    assert!(took < Duration::from_millis(1829 + 4500), "it took {took:?}");
    let told = "Entering MASTER STATE: 10.0.0.2 gave up (priority 0)";
    assert!(low.log().contains(told), "{}", low.log());
    assert!(high.wait(PATIENCE).unwrap().success());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_whose_cable_is_pulled_is_in_fault_until_it_is_mended() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &[]);
    let high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");

    network.cut("b", "eth0").unwrap();
    wait_for_owner(&network, "a", "b", "the other has it, and the one without a cable gave it up");
    wait_for_log(&high, "Entering FAULT STATE: interface eth0 is down");

    network.mend("b", "eth0").unwrap();
    wait_for_owner(&network, "b", "a", "the first has it back");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_without_an_address_to_send_from_is_in_fault_until_it_has_one() {
    let network = lan();
    let _low = speaker(&network, "a", 100, &[]);
    let high = speaker(&network, "b", 150, &[]);
    wait_for_owner(&network, "b", "a", "the higher priority has the address");

    let b = network.host("b").unwrap();
    b.run("ip", ["addr", "del", "10.0.0.2/24", "dev", "eth0"]).unwrap();
    wait_for_owner(&network, "a", "b", "the other has it");
    wait_for_log(&high, "Entering FAULT STATE: interface eth0 has no address to send from");

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
    let speaker = b.spawn("speaker", binary("vrrp-speaker").unwrap(), arguments).unwrap();
    let has_it = || {
        b.run("ip", ["addr", "show", "dev", "made"])
            .is_ok_and(|shown| shown.contains(VIRTUAL_ADDRESS))
    };
    wait_until(PATIENCE, "it has the address", has_it).unwrap();
    ip("link del made");
    wait_for_log(&speaker, "Entering FAULT STATE: interface made is down");
    ip(make);
    wait_until(PATIENCE, "it has the address again", has_it).unwrap();

    // It is heard as well, by who comes with a higher priority.
    let switch_to = |name: &str| format!("link set far netns {name}");
    let a = network.host("a").unwrap();
    ip(&switch_to(a.namespace()));
    wait_until(PATIENCE, "it gave the address up", || !has_it()).unwrap();
    a.run("ip", ["addr", "add", "10.9.0.1/24", "dev", "far"]).unwrap();
    a.run("ip", ["link", "set", "far", "up"]).unwrap();
    wait_until(PATIENCE, "it has the address a third time", has_it).unwrap();
    let arguments = ["--interface", "far", "--vrid", "9", "--advert-int", "0.1"];
    let arguments = [&arguments[..], &["--priority", "150", VIRTUAL_ADDRESS]].concat();
    let above = a.spawn("speaker", binary("vrrp-speaker").unwrap(), arguments).unwrap();
    wait_for_log(&above, "10.9.0.2");
    wait_for_log(&speaker, "Entering BACKUP STATE: advert from 10.9.0.1");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_that_somebody_deletes_is_put_back_and_reported() {
    let network = lan();
    let speaker = speaker(&network, "a", 100, &[]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "a")).unwrap();
    delete_address(network.host("a").unwrap());
    wait_until(PATIENCE, "it is put back", || has_address(&network, "a")).unwrap();
    wait_for_log(&speaker, "10.0.0.100 was taken away by somebody else");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_address_deleted_amid_more_news_than_the_kernel_keeps_is_put_back() {
    let network = lan();
    let host = network.host("a").unwrap();
    let speaker = speaker(&network, "a", 100, &[]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "a")).unwrap();

    speaker.signal(Signal::STOP).unwrap();
    let change = |verb: &'static str| {
        (0..2000).map(move |n| format!("addr {verb} 10.8.{}.{}/32 dev lo\n", n / 250, n % 250 + 1))
    };
    let lines: String = change("add").chain(change("del")).collect();
    let file = host.write("batch", &lines).unwrap().display().to_string();
    host.run("ip", ["-batch", &file]).unwrap();
    delete_address(host);
    speaker.signal(Signal::CONT).unwrap();

    wait_until(PATIENCE, "it is put back", || has_address(&network, "a")).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_has_and_gives_up_two_hundred_addresses() {
    let network = lan();
    let many: Vec<_> = (1..=200).map(|last| format!("10.0.1.{last}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let mut speaker = speaker(&network, "a", 100, &many);
    let a = network.host("a").unwrap();
    let count = || a.run("ip", ["addr"]).unwrap().matches("inet 10.0.1.").count();
    wait_until(PATIENCE, "it has all addresses", || count() == 200).unwrap();
    assert!(speaker.terminate(PATIENCE).unwrap().success());
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
    let _low = speaker(&network, "a", 100, &[]);
    wait_for_owner(&network, "a", "b", "the only one has the address");
    // Whoever sends something has to ask where to.
    let socket = neighbour.enter(|| UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    socket.send_to(b"hello", (VIRTUAL_ADDRESS, 9)).unwrap();
    wait_until(PATIENCE, "the neighbour has asked", || knows_it_at(&mac_of_a)).unwrap();

    let _high = speaker(&network, "b", 150, &[]);
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
    let slow = ["--advert-int", "0.5"];
    let high = speaker(&network, "b", 150, &slow);
    wait_until(PATIENCE, "the first has the address", || has_address(&network, "b")).unwrap();
    let low = speaker(&network, "a", 100, &slow);
    wait_for_log(&low, "Entering BACKUP STATE");
    let capture = network.capture("lan").unwrap();
    // The down interval is 1805 ms: shorter, as long, and longer.
    for pause in [1000, 1850, 3000, 5000] {
        low.signal(Signal::STOP).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        low.signal(Signal::CONT).unwrap();
        // It is well awake when it hears the next.
        wait_for_advertisements(&capture, 2);
    }
    assert!(!low.log().contains("Entering MASTER STATE"), "{}", low.log());
    assert_eq!(high.log().matches("Entering MASTER STATE").count(), 1);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_backup_that_was_stopped_counts_the_silence_from_the_last_arrival_not_from_its_reading() {
    let network = lan();
    let slow = ["--advert-int", "3"];
    let mut high = speaker(&network, "b", 255, &slow);
    wait_until(PATIENCE, "the first has the address", || has_address(&network, "b")).unwrap();
    let low = speaker(&network, "a", 100, &slow);
    wait_for_log(&low, "Entering BACKUP STATE");
    let capture = network.capture("lan").unwrap();
    low.signal(Signal::STOP).unwrap();
    // An advertisement arrives that nobody reads, then there are no more.
    let arrived = wait_for_advertisements(&capture, 1);
    high.kill_with_children().unwrap();
    std::thread::sleep(Duration::from_secs(8));
    low.signal(Signal::CONT).unwrap();
    let spoke = wait_for_advertisements(&capture, 1);
    // RFC 9568 6.1: three intervals and (256 - 100) / 256 of one. From the reading on it would have
    // been 8 s more; a slow machine has half of that.
    let down_interval = Duration::from_millis(10_829);
    let took = spoke - arrived;
    assert!(took < down_interval + Duration::from_secs(4), "it took {took:?}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn an_interface_that_is_not_there_is_named() {
    let network = lan();
    let arguments = ["--interface", "eth7", "--vrid", "51", VIRTUAL_ADDRESS];
    let mut refused = network
        .host("a")
        .unwrap()
        .spawn("speaker", binary("vrrp-speaker").unwrap(), arguments)
        .unwrap();
    assert!(!refused.wait(PATIENCE).unwrap().success());
    assert!(refused.log().contains("there is no interface eth7"), "{}", refused.log());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_does_not_preempt_and_was_stopped_for_long_yields_to_who_took_over() {
    let network = lan();
    let high = speaker(&network, "b", 150, &["--nopreempt"]);
    wait_until(PATIENCE, "the first has the address", || has_address(&network, "b")).unwrap();
    let low = speaker(&network, "a", 100, &[]);
    wait_for_log(&low, "Entering BACKUP STATE");
    high.signal(Signal::STOP).unwrap();
    wait_for_log(&low, "Entering MASTER STATE");
    high.signal(Signal::CONT).unwrap();
    wait_for_log(
        &high,
        "Entering BACKUP STATE: 10.0.0.1 with priority 100 took over while we were",
    );
    wait_for_owner(&network, "a", "b", "who took over keeps the address");
    assert_eq!(low.log().matches("Entering BACKUP STATE").count(), 1, "{}", low.log());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_example_is_a_daemon() {
    let network = lan();
    let vrrpd = |host: &str, priority: &str| {
        let arguments =
            ["--interface", "eth0", "--vrid", "51", "--priority", priority, VIRTUAL_ADDRESS];
        network.host(host).unwrap().spawn("vrrpd", binary("vrrpd").unwrap(), arguments).unwrap()
    };
    let mut high = vrrpd("b", "255");
    wait_until(PATIENCE, "the owner has the address", || has_address(&network, "b")).unwrap();
    let low = vrrpd("a", "100");
    wait_for_log(&low, "Entering BACKUP STATE");
    assert!(high.terminate(PATIENCE).unwrap().success());
    wait_for_owner(&network, "a", "b", "the backup takes over");
}
