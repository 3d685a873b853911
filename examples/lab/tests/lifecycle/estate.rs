//! What a worker that dies leaves in the kernel.

use rustix::process::Signal;
use steadfast_lab::{Host, wait_until};

use crate::bed::{
    PATIENCE, VIRTUAL_ADDRESS, instance, pair, replace_worker, service, start, wait_for_address,
    worker,
};

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn services_that_are_in_no_file_any_more_go_with_a_worker_that_reads_its_file() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &[instance(150), service(&[("192.168.21.12", 1)])].concat());
    wait_for_address(a);
    a.run("ipvsadm", ["-A", "-t", "192.168.21.200:443", "-s", "rr"]).unwrap();
    replace_worker(a);
    a.write("keepalived.conf", &instance(150)).unwrap();
    replace_worker(a);
    let table = a.run("ipvsadm", ["-Sn"]).unwrap();
    assert_eq!(table, "-A -t 192.168.21.200:443 -s rr\n", "{}", director.log());
}

/// Of a service that takes the kernel a while.
const ADDRESSES: usize = 1000;
const SERVERS: u8 = 20;

/// A service of very many addresses with many servers.
fn large_service() -> String {
    let lines = (0..ADDRESSES / 250).map(|group| format!(" 10.9.{group}.1-250 80\n"));
    let server = |last| format!(" real_server 192.168.21.{last} 80 {{\n }}\n");
    format!(
        "virtual_server_group large {{\n{}}}\nvirtual_server group large {{\n protocol TCP\n \
         lb_algo rr\n lb_kind DR\n{}}}\n",
        lines.collect::<String>(),
        (12..12 + SERVERS).map(server).collect::<String>(),
    )
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_is_killed_while_it_reloads_leaves_the_services_of_one_configuration() {
    let network = pair();
    let a = network.host("a").unwrap();
    let before = [instance(150), service(&[("192.168.21.12", 1)])].concat();
    let director = start(a, &before);
    wait_for_address(a);
    a.write("keepalived.conf", &[before, large_service()].concat()).unwrap();
    director.signal(Signal::HUP).unwrap();
    // As ipvsadm would tell, but before much more has happened.
    let table = format!("/proc/{}/net/ip_vs", worker(a).as_raw_nonzero());
    let has_begun = || std::fs::read_to_string(&table).unwrap().contains("TCP  0A09");
    wait_until(PATIENCE, "it has begun", has_begun).unwrap();
    replace_worker(a);
    let listed = a.run("ipvsadm", ["-Sn"]).unwrap().matches("-A -t 10.9.").count();
    // It may have been taken over as a whole before.
    assert!([0, ADDRESSES].contains(&listed), "{listed} services are there: {}", director.log());
    assert!(a.run("ipvsadm", ["-Sn"]).unwrap().contains(VIRTUAL_ADDRESS), "{}", director.log());
}

fn timeouts(host: &Host) -> String {
    host.run("ipvsadm", ["-l", "--timeout"]).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn timeouts_that_a_dead_worker_has_set_are_put_back_at_the_end() {
    let network = pair();
    let a = network.host("a").unwrap();
    let original = timeouts(a);
    let globals = "global_defs {\n lvs_timeouts tcp 777\n}\n".to_owned();
    let mut director = start(a, &(globals + &instance(150)));
    wait_for_address(a);
    wait_until(PATIENCE, "they are set", || timeouts(a).contains("777")).unwrap();
    replace_worker(a);
    assert!(timeouts(a).contains("777"));
    director.terminate(PATIENCE).unwrap();
    assert_eq!(timeouts(a), original, "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_setting_of_an_interface_that_a_dead_worker_has_made_is_put_back_at_the_end() {
    let network = pair();
    let a = network.host("a").unwrap();
    let key = "net.ipv4.conf.eth0.promote_secondaries";
    a.run("sysctl", ["-w", &format!("{key}=0")]).unwrap();
    let value = || a.run("sysctl", ["-n", key]).unwrap();
    let instance = instance(150).replacen('{', "{\n promote_secondaries", 1);
    let mut director = start(a, &instance);
    wait_for_address(a);
    replace_worker(a);
    assert_eq!(value(), "1\n", "{}", director.log());
    director.terminate(PATIENCE).unwrap();
    assert_eq!(value(), "0\n", "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn sync_daemons_that_are_in_no_file_any_more_go_with_a_worker_that_reads_its_file() {
    let network = pair();
    let a = network.host("a").unwrap();
    let globals = "global_defs {\n lvs_sync_daemon eth0 id 7\n}\n".to_owned();
    let director = start(a, &(globals + &instance(150)));
    wait_for_address(a);
    let runs = || a.run("ipvsadm", ["-l", "--daemon"]).unwrap().contains("sync daemon");
    wait_until(PATIENCE, "they run", runs).unwrap();
    replace_worker(a);
    a.write("keepalived.conf", &instance(150)).unwrap();
    replace_worker(a);
    let ended = || !runs();
    wait_until(PATIENCE, format!("they are ended: {}", director.log()), ended).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_is_static_and_in_no_file_any_more_goes_with_a_worker_that_reads_its_file() {
    let network = pair();
    let a = network.host("a").unwrap();
    let fixed = "static_ipaddress {\n 10.8.0.1/24 dev eth0\n}\n\
                 static_routes {\n 10.9.0.0/24 via 192.168.21.12\n}\n";
    let director = start(a, &[fixed, &instance(150)].concat());
    wait_for_address(a);
    let has_route = || a.run("ip", ["route"]).unwrap().contains("10.9.0.0/24");
    let has = || a.has_address("10.8.0.1").unwrap() || has_route();
    wait_until(PATIENCE, "the route is there", has_route).unwrap();
    replace_worker(a);
    a.write("keepalived.conf", &instance(150)).unwrap();
    replace_worker(a);
    let gone = || !has();
    wait_until(PATIENCE, format!("both are gone: {}", director.log()), gone).unwrap();
}
