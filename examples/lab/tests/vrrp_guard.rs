//! What the crash guard of a router does when that is killed, and when it is not.
//!
//! The interval between advertisements is long, so that a takeover after the skew time cannot be
//! mistaken for one after the down interval.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use steadfast_lab::{
    Advertisement, Capture, Captured, Frame, Network, Process, Topology, binary, wait_until,
};

const VIRTUAL_ADDRESS: &str = "10.0.0.100";
const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(4);
const KILLED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SUCCESSOR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn lan() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "10.0.0.1/24"))
        .host("b", |host| host.link("eth0", "lan", "10.0.0.2/24"))
        .start()
        .unwrap()
}

fn speaker(network: &Network, host: &str, priority: &str, more: &[&str]) -> Process {
    speaker_every(network, "4", host, priority, more)
}

fn speaker_every(
    network: &Network,
    seconds: &str,
    host: &str,
    priority: &str,
    more: &[&str],
) -> Process {
    let arguments = ["--interface", "eth0", "--vrid", "51", "--advert-int", seconds];
    let arguments = [&arguments, &["--priority", priority][..], more, &[VIRTUAL_ADDRESS]].concat();
    network
        .host(host)
        .unwrap()
        .spawn("speaker", binary("vrrp-speaker").unwrap(), arguments)
        .unwrap()
}

/// A router on b that is Active at once, whose guard knows what to do.
fn active(network: &Network, more: &[&str]) -> Process {
    let active = speaker(network, "b", "255", more);
    wait_until(PATIENCE, "it has the address", || has_address(network, "b")).unwrap();
    wait_for_guard(&active);
    active
}

/// A router on a that is and stays Backup while the one on b lives.
fn backup(network: &Network) -> Process {
    let backup = speaker(network, "a", "100", &[]);
    wait_for_log(&backup, "Entering BACKUP STATE");
    backup
}

fn has_address(network: &Network, host: &str) -> bool {
    network.host(host).unwrap().has_address(VIRTUAL_ADDRESS).unwrap()
}

fn wait_for_log(process: &Process, text: &str) {
    wait_until(PATIENCE, format!("{text:?} is logged"), || process.log().contains(text)).unwrap();
}

/// Waits until the guard has been told of the only virtual router: it has both its sockets then,
/// besides the one over which it is told, and perhaps another on which it waits for an heir.
fn wait_for_guard(of: &Process) {
    let knows = |guard: u32| {
        let files = std::fs::read_dir(format!("/proc/{guard}/fd")).into_iter().flatten();
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count() >= 3
    };
    wait_until(PATIENCE, "the guard knows what to do", || guard_of(of).is_some_and(knows)).unwrap();
}

fn guard_of(process: &Process) -> Option<u32> {
    process.family().pids().iter().copied().find(|child| {
        let name = std::fs::read_to_string(format!("/proc/{child}/comm"));
        name.is_ok_and(|name| name == "vrrp-guard\n")
    })
}

