//! What instances and groups track, and groups themselves.

use crate::failover::ALL;
use crate::observe::Watched::{self, Addresses, Announcements, Calls, Rules};
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::text::{peer, quick};

/// Without advertisements: one may leave before it is noticed what happened.
const SETTLED: &[Watched] = &[Addresses, Announcements, Calls];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn another_interface_that_is_down_is_a_fault() {
    Scenario::new(ALL)
        .start(quick(100, "track_interface {\n eth1\n }"), &["10.77.0.100/24", "MASTER"])
        .step("it is set down", |scene| scene.ip("link set eth1 down"), &["FAULT"])
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_interface_that_is_down_from_the_start_is_a_fault() {
    Scenario::new(ALL)
        .before(|scene| scene.ip("link set eth1 down"))
        .start(quick(100, "track_interface {\n eth1\n }"), &["FAULT"])
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_interface_with_delays_is_down_and_up_once_it_has_been_for_so_long() {
    let delays = "interface_up_down_delays {\n eth0 1.5 1\n eth1 4 1\n}\n";
    let flap = |scene: &mut Scene<'_>| {
        scene.ip("link set eth1 down");
        scene.ip("link set eth1 up");
    };
    Scenario::new(SETTLED)
        .start(format!("{delays}{}", quick(100, "track_interface {\n eth1\n }")), &["MASTER"])
        .step("a tracked one goes and comes", flap, &["10.77.0.100/24", "!FAULT"])
        .step("it stays down", |scene| scene.ip("link set eth1 down"), &["FAULT"])
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["MASTER"])
        .step("its own is cut", |scene| scene.cut("eth0"), &["FAULT"])
        .step("it is mended", |scene| scene.mend("eth0"), &["MASTER"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_is_static_is_put_back_and_its_interface_is_tracked_by_its_track_group() {
    let group = "track_group G {\n group {\n VI_1\n }\n}\n\
                 static_ipaddress {\n 10.79.0.1/24 dev eth1 track_group G\n}\n\
                 static_rules {\n from 10.79.0.0/24 iif eth1 table 7 preference 7 track_group G\n}\n";
    let delete = |scene: &mut Scene<'_>| scene.ip("addr del 10.79.0.1/24 dev eth1");
    Scenario::new(&[Addresses, Announcements, Calls, Rules])
        .start(format!("{group}{}", quick(100, "")), &["10.79.0.1/24", "iif eth1", "MASTER"])
        .step("the address is deleted", delete, &["10.79.0.1/24", "!FAULT"])
        .step("the rule is", |scene| scene.ip("rule del preference 7"), &["iif eth1", "!FAULT"])
        .step("eth1 is set down", |scene| scene.ip("link set eth1 down"), &["FAULT"])
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["MASTER", "10.79.0.1/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn another_interface_with_a_weight_changes_the_priority() {
    Scenario::new(ALL)
        .start(quick(100, "track_interface {\n eth1 weight -60\n }"), &["MASTER"])
        .step("a lower one comes", |scene| scene.start_peer(&peer(50)), &["10.77.0.100/24"])
        .step("eth1 is set down", |scene| scene.ip("link set eth1 down"), &["BACKUP"])
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["MASTER", "priority 100"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_without_weight_is_a_fault_when_it_fails() {
    let script =
        "vrrp_script OK {\n script \"/usr/bin/test -e FOLDER/ok\"\n interval 1\n timeout 30\n}\n";
    let configuration = format!("{script}{}", quick(100, "track_script {\n OK\n }"));
    Scenario::new(SETTLED)
        .before(|scene| scene.write("ok", ""))
        .start(configuration, &["MASTER"])
        .step("the script fails", |scene| scene.remove("ok"), &["FAULT"])
        .step("it succeeds", |scene| scene.write("ok", ""), &["MASTER"])
        .play();
}

fn with_file(track: &str) -> String {
    let file = "track_file F {\n file FOLDER/number\n weight 1\n init_file 0 overwrite\n}\n";
    format!("{file}{}", quick(100, track))
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_number_in_a_file_changes_the_priority() {
    Scenario::new(SETTLED)
        .start(with_file("track_file {\n F\n }"), &["MASTER"])
        .step("a lower one comes", |scene| scene.start_peer(&peer(50)), &[])
        .step("it falls", |scene| scene.write("number", "-60"), &["BACKUP 40"])
        .step("it rises", |scene| scene.write("number", "20"), &["MASTER 120"])
        .step("it is nothing", |scene| scene.write("number", "0"), &[])
        .step("it is the last", |scene| scene.write("number", "-254"), &["FAULT 100"])
        .step("it is nothing again", |scene| scene.write("number", "0"), &["MASTER"])
        .play();
}

/// VI_1 on eth0 and VI_2 on eth1 in a group.
fn grouped(more: &str) -> String {
    let second = "vrrp_instance VI_2 {
            interface eth1
            virtual_router_id 52
            version 3
            advert_int 1
            priority 100
            virtual_ipaddress {
                10.78.0.100/24
            }
            notify \"FOLDER/notify any\"
        }\n";
    format!(
        "{}{second}vrrp_sync_group G {{\n group {{\n VI_1\n VI_2\n }}\n notify \"FOLDER/notify group\"\n \
         {more}\n}}\n",
        quick(100, "")
    )
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_group_is_master_together_and_falls_together() {
    Scenario::new(ALL)
        .start(grouped(""), &["10.77.0.100/24", "10.78.0.100/24", "GROUP G MASTER 0"])
        .step(
            "one link goes down",
            |scene| scene.ip("link set eth1 down"),
            &["GROUP G FAULT 0", "INSTANCE VI_1 FAULT", "!10.77.0.100/24"],
        )
        .step("it is set up", |scene| scene.ip("link set eth1 up"), &["GROUP G MASTER 0"])
        .step("a higher one comes", |scene| scene.start_peer(&peer(150)), &["GROUP G BACKUP 0"])
        .step("it stops", |scene| scene.stop_peer(), &["GROUP G MASTER 0", "10.78.0.100/24"])
        .step("it is stopped", |scene| scene.stop(), &["GROUP G STOP 0", "INSTANCE VI_2 STOP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_a_group_tracks_concerns_all_its_members() {
    let file = "track_file F {\n file FOLDER/number\n weight 0\n init_file 0 overwrite\n}\n";
    Scenario::new(SETTLED)
        .start(format!("{file}{}", grouped("track_file {\n F\n }")), &["GROUP G MASTER 0"])
        .step("it fails", |scene| scene.write("number", "1"), &["GROUP G FAULT 0"])
        .step("it is well", |scene| scene.write("number", "0"), &["GROUP G MASTER 0"])
        .play();
}
