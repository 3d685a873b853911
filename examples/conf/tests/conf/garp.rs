//! How addresses are announced: `garp_group`, `garp_extra_if`.

use std::time::Duration;

use steadfast_conf::model::{ExtraGarp, GarpGroup};

use super::{instance, model, said};

fn extra(lines: &str) -> Option<ExtraGarp> {
    model(&instance(lines)).instances[0].garp.extra
}

const fn every(seconds: u64, all: bool) -> Option<ExtraGarp> {
    Some(ExtraGarp { interval: Duration::from_secs(seconds), all })
}

#[test]
fn an_instance_announces_elsewhere_as_global_defs_say_unless_it_says_otherwise() {
    let global = "global_defs {\nvrrp_garp_extra_if all 100\n}\n";
    let of = |lines: &str| model(&(global.to_owned() + &instance(lines))).instances[0].garp.extra;
    assert_eq!(of(""), every(100, true));
    assert_eq!(of("garp_extra_if 20"), every(20, false));
    assert_eq!(of("vmac_garp_intvl all 30"), every(30, true));
    assert_eq!(of("garp_extra_if 0"), None);
    assert_eq!(extra(""), None);
}

#[test]
fn garp_extra_if_is_a_number_of_seconds_up_to_a_day() {
    assert_eq!(extra("garp_extra_if 86400"), every(86_400, false));
    for (line, error) in [
        ("garp_extra_if 86401", "error: `garp_extra_if` cannot be `86401`"),
        ("garp_extra_if often", "error: `garp_extra_if` cannot be `often`"),
        ("garp_extra_if all", "error: `garp_extra_if` needs a number of seconds"),
        ("garp_extra_if 5 all", "warning: `all` is too much after `garp_extra_if`"),
    ] {
        assert_eq!(said(&instance(line)), [error]);
    }
    let global = "global_defs {\nvrrp_garp_extra_if 0\n}";
    assert_eq!(said(global), ["error: `vrrp_garp_extra_if` cannot be `0`"]);
}

#[test]
fn a_garp_group_names_its_interfaces_one_by_one_or_in_a_block() {
    let groups = model(
        "garp_group {\ngarp_interval 0.5\ninterface eth0\n}\n\
         garp_group {\ngarp_interval 1\ngna_interval 0.25\ninterfaces {\neth1 eth2\neth3\n}\n}",
    )
    .garp_groups;
    let group = |interfaces: &[&str], garp, gna| GarpGroup {
        interfaces: interfaces.iter().map(ToString::to_string).collect(),
        garp_interval: Duration::from_millis(garp),
        gna_interval: Duration::from_millis(gna),
    };
    assert_eq!(groups, [group(&["eth0"], 500, 0), group(&["eth1", "eth2", "eth3"], 1000, 250)]);
}

#[test]
fn an_interface_is_in_one_garp_group() {
    let text = "garp_group {\ngarp_interval 1\ninterface eth0\n}\n\
                garp_group {\ngarp_interval 2\ninterfaces {\neth0\neth1\n}\n}";
    assert_eq!(said(text), ["warning: eth0 is in a garp_group already"]);
    assert_eq!(model(text).garp_groups[1].interfaces, ["eth1"]);
}

#[test]
fn a_garp_group_that_does_nothing_is_doubtful() {
    let text = "garp_group {\ninterface eth0\n}";
    assert_eq!(said(text), ["warning: this group paces nothing"]);
    let text = "garp_group {\ngna_interval 1\n}";
    assert_eq!(said(text), ["warning: this group has no interface"]);
    assert!(model(text).garp_groups.is_empty());
}

#[test]
fn only_an_owner_ignores_advertisements() {
    let global = "global_defs {\nvrrp_owner_ignore_adverts\n}\n";
    let ignores = |text: &str| model(text).instances[0].owner_ignore_adverts;
    assert!(ignores(&instance("priority 255\nowner_ignore_adverts")));
    assert!(ignores(&(global.to_owned() + &instance("priority 255"))));
    assert!(!ignores(&(global.to_owned() + &instance("priority 255\nowner_ignore_adverts no"))));
    assert!(!ignores(&(global.to_owned() + &instance("priority 254"))));
    assert_eq!(
        said(&instance("owner_ignore_adverts")),
        ["warning: `owner_ignore_adverts` is for priority 255 only"]
    );
}
