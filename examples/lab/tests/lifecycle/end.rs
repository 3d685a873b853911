use rustix::process::{Pid, Signal, kill_process};
use steadfast_lab::wait_until;

use crate::bed::{
    PATIENCE, VIRTUAL_ADDRESS, advertisements, ask, director, instance, pair, service, start,
    start_with, wait_for_address,
};

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_end_in_order_leaves_nothing_behind_however_often_it_is_asked_for() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut director = start(a, &[instance(150), service(&[("192.168.21.101", 1)])].concat());
    wait_for_address(a);
    let capture = network.capture("lan").unwrap();
    for _ in 0..5 {
        director.signal(Signal::TERM).unwrap();
        director.signal(Signal::INT).unwrap();
    }
    assert!(director.wait(PATIENCE).unwrap().success());
    let captured = capture.finish().unwrap();
    assert_eq!(advertisements(&captured, "192.168.21.11").last().unwrap().priority, 0);
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap());
    assert_eq!(a.run("ipvsadm", ["-Sn"]).unwrap(), "");
    assert!(!a.folder().join("program-main.pid").exists());
    assert!(!a.folder().join("program-vrrp.pid").exists());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_is_not_to_be_released_stays_and_is_adopted_by_the_next_start() {
    let network = pair();
    let a = network.host("a").unwrap();
    let configuration = [instance(150), service(&[("192.168.21.101", 1)])].concat();
    let options = ["--dont-fork", "--dont-release-vrrp", "--dont-release-ipvs"];
    let mut director = start_with(a, &configuration, &options);
    wait_for_address(a);
    let capture = network.capture("lan").unwrap();
    assert!(director.terminate(PATIENCE).unwrap().success());
    let captured = capture.finish().unwrap();
    let said = advertisements(&captured, "192.168.21.11");
    assert!(said.iter().all(|sent| sent.priority != 0), "nobody is told");
    assert!(a.has_address(VIRTUAL_ADDRESS).unwrap());
    assert!(a.run("ipvsadm", ["-Sn"]).unwrap().contains("192.168.21.101:80"));

    let mut director = start(a, &configuration);
    wait_until(PATIENCE, "it is master", || {
        ask(a, &["status"]).is_ok_and(|status| status.contains("VI_1  MASTER"))
    })
    .unwrap();
    director.terminate(PATIENCE).unwrap();
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn in_the_background_it_returns_at_once_and_goes_on() {
    let network = pair();
    let a = network.host("a").unwrap();
    let log = a.folder().join("background.log").display().to_string();
    let mut launcher = start_with(a, &instance(150), &["--log-file", &log]);
    assert!(launcher.wait(PATIENCE).unwrap().success(), "{}", launcher.log());
    wait_for_address(a);
    let pid = std::fs::read_to_string(a.folder().join("program-main.pid")).unwrap();
    let supervisor = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let called = std::fs::read_to_string(format!("/proc/{}/comm", pid.trim())).unwrap();
    assert_eq!(called.trim(), "director", "what pgrep looks for");
    kill_process(supervisor, Signal::TERM).unwrap();
    wait_until(PATIENCE, "it has ended", || !a.folder().join("program-main.pid").exists()).unwrap();
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap());
    assert!(std::fs::read_to_string(log).unwrap().contains("(VI_1) Entering MASTER STATE"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_configuration_with_errors_is_refused_before_it_goes_into_the_background() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut launcher = start_with(a, "vrrp_instnce A {\n}\n", &[]);
    assert_eq!(launcher.wait(PATIENCE).unwrap().code(), Some(2));
    assert!(launcher.log().contains("did you mean `vrrp_instance`"), "{}", launcher.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_keeps_it_from_going_into_the_background_is_said() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut launcher = start_with(a, &instance(150), &["--pid", "/nonexistent/director.pid"]);
    assert_eq!(launcher.wait(PATIENCE).unwrap().code(), Some(1));
    assert!(launcher.log().contains("opening /nonexistent/director.pid"), "{}", launcher.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_signals_have_keepalived_s_numbers() {
    let network = pair();
    let a = network.host("a").unwrap();
    for name in ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"] {
        let words = [format!("--signum={name}")];
        let ours = a.run(director(), &words).unwrap();
        assert_eq!(ours, a.run("/usr/sbin/keepalived", &words).unwrap(), "{name}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_last_script_has_the_time_that_it_is_given() {
    let network = pair();
    let a = network.host("a").unwrap();
    let last = "global_defs {\n script_user root\n shutdown_script \"/bin/sleep 17\"\n \
                shutdown_script_timeout 50\n}\n";
    let mut director = start(a, &[last, &instance(150)].concat());
    wait_for_address(a);
    let ended = director.terminate(PATIENCE).unwrap();
    let log = director.log();
    assert!(ended.success() && log.contains("shutdown script succeeded"), "{ended}: {log}");
}
