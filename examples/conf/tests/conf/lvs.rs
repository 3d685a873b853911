//! The `lvs_…` of `global_defs`.

use super::{instance, model, said, service};

fn global(lines: &str) -> String {
    format!("global_defs {{\n{lines}\n}}\n{}{}", instance(""), service(""))
}

#[test]
fn timeouts_that_are_not_told_are_left_as_they_are() {
    let timeouts = model(&global("lvs_timeouts udp 30 tcp 900 tcpfin 0")).global.lvs.timeouts;
    assert_eq!(timeouts.tcp.unwrap().get(), 900);
    assert_eq!(timeouts.udp.unwrap().get(), 30);
    assert_eq!(timeouts.tcp_fin, None);
}

#[test]
fn a_sync_daemon_has_the_number_of_its_instance_unless_it_is_told_another() {
    let daemon = |line: &str| {
        let text = global(&format!("lvs_sync_daemon {line}"));
        model(&text).global.lvs.sync_daemon.unwrap()
    };
    assert_eq!((daemon("eth1").id, daemon("eth1").instance), (0, None));
    assert_eq!((daemon("eth1 A").id, daemon("eth1 A").instance.as_deref()), (5, Some("A")));
    let all = daemon("eth1 inst A id 9 maxlen 1400 port 8849 ttl 2 group 224.0.0.82");
    assert_eq!((all.id, all.max_length.unwrap().get()), (9, 1400));
    assert_eq!((all.port.unwrap().get(), all.ttl.unwrap().get()), (8849, 2));
    assert_eq!(all.group.unwrap().to_string(), "224.0.0.82");
}

#[test]
fn the_first_instance_that_names_an_interface_has_the_sync_daemon_if_none_is_global() {
    let line = "lvs_sync_daemon_interface eth1";
    let other =
        instance(line).replace("vrrp_instance A", "vrrp_instance B").replace("_id 5", "_id 6");
    let other = other.replace("192.0.2.10", "192.0.2.11");
    let text = format!("{}{other}{}", instance(line), service(""));
    assert_eq!(
        said(&text),
        [
            "warning: `lvs_sync_daemon_interface` is of old",
            "warning: `lvs_sync_daemon_interface` has no effect: there is one sync daemon",
        ]
    );
    let daemon = model(&text).global.lvs.sync_daemon.unwrap();
    assert_eq!((daemon.interface.as_str(), daemon.instance.as_deref()), ("eth1", Some("A")));
    assert_eq!(daemon.id, 5);
    let text = format!("global_defs {{\nlvs_sync_daemon eth2\n}}\n{text}");
    assert_eq!(model(&text).global.lvs.sync_daemon.unwrap().interface, "eth2");
}

#[test]
fn services_of_others_are_removed_if_they_are_to_be() {
    let lvs = |lines: &str| model(&global(lines)).global.lvs;
    assert!(!lvs("").flush && !lvs("").flush_on_stop);
    assert!(lvs("lvs_flush").flush);
    assert!(lvs("lvs_flush_on_stop").flush_on_stop);
    assert!(!lvs("lvs_flush_on_stop VS").flush_on_stop);
}

#[test]
fn what_is_wrong_is_an_error() {
    for (line, error) in [
        ("lvs_timeouts tcp 9999999", "`tcp` needs a number from 0 to 2147483"),
        ("lvs_timeouts icmp 3", "`icmp` is no timeout"),
        ("lvs_sync_daemon eth1 B", "there is no vrrp_instance `B`"),
        ("lvs_sync_daemon eth1 id 256", "`id` needs a number from 0 to 255"),
        ("lvs_sync_daemon eth1 group 192.0.2.1", "`group` needs a multicast address"),
        ("lvs_flush_on_stop all", "`lvs_flush_on_stop` cannot be `all`"),
    ] {
        assert_eq!(said(&global(line)), [format!("error: {error}")], "{line}");
    }
}
