use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use steadfast_lab::{Advertisement, Frame, Host, wait_until};

use crate::bed::{
    PATIENCE, PATIENT_DOWN, advertisements, ask, instance, pair, patient_instance, service, start,
    start_backup, wait_for_address,
};

fn table(host: &Host) -> String {
    host.run("ipvsadm", ["-Sn"]).unwrap()
}

fn rewrite(host: &Host, configuration: &str) -> PathBuf {
    host.write("keepalived.conf", configuration).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_reload_changes_what_changed_and_no_advertisement_is_late() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let before =
        [patient_instance(150), service(&[("192.168.21.101", 1), ("192.168.21.102", 1)])].concat();
    let director = start(a, &before);
    wait_for_address(a);
    let other = start_backup(b, &patient_instance(100));
    let capture = network.capture("lan").unwrap();

    rewrite(
        a,
        &[patient_instance(150), service(&[("192.168.21.101", 7), ("192.168.21.103", 1)])].concat(),
    );
    director.signal(Signal::HUP).unwrap();
    wait_until(PATIENCE, "the table is another", || {
        let table = table(a);
        table.contains("192.168.21.101:80 -m -w 7")
            && !table.contains("192.168.21.102")
            && table.contains("192.168.21.103")
    })
    .unwrap();

    for weight in 1..=10 {
        rewrite(a, &[patient_instance(150), service(&[("192.168.21.101", weight)])].concat());
        ask(a, &["reload"]).unwrap();
        assert!(table(a).contains(&format!("192.168.21.101:80 -m -w {weight}")));
    }
    wait_until(PATIENCE, "it advertises", || {
        capture.frames().unwrap().iter().filter_map(Frame::advertisement).count() >= 3
    })
    .unwrap();
    let captured = capture.finish().unwrap();
    let gap = Advertisement::longest_gap(&advertisements(&captured, "192.168.21.11")).unwrap();
    assert!(gap < PATIENT_DOWN, "an advertisement came after {gap:?}");
    assert!(!other.log().contains("MASTER"), "{}", other.log());
    assert_eq!(director.log().matches("Entering MASTER STATE").count(), 1, "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_configuration_with_errors_is_refused_and_the_one_before_goes_on() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut director = start(a, &[instance(150), service(&[("192.168.21.101", 1)])].concat());
    wait_for_address(a);
    let table_before = table(a);

    rewrite(a, &instance(150).replace("priority 150", "priorty 10"));
    let refused = ask(a, &["reload"]).unwrap_err().to_string();
    assert!(refused.contains("did you mean `priority`"), "{refused}");
    director.signal(Signal::HUP).unwrap();
    wait_until(PATIENCE, "it is refused again", || {
        director.log().matches("the configuration is refused").count() == 2
    })
    .unwrap();
    assert_eq!(table(a), table_before);
    assert!(director.is_running() && a.has_address("192.168.21.155").unwrap());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_plan_says_what_a_reload_would_change_and_changes_nothing() {
    let network = pair();
    let a = network.host("a").unwrap();
    let _director = start(a, &[instance(150), service(&[("192.168.21.101", 1)])].concat());
    wait_for_address(a);
    let table_before = table(a);

    let new = a.write("new.conf", &[instance(120), service(&[("192.168.21.101", 2)])].concat());
    let plan = ask(a, &["plan", "-f", &new.unwrap().display().to_string()]).unwrap();
    let expected = "  vrrp_instance VI_1\n    - priority 150\n    + priority 120\n  \
        virtual_server 192.168.21.155 80 / real_server 192.168.21.101 80\n    \
        - weight 1\n    + weight 2\n";
    assert_eq!(plan, expected);
    assert_eq!(table(a), table_before);
    assert!(ask(a, &["status"]).unwrap().contains("vrrp_instance VI_1  MASTER  priority 150"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_reload_comes_by_itself_at_the_time_that_a_file_says() {
    let network = pair();
    let a = network.host("a").unwrap();
    let when = a.folder().join("when");
    let globals = format!("global_defs {{\n reload_time_file {}\n}}\n", when.display());
    let director = start(a, &[globals.clone(), instance(150)].concat());
    wait_for_address(a);
    rewrite(a, &[globals, instance(120)].concat());
    let soon = ["-u", "-d", "+2 seconds", "+%H:%M:%SZ"];
    let mut asked = None::<Instant>;
    wait_until(PATIENCE, "it has reloaded", || {
        // On a slow machine that time may be over before it is read.
        if asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(5)) {
            a.write("when", &a.run("date", soon).unwrap()).unwrap();
            asked = Some(Instant::now());
        }
        director.log().contains("INFO reloaded")
    })
    .unwrap();
    assert!(ask(a, &["status"]).unwrap().contains("priority 120"), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_instance_that_becomes_another_virtual_router_starts_anew() {
    let network = pair();
    let a = network.host("a").unwrap();
    let _director = start(a, &instance(150));
    wait_for_address(a);

    rewrite(a, &instance(150).replace("virtual_router_id 51", "virtual_router_id 52"));
    ask(a, &["reload"]).unwrap();
    wait_for_address(a);
    assert!(ask(a, &["status"]).unwrap().contains("virtual_router_id 52"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn addresses_that_change_hands_need_one_reload() {
    let network = pair();
    let a = network.host("a").unwrap();
    let second = |address| {
        instance(150)
            .replace("VI_1", "VI_2")
            .replace("router_id 51", "router_id 52")
            .replace("192.168.21.155", address)
    };
    let director = start(a, &[instance(150), second("192.168.21.156")].concat());
    wait_for_address(a);

    let swapped = [instance(150).replace(".155", ".156"), second("192.168.21.155")].concat();
    rewrite(a, &swapped);
    ask(a, &["reload"]).unwrap();
    wait_until(PATIENCE, "both addresses are there", || {
        a.has_address("192.168.21.155").unwrap() && a.has_address("192.168.21.156").unwrap()
    })
    .unwrap();
    assert!(!director.log().contains("ERROR"), "{}", director.log());
}
