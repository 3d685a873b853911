//! Services of every kind in the kernel: the director's beside real keepalived's, by real ipvsadm.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;
use std::time::Duration;

use steadfast_lab::{Host, Network, Topology, binary, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

const CONFIGURATION: &str = "\
global_defs {
    router_id services
    lvs_timeouts tcp 777 udp 55
    lvs_sync_daemon eth0 id 7
    lvs_flush
}
virtual_server_group web {
    10.0.9.1-2 80
    10.0.9.8/30 81
    fwmark 7
}
virtual_server group web {
    lb_algo wrr
    lb_kind DR
    protocol TCP
    delay_loop 2
    real_server 10.0.9.21 80 {
        weight 3
    }
    real_server 10.0.9.22 80 {
        weight 2
        inhibit_on_failure
        MISC_CHECK {
            misc_path /bin/false
        }
    }
}
virtual_server fwmark 9 {
    lb_algo mh
    mh-port
    lb_kind NAT
    ip_family inet
    persistence_timeout 50
    persistence_granularity 255.255.255.0
    real_server 10.0.9.23 8080 {
        weight 4
        uthreshold 100
        lthreshold 50
    }
}
virtual_server 10.0.9.3 5060 {
    lb_algo rr
    lb_kind TUN
    protocol UDP
    ops
    persistence_timeout 30
    alpha
    delay_loop 2
    sorry_server 10.0.9.99 5060
    real_server 10.0.9.24 5060 {
        MISC_CHECK {
            misc_path /bin/false
        }
    }
}
";

fn network() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "10.0.9.100/24"))
        .start()
        .unwrap()
}

/// What ipvsadm lists once the checks have failed, and after the program has ended.
fn listed(host: &Host, name: &str, program: &Path) -> [String; 2] {
    let all = || {
        let lists: [&[&str]; 3] = [&["-Sn"], &["-l", "--timeout"], &["-l", "--daemon"]];
        lists.map(|arguments| host.run("ipvsadm", arguments).unwrap()).concat()
    };
    host.run("ipvsadm", ["-A", "-t", "10.1.1.1:99", "-s", "rr"]).unwrap();
    let mut running = host.spawn_keepalived(name, program, CONFIGURATION).unwrap();
    wait_until(PATIENCE, "the failed servers are out and the daemons run", || {
        let found = all();
        let expected = ["10.0.9.11:81 -r 10.0.9.22:81 -g -w 0", "10.0.9.99:5060", "backup sync"];
        expected.iter().all(|line| found.contains(line))
    })
    .unwrap();
    let while_running = all();
    running.terminate(PATIENCE).unwrap();
    [while_running, all()]
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn services_by_address_by_mark_and_by_group_are_as_keepalived_has_them() {
    let network = network();
    let host = network.host("a").unwrap();
    let expected = listed(host, "keepalived", Path::new("/usr/sbin/keepalived"));
    let found = listed(host, "director", &binary("director").unwrap());
    assert_eq!(found, expected);
}

/// A server that no kernel takes, the broadcast address of its network, beside a service whose server
/// is up for as long as a file is there.
fn refused_beside(file: &Path) -> String {
    let service = |port: u16, server: &str, check: &str| {
        format!(
            "virtual_server 10.0.9.1 {port} {{\n lb_algo rr\n lb_kind DR\n protocol TCP\n \
             delay_loop 1\n real_server {server} {port} {{\n{check} }}\n}}\n"
        )
    };
    let check =
        format!("  MISC_CHECK {{\n   misc_path \"/bin/test -e {}\"\n  }}\n", file.display());
    let globals = "global_defs {\n script_user root\n}\n".to_owned();
    [globals, service(80, "10.0.9.255", ""), service(81, "10.0.9.21", &check)].concat()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_the_kernel_refuses_is_said_once_whatever_becomes_of_other_services() {
    let network = network();
    let host = network.host("a").unwrap();
    let well = host.write("well", "").unwrap();
    let program = binary("director").unwrap();
    let director = host.spawn_keepalived("director", &program, &refused_beside(&well)).unwrap();
    let refusals = || director.log().matches("cannot add destination 10.0.9.255:80").count();
    wait_until(PATIENCE, "it is said", || refusals() > 0).unwrap();

    let lists = |line| host.run("ipvsadm", ["-Sn"]).unwrap().contains(line);
    let server = "-a -t 10.0.9.1:81 -r 10.0.9.21:81";
    std::fs::remove_file(&well).unwrap();
    wait_until(PATIENCE, "the other server has left", || !lists(server)).unwrap();
    // All is tried again when the table is looked at.
    host.run("ipvsadm", ["-D", "-t", "10.0.9.1:81"]).unwrap();
    wait_until(PATIENCE, "its service is put back", || lists("-A -t 10.0.9.1:81")).unwrap();
    host.write("well", "").unwrap();
    wait_until(PATIENCE, "the other server is back", || lists(server)).unwrap();
    assert_eq!(refusals(), 1, "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn sync_daemons_are_started_as_soon_as_their_interface_is_up() {
    let network = network();
    let host = network.host("a").unwrap();
    let ip = |words: &str| host.run("ip", words.split(' ').collect::<Vec<_>>()).unwrap();
    let configuration = "global_defs {\n lvs_sync_daemon late id 7\n}\n";
    let director =
        host.spawn_keepalived("director", binary("director").unwrap(), configuration).unwrap();
    let said = |what: &str| director.log().matches(what).count();
    let missing = "there is no network interface late";
    wait_until(PATIENCE, "it is not there", || said(missing) > 0).unwrap();
    ip("link add late type veth peer name end");
    let refused = "master sync daemon on late, id 7 is refused";
    wait_until(PATIENCE, "it is not up", || said(refused) > 0).unwrap();
    ip("link set end up");
    ip("address add 10.0.10.1/24 dev late");
    ip("link set late up");
    let list = || host.run("ipvsadm", ["-l", "--daemon"]).unwrap();
    wait_until(PATIENCE, "both daemons run", || {
        let list = list();
        list.contains("master sync daemon") && list.contains("backup sync daemon")
    })
    .unwrap();
    assert_eq!((said(missing), said(refused)), (1, 1), "{}", director.log());

    host.run("ipvsadm", ["--stop-daemon", "master"]).unwrap();
    wait_until(PATIENCE, "it runs again", || list().contains("master sync daemon")).unwrap();
}
