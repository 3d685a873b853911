//! What the director does on the VRRP side beyond what keepalived 2.2.7 does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use steadfast_lab::{Host, Network, Process, Topology, binary, wait_until};

const VIRTUAL_ADDRESS: &str = "10.0.0.100";
const PATIENCE: Duration = Duration::from_secs(60);
/// A slow machine answers sooner.
const KNOCK: Duration = Duration::from_secs(1);

fn network() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "10.0.0.1/24"))
        .host("b", |host| host.link("eth0", "lan", "10.0.0.2/24"))
        .start()
        .unwrap()
}

fn start(host: &Host, blocks: &str, lines: &str) -> Process {
    let configuration = format!(
        "{blocks}\nvrrp_instance VI_1 {{\nvirtual_router_id 51\nversion 3\nadvert_int 0.1\n\
         virtual_ipaddress {{\n{VIRTUAL_ADDRESS}/24\n}}\n{lines}\n}}\n"
    );
    host.spawn_keepalived("director", binary("director").unwrap(), &configuration).unwrap()
}

fn becomes(host: &Host, master: bool, what: &str) {
    wait_until(PATIENCE, what, || host.has_address(VIRTUAL_ADDRESS).unwrap() == master).unwrap();
}

/// Not every kernel has nf_tables.
fn can_drop(host: &Host) -> bool {
    let added = host.run("nft", ["add table inet probe"]);
    let chain = ["add chain inet probe input { type filter hook input priority 0; }"];
    added.is_ok() && host.run("nft", chain).is_ok()
}

/// Whether somebody who knocks at the address from there is answered, if only by a refusal.
fn answers(host: &Host) -> bool {
    let door = SocketAddr::new(VIRTUAL_ADDRESS.parse().unwrap(), 9);
    let knock = || TcpStream::connect_timeout(&door, KNOCK);
    let refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    host.enter(knock).unwrap().map_or_else(refused, |_| true)
}

