//! `vrrp_instance`.

use std::time::Duration;

use steadfast_conf::model::{AuthPass, Authentication, Destination, InitialState, VrrpVersion};

use super::{instance, model, said};

fn addresses(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\n{lines}\n}}\n}}\n"
    )
}

#[test]
fn an_instance_has_defaults() {
    let model = model(&instance(""));
    let instance = &model.instances[0];
    assert_eq!((instance.name.as_str(), instance.interface.as_deref()), ("A", Some("eth0")));
    assert_eq!((instance.vrid.get(), instance.priority.get()), (5, 100));
    assert_eq!((instance.version, instance.state), (VrrpVersion::V2, InitialState::Backup));
    assert_eq!(instance.advert_interval, Duration::from_secs(1));
    assert_eq!((instance.preempt, instance.preempt_delay), (true, Duration::ZERO));
    assert_eq!(instance.garp.master_delay, Duration::from_secs(5));
    assert_eq!((instance.garp.master_repeat, instance.garp.master_refresh_repeat), (5, 1));
    assert_eq!(instance.garp.master_refresh, Duration::ZERO);
    assert_eq!(instance.down_timer_adverts, 3);
    assert_eq!(instance.destination, Destination::Multicast("224.0.0.18".parse().unwrap()));
    assert!(instance.track_primary && !instance.strict && instance.auth.is_none());
    assert_eq!(said(&super::instance("")), [""; 0]);
}

#[test]
fn numbers_out_of_range_are_errors() {
    assert_eq!(said(&instance("priority 0")), ["error: `priority` cannot be `0`"]);
    assert_eq!(said(&instance("priority 256")), ["error: `priority` cannot be `256`"]);
    let text = instance("").replace("virtual_router_id 5", "virtual_router_id 0x33");
    assert_eq!(said(&text), ["error: `virtual_router_id` cannot be `0x33`"]);
}

#[test]
fn an_address_line_says_everything_in_any_order() {
    let text = addresses("192.0.2.1/28 brd + dev eth1 scope link label eth1:0\n192.0.2.2");
    let model = model(&text);
    let [full, bare] = model.instances[0].addresses.as_slice() else { panic!("two addresses") };
    assert_eq!((full.address.to_string().as_str(), full.prefix_len), ("192.0.2.1", 28));
    assert_eq!(full.broadcast.unwrap().to_string(), "192.0.2.15");
    assert_eq!((full.interface.as_deref(), full.scope), (Some("eth1"), 253));
    assert_eq!(full.label.as_deref(), Some("eth1:0"));
    assert_eq!((bare.prefix_len, bare.scope, bare.interface.as_deref()), (32, 0, None));
    assert_eq!((bare.broadcast, bare.label.as_deref()), (None, None));
}

#[test]
fn a_broadcast_of_minus_is_the_network() {
    let model = model(&addresses("192.0.2.1/28 brd -"));
    let broadcast = model.instances[0].addresses[0].broadcast;
    assert_eq!(broadcast.unwrap().to_string(), "192.0.2.0");
}

#[test]
fn an_address_no_host_can_have_is_an_error() {
    for (line, address) in [
        ("192.168.1.255/24", "192.168.1.255/24"),
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("224.0.0.18", "224.0.0.18/32"),
        ("0.0.0.0", "0.0.0.0/32"),
    ] {
        assert_eq!(said(&addresses(line)), [format!("error: {address} is not a host address")]);
    }
    assert_eq!(said(&addresses("192.168.1.254/31\n192.168.1.255/31\n192.168.0.0/32")), [""; 0]);
    assert_eq!(said(&addresses("192.168.1.255/16")), [""; 0]);
}

#[test]
fn a_wrong_address_line_is_an_error() {
    for (line, error) in [
        ("192.0.2.300", "`192.0.2.300` is not an address"),
        ("192.0.2.1/33", "`192.0.2.1/33` is not an address"),
        ("192.0.2.1 brd", "`brd` needs a value"),
        ("192.0.2.1 brd x", "`brd` cannot be `x`"),
        ("192.0.2.1 foo", "unknown word `foo` after an address"),
        ("192.0.2.1 label eth0:1234567890123", "`label` cannot be `eth0:1234567890123`"),
        ("192.0.2.1 peer 2001:db8::1", "the peer of 192.0.2.1 cannot be an IPv6 address"),
        ("192.0.2.1 preferred_lft soon", "`preferred_lft` cannot be `soon`"),
        ("2001:db8::1 brd 2001:db8::2", "`brd` is for IPv4 addresses only"),
    ] {
        assert_eq!(said(&addresses(line)), [format!("error: {error}")]);
    }
}

#[test]
fn an_address_listed_twice_counts_once() {
    let text = instance("virtual_ipaddress_excluded { 192.0.2.10/24 }");
    assert_eq!(said(&text), ["warning: 192.0.2.10 is listed twice"]);
    assert!(model(&text).instances[0].excluded_addresses.is_empty());
}

