use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use steadfast_lab::{Host, Process, wait_until};

use crate::bed::{
    PATIENCE, VIRTUAL_ADDRESS, advertisements, ask_as, director, instance, pair, service,
    wait_for_address,
};

/// Starts a director that decides where its files are.
fn start(host: &Host, configuration: &str, options: &[&str]) -> Process {
    let file = host.write("keepalived.conf", configuration).unwrap().display().to_string();
    let words = [&["--dont-fork", "--use-file", &file], options].concat();
    host.spawn("program", director(), words).unwrap()
}

/// A director with its instance in the network namespace of another host, where it has its address.
fn start_elsewhere(host: &Host, elsewhere: &Host, options: &[&str]) -> Process {
    let program = start(host, &instance_in(elsewhere), options);
    wait_for_address(elsewhere);
    program
}

fn instance_in(host: &Host) -> String {
    format!("net_namespace {}\n{}", host.namespace(), instance(150))
}

/// The pid file of a director, its control socket, and the pid file of its worker. In /run, everybody
/// sees them: the names are to be those of a network.
fn files(namespace: &str, instance: &str) -> [PathBuf; 3] {
    let folder = Path::new("/run/keepalived").join(namespace);
    let instance = if instance.is_empty() { String::new() } else { format!("_{instance}") };
    [("keepalived", "pid"), ("keepalived", "sock"), ("vrrp", "pid")]
        .map(|(part, kind)| folder.join(format!("{part}{instance}.{kind}")))
}

