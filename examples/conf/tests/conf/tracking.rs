//! What instances and groups track, and groups themselves.

use std::time::Duration;

use steadfast_conf::model::{
    InitFile, ParameterMatch, SyncGroup, Track, TrackProcess, TrackWeight,
};

use super::{instance, model, said};

fn weights(tracked: &[Track]) -> Vec<(&str, TrackWeight)> {
    tracked.iter().map(|track| (track.name.as_str(), track.weight)).collect()
}

fn weight(weight: i64) -> TrackWeight {
    TrackWeight::new(weight, false).unwrap()
}

/// Two instances, the first with further lines, and a group of both with further lines.
fn grouped(first: &str, group: &str) -> String {
    let second = instance("")
        .replace("_instance A", "_instance B")
        .replace("192.0.2.10", "192.0.2.11")
        .replace("_id 5", "_id 6");
    format!("{}{second}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{group}\n}}\n", instance(first))
}

fn group(text: &str) -> SyncGroup {
    model(text).sync_groups.remove(0)
}

#[test]
fn other_interfaces_are_tracked_with_a_weight_or_as_a_condition() {
    let text = instance("track_interface {\neth1\neth2 weight -20 reverse\n}");
    let expected = [("eth1", weight(0)), ("eth2", TrackWeight::new(-20, true).unwrap())];
    assert_eq!(weights(&model(&text).instances[0].tracking.interfaces), expected);
}

#[test]
fn its_own_interface_is_tracked_anyway() {
    let text = instance("track_interface { eth0 weight 10 }");
    assert_eq!(said(&text), ["warning: `eth0` is the instance's own interface"]);
    assert!(model(&text).instances[0].tracking.interfaces.is_empty());
}

#[test]
fn a_file_has_the_weight_of_its_block_unless_told_otherwise() {
    let files = "track_file one {\nfile /run/one\n}\n\
        vrrp_track_file two {\nfile /run/two\nweight -254\ninit_file 5 overwrite\n}\n";
    let text = format!("{files}{}", instance("track_file {\none\ntwo weight 3\n}"));
    let model = model(&text);
    assert_eq!(
        weights(&model.instances[0].tracking.files),
        [("one", weight(1)), ("two", weight(3))]
    );
    let [one, two] = model.track_files.as_slice() else { panic!("two files") };
    assert_eq!((one.path.as_str(), one.init), ("/run/one", None));
    assert_eq!(two.weight, weight(-254));
    assert_eq!(two.init, Some(InitFile { value: 5, overwrite: true }));
}

#[test]
fn what_cannot_be_tracked_is_an_error() {
    for (lines, error) in [
        ("track_file { one }", "there is no track_file `one`"),
        ("track_process { one }", "there is no vrrp_track_process `one`"),
        ("track_interface { eth1 weight 300 }", "`weight` cannot be `300`"),
        (
            "track_interface { an_interface_too_long }",
            "`an_interface_too_long` cannot be the name of an interface",
        ),
    ] {
        assert_eq!(said(&instance(lines)), [format!("error: {error}")]);
    }
}

fn process(lines: &str) -> TrackProcess {
    let block = format!("vrrp_track_process p {{\nprocess nginx -g \"x y\"\n{lines}\n}}\n");
    model(&format!("{block}{}", instance("track_process { p }"))).track_processes.remove(0)
}

#[test]
fn a_process_is_one_of_that_name_unless_told_otherwise() {
    let process = process("");
    assert_eq!(process.command, ["nginx", "-g", "x y"]);
    assert_eq!((process.quorum, process.quorum_max), (1, None));
    assert_eq!((process.parameters, process.full_command), (Some(ParameterMatch::Exact), false));
    assert_eq!(process.fork_delay, Duration::ZERO);
}

#[test]
fn a_process_in_quotes_is_a_name_with_blanks() {
    let text = format!(
        "vrrp_track_process p {{\nprocess \"a b\" c\n}}\n{}",
        instance("track_process { p }")
    );
    assert_eq!(model(&text).track_processes[0].command, ["a b", "c"]);
}

