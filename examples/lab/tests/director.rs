//! The director on a real kernel, beside real keepalived and real ipvsadm.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::time::Duration;

use rustix::process::Signal;
use steadfast_lab::{Host, Network, Process, Topology, binary, wait_until};

const VIRTUAL_ADDRESS: &str = "192.168.21.155";
const PATIENCE: Duration = Duration::from_secs(60);
/// The skew time of 0.6 s (VRRPv2, priority 99: RFC 3768 6.1), and what a slow machine may need.
/// Without a goodbye it would be at least two intervals of 3 s and the skew time.
const AFTER_GOODBYE: Duration = Duration::from_secs(5);

/// Two programs that take the same options and the same configuration.
#[derive(Clone, Copy)]
enum Program {
    Director,
    Keepalived,
}

impl Program {
    fn start(self, host: &Host, configuration: &str) -> Process {
        let path = match self {
            Self::Director => binary("director").unwrap(),
            Self::Keepalived => "/usr/sbin/keepalived".into(),
        };
        host.spawn_keepalived("program", path, configuration).unwrap()
    }
}

fn pair() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "192.168.21.11/24"))
        .host("b", |host| host.link("eth0", "lan", "192.168.21.12/24"))
        .host("web1", |host| host.link("eth0", "lan", "192.168.21.108/24"))
        .host("web2", |host| host.link("eth0", "lan", "192.168.21.109/24"))
        .start()
        .unwrap()
}

/// A configuration in the style in which people publish them.
fn configuration(state: &str, priority: u8) -> String {
    format!(
        r#"! Configuration File for keepalived
global_defs {{
    router_id LVS_01                    # the name in alert mails
}}
vrrp_instance VI_1 {{
    state {state}
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    authentication {{
        auth_type PASS
        auth_pass 2222
    }}
    virtual_ipaddress {{
        {VIRTUAL_ADDRESS}
    }}
}}
virtual_server {VIRTUAL_ADDRESS} 80 {{
    delay_loop 1
    lb_algo wrr
    lb_kind DR
    persistence_timeout 60
    protocol TCP
    real_server 192.168.21.108 80 {{
        weight 3
        TCP_CHECK {{
            connect_timeout 1
            retry 1
            delay_before_retry 1
        }}
    }}
    real_server 192.168.21.109 80 {{
        weight 2
        inhibit_on_failure
        TCP_CHECK {{
            connect_timeout 1
            retry 1
            delay_before_retry 1
        }}
    }}
}}
"#
    )
}

/// The same with an advertisement every three seconds.
fn slow_configuration(state: &str, priority: u8) -> String {
    configuration(state, priority).replace("advert_int 1", "advert_int 3")
}

fn has_address(network: &Network, host: &str) -> bool {
    network.host(host).unwrap().has_address(VIRTUAL_ADDRESS).unwrap()
}

fn wait_for_owner(network: &Network, owner: &str, other: &str, what: &str) -> Duration {
    wait_until(PATIENCE, what, || has_address(network, owner) && !has_address(network, other))
        .unwrap()
}

fn ipvsadm(network: &Network, host: &str) -> String {
    network.host(host).unwrap().run("ipvsadm", ["-ln"]).unwrap()
}

/// Something that accepts connections on port 80.
fn web_server(network: &Network, host: &str) -> Process {
    network.host(host).unwrap().spawn_nginx("listen 80; return 200 well;").unwrap()
}

