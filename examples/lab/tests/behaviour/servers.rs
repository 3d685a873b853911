//! Virtual servers, and what becomes of their real servers.

use crate::observe::Watched::{self, Calls, Table};
use crate::scenario::Scenario;
use crate::text::{ONE, QUICKLY, TWO, server, service, two};

const ALL: &[Watched] = &[Table, Calls];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn servers_fail_and_recover() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two(""), &[ONE, TWO])
        .step("one fails", |scene| scene.web_down("web1"), &["!10.78.0.11", TWO, "server 1 down"])
        .step("the other fails", |scene| scene.web_down("web2"), &["server 2 down", "quorum down"])
        .step("one recovers", |scene| scene.web_up("web1"), &[ONE, "server 1 up", "quorum up"])
        .step("it is stopped", |scene| scene.stop(), &["!10.77.0.100"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_is_inhibited_keeps_its_place() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two("inhibit_on_failure"), &[ONE, TWO])
        .step("one fails", |scene| scene.web_down("web1"), &["-r 10.78.0.11:80 -m -w 0"])
        .step("it recovers", |scene| scene.web_up("web1"), &[ONE])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_sorry_server_steps_in_below_the_quorum() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two("sorry_server 10.78.0.99 80\n quorum 3"), &[ONE, TWO])
        .step("the heavy one fails", |scene| scene.web_down("web1"), &["10.78.0.99", "quorum down"])
        .step("it recovers", |scene| scene.web_up("web1"), &[ONE, "!10.78.0.99", "quorum up"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn servers_that_are_inhibited_keep_their_places_beside_a_sorry_server() {
    const WAITING: &str = "-r 10.78.0.12:80 -m -w 0";
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(
            two("sorry_server 10.78.0.99 80\n quorum 3\n inhibit_on_failure"),
            &[ONE, TWO, "!10.78.0.99"],
        )
        .step("the heavy one fails", |scene| scene.web_down("web1"), &["10.78.0.99", WAITING])
        .step("it recovers", |scene| scene.web_up("web1"), &[ONE, TWO, "!10.78.0.99"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn with_alpha_servers_are_listed_once_they_are_checked() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .start(two("alpha"), &[ONE, "!10.78.0.12"])
        .step("the other comes", |scene| scene.web_up("web2"), &[TWO, "server 2 up"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_page_with_another_status_takes_its_server_out() {
    let http = format!("HTTP_GET {{\n url {{\n path /\n status_code 200\n }}\n {QUICKLY} }}");
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .start(service(&server(1, &http)), &["10.78.0.11"])
        .step("it is ill", |scene| scene.web_answers("web1", 503, "ill\n"), &["server 1 down"])
        .step("it is well", |scene| scene.web_answers("web1", 200, "well\n"), &["server 1 up"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn at_the_end_omega_runs_what_runs_when_servers_fail() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two("omega"), &[ONE, TWO])
        .step("it is stopped", |scene| scene.stop(), &["server 1 down", "quorum down"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_sorry_server_can_be_inhibited() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two("sorry_server 10.78.0.99 80\n sorry_server_inhibit"), &[ONE, TWO])
        .step("one fails", |scene| scene.web_down("web1"), &["server 1 down"])
        .step("the other fails", |scene| scene.web_down("web2"), &["10.78.0.99:80 -m -w 1"])
        .step("one recovers", |scene| scene.web_up("web1"), &[ONE])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_digest_that_is_wrong_takes_its_server_out() {
    // That of `well` and the end of the line.
    let http = format!(
        "HTTP_GET {{\n url {{\n path /\n digest 1b42a11f5f647e53d20da8c8f57a9f02\n }}\n {QUICKLY} }}"
    );
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .start(service(&server(1, &http)), &["10.78.0.11"])
        .step("it says another word", |scene| scene.web_answers("web1", 200, "ill\n"), &["down"])
        .step("it says the same", |scene| scene.web_answers("web1", 200, "well\n"), &["1 up"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_judges_a_server() {
    let check = "MISC_CHECK {\n misc_path \"/usr/bin/test -e FOLDER/ok\"\n misc_timeout 10\n warmup 0.001\n delay_before_retry 1\n }";
    Scenario::new(ALL)
        .before(|scene| scene.write("ok", ""))
        .start(service(&server(1, check)), &["10.78.0.11:80 -m -w 1"])
        .step("it fails", |scene| scene.remove("ok"), &["server 1 down", "!10.78.0.11"])
        .step("it succeeds", |scene| scene.write("ok", ""), &["10.78.0.11:80 -m -w 1"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_says_a_weight() {
    let check = "MISC_CHECK {\n misc_path \"FOLDER/weigh\"\n misc_timeout 10\n misc_dynamic\n warmup 0.001\n }";
    Scenario::new(ALL)
        .before(|scene| scene.write_program("weigh", "#!/bin/sh\nexit $(cat FOLDER/weight)\n"))
        .before(|scene| scene.write("weight", "22"))
        .start(service(&server(1, &format!("weight 5\n {check}"))), &["10.78.0.11:80 -m -w 20"])
        .step("it says 52", |scene| scene.write("weight", "52"), &["10.78.0.11:80 -m -w 50"])
        .step("it says 0", |scene| scene.write("weight", "0"), &["10.78.0.11:80 -m -w 5"])
        .step("it says 1", |scene| scene.write("weight", "1"), &["!10.78.0.11"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_ping_judges_a_server() {
    let check = format!("PING_CHECK {{\n {QUICKLY} }}");
    Scenario::new(ALL)
        .start(service(&server(1, &check)), &["10.78.0.11:80 -m -w 1"])
        .step("the way to it is cut", |scene| scene.cut("eth1"), &["server 1 down"])
        .step("it is mended", |scene| scene.mend("eth1"), &["server 1 up", "10.78.0.11:80"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_file_judges_a_server() {
    let file = "track_file LOAD {\n file FOLDER/load\n init_file 0\n}\n";
    let check = "FILE_CHECK {\n track_file LOAD\n weight 1\n }";
    Scenario::new(ALL)
        .start(file.to_owned() + &service(&server(1, &format!("weight 5\n {check}"))), &["-w 5"])
        .step("it says 7", |scene| scene.write("load", "7\n"), &["-w 12"])
        .step("it says -2", |scene| scene.write("load", "-2\n"), &["-w 3"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn servers_are_checked_where_clients_come() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two("ha_suspend"), &[ONE, TWO])
        .step("a server fails unseen", |scene| scene.web_down("web1"), &[ONE, TWO])
        .step(
            "the address comes",
            |scene| scene.ip("addr add 10.77.0.100/24 dev eth0"),
            &["server 1 down", "!10.78.0.11:80", TWO],
        )
        .step(
            "it goes, and the server comes back unseen",
            |scene| {
                scene.ip("addr del 10.77.0.100/24 dev eth0");
                scene.web_up("web1");
            },
            &["!10.78.0.11:80", TWO],
        )
        .step(
            "the address comes again",
            |scene| scene.ip("addr add 10.77.0.100/24 dev eth0"),
            &["server 1 up", ONE, TWO],
        )
        .play();
}