fn pid_in(file: &Path) -> Pid {
    Pid::from_raw(std::fs::read_to_string(file).unwrap().trim().parse().unwrap()).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_files_of_an_instance_are_named_after_it_until_it_ends() {
    let network = pair();
    let a = network.host("a").unwrap();
    let name = a.namespace();
    let named = format!("instance {name}\n{}", instance(150));
    let mut program = start(a, &named, &[]);
    wait_for_address(a);
    let [pid, socket, worker] = files("", name);
    assert_eq!(std::fs::read_to_string(&pid).unwrap(), format!("{}\n", program.pid()));
    assert!(socket.exists() && worker.exists());

    let renamed = named.replace(name, "another");
    a.write("keepalived.conf", &renamed).unwrap();
    let refused = ask_as(a, &pid, &["reload"]).unwrap_err().to_string();
    assert!(refused.contains("`instance` cannot change while the director runs"), "{refused}");
    program.signal(Signal::HUP).unwrap();
    wait_until(PATIENCE, "it is said in the log", || {
        program.log().contains("`instance` cannot change")
    })
    .unwrap();
    assert!(ask_as(a, &pid, &["status"]).unwrap().contains("VI_1  MASTER"));

    program.terminate(PATIENCE).unwrap();
    assert!(files("", name).iter().all(|file| !file.exists()));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_instance_is_found_by_the_configuration() {
    let network = pair();
    let a = network.host("a").unwrap();
    let mut program = start(a, &format!("instance {}\n{}", a.namespace(), instance(150)), &[]);
    wait_for_address(a);
    let file = a.folder().join("keepalived.conf").display().to_string();
    let director = director().display().to_string();
    // As if it were the default configuration file.
    let script = format!(
        "mount -t tmpfs none /etc/keepalived \
         && cp {file} /etc/keepalived/keepalived.conf && exec {director} status"
    );
    let status = a.run("unshare", ["--mount", "sh", "-c", &script]).unwrap();
    assert!(status.contains("VI_1  MASTER"), "{status}");
    program.terminate(PATIENCE).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_a_signal_has_written_is_where_the_configuration_says() {
    let network = pair();
    let a = network.host("a").unwrap();
    let folder = a.folder().display();
    let globals = format!(
        "instance {name}\nglobal_defs {{\n data_use_instance\n state_dump_file {folder}/it.data\n \
         json_dump_file {folder}/it.json\n stats_dump_file {folder}/it.stats\n}}\n",
        name = a.namespace(),
    );
    let program = start(a, &(globals + &instance(150)), &[]);
    wait_for_address(a);
    program.signal(Signal::USR1).unwrap();
    program.signal(Signal::USR2).unwrap();
    let state = format!("it.{}.data", a.namespace());
    for file in [&state, "it.json", "it.stats"] {
        let is_written = || a.folder().join(file).exists();
        wait_until(PATIENCE, format!("{file} is written"), is_written).unwrap();
    }
    assert!(std::fs::read_to_string(a.folder().join(&state)).unwrap().contains("VI_1"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn everything_is_in_the_network_namespace_of_the_configuration() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut program = start_elsewhere(a, b, &[]);
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap());
    let [pid, socket, worker] = files(b.namespace(), "");
    assert_eq!(std::fs::read_to_string(&pid).unwrap(), format!("{}\n", program.pid()));
    assert!(socket.exists() && worker.exists());

    a.write("keepalived.conf", &instance_in(a)).unwrap();
    let refused = ask_as(a, &pid, &["reload"]).unwrap_err().to_string();
    assert!(refused.contains("`net_namespace` cannot change while the director runs"), "{refused}");
    assert!(b.has_address(VIRTUAL_ADDRESS).unwrap());

    program.terminate(PATIENCE).unwrap();
    assert!(!b.has_address(VIRTUAL_ADDRESS).unwrap());
    assert!(!pid.parent().unwrap().exists());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_a_dead_worker_leaves_is_taken_back_in_that_namespace() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut program = start_elsewhere(a, b, &["--dont-respawn"]);
    let capture = network.capture("lan").unwrap();
    let [_, _, worker] = files(b.namespace(), "");
    kill_process(pid_in(&worker), Signal::KILL).unwrap();
    assert!(!program.wait(PATIENCE).unwrap().success());
    assert!(!b.has_address(VIRTUAL_ADDRESS).unwrap());
    let captured = capture.finish().unwrap();
    assert_eq!(advertisements(&captured, "192.168.21.12").last().unwrap().priority, 0);
    // Its file is there still, as the killed leave it.
    std::fs::remove_dir_all(worker.parent().unwrap()).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn another_worker_stays_in_the_namespace_whatever_the_configuration_says_then() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let mut program = start_elsewhere(a, b, &[]);
    let [pid, _, worker] = files(b.namespace(), "");
    a.write("keepalived.conf", &instance_in(a)).unwrap();
    // The second, that follows one that died soon, reads the file.
    for said in ["the configuration that was run before", "the one that was run before"] {
        kill_process(pid_in(&worker), Signal::KILL).unwrap();
        wait_until(PATIENCE, "another one goes on with what was run before", || {
            program.log().contains(&format!("going on with {said}"))
                && ask_as(a, &pid, &["status"]).is_ok_and(|status| status.contains("VI_1  MASTER"))
        })
        .unwrap();
    }
    assert!(b.has_address(VIRTUAL_ADDRESS).unwrap());
    assert!(!a.has_address(VIRTUAL_ADDRESS).unwrap());
    program.terminate(PATIENCE).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_namespace_of_the_command_line_counts_more() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let nowhere = format!("net_namespace nowhere\n{}", instance(150));
    let mut program = start(a, &nowhere, &["--namespace", b.namespace()]);
    wait_for_address(b);
    let [pid, ..] = files(b.namespace(), "");
    ask_as(a, &pid, &["reload"]).unwrap();
    program.terminate(PATIENCE).unwrap();

    let mut program = start(a, &nowhere, &[]);
    assert!(!program.wait(PATIENCE).unwrap().success());
    assert!(program.log().contains("entering the network namespace nowhere"), "{}", program.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn virtual_servers_can_be_in_a_namespace_of_their_own() {
    let network = pair();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let configuration = [
        format!("net_namespace_ipvs {}\n", b.namespace()),
        "global_defs {\n lvs_timeouts tcp 77\n}\n".to_owned(),
        format!("instance {}\n", a.namespace()),
        instance(150),
        service(&[("192.168.21.101", 1)]),
    ];
    let table = |host: &Host| host.run("ipvsadm", ["-Sn"]).unwrap();
    let timeouts = |host: &Host| host.run("ipvsadm", ["-l", "--timeout"]).unwrap();
    let mut program = start(a, &configuration.concat(), &[]);
    wait_for_address(a);
    assert!(table(b).contains("192.168.21.101:80"), "{}", table(b));
    assert_eq!(table(a), "");
    wait_until(PATIENCE, "the timeouts hold there", || timeouts(b).contains(" 77 ")).unwrap();
    assert!(!timeouts(a).contains(" 77 "));
    program.terminate(PATIENCE).unwrap();
    assert_eq!(table(b), "");
}