/// The two hand over to each other both ways: by an orderly stop, and by preemption.
fn hand_over(master: Program, backup: Program) {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut on_a = master.start(a, &configuration("MASTER", 100));
    let mut on_b = backup.start(b, &configuration("BACKUP", 99));
    wait_for_owner(&network, "a", "b", "the one with the higher priority has the address");

    on_a.terminate(PATIENCE).unwrap();
    wait_for_owner(&network, "b", "a", "the backup takes over from a master that stops");

    on_a = master.start(a, &configuration("MASTER", 100));
    wait_for_owner(&network, "a", "b", "the master takes over again");

    on_b.terminate(PATIENCE).unwrap();
    on_b = backup.start(b, &configuration("MASTER", 101));
    wait_for_owner(&network, "b", "a", "the other takes over with a higher priority");

    on_b.terminate(PATIENCE).unwrap();
    wait_for_owner(&network, "a", "b", "the first takes over from the other when that stops");
    on_a.terminate(PATIENCE).unwrap();
    assert!(!has_address(&network, "a"), "an orderly stop leaves no address behind");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn keepalived_as_master_and_director_as_backup_hand_over_both_ways() {
    hand_over(Program::Keepalived, Program::Director);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn director_as_master_and_keepalived_as_backup_hand_over_both_ways() {
    hand_over(Program::Director, Program::Keepalived);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_director_that_stops_hands_over_within_the_skew_time() {
    let network = pair();
    let start = |name, state, priority| {
        Program::Director.start(network.host(name).unwrap(), &slow_configuration(state, priority))
    };
    let (on_a, _on_b) = (start("a", "MASTER", 100), start("b", "BACKUP", 99));
    wait_for_owner(&network, "a", "b", "the one with the higher priority has the address");

    on_a.signal(Signal::TERM).unwrap();
    let took = wait_for_owner(&network, "b", "a", "the backup takes over");
    assert!(took < AFTER_GOODBYE, "it took {took:?}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn ipvsadm_shows_the_table_that_the_director_made() {
    let network = pair();
    let _servers = [web_server(&network, "web1"), web_server(&network, "web2")];
    let _director =
        Program::Director.start(network.host("a").unwrap(), &configuration("MASTER", 100));
    let expected = "IP Virtual Server version 1.2.1 (size=4096)\n\
        Prot LocalAddress:Port Scheduler Flags\n\
        \x20 -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n\
        TCP  192.168.21.155:80 wrr persistent 60\n\
        \x20 -> 192.168.21.108:80            Route   3      0          0         \n\
        \x20 -> 192.168.21.109:80            Route   2      0          0         \n";
    let mut shown = String::new();
    let found = wait_until(PATIENCE, "both servers are in the table", || {
        shown = ipvsadm(&network, "a");
        shown == expected
    });
    assert!(found.is_ok(), "ipvsadm shows\n{shown}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_fails_leaves_or_is_inhibited_as_configured() {
    let network = pair();
    // Nothing listens on either server, so both checks are refused.
    let _director =
        Program::Director.start(network.host("a").unwrap(), &configuration("MASTER", 100));
    let mut shown = String::new();
    let found = wait_until(PATIENCE, "web1 is gone and web2 has weight 0", || {
        shown = ipvsadm(&network, "a");
        !shown.contains("192.168.21.108:80")
            && shown.contains("192.168.21.109:80            Route   0 ")
    });
    assert!(found.is_ok(), "ipvsadm shows\n{shown}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_table_cleared_by_somebody_else_is_filled_again() {
    let network = pair();
    let _servers = [web_server(&network, "web1"), web_server(&network, "web2")];
    let host = network.host("a").unwrap();
    let _director = Program::Director.start(host, &configuration("MASTER", 100));
    let full = || ipvsadm(&network, "a").matches("Route").count() == 2;
    wait_until(PATIENCE, "both servers are in the table", full).unwrap();

    host.run("ipvsadm", ["-C"]).unwrap();
    wait_until(PATIENCE, "both servers are in the table again", full).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn services_of_somebody_else_are_left_alone() {
    let network = pair();
    let host = network.host("a").unwrap();
    host.run("ipvsadm", ["-A", "-t", "192.168.21.200:443", "-s", "rr"]).unwrap();
    let mut director = Program::Director.start(host, &configuration("MASTER", 100));
    wait_until(PATIENCE, "the director has made its service", || {
        ipvsadm(&network, "a").contains("192.168.21.155:80")
    })
    .unwrap();
    let status = director.terminate(PATIENCE).unwrap();
    assert!(status.success());
    let left = ipvsadm(&network, "a");
    assert!(left.contains("192.168.21.200:443") && !left.contains("192.168.21.155:80"), "{left}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_service_that_was_given_up_is_left_to_others_although_something_else_is_refused() {
    const GIVEN_UP: &str = "192.168.21.200:443";
    let service = |address: &str, server: &str, weight: u16| {
        format!(
            "virtual_server {address} 443 {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
             real_server {server} 443 {{\n weight {weight}\n }}\n}}\n"
        )
    };
    // The kernel refuses the address of everybody.
    let stays = |weight| service("192.168.21.201", "192.168.21.255", weight);
    let network = pair();
    let host = network.host("a").unwrap();
    let both = service("192.168.21.200", "192.168.21.108", 1) + &stays(1);
    let director = Program::Director.start(host, &both);
    wait_until(PATIENCE, "both are there", || {
        let shown = ipvsadm(&network, "a");
        shown.contains(GIVEN_UP) && shown.contains("192.168.21.201:443")
    })
    .unwrap();
    host.write("keepalived.conf", &stays(2)).unwrap();
    director.signal(Signal::HUP).unwrap();
    wait_until(PATIENCE, "it is given up", || !ipvsadm(&network, "a").contains(GIVEN_UP)).unwrap();

    host.run("ipvsadm", ["-A", "-t", GIVEN_UP, "-s", "rr"]).unwrap();
    // The table is looked at, and mended, twice: the service was added while it was read perhaps.
    for _ in 0..2 {
        host.run("ipvsadm", ["-D", "-t", "192.168.21.201:443"]).unwrap();
        wait_until(PATIENCE, "the other is put back", || {
            ipvsadm(&network, "a").contains("192.168.21.201:443")
        })
        .unwrap();
    }
    assert!(ipvsadm(&network, "a").contains(GIVEN_UP));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_director_started_after_a_kill_adopts_the_table_without_a_gap() {
    let network = pair();
    let _servers = [web_server(&network, "web1"), web_server(&network, "web2")];
    let host = network.host("a").unwrap();
    let configuration =
        configuration("MASTER", 100).replace("protocol TCP", "protocol TCP\n alpha");
    let mut director = Program::Director.start(host, &configuration);
    let full = || {
        let shown = ipvsadm(&network, "a");
        shown.contains("108:80            Route   3")
            && shown.contains("109:80            Route   2")
    };
    wait_until(PATIENCE, "both servers are in the table", full).unwrap();
    director.kill_with_children().unwrap();

    director = Program::Director.start(host, &configuration);
    let mut gap = false;
    wait_until(PATIENCE, "the director is master", || {
        gap |= !full();
        director.log().contains("Entering MASTER STATE")
    })
    .unwrap();
    assert!(!gap, "servers left the table in between: {}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_address_left_by_a_killed_director_is_removed_when_another_is_master() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut on_a = Program::Director.start(a, &configuration("BACKUP", 99));
    wait_until(PATIENCE, "the only one has the address", || has_address(&network, "a")).unwrap();
    on_a.kill_with_children().unwrap();
    assert!(has_address(&network, "a"), "nobody is left to remove it");

    let _on_b = Program::Director.start(b, &configuration("MASTER", 100));
    wait_until(PATIENCE, "the other has it too", || has_address(&network, "b")).unwrap();
    let _on_a = Program::Director.start(a, &configuration("BACKUP", 99));
    wait_for_owner(&network, "b", "a", "the first gives up what it was left with");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_killed_director_hands_over_within_the_skew_time_and_leaves_no_address() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut on_a = Program::Director.start(a, &slow_configuration("MASTER", 100));
    let _on_b = Program::Director.start(b, &slow_configuration("BACKUP", 99));
    wait_for_owner(&network, "a", "b", "the first has the address");
    on_a.kill().unwrap();
    let took = wait_for_owner(&network, "b", "a", "the other has it, and the first has not");
    assert!(took < AFTER_GOODBYE, "it took {took:?}");
}
