use std::time::Duration;

use steadfast_conf::parse;

use super::*;

const START: Instant = Instant::from_nanos(0);

/// A with those lines, and B; in a group with those lines if there are any.
fn tracking(lines: &str, group: &str) -> Tracking {
    let instance = |name: &str, vrid: u8, lines: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n\
             virtual_ipaddress {{ 192.0.2.{vrid} }}\n{lines}\n}}\n"
        )
    };
    let group = match group {
        "" => String::new(),
        lines => format!("vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{lines}\n}}\n"),
    };
    let text = format!(
        "vrrp_script s {{\nscript /bin/true\n}}\ntrack_file f {{\nfile /run/f\n}}\n{}{}{group}",
        instance("A", 1, lines),
        instance("B", 2, "")
    );
    let model = parse("t.conf", &text).model.unwrap();
    let mut tracking = Tracking::default();
    tracking.reconcile(&model);
    tracking
}

fn fitness(tracking: &Tracking, instance: &str) -> Fitness {
    tracking.fitness().find(|(name, _)| *name == instance).unwrap().1
}

fn priority(tracking: &Tracking, instance: &str) -> u8 {
    fitness(tracking, instance).effective.priority.get()
}

fn fault(tracking: &Tracking, instance: &str) -> Option<String> {
    fitness(tracking, instance).effective.fault.map(|fault| fault.to_string())
}

fn eth1() -> Object {
    Object::Interface("eth1".to_owned())
}

#[test]
fn an_interface_with_delays_counts_as_down_once_it_has_been_for_so_long() {
    let text = "interface_up_down_delays {\neth1 2 4\n}\nvrrp_instance A {\ninterface eth0\n\
                virtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n\
                track_interface {\neth1\n}\n}\n";
    let mut tracking = Tracking::default();
    tracking.reconcile(&parse("t.conf", text).model.unwrap());
    let at = |seconds| START + Duration::from_secs(seconds);
    assert!(tracking.set(START, eth1(), Status::Up), "the first look counts at once");
    for (seen, status, counts) in [(10, Status::Down, 12), (20, Status::Up, 24)] {
        assert!(!tracking.set(at(seen), eth1(), status));
        assert_eq!(tracking.poll_timeout(), Some(at(counts)));
        assert_eq!(tracking.handle_timeout(at(counts - 1)), []);
        assert_eq!(tracking.handle_timeout(at(counts)), [(eth1(), status)]);
        assert_eq!(fault(&tracking, "A").is_some(), status == Status::Down);
    }
    assert_eq!(tracking.poll_timeout(), None);
}

#[test]
fn an_instance_that_tracks_nothing_has_its_own_priority_at_once() {
    let tracking = tracking("priority 150", "");
    let Fitness { effective, is_waiting } = fitness(&tracking, "A");
    assert_eq!((effective.priority.get(), effective.fault, is_waiting), (150, None, false));
}

#[test]
fn an_interface_without_weight_decides_and_is_waited_for() {
    let mut tracking = tracking("track_interface { eth1 }", "");
    assert!(fitness(&tracking, "A").is_waiting && !fitness(&tracking, "B").is_waiting);
    assert!(tracking.set(START, eth1(), Status::Down));
    assert_eq!(fault(&tracking, "A").unwrap(), "tracked interface eth1 failed");
    assert!(!fitness(&tracking, "A").is_waiting);
    assert!(tracking.set(START, eth1(), Status::Up));
    assert!(!tracking.set(START, eth1(), Status::Up), "nothing changed");
    assert_eq!(fault(&tracking, "A"), None);
}

#[test]
fn a_weight_is_not_waited_for() {
    let mut tracking = tracking("track_interface { eth1 weight -20 }", "");
    assert!(!fitness(&tracking, "A").is_waiting);
    tracking.set(START, eth1(), Status::Down);
    assert_eq!((priority(&tracking, "A"), priority(&tracking, "B")), (80, 100));
}

#[test]
fn a_reversed_weight_counts_the_other_way_round() {
    let mut tracking = tracking("track_interface { eth1 weight 20 reverse }", "");
    tracking.set(START, eth1(), Status::Up);
    assert_eq!(priority(&tracking, "A"), 80);
    tracking.set(START, eth1(), Status::Down);
    assert_eq!(priority(&tracking, "A"), 100);
}

#[test]
fn a_script_counts_from_its_first_run() {
    let mut tracking = tracking("track_script { s }", "");
    assert!(fitness(&tracking, "A").is_waiting);
    assert_eq!(tracking.handle_run("s", false), Some(Standing::Down));
    assert_eq!(fault(&tracking, "A").unwrap(), "tracked script s failed");
}

#[test]
fn the_number_in_a_file_is_multiplied_and_its_last_value_is_a_fault() {
    let mut tracking = tracking("track_file { f weight 2 }", "");
    let file = || Object::File("f".to_owned());
    tracking.set(START, file(), Status::Value(-10));
    assert_eq!(priority(&tracking, "A"), 80);
    tracking.set(START, file(), Status::Value(-127));
    assert!(fault(&tracking, "A").is_some());
}

#[test]
fn what_a_group_tracks_concerns_each_member() {
    let mut tracking = tracking("", "track_interface { eth1 weight -20 }");
    tracking.set(START, eth1(), Status::Down);
    assert_eq!((priority(&tracking, "A"), priority(&tracking, "B")), (80, 80));
}

#[test]
fn a_group_waits_for_its_slowest_member() {
    let mut tracking = tracking("track_interface { eth1 }", "smtp_alert off");
    assert!(fitness(&tracking, "B").is_waiting);
    tracking.set(START, eth1(), Status::Up);
    assert!(!fitness(&tracking, "B").is_waiting);
}

#[test]
fn without_any_peer_an_instance_stays_in_fault() {
    let tracking = tracking("unicast_fault_no_peer", "");
    assert_eq!(fault(&tracking, "A").unwrap(), "tracked unicast_peer failed");
}

#[test]
fn a_reload_keeps_what_is_known_of_what_is_still_tracked() {
    let mut tracking = tracking("track_interface {\neth1\neth2\n}", "");
    let eth2 = || Object::Interface("eth2".to_owned());
    tracking.set(START, eth1(), Status::Up);
    tracking.set(START, eth2(), Status::Up);
    let model = |interface: &str| {
        let text = format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
             virtual_ipaddress {{ 192.0.2.1 }}\ntrack_interface {{ {interface} }}\n}}\n"
        );
        parse("t.conf", &text).model.unwrap()
    };
    tracking.reconcile(&model("eth1"));
    assert!(!fitness(&tracking, "A").is_waiting);
    tracking.reconcile(&model("eth2"));
    assert!(fitness(&tracking, "A").is_waiting, "it was forgotten in between");
}
