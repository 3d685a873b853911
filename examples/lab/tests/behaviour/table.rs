//! Tables of IPVS as configurations describe them.

use crate::observe::Watched::{self, SyncDaemons, Table, Thresholds, Timeouts};
use crate::scenario::Scenario;
use crate::text::quick;

const ALL: &[Watched] = &[Table];

/// What both make of a configuration, and that they leave nothing of it.
fn table(configuration: &str, expected: &'static [&'static str]) {
    Scenario::new(ALL)
        .start(configuration, expected)
        .step("it is stopped", |scene| scene.stop(), &["!-A", "!-a"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn schedulers_with_their_flags() {
    table(
        "virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo sh\n sh-port\n sh-fallback\n lb_kind DR\n \
         real_server 10.78.0.11 80 {\n }\n}\n\
         virtual_server 10.77.0.100 53 {\n protocol UDP\n lb_algo rr\n ops\n lb_kind NAT\n \
         real_server 10.78.0.11 5353 {\n }\n}\n\
         virtual_server 10.77.0.100 81 {\n protocol TCP\n lb_algo mh\n lb_kind NAT\n \
         real_server 10.78.0.11 80 {\n weight 2\n }\n real_server 10.78.0.12 80 {\n }\n}\n",
        &["-s sh -b sh-fallback,sh-port", "-s rr -o", "-s mh"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn persistence() {
    table(
        "virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo wlc\n lb_kind DR\n persistence_timeout 90\n \
         persistence_granularity 255.255.255.0\n real_server 10.78.0.11 80 {\n }\n}\n\
         virtual_server 10.77.0.101 0 {\n protocol TCP\n lb_algo wlc\n lb_kind DR\n persistence_timeout\n \
         real_server 10.78.0.11 0 {\n }\n}\n",
        &["-p 90 -M 255.255.255.0", "-p 360"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn methods_and_thresholds_of_single_servers() {
    Scenario::new(&[Table, Thresholds])
        .start(
            "virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo lc\n lb_kind NAT\n \
         real_server 10.78.0.11 8080 {\n uthreshold 100\n lthreshold 50\n }\n \
         real_server 10.78.0.12 80 {\n lvs_method TUN\n weight 7\n }\n}\n",
            &["100        50", "10.78.0.12:80 -i -w 7"],
        )
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn over_ipv6_too() {
    table(
        "virtual_server fd77::100 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
         real_server fd77::2 80 {\n }\n}\n",
        &["[fd77::100]:80", "[fd77::2]:80"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_service_of_marked_packets() {
    table(
        "virtual_server fwmark 7 {\n lb_algo rr\n lb_kind NAT\n \
         real_server 10.78.0.11 80 {\n }\n}\n",
        &["-A -f 7"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_group_of_services() {
    table(
        "virtual_server_group G {\n 10.77.0.100 80\n 10.77.0.101-103 443\n fwmark 9\n}\n\
         virtual_server group G {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
         real_server 10.78.0.11 80 {\n }\n}\n",
        &["10.77.0.100:80", "10.77.0.101:443", "10.77.0.103:443", "-f 9"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_group_that_repeats_itself() {
    table(
        "virtual_server_group G {\n 10.77.0.101 80\n 10.77.0.100-102 80\n 10.77.0.101 80\n \
         fwmark 9\n fwmark 9\n}\n\
         virtual_server group G {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
         real_server 10.78.0.11 80 {\n }\n}\n",
        &["10.77.0.100:80", "10.77.0.101:80", "10.77.0.102:80", "-f 9"],
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_service_that_is_written_twice() {
    let service = "virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
                   real_server 10.78.0.11 80 {\n }\n}\n";
    table(&format!("{service}{service}"), &["10.77.0.100:80"]);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn timeouts_are_set_and_put_back() {
    Scenario::new(&[Timeouts])
        .start(
            "global_defs {\n lvs_timeouts tcp 77 tcpfin 33 udp 55\n}\n\
             virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
             real_server 10.78.0.11 80 {\n }\n}\n",
            &["77 33 55"],
        )
        .step("it is stopped", |scene| scene.stop(), &["900 120 300"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_sync_daemon_of_somebody_else_runs_on() {
    let daemon = "--start-daemon master --mcast-interface eth1";
    Scenario::new(&[SyncDaemons, Timeouts])
        .before(move |scene| scene.run("ipvsadm", daemon))
        .start(
            "global_defs {\n lvs_timeouts tcp 77 tcpfin 33 udp 55\n}\n\
             virtual_server 10.77.0.100 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
             real_server 10.78.0.11 80 {\n }\n}\n",
            &["77 33 55", "master"],
        )
        .step("it is stopped", |scene| scene.stop(), &["900 120 300", "master"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_sync_daemon_follows_an_instance() {
    let configuration =
        "global_defs {\n lvs_sync_daemon eth1 VI_1 id 7\n}\n".to_owned() + &quick(100, "");
    Scenario::new(&[SyncDaemons])
        .start(configuration, &["master"])
        .step("its link is cut", |scene| scene.cut("eth0"), &["backup"])
        .step("it is mended", |scene| scene.mend("eth0"), &["master"])
        .step("it is stopped", |scene| scene.stop(), &["!master", "!backup"])
        .play();
}