#[test]
fn processes_may_be_told_apart_and_counted() {
    let process = process(
        "param_match partial\nquorum 2\nquorum_max 3\ndelay 0.5\nterminate_delay 2\nweight 254\nfull_command",
    );
    assert_eq!(process.parameters, Some(ParameterMatch::Partial));
    assert_eq!((process.quorum, process.quorum_max), (2, Some(3)));
    assert_eq!(process.fork_delay, Duration::from_millis(500));
    assert_eq!(process.terminate_delay, Duration::from_secs(2));
    assert!(process.full_command);
}

#[test]
fn more_processes_than_may_run_are_never_enough() {
    let block = "vrrp_track_process p {\nprocess nginx\nquorum 3\nquorum_max 2\n}\n";
    let text = format!("{block}{}", instance("track_process { p }"));
    assert_eq!(said(&text), ["error: 2 processes at most are never 3"]);
    assert_eq!(said(&text.replace("quorum_max 2", "quorum_max 0")), [""; 0]);
}

#[test]
fn a_group_has_members_and_what_all_of_them_track() {
    let group = group(&grouped("", "track_interface { eth2 }\nnotify /bin/true"));
    assert_eq!(group.members, ["A", "B"]);
    assert_eq!(weights(&group.tracking.interfaces), [("eth2", weight(0))]);
    assert_eq!(group.notify.any.unwrap().argv, ["/bin/true"]);
}

#[test]
fn members_track_nothing_with_a_weight_unless_the_group_says_so() {
    let tracked = "track_interface {\neth1 weight 5\neth2\n}";
    let text = grouped(tracked, "");
    assert_eq!(said(&text), ["warning: `eth1` has a weight, and this is in a group"]);
    assert_eq!(weights(&model(&text).instances[0].tracking.interfaces), [("eth2", weight(0))]);
    let text = grouped(tracked, "sync_group_tracking_weight");
    assert_eq!(said(&text), [""; 0]);
    assert_eq!(model(&text).instances[0].tracking.interfaces.len(), 2);
}

#[test]
fn an_owner_among_the_members_takes_all_weights_away() {
    let text = grouped("priority 255\nstate MASTER", "track_interface { eth1 weight 5 }");
    assert_eq!(
        said(&text),
        ["warning: a member has priority 255, which never changes: a weight has no effect"]
    );
    assert_eq!(weights(&group(&text).tracking.interfaces), [("eth1", weight(0))]);
}

#[test]
fn a_group_of_one_is_probably_a_mistake() {
    let text = grouped("", "").replace("A\nB\n", "A\n");
    assert_eq!(said(&text), ["warning: this group has one instance only"]);
    let text = grouped("", "").replace("A\nB\n", "");
    assert_eq!(said(&text), ["warning: this group has no instance"]);
    assert!(model(&text).sync_groups.is_empty());
}

#[test]
fn a_member_is_an_instance_and_in_one_group_only() {
    let text = grouped("", "").replace("A\nB\n", "A\nB\nC\n");
    assert_eq!(said(&text), ["error: there is no vrrp_instance `C`"]);
    let other = "vrrp_sync_group H {\ngroup {\nB\n}\n}\n";
    let said = said(&format!("{}{other}", grouped("", "")));
    assert!(said.contains(&"error: `B` is in two groups".to_owned()), "{said:?}");
}

#[test]
fn who_names_an_instance_that_cannot_be_built_is_not_told_that_there_is_none() {
    let text = "global_defs {\nlvs_sync_daemon eth1 A\n}\ntrack_group T {\ngroup { A }\n}\n\
                vrrp_sync_group G {\ngroup { A }\n}\n"
        .to_owned()
        + &instance("").replace("virtual_router_id 5", "");
    assert_eq!(said(&text), ["error: `virtual_router_id` is missing"]);
}