fn ip(host: &Host, arguments: &str) {
    host.run("ip", arguments.split_whitespace().collect::<Vec<_>>()).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_source_address_that_goes_is_a_fault_until_it_comes_back() {
    let network = network();
    let host = network.host("a").unwrap();
    ip(host, "addr add 10.0.0.3/24 dev eth0");
    let _director = start(host, "", "interface eth0\nmcast_src_ip 10.0.0.3\ntrack_src_ip");
    becomes(host, true, "it is MASTER");
    ip(host, "addr del 10.0.0.3/24 dev eth0");
    becomes(host, false, "without its source address it is in FAULT");
    ip(host, "addr add 10.0.0.3/24 dev eth0");
    becomes(host, true, "it is MASTER again");
}

/// What the script of an instance with these lines has counted by this command when it is MASTER.
fn counted_as_master(lines: &str, count: &str) -> String {
    let network = network();
    let host = network.host("a").unwrap();
    let seen = host.folder().join("seen");
    let lines = format!(
        "interface eth0\n{lines}\nnotify_master \"/bin/sh -c '{count} >{0}.new; mv {0}.new {0}'\"",
        seen.display()
    );
    let _director = start(host, "global_defs {\nscript_user root\n}", &lines);
    wait_until(PATIENCE, "the script has run", || seen.exists()).unwrap();
    std::fs::read_to_string(&seen).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn who_is_told_that_it_is_master_finds_all_addresses() {
    let more: String = (0..500).map(|n| format!("10.1.{}.{}\n", n / 250, n % 250 + 1)).collect();
    let lines = format!("virtual_ipaddress_excluded {{\n{more}}}");
    let found = counted_as_master(&lines, "ip -o -4 addr show dev eth0 | grep -c 10.1.");
    assert_eq!(found.trim(), "500");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn who_is_told_that_it_is_master_finds_all_routes() {
    let routes: String = (0..200).map(|n| format!("10.2.{n}.0/24 dev eth0\n")).collect();
    let lines = format!("virtual_routes {{\n{routes}}}");
    let found = counted_as_master(&lines, "ip -4 route | grep -c 10.2.");
    assert_eq!(found.trim(), "200");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn with_unicast_the_source_address_says_which_interface_it_is() {
    let network = network();
    let host = network.host("a").unwrap();
    let _director = start(host, "", "unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}");
    becomes(host, true, "it is MASTER");
}

/// Puts `eth0` into a VRF.
fn put_into_vrf(host: &Host) {
    for words in
        ["link add blue type vrf table 10", "link set blue up", "link set eth0 master blue"]
    {
        ip(host, words);
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_instance_in_a_vrf_hears_its_peer_and_is_heard_by_it() {
    let network = network();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    put_into_vrf(a);
    let unicast = |own, peer| format!("unicast_src_ip {own}\nunicast_peer {{\n{peer}\n}}");
    let outside = unicast("10.0.0.2", "10.0.0.1");
    let outside = start(b, "", &format!("interface eth0\npriority 100\n{outside}"));
    becomes(b, true, "the peer is MASTER");
    let inside = unicast("10.0.0.1", "10.0.0.2");
    let inside = format!(
        "vrrp_instance VI_1 {{\nvirtual_router_id 51\nversion 3\nadvert_int 0.1\n\
         priority 150\nvrf blue\n{inside}\n\
         virtual_ipaddress {{\n{VIRTUAL_ADDRESS}/24 dev eth0\n}}\n}}\n"
    );
    let inside = a.spawn_keepalived("director", binary("director").unwrap(), &inside).unwrap();
    becomes(a, true, "the one in the VRF is MASTER");
    becomes(b, false, "its peer has heard it");
    let (inside, outside) = (inside.log(), outside.log());
    assert!(inside.contains("preempting 10.0.0.2"), "it has heard its peer: {inside}");
    assert!(outside.contains("advert from 10.0.0.1"), "its peer has heard it: {outside}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn processes_that_end_are_a_fault_until_enough_run_again() {
    let network = network();
    let host = network.host("a").unwrap();
    // No process of anybody else has these parameters.
    let number = format!("86400.{}", std::process::id());
    let sleep = || host.spawn("sleep", "/bin/sleep", [number.as_str()]).unwrap();
    let mut first = sleep();
    let second = sleep();
    let block = format!("vrrp_track_process P {{\nprocess sleep {number}\nquorum 2\n}}");
    let _director = start(host, &block, "interface eth0\ntrack_process {\nP\n}");
    becomes(host, true, "both run, so it is MASTER");
    first.kill().unwrap();
    becomes(host, false, "one is not enough");
    let third = sleep();
    becomes(host, true, "two are");
    drop((second, third));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn packets_to_the_addresses_are_dropped_if_they_are_not_to_be_accepted() {
    let network = network();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    if !can_drop(a) {
        return;
    }
    let answers = || answers(b);
    let mut director = start(a, "", "interface eth0");
    becomes(a, true, "it is MASTER");
    wait_until(PATIENCE, "it answers by default", answers).unwrap();
    director.terminate(PATIENCE).unwrap();
    let _director = start(a, "", "interface eth0\nno_accept");
    becomes(a, true, "it is MASTER again");
    assert!(!answers(), "it does not answer when it is not to");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn vrrp_starts_after_its_delay() {
    let network = network();
    let host = network.host("a").unwrap();
    let director = start(host, "global_defs {\nvrrp_startup_delay 1.5\n}", "interface eth0");
    becomes(host, true, "it is MASTER in the end");
    let log = director.log();
    let position = |text: &str| log.find(text).unwrap_or_else(|| panic!("no {text}: {log}"));
    assert!(position("Delaying the start of VRRP") < position("Entering BACKUP STATE"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_instance_that_waits_for_its_start_is_in_the_status() {
    let network = network();
    let host = network.host("a").unwrap();
    let _director = start(host, "global_defs {\nvrrp_startup_delay 3600\n}", "interface eth0");
    let pid_file = host.folder().join("director-main.pid").display().to_string();
    let waits = || {
        let status = host.run(binary("director").unwrap(), ["status", "--pid", &pid_file]);
        status.is_ok_and(|status| status.contains("VI_1  INIT"))
    };
    wait_until(PATIENCE, "it is shown as waiting", waits).unwrap();
}

/// Of the threads with that name: their policy and real-time priority.
fn scheduling(director: &Process, thread: &str) -> Vec<String> {
    let pid = director.pid().to_string();
    let arguments = ["-L", "-o", "comm=,cls=,rtprio=", "--ppid", &pid, "--pid", &pid];
    let shown = Command::new("ps").args(arguments).output().unwrap().stdout;
    let shown = String::from_utf8(shown).unwrap();
    let words = shown.lines().map(str::split_whitespace);
    let named = words.filter_map(|mut words| (words.next()? == thread).then(|| words.collect()));
    named.map(|words: Vec<_>| words.join(" ")).collect()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn vrrp_has_the_priority_that_it_is_given_or_the_least_or_none() {
    let network = network();
    let host = network.host("a").unwrap();
    for (line, expected) in
        [("vrrp_rt_priority 7", "RR 7"), ("", "RR 1"), ("max_auto_priority 0", "TS -")]
    {
        let globals = format!("global_defs {{\n{line}\n}}");
        let mut director = start(host, &globals, "interface eth0");
        becomes(host, true, "it is MASTER");
        assert_eq!(scheduling(&director, "vrrp"), [expected], "{line}");
        director.terminate(PATIENCE).unwrap();
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn memory_is_locked_if_it_is_not_to_be_swapped_out() {
    let network = network();
    let host = network.host("a").unwrap();
    let director = start(host, "global_defs {\nvrrp_no_swap\n}", "interface eth0");
    becomes(host, true, "it is MASTER");
    let worker = Command::new("pgrep").args(["-P", &director.pid().to_string()]).output().unwrap();
    let worker = String::from_utf8(worker.stdout).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.trim())).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap().trim();
    assert_ne!(locked, "0 kB");
}

/// Whether there is a route or rule of that text.
fn shows(host: &Host, what: &str, text: &str) -> bool {
    let arguments = format!("{what} show");
    let shown = host.run("ip", arguments.split_whitespace().collect::<Vec<_>>()).unwrap();
    shown.contains(text)
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn routes_and_rules_come_with_the_master_are_put_back_and_go_with_it() {
    let network = network();
    let host = network.host("a").unwrap();
    let blocks = "static_ipaddress {\n10.0.0.50/24 dev eth0\n}\n\
                  static_routes {\n10.8.0.0/24 via 10.0.0.2\n}\n";
    let lines = "interface eth0\nvirtual_routes {\n10.9.0.0/24 via 10.0.0.2 src 10.0.0.100\n}\n\
                 virtual_rules {\nfrom 10.0.0.100 table 100 preference 500\n}";
    let mut director = start(host, blocks, lines);
    let route = || shows(host, "route", "10.9.0.0/24 via 10.0.0.2");
    let rule = || shows(host, "rule", "from 10.0.0.100 lookup 100");
    wait_until(PATIENCE, "the static ones are there", || {
        shows(host, "route", "10.8.0.0/24") && host.has_address("10.0.0.50").unwrap()
    })
    .unwrap();
    wait_until(PATIENCE, "those of the instance are there", || route() && rule()).unwrap();

    ip(host, "route del 10.9.0.0/24");
    ip(host, "rule del from 10.0.0.100");
    ip(host, "addr del 10.0.0.50/24 dev eth0");
    wait_until(PATIENCE, "they are put back", || {
        route() && rule() && host.has_address("10.0.0.50").unwrap()
    })
    .unwrap();

    ip(host, "link set eth0 down");
    wait_until(PATIENCE, "without the MASTER there is no rule", || !rule()).unwrap();
    ip(host, "link set eth0 up");
    wait_until(PATIENCE, "all are there again", || {
        route() && rule() && shows(host, "route", "10.8.0.0/24")
    })
    .unwrap();

    director.terminate(PATIENCE).unwrap();
    assert!(!route() && !rule() && !shows(host, "route", "10.8.0.0/24"));
    assert!(!host.has_address("10.0.0.50").unwrap());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_route_of_several_ways_is_made_once_and_put_back() {
    let network = network();
    let host = network.host("a").unwrap();
    let blocks = "static_routes {\n\
                  10.8.0.0/24 nexthop via 10.0.0.2 nexthop via 10.0.0.3 dev eth0 weight 3\n}\n";
    let director = start(host, blocks, "interface eth0");
    let has_route = || {
        let shown = host.run("ip", ["-oneline", "route", "show", "10.8.0.0/24"]).unwrap();
        ["via 10.0.0.2 dev eth0 weight 1", "via 10.0.0.3 dev eth0 weight 3"]
            .iter()
            .all(|way| shown.contains(way))
    };
    wait_until(PATIENCE, "it is there", has_route).unwrap();
    becomes(host, true, "there was other news since");
    ip(host, "route del 10.8.0.0/24");
    wait_until(PATIENCE, "it is put back", has_route).unwrap();
    assert_eq!(director.log().matches("added inet unicast 10.8.0.0/24").count(), 2);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_route_left_by_a_crash_goes_with_the_next_start_that_does_not_want_it() {
    let network = network();
    let host = network.host("a").unwrap();
    ip(host, "route add 10.7.0.0/24 via 10.0.0.2 proto 18");
    let blocks = "static_routes {\n10.8.0.0/24 via 10.0.0.2\n}\n";
    let _director = start(host, blocks, "interface eth0");
    wait_until(PATIENCE, "only the wanted one is there", || {
        shows(host, "route", "10.8.0.0/24") && !shows(host, "route", "10.7.0.0/24")
    })
    .unwrap();
}

fn promotes_secondaries(host: &Host, interface: &str) -> bool {
    let setting = format!("net.ipv4.conf.{interface}.promote_secondaries");
    host.run("sysctl", ["-n", &setting]).is_ok_and(|value| value.trim() == "1")
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn secondaries_are_promoted_on_an_interface_that_appears_later_until_the_end() {
    let network = network();
    let host = network.host("a").unwrap();
    host.run("sysctl", ["-w", "net.ipv4.conf.default.promote_secondaries=0"]).unwrap();
    let globals = "global_defs {\ndynamic_interfaces\n}";
    let mut director = start(host, globals, "interface late\npromote_secondaries");
    let waits = || director.log().contains("Entering FAULT STATE");
    wait_until(PATIENCE, "it waits for its interface", waits).unwrap();
    for time in ["the first time", "the second time"] {
        ip(host, "link add late type veth peer name end");
        let promotes = || promotes_secondaries(host, "late");
        wait_until(PATIENCE, format!("it is set when it appears for {time}"), promotes).unwrap();
        if time == "the first time" {
            ip(host, "link del late");
        }
    }
    director.terminate(PATIENCE).unwrap();
    assert!(!promotes_secondaries(host, "late"));
}
