//! What changes a priority, or is a fault.

use crate::observe::Watched::{self, Addresses, Advertisements, Calls};
use crate::scenario::Scenario;
use crate::text::{peer, quick};

const ALL: &[Watched] = &[Addresses, Advertisements, Calls];

/// Succeeds while there is a file `ok`.
fn with_script(more_of_the_script: &str, more: &str) -> String {
    let script = format!(
        "vrrp_script OK {{\n script \"/usr/bin/test -e FOLDER/ok\"\n interval 1\n timeout 30\n \
         {more_of_the_script}\n}}\n"
    );
    script + &quick(100, &format!("track_script {{\n OK\n }}\n {more}"))
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_that_fails_is_a_fault() {
    Scenario::new(ALL)
        .before(|scene| scene.write("ok", ""))
        .start(with_script("", ""), &["10.77.0.100/24", "MASTER"])
        .step("the script fails", |scene| scene.remove("ok"), &["FAULT", "!10.77.0.100/24"])
        .step("it succeeds", |scene| scene.write("ok", ""), &["MASTER", "10.77.0.100/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_that_fails_from_the_beginning_is_a_fault() {
    Scenario::new(ALL)
        .start(with_script("", ""), &["FAULT"])
        .step("it succeeds", |scene| scene.write("ok", ""), &["MASTER", "10.77.0.100/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_with_init_fail_counts_as_failed_until_it_rises() {
    // Until then the director is in FAULT, and says so; keepalived believes the first success.
    Scenario::new(&[Addresses, Advertisements])
        .before(|scene| scene.write("ok", ""))
        .start(with_script("init_fail\n rise 3", ""), &["10.77.0.100/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_with_a_weight_changes_the_priority() {
    Scenario::new(ALL)
        .before(|scene| scene.write("ok", ""))
        .start(with_script("weight -60", ""), &["MASTER"])
        .step("a lower one comes", |scene| scene.start_peer(&peer(50)), &["10.77.0.100/24"])
        .step("the script fails", |scene| scene.remove("ok"), &["BACKUP", "priority 40"])
        .step("it succeeds", |scene| scene.write("ok", ""), &["MASTER", "priority 100"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_with_a_positive_weight_adds_to_the_priority() {
    Scenario::new(ALL)
        .before(|scene| scene.start_peer(&peer(120)))
        .before(|scene| scene.await_peer())
        .start(with_script("weight 50", ""), &["BACKUP"])
        .step("the script succeeds", |scene| scene.write("ok", ""), &["MASTER", "priority 150"])
        .step("it fails", |scene| scene.remove("ok"), &["BACKUP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn without_its_own_interface_tracked_a_cut_link_is_no_fault() {
    Scenario::new(ALL)
        .start(quick(100, "dont_track_primary"), &["MASTER"])
        .step("the link is cut", |scene| scene.cut("eth0"), &["10.77.0.100/24", "!FAULT"])
        .play();
}