fn signal_guard(of: &Process, signal: Signal) {
    let guard = guard_of(of).unwrap();
    kill_process(Pid::from_raw(guard.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// All advertisements, in order.
fn advertisements(captured: &Captured) -> Vec<Advertisement> {
    captured.frames.iter().filter_map(Frame::advertisement).collect()
}

/// The killed router's last word, or its guard's.
fn gives_up(sent: &Advertisement) -> bool {
    sent.source == KILLED && sent.priority == 0
}

/// When the killed router gave up, and when the other one spoke after that.
fn hand_over(captured: &Captured) -> (Duration, Duration) {
    let all = advertisements(captured);
    let gave_up = all.iter().find(|sent| gives_up(sent)).unwrap().at;
    let spoke = all.iter().find(|sent| sent.source == SUCCESSOR && sent.at >= gave_up).unwrap().at;
    (gave_up, spoke)
}

/// Kills the router on b and looks what passes until `a` has the address and b has not.
fn assert_killed_router_is_succeeded_after_the_skew_time(network: &Network, mut active: Process) {
    let capture = network.capture("lan").unwrap();
    let killed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    active.kill().unwrap();
    wait_until(PATIENCE, "the other has the address", || {
        has_address(network, "a") && !has_address(network, "b")
    })
    .unwrap();
    let (gave_up, spoke) = hand_over(&capture.finish().unwrap());
    assert!(gave_up - killed < INTERVAL, "nobody gave up for it before {:?}", gave_up - killed);
    // RFC 9568 6.1: the skew time of priority 100 is 0.6 intervals. The down interval, less the one
    // that may have passed, would be 2.6.
    assert!(spoke - gave_up < 2 * INTERVAL, "the other spoke after {:?}", spoke - gave_up);
    assert!(active.log().contains("died: sent priority 0 for V"), "{}", active.log());
    assert!(active.log().contains("removed 10.0.0.100 from eth0"), "{}", active.log());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_killed_router_is_succeeded_after_the_skew_time() {
    let network = lan();
    let active = active(&network, &[]);
    let _backup = backup(&network);
    assert_killed_router_is_succeeded_after_the_skew_time(&network, active);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn keepalived_succeeds_a_killed_router_after_the_skew_time() {
    assert_keepalived_succeeds_a_killed_router(&[], "version 3");
}

/// Version 2 with an Authentication Header.
const WITH_HEADER: [&str; 5] = ["--protocol", "2", "--auth-pass", "secret", "--auth-header"];

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn keepalived_believes_the_authentication_header_of_a_killed_routers_guard() {
    let same = "version 2\nauthentication {\nauth_type AH\nauth_pass secret\n}";
    assert_keepalived_succeeds_a_killed_router(&WITH_HEADER, same);
}

fn assert_keepalived_succeeds_a_killed_router(more: &[&str], same_of_keepalived: &str) {
    let network = lan();
    let active = active(&network, more);
    let configuration = format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 51\n\
         {same_of_keepalived}\n\
         priority 100\nadvert_int 4\nvirtual_ipaddress {{\n{VIRTUAL_ADDRESS}\n}}\n}}\n"
    );
    let a = network.host("a").unwrap();
    let keepalived =
        a.spawn_keepalived("keepalived", "/usr/sbin/keepalived", &configuration).unwrap();
    wait_for_log(&keepalived, "Entering BACKUP STATE");
    assert_killed_router_is_succeeded_after_the_skew_time(&network, active);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_unicast_peer_of_a_killed_router_succeeds_it_after_the_skew_time() {
    let network = lan();
    let active = active(&network, &["--unicast-peer", &SUCCESSOR.to_string()]);
    let backup = speaker(&network, "a", "100", &["--unicast-peer", &KILLED.to_string()]);
    wait_for_log(&backup, "Entering BACKUP STATE");
    assert_killed_router_is_succeeded_after_the_skew_time(&network, active);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_guard_of_a_router_with_a_virtual_mac_gives_up_from_that_and_sets_it_down() {
    let network = lan();
    let mut active = active(&network, &["--use-vmac"]);
    let capture = network.capture("lan").unwrap();
    active.kill().unwrap();
    let b = network.host("b").unwrap();
    let is_up = || b.run("ip", ["link", "show", "up"]).unwrap().contains("vrrp.51");
    wait_until(PATIENCE, "the virtual MAC is down", || !is_up()).unwrap();
    assert!(!has_address(&network, "b"));
    let captured = capture.finish().unwrap();
    let gives_up = |frame: &&Frame| frame.advertisement().is_some_and(|sent| gives_up(&sent));
    let gave_up = captured.frames.iter().find(gives_up);
    let virtual_mac = [0x00, 0x00, 0x5e, 0x00, 0x01, 51];
    assert_eq!(gave_up.unwrap().bytes[6..12], virtual_mac);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_killed_router_of_ipv6_is_succeeded_after_the_skew_time() {
    const ADDRESSES: [&str; 2] = ["fe80::51", "2001:db8::51"];
    let network = lan();
    let start = |host: &str, priority: &str| {
        let arguments = ["--interface", "eth0", "--vrid", "51", "--advert-int", "4"];
        let arguments = [&arguments, &["--priority", priority][..], &ADDRESSES].concat();
        network
            .host(host)
            .unwrap()
            .spawn("speaker", binary("vrrp-speaker").unwrap(), arguments)
            .unwrap()
    };
    let has_addresses = |host: &str, wanted: bool| {
        let host = network.host(host).unwrap();
        ADDRESSES.iter().all(|address| host.has_address(address).unwrap() == wanted)
    };
    let mut active = start("b", "255");
    wait_until(PATIENCE, "it has the addresses", || has_addresses("b", true)).unwrap();
    wait_for_guard(&active);
    let backup = start("a", "100");
    wait_for_log(&backup, "Entering BACKUP STATE");
    active.kill().unwrap();
    let moved = || has_addresses("a", true) && has_addresses("b", false);
    let took = wait_until(PATIENCE, "the other has the addresses", moved).unwrap();
    // The down interval, less the one that may have passed, would be 2.6 intervals.
    assert!(took < 2 * INTERVAL, "it took {took:?}");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_guard_lives_through_what_ends_its_router() {
    let network = lan();
    let mut active = active(&network, &[]);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        signal_guard(&active, signal);
    }
    active.kill().unwrap();
    wait_until(PATIENCE, "the guard removed the address", || !has_address(&network, "b")).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_guard_that_was_killed_is_replaced() {
    let network = lan();
    let mut active = active(&network, &[]);
    signal_guard(&active, Signal::KILL);
    wait_for_log(&active, "the crash guard was ended by somebody, starting another one");
    wait_for_guard(&active);
    active.kill().unwrap();
    wait_until(PATIENCE, "the guard removed the address", || !has_address(&network, "b")).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_guard_of_a_router_that_stops_does_nothing() {
    let network = lan();
    let mut active = active(&network, &[]);
    let _backup = backup(&network);
    let capture = network.capture("lan").unwrap();
    active.terminate(PATIENCE).unwrap();
    wait_until(PATIENCE, "the other has the address", || has_address(&network, "a")).unwrap();
    let sent = advertisements(&capture.finish().unwrap());
    let gave_up = sent.iter().filter(|sent| gives_up(sent)).count();
    assert_eq!(gave_up, 1, "the router itself gives up, once");
    assert!(!active.log().contains("vrrp-guard"), "{}", active.log());
}

/// The backup takes over after 7.2 seconds: a slow machine has time to start the router again.
const EVERY: &str = "2";
const DOWN: Duration = Duration::from_millis(7219);

/// Becomes Active on b by election, whatever its options, against a Backup on a; some both have.
fn elected(network: &Network, more: &[&str], both: &[&str]) -> (Process, Process) {
    let elected = speaker_every(network, EVERY, "b", "150", &[more, both].concat());
    wait_until(PATIENCE, "it has the address", || has_address(network, "b")).unwrap();
    wait_for_guard(&elected);
    let backup = speaker_every(network, EVERY, "a", "100", both);
    wait_for_log(&backup, "Entering BACKUP STATE");
    (elected, backup)
}

fn assert_a_router_started_again_in_time_resumes(more: &[&str], both: &[&str]) {
    let network = lan();
    let more = [&["--restarted-within", "5"], more].concat();
    let (mut killed, backup) = elected(&network, &more, both);
    let b = network.host("b").unwrap();
    let changes = b.spawn("monitor", "ip", ["-o", "monitor", "address"]).unwrap();
    let capture = network.capture("lan").unwrap();
    killed.kill().unwrap();
    let successor = speaker_every(&network, EVERY, "b", "150", &[&more, both].concat());
    wait_for_log(&successor, "Entering MASTER STATE: resuming after");
    wait_for_log(&killed, "died and has an heir");
    wait_for_guard(&successor);
    wait_for_longer_than_a_backup_waits(&capture);
    let captured = capture.finish().unwrap();
    let sent = advertisements(&captured);
    assert!(!sent.is_empty());
    assert!(sent.iter().all(|sent| sent.source == KILLED && sent.priority == 150));
    let announced = captured.frames.iter().any(|frame| is_announcement(&frame.bytes));
    assert!(announced, "it announces its address again");
    assert!(!changes.log().contains(VIRTUAL_ADDRESS), "{}", changes.log());
    assert!(!backup.log().contains("Entering MASTER STATE"), "{}", backup.log());
}

/// Waits until advertisements have passed for so long.
fn wait_for_longer_than_a_backup_waits(capture: &Capture<'_>) {
    wait_until(PATIENCE, "it goes on advertising", || {
        let frames = capture.frames().unwrap();
        let sent: Vec<_> = frames.iter().filter_map(Frame::advertisement).collect();
        sent.first().zip(sent.last()).is_some_and(|(first, last)| last.at - first.at > DOWN)
    })
    .unwrap();
}

/// A gratuitous ARP for the virtual address.
fn is_announcement(frame: &[u8]) -> bool {
    let address = VIRTUAL_ADDRESS.parse::<Ipv4Addr>().unwrap().octets();
    frame.get(12..14) == Some(&[0x08, 0x06]) && frame.get(28..32) == Some(&address)
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_is_started_again_in_time_resumes() {
    assert_a_router_started_again_in_time_resumes(&[], &[]);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_with_a_virtual_mac_that_is_started_again_in_time_resumes() {
    assert_a_router_started_again_in_time_resumes(&["--use-vmac"], &[]);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_with_an_authentication_header_that_is_started_again_in_time_resumes() {
    assert_a_router_started_again_in_time_resumes(&[], &WITH_HEADER);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_router_that_is_started_again_after_another_took_over_is_an_ordinary_backup() {
    let network = lan();
    let more = ["--restarted-within", "20", "--nopreempt"];
    let (mut killed, backup) = elected(&network, &more, &[]);
    killed.kill().unwrap();
    wait_for_log(&backup, "Entering MASTER STATE");
    let successor = speaker_every(&network, EVERY, "b", "150", &more);
    wait_for_log(&successor, "Entering BACKUP STATE: 10.0.0.1 with priority 100 took over before");
    wait_until(PATIENCE, "the address is gone", || !has_address(&network, "b")).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_guard_of_a_router_that_is_not_started_again_gives_up_after_the_grace() {
    let network = lan();
    let active = active(&network, &["--restarted-within", "1"]);
    let _backup = backup(&network);
    assert_killed_router_is_succeeded_after_the_skew_time(&network, active);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_second_router_of_the_same_name_is_refused() {
    let network = lan();
    let patient = ["--restarted-within", "1"];
    let _first = active(&network, &patient);
    let mut second = speaker(&network, "b", "100", &patient);
    assert!(!second.wait(PATIENCE).unwrap().success());
    assert!(second.log().contains("has the name speaker on eth0 for 51"), "{}", second.log());
}

/// The process that a supervisor started last.
fn supervised(supervisor: &Process) -> Option<u32> {
    let log = supervisor.log();
    log.lines()
        .filter_map(|line| line.strip_prefix("supervising process ")?.parse().ok())
        .next_back()
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_supervisor_restarts_a_router_that_resumes_and_in_the_end_gives_up_for_it() {
    let network = lan();
    let supervisor = speaker_every(&network, EVERY, "b", "150", &["--supervise", "1"]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "b")).unwrap();
    let backup = speaker_every(&network, EVERY, "a", "100", &[]);
    wait_for_log(&backup, "Entering BACKUP STATE");
    let b = network.host("b").unwrap();
    let changes = b.spawn("monitor", "ip", ["-o", "monitor", "address"]).unwrap();

    kill(supervised(&supervisor).unwrap());
    wait_for_log(&supervisor, "Entering MASTER STATE: resuming after");
    wait_for_longer_than_a_backup_waits(&network.capture("lan").unwrap());
    assert!(!changes.log().contains(VIRTUAL_ADDRESS), "{}", changes.log());
    assert!(!backup.log().contains("Entering MASTER STATE"), "{}", backup.log());

    kill(supervised(&supervisor).unwrap());
    wait_for_log(&supervisor, "gave up: sent priority 0 for VRID 51; removed 10.0.0.100 from eth0");
    wait_for_log(&backup, "Entering MASTER STATE: 10.0.0.2 gave up (priority 0)");
    assert!(!has_address(&network, "b"));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_supervised_router_that_stops_in_order_leaves_its_supervisor_nothing_to_do() {
    let network = lan();
    let mut supervisor = speaker_every(&network, "1", "b", "255", &["--supervise", "0"]);
    wait_until(PATIENCE, "it has the address", || has_address(&network, "b")).unwrap();
    let pid = supervised(&supervisor).unwrap().try_into().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert!(supervisor.wait(PATIENCE).unwrap().success());
    assert!(!supervisor.log().contains("gave up:"), "{}", supervisor.log());
    assert!(!has_address(&network, "b"));
}
