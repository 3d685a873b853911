use steadfast_lab::{Host, wait_until};

use crate::bed::{PATIENCE, director, pair, service};

/// What a script prints that runs when a service has its quorum, of a director that is started by a shell
/// which first does this.
fn said_by_a_script(host: &Host, first: &str, script: &str) -> String {
    let said = host.folder().join("said");
    let script = format!("({script}) >{0}.new; mv {0}.new {0}", said.display());
    let script = host.write("script", &format!("#!/bin/sh\n{script}\n")).unwrap();
    host.run("chmod", ["+x", &script.display().to_string()]).unwrap();
    let service = service(&[("192.168.21.101", 1)]);
    let quorum_up = format!(" quorum_up {} root\n}}\n", script.display());
    let service = format!("{}{quorum_up}", service.trim_end().trim_end_matches('}'));
    let configuration = host.write("keepalived.conf", &service).unwrap();
    let files = ["pid", "checkers_pid", "vrrp_pid"]
        .map(|name| format!("--{name}={}/{name}", host.folder().display()));
    let command = format!(
        "{first}; exec {} --dont-fork --log-console --use-file {} {}",
        director().display(),
        configuration.display(),
        files.join(" ")
    );
    let _director = host.spawn("program", "/bin/sh", ["-c", &command]).unwrap();
    wait_until(PATIENCE, "the script has run", || said.exists()).unwrap();
    std::fs::read_to_string(said).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_may_have_as_many_files_open_as_the_director_when_it_was_started() {
    let network = pair();
    let a = network.host("a").unwrap();
    assert_eq!(said_by_a_script(a, "ulimit -Sn 200", "ulimit -n"), "200\n");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_is_as_likely_to_be_killed_for_memory_as_what_has_started_the_director() {
    let network = pair();
    let a = network.host("a").unwrap();
    let score = "/proc/self/oom_score_adj";
    let first = format!("echo 300 >{score}");
    assert_eq!(said_by_a_script(a, &first, &format!("cat {score}")), "300\n");
}
