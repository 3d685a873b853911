//! What is written to the FIFOs.

use crate::observe::Watched::{self, Fifo};
use crate::scenario::Scenario;
use crate::text::{peer, quick, two};

const ALL: &[Watched] = &[Fifo];

fn with(keyword: &str, configuration: &str) -> String {
    configuration.replacen("script_user root", &format!("script_user root\n {keyword}"), 1)
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn states_of_instances() {
    Scenario::new(ALL)
        .start(with("vrrp_notify_fifo FOLDER/fifo", &quick(100, "")), &["MASTER"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["BACKUP"])
        .step("it stops", |scene| scene.stop_peer(), &["MASTER"])
        .step("the link is cut", |scene| scene.cut("eth0"), &["FAULT"])
        .step("it is mended", |scene| scene.mend("eth0"), &["MASTER"])
        .step("it is stopped", |scene| scene.stop(), &["STOP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn priorities_of_instances() {
    let keywords = "vrrp_notify_fifo FOLDER/fifo\n vrrp_notify_priority_changes true";
    let tracking = quick(100, "track_interface {\n eth1 weight -30\n }");
    Scenario::new(ALL)
        .start(with(keywords, &tracking), &["MASTER"])
        .step("an interface is cut", |scene| scene.cut("eth1"), &["MASTER_PRIORITY 70"])
        .step("it is mended", |scene| scene.mend("eth1"), &["MASTER_PRIORITY 100"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn servers_and_quorums() {
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(with("lvs_notify_fifo FOLDER/fifo", &two("")), &["VS"])
        .step("one fails", |scene| scene.web_down("web1"), &["RS", "DOWN"])
        .step("the other fails", |scene| scene.web_down("web2"), &["VS", "DOWN"])
        .step("one recovers", |scene| scene.web_up("web1"), &["VS", "UP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn all_in_one() {
    let both = two("") + &quick(100, "").replace("global_defs {\n script_user root\n }\n", "");
    Scenario::new(ALL)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(with("notify_fifo FOLDER/fifo", &both), &["MASTER", "VS"])
        .step("one fails", |scene| scene.web_down("web1"), &["RS", "DOWN"])
        .play();
}
