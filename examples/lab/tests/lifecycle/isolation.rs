use std::time::Duration;

use steadfast_lab::{Advertisement, Topology, wait_until};

use crate::bed::{
    PATIENCE, PATIENT_DOWN, VIRTUAL_ADDRESS, advertisements, patient_instance, start,
};

/// Long enough for every check to have run into its timeout, and begun again. Waiting for them would
/// take longer by far than a backup waits.
const WATCHED: Duration = Duration::from_secs(12);
/// Ten thousand servers are to be told to the kernel first, by a build that is not optimized.
const START: Duration = Duration::from_secs(240);
const SERVICES: u8 = 40;
const SERVERS: u8 = 250;

fn dead_servers() -> String {
    let server = |service, server| {
        format!(
            " real_server 10.9.{service}.{server} 80 {{\n  TCP_CHECK {{\n   connect_timeout 2\n  }}\n }}\n"
        )
    };
    let service = |service: u8| {
        let servers: String = (1..=SERVERS).map(|number| server(service, number)).collect();
        format!(
            "virtual_server {VIRTUAL_ADDRESS} {} {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
             delay_loop 5\n{servers}}}\n",
            1000 + u16::from(service)
        )
    };
    (0..SERVICES).map(service).collect()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn neither_a_stuck_script_nor_ten_thousand_dead_servers_delay_an_advertisement() {
    let network = Topology::new()
        .bridge("lan")
        .bridge("far")
        .host("a", |host| {
            host.link("eth0", "lan", "192.168.21.11/24").link("eth1", "far", "192.168.22.11/24")
        })
        .host("b", |host| host.link("eth0", "lan", "192.168.21.12/24"))
        .host("c", |host| host.link("eth1", "far", "192.168.22.12/24"))
        .start()
        .unwrap();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    // That host drops what is for others: nobody ever answers.
    a.run("ip", ["route", "add", "10.9.0.0/16", "via", "192.168.22.12"]).unwrap();
    let stuck = "notify_backup \"/bin/sleep 1000\"\n}\n";
    let instance = patient_instance(150);
    let instance = format!("{}{stuck}", instance.trim_end().trim_end_matches('}'));
    let tracked = "vrrp_script never {\n script \"/bin/sleep 1000\"\n interval 1\n timeout 60\n weight 1\n}\n";
    let tracking = "track_script {\n never\n}\n}\n";
    let instance = format!("{}{tracking}", instance.trim_end().trim_end_matches('}'));
    let capture = network.capture("lan").unwrap();
    let director = start(a, &[tracked.to_owned(), instance, dead_servers()].concat());
    let has = || a.has_address(VIRTUAL_ADDRESS).unwrap();
    wait_until(START, "it is MASTER", has).unwrap();
    let other = start(b, &patient_instance(100));
    let first = capture.frames().unwrap().last().unwrap().at;
    wait_until(PATIENCE, "checks have failed for a while", || {
        let last = capture.frames().unwrap().last().map(|frame| frame.at);
        last.is_some_and(|last| last - first > WATCHED) && director.log().contains("is down")
    })
    .unwrap();
    let captured = capture.finish().unwrap();
    let gap = Advertisement::longest_gap(&advertisements(&captured, "192.168.21.11")).unwrap();
    assert!(gap < PATIENT_DOWN, "an advertisement came after {gap:?}");
    assert!(!other.log().contains("Entering MASTER STATE"), "{}", other.log());
}
