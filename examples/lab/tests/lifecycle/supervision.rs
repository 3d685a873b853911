use std::fs::{Permissions, set_permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use steadfast_lab::{Host, wait_until};

use crate::bed::{
    PATIENCE, VIRTUAL_ADDRESS, advertisements, ask, instance, pair, patient_instance,
    replace_worker, service, start, start_backup, wait_for_address, worker,
};

/// keepalived's KEEPALIVED_EXIT_CONFIG.
const CONFIGURATION_IS_WRONG: i32 = 2;

/// A virtual router with further lines that tracks a script.
fn tracking(lines: &str) -> String {
    let script = "vrrp_script well {\n script /bin/true\n interval 1\n}\n";
    let tracked = " track_script {\n  well\n }\n}\n";
    let instance = instance(150);
    let instance = instance.strip_suffix("}\n").unwrap();
    ["global_defs {\n script_user root\n}\n", script, instance, lines, tracked].concat()
}

const OTHER_ADDRESS: &str = "192.168.21.156";

fn has_services(host: &Host) -> bool {
    host.run("ipvsadm", ["-Sn"]).unwrap().contains("-A ")
}

/// Nobody waits that long for a connection that is in the table.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Asks for a page over and over, on a new connection each time, while something happens.
fn requests_during<T>(client: &Host, happens: impl FnOnce() -> T) -> (u32, u32, T) {
    let over = AtomicBool::new(false);
    let (mut answered, mut lost) = (0, 0);
    let result = scope(|scope| {
        let asking = scope.spawn(|| {
            client.move_this_thread().unwrap();
            while !over.load(Ordering::Relaxed) {
                if request().is_ok_and(|answer| answer.contains("200 OK")) {
                    answered += 1;
                } else {
                    lost += 1;
                }
            }
        });
        let result = happens();
        over.store(true, Ordering::Relaxed);
        asking.join().unwrap();
        result
    });
    (answered, lost, result)
}

fn request() -> std::io::Result<String> {
    let address = format!("{VIRTUAL_ADDRESS}:80").parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&address, ANSWERED_WITHIN)?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_is_killed_goes_on_as_master_and_no_request_is_lost() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let _web = a.spawn_nginx("listen 80; return 200 well;").unwrap();
    // The director's own machine is the server: no route needs to lead back through it.
    let configuration = [patient_instance(150), service(&[("192.168.21.11", 1)])].concat();
    let director = start(a, &configuration);
    wait_for_address(a);
    let other = start_backup(b, &patient_instance(100));
    let (answered, lost, ()) = requests_during(b, || replace_worker(a));
    assert!(answered > 0 && lost == 0, "{answered} answered, {lost} lost: {}", director.log());
    assert!(!other.log().contains("Entering MASTER STATE"), "{}", other.log());
    assert!(a.has_address(VIRTUAL_ADDRESS).unwrap());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_is_killed_goes_on_as_master_once_what_it_tracks_is_known() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &tracking(""));
    wait_for_address(a);
    replace_worker(a);
    let log = director.log();
    assert!(log.contains("Entering MASTER STATE: resuming"), "{log}");
    assert_eq!(log.matches("Entering BACKUP STATE").count(), 1, "{log}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn routes_and_rules_of_a_master_stay_while_a_worker_takes_the_place_of_another() {
    let network = pair();
    let a = network.host("a").unwrap();
    let routes = format!(
        " virtual_routes {{\n  10.9.0.0/24 via 192.168.21.12\n }}\n \
         virtual_rules {{\n  from {VIRTUAL_ADDRESS} table 100 preference 500\n }}\n"
    );
    let director = start(a, &tracking(&routes));
    let added = || director.log().matches("routing: added").count();
    wait_until(PATIENCE, "route and rule are there", || added() == 2).unwrap();
    replace_worker(a);
    assert!(a.run("ip", ["rule"]).unwrap().contains("lookup 100"), "{}", director.log());
    assert!(!director.log().contains("routing: removed"), "{}", director.log());
    assert_eq!(added(), 2, "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_takes_the_place_of_another_does_not_delay_the_start_once_more() {
    let network = pair();
    let a = network.host("a").unwrap();
    let delay = "global_defs {\n vrrp_startup_delay 3\n}\n";
    let director = start(a, &[delay, &instance(150)].concat());
    wait_for_address(a);
    replace_worker(a);
    let log = director.log();
    assert_eq!(log.matches("Delaying the start of VRRP").count(), 1, "{log}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_takes_the_place_of_another_does_not_flush_once_more() {
    let network = pair();
    let a = network.host("a").unwrap();
    let flush = "global_defs {\n lvs_flush\n}\n".to_owned();
    let configuration = [flush, instance(150), service(&[("192.168.21.12", 1)])].concat();
    let _director = start(a, &configuration);
    wait_for_address(a);
    a.run("ipvsadm", ["-A", "-t", "192.168.21.200:443", "-s", "rr"]).unwrap();
    replace_worker(a);
    assert!(a.run("ipvsadm", ["-Sn"]).unwrap().contains("192.168.21.200:443"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_was_just_started_ends_in_order() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut director = start(a, &instance(150));
    wait_for_address(a);
    let before = worker(a);
    kill_process(before, Signal::KILL).unwrap();
    let again = || director.log().contains("starting it again");
    wait_until(PATIENCE, "another is started", again).unwrap();
    assert!(director.terminate(PATIENCE).unwrap().success(), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_takes_the_place_of_another_leaves_what_is_in_the_file_to_a_reload() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &[instance(150), service(&[("192.168.21.12", 1)])].concat());
    wait_for_address(a);
    a.write("keepalived.conf", &instance(150).replace(VIRTUAL_ADDRESS, OTHER_ADDRESS)).unwrap();
    replace_worker(a);
    assert!(a.has_address(VIRTUAL_ADDRESS).unwrap(), "{}", director.log());
    assert!(has_services(a), "{}", director.log());

    ask(a, &["reload"]).unwrap();
    wait_until(PATIENCE, "the other address is there", || a.has_address(OTHER_ADDRESS).unwrap())
        .unwrap();
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap(), "{}", director.log());
    assert!(!has_services(a), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_after_one_that_died_soon_reads_its_file() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &instance(150));
    wait_for_address(a);
    replace_worker(a);
    a.write("keepalived.conf", &instance(150).replace(VIRTUAL_ADDRESS, OTHER_ADDRESS)).unwrap();
    kill_process(worker(a), Signal::KILL).unwrap();
    wait_until(PATIENCE, "the other address is there", || a.has_address(OTHER_ADDRESS).unwrap())
        .unwrap();
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap(), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_after_one_that_died_soon_whose_file_is_wrong_goes_on_with_what_ran_before() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &instance(150));
    wait_for_address(a);
    replace_worker(a);
    a.write("keepalived.conf", &instance(150).replace("interface", "interfase")).unwrap();
    replace_worker(a);
    assert!(director.log().contains("has errors: going on with the one that was run before"));
    a.write("keepalived.conf", "").unwrap();
    let refused = ask(a, &["reload"]).unwrap_err().to_string();
    assert!(refused.contains("keepalived.conf has nothing in it"), "{refused}");
    replace_worker(a);
    assert!(
        director.log().contains("has nothing in it: going on with the one that was run before")
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_director_that_is_ended_while_it_has_no_worker_leaves_nothing() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut director = start(a, &[instance(150), service(&[("192.168.21.12", 1)])].concat());
    wait_for_address(a);
    replace_worker(a);
    kill_process(worker(a), Signal::KILL).unwrap();
    let waits = || director.log().contains("starting it once more in");
    wait_until(PATIENCE, "there is no worker", waits).unwrap();
    assert!(has_services(a), "{}", director.log());
    assert!(director.terminate(PATIENCE).unwrap().success(), "{}", director.log());
    assert!(!has_services(a), "{}", director.log());
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap(), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_configuration_with_errors_is_never_started() {
    let network = pair();
    let wrong = instance(150).replace("interface", "interfase");
    let mut director = start(network.host("a").unwrap(), &wrong);
    assert_eq!(director.wait(PATIENCE).unwrap().code(), Some(CONFIGURATION_IS_WRONG));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn startup_and_shutdown_scripts_run_once_however_many_workers_there_are() {
    let network = pair();
    let a = network.host("a").unwrap();
    let calls = a.folder().join("calls");
    let note = format!("#!/bin/sh\necho $1 >> {}\n", calls.display());
    let script = a.write("note", &note).unwrap();
    set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let script = script.display();
    let scripts = format!(
        "global_defs {{\n script_user root\n startup_script \"{script} begins\"\n \
         shutdown_script \"{script} ends\"\n}}\n"
    );
    let mut director = start(a, &(scripts + &instance(150)));
    wait_for_address(a);
    replace_worker(a);
    director.terminate(PATIENCE).unwrap();
    assert_eq!(std::fs::read_to_string(calls).unwrap(), "begins\nends\n");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_dies_again_and_again_is_given_up_for_meanwhile() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let director = start(a, &patient_instance(150));
    wait_for_address(a);
    let other = start_backup(b, &patient_instance(100));
    replace_worker(a);

    kill_process(worker(a), Signal::KILL).unwrap();
    wait_until(PATIENCE, "the other takes over", || other.log().contains("Entering MASTER STATE"))
        .unwrap();
    assert!(director.log().contains("sent priority 0 for VI_1"), "{}", director.log());
    wait_for_address(a);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_reload_asked_for_while_there_is_no_worker_is_made_by_the_next() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &instance(150));
    wait_for_address(a);
    replace_worker(a);
    kill_process(worker(a), Signal::KILL).unwrap();
    let waits = || director.log().contains("starting it once more in");
    wait_until(PATIENCE, "there is no worker", waits).unwrap();

    director.signal(Signal::HUP).unwrap();
    wait_until(PATIENCE, "it is made", || director.log().contains("INFO reloaded")).unwrap();
    assert_eq!(director.log().matches("the worker died").count(), 2, "{}", director.log());
    wait_for_address(a);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_worker_that_cannot_go_on_for_another_is_started_again() {
    let network = pair();
    let a = network.host("a").unwrap();
    let director = start(a, &instance(150));
    wait_for_address(a);
    let rename = |from: &str, to: &str| {
        a.run("ip", ["link", "set", from, "down"]).unwrap();
        a.run("ip", ["link", "set", from, "name", to]).unwrap();
        a.run("ip", ["link", "set", to, "up"]).unwrap();
    };
    rename("eth0", "other");
    kill_process(worker(a), Signal::KILL).unwrap();
    let waits = || director.log().contains("starting it once more in");
    wait_until(PATIENCE, "there is no worker", waits).unwrap();
    assert!(director.log().contains("there is no interface eth0"), "{}", director.log());

    rename("other", "eth0");
    wait_for_address(a);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn without_its_supervisor_a_worker_ends_in_order() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut director = start(a, &instance(150));
    wait_for_address(a);
    let _other = start(b, &instance(100));
    let capture = network.capture("lan").unwrap();
    director.kill().unwrap();
    wait_for_address(b);
    wait_until(PATIENCE, "the address is gone", || !a.has_address(VIRTUAL_ADDRESS).unwrap())
        .unwrap();
    let captured = capture.finish().unwrap();
    let last = *advertisements(&captured, "192.168.21.11").last().unwrap();
    assert_eq!(last.priority, 0, "the last word is priority 0");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn when_supervisor_and_worker_are_killed_the_other_takes_over() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut director = start(a, &instance(150));
    wait_for_address(a);
    let _other = start(b, &instance(100));
    director.kill_with_children().unwrap();
    wait_for_address(b);

    // The next start gives up what was left, if it is not to have it.
    let _director = start(a, &instance(90));
    wait_until(PATIENCE, "the address is gone", || !a.has_address(VIRTUAL_ADDRESS).unwrap())
        .unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_second_director_with_the_same_pid_file_does_not_start() {
    let network = pair();
    let a = network.host("a").unwrap();
    let _director = start(a, &instance(150));
    wait_for_address(a);
    let mut second = start(a, &instance(150));
    assert_eq!(second.wait(PATIENCE).unwrap().code(), Some(1));
    assert!(second.log().contains("is running already"), "{}", second.log());
    assert!(a.has_address(VIRTUAL_ADDRESS).unwrap());
}