#[test]
fn an_address_may_be_on_two_interfaces_and_is_advertised_once() {
    let text = instance("virtual_ipaddress_excluded { 192.0.2.10/24 dev eth1 }");
    assert!(said(&text).is_empty());
    assert_eq!(model(&text).instances[0].excluded_addresses.len(), 1);
    let twice = addresses("192.0.2.10/24\n192.0.2.10/24 dev eth1");
    assert_eq!(said(&twice), ["error: 192.0.2.10 is advertised twice"]);
}

#[test]
fn addresses_beyond_255_are_not_advertised() {
    let lines: Vec<String> =
        (1..=300).map(|n| format!("10.0.{}.{}", n / 100, n % 100 + 1)).collect();
    let text = addresses(&lines.join("\n"));
    assert_eq!(said(&text), ["warning: an instance advertises at most 255 addresses"]);
    let instance = &model(&text).instances[0];
    assert_eq!((instance.addresses.len(), instance.excluded_addresses.len()), (255, 45));
}

#[test]
fn two_instances_of_one_router_on_an_interface_are_an_error() {
    let other = instance("").replace("_instance A", "_instance B").replace(".10/", ".11/");
    let text = format!("{}{other}", instance(""));
    assert_eq!(said(&text), ["error: virtual_router_id 5 is used twice on eth0"]);
    assert_eq!(said(&text.replacen("eth0", "eth1", 1)), [""; 0]);
}

#[test]
fn an_address_of_two_instances_is_an_error() {
    let other = instance("").replace("_instance A", "_instance B").replace("_id 5", "_id 6");
    let text = format!("{}{other}", instance(""));
    assert_eq!(said(&text), ["error: 192.0.2.10 belongs to two instances"]);
}

#[test]
fn two_instances_of_one_name_are_an_error() {
    let other = instance("").replace("_id 5", "_id 6").replace(".10/", ".11/");
    let text = format!("{}{other}", instance(""));
    assert_eq!(said(&text), ["error: there is another vrrp_instance `A`"]);
}

#[test]
fn loopback_is_no_interface_for_vrrp() {
    let text = instance("").replace("eth0", "lo");
    assert_eq!(said(&text), ["error: VRRP cannot run on the loopback interface"]);
}

#[test]
fn an_instance_without_address_is_doubtful_unless_meant() {
    let bare = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\n}";
    assert_eq!(said(bare), ["warning: this instance has no virtual address"]);
    let meant = bare.replace("}", "no_virtual_ipaddress\n}");
    assert_eq!(said(&meant), [""; 0]);
}

fn interval(lines: &str) -> Duration {
    model(&instance(lines)).instances[0].advert_interval
}

#[test]
fn version_2_advertises_in_whole_seconds() {
    let warning = ["warning: version 2 advertises in whole seconds, at most 255 s"];
    assert_eq!(said(&instance("advert_int 0.3")), warning);
    assert_eq!(interval("advert_int 0.3"), Duration::from_secs(1));
    assert_eq!(interval("advert_int 2.6"), Duration::from_secs(3));
    assert_eq!(said(&instance("advert_int 255")), [""; 0]);
}

#[test]
fn version_3_advertises_in_hundredths_up_to_41_seconds() {
    let warning = ["warning: version 3 advertises in hundredths of a second, at most 40.95 s"];
    assert_eq!(said(&instance("version 3\nadvert_int 0.015")), warning);
    assert_eq!(interval("version 3\nadvert_int 0.015"), Duration::from_millis(20));
    assert_eq!(interval("version 3\nadvert_int 41"), Duration::from_millis(40_950));
    assert_eq!(said(&instance("version 3\nadvert_int 0.1")), [""; 0]);
}

const AH: &str = "authentication {\nauth_type AH\nauth_pass secret\n}";
const PASS: &str = "authentication {\nauth_type PASS\nauth_pass secret-word\n}";

#[test]
fn a_password_is_cut_to_eight_bytes() {
    assert_eq!(said(&instance(PASS)), ["warning: only the first 8 bytes of a password count"]);
    let expected = Authentication::Password(AuthPass::new("secret-w"));
    assert_eq!(model(&instance(PASS)).instances[0].auth, Some(expected));
    assert_eq!(AuthPass::new("12").bytes(), *b"12\0\0\0\0\0\0");
}

#[test]
fn a_password_is_not_shown() {
    let model = format!("{:?}", model(&instance(PASS)));
    assert!(!model.contains("secret"), "{model}");
}

#[test]
fn a_password_is_dropped_in_version_3() {
    let text = instance(&format!("version 3\n{PASS}"));
    assert_eq!(said(&text), ["warning: version 3 has no authentication"]);
    assert_eq!(model(&text).instances[0].auth, None);
}

#[test]
fn authentication_headers_have_a_key() {
    let text = instance(AH);
    assert_eq!(said(&text), [""; 0]);
    let expected = Authentication::Header(AuthPass::new("secret"));
    assert_eq!(model(&text).instances[0].auth, Some(expected));
}

#[test]
fn authentication_headers_are_dropped_where_there_is_no_authentication() {
    for (lines, because) in [
        ("version 3", "version 3 has no authentication"),
        ("strict_mode\naccept", "strict mode has no authentication"),
    ] {
        let text = instance(&format!("{lines}\n{AH}"));
        assert_eq!(said(&text), [format!("warning: {because}")]);
        assert_eq!(model(&text).instances[0].auth, None);
    }
}

#[test]
fn who_has_an_authentication_header_listens_first_unless_it_is_the_owner() {
    let text = instance(&format!("state MASTER\n{AH}"));
    assert_eq!(said(&text), ["warning: `state MASTER` becomes BACKUP"]);
    assert_eq!(model(&text).instances[0].state, InitialState::Backup);
    let text = instance(&format!("state MASTER\npriority 255\n{AH}"));
    assert_eq!(said(&text), [""; 0]);
    assert_eq!(model(&text).instances[0].state, InitialState::Master);
}

#[test]
fn nopreempt_needs_backup() {
    let text = instance("state MASTER\nnopreempt");
    assert_eq!(said(&text), ["warning: `nopreempt` has no effect: `state MASTER` always preempts"]);
    assert!(model(&text).instances[0].preempt);
    assert!(!model(&instance("state BACKUP\nnopreempt")).instances[0].preempt);
}

#[test]
fn preempt_delay_needs_preemption_by_a_backup() {
    for (lines, because) in [
        ("nopreempt", "it never preempts"),
        ("state MASTER", "`state MASTER` does not wait"),
        ("strict_mode\naccept", "strict mode does not wait"),
    ] {
        let text = instance(&format!("{lines}\npreempt_delay 5"));
        assert_eq!(said(&text), [format!("warning: `preempt_delay` has no effect: {because}")]);
        assert_eq!(model(&text).instances[0].preempt_delay, Duration::ZERO);
    }
    let delay = model(&instance("preempt_delay 5.5")).instances[0].preempt_delay;
    assert_eq!(delay, Duration::from_millis(5_500));
}

#[test]
fn master_beats_backup_in_either_order() {
    for text in ["state MASTER\nstate BACKUP", "state BACKUP\nstate MASTER"] {
        let text = instance(text);
        assert_eq!(said(&text), ["warning: `state` is given twice: MASTER wins, as in keepalived"]);
        assert_eq!(model(&text).instances[0].state, InitialState::Master);
    }
}

#[test]
fn an_owner_is_master_unless_it_says_backup() {
    assert_eq!(model(&instance("priority 255")).instances[0].state, InitialState::Master);
    assert_eq!(
        said(&instance("priority 255\nstate BACKUP")),
        ["warning: priority 255 owns the addresses, yet starts as BACKUP"]
    );
}

#[test]
fn strict_mode_has_its_consequences() {
    let text = format!(
        "global_defs {{\nvrrp_strict\nvrrp_down_timer_adverts 5\n}}\n{}",
        instance("state MASTER\nauthentication {\nauth_type PASS\nauth_pass x\n}")
    );
    assert_eq!(
        said(&text),
        [
            "warning: packets to the virtual addresses are dropped in strict mode",
            "warning: strict mode gives a MASTER three advertisements' time",
            "warning: `state MASTER` becomes BACKUP",
            "warning: strict mode has no authentication",
        ]
    );
    let instance = &model(&text).instances[0];
    assert!(instance.strict && instance.lower_prio_no_advert && !instance.accept);
    assert_eq!((instance.state, instance.auth), (InitialState::Backup, None));
    assert_eq!((instance.garp.lower_prio_repeat, instance.down_timer_adverts), (0, 3));
}

#[test]
fn strict_mode_needs_an_address() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nstrict_mode\naccept\n}";
    assert_eq!(said(text), ["error: strict mode needs a virtual address"]);
}

#[test]
fn one_instance_can_leave_strict_mode() {
    let text = format!("global_defs {{\nvrrp_strict\n}}\n{}", instance("strict_mode off"));
    assert_eq!(said(&text), [""; 0]);
    assert!(!model(&text).instances[0].strict);
}

#[test]
fn skip_check_adv_addr_no_means_no() {
    let text = format!(
        "global_defs {{\nvrrp_skip_check_adv_addr\n}}\n{}",
        instance("skip_check_adv_addr no")
    );
    assert_eq!(said(&text), ["warning: keepalived takes this for `skip_check_adv_addr yes`"]);
    assert!(!model(&text).instances[0].skip_check_adv_addr);
}

#[test]
fn packets_to_the_addresses_are_accepted_unless_told_otherwise() {
    for (lines, accept) in [("", true), ("no_accept", false), ("strict_mode\naccept", true)] {
        assert_eq!(model(&instance(lines)).instances[0].accept, accept, "{lines}");
    }
}
