//! `track_group`: what is static and what VRRP instances make of its interface.

use steadfast_conf::model::VrrpInstance;

use super::{instance, model, said};

const GROUP: &str = "track_group G {\ngroup {\nA\n}\n}\n";

/// The instance with further lines, in the group of static lines.
fn tracking(of_instance: &str, block: &str, line: &str) -> VrrpInstance {
    let text = format!("{GROUP}{block} {{\n{line}\n}}\n{}", instance(of_instance));
    model(&text).instances.remove(0)
}

fn tracked(instance: &VrrpInstance) -> Vec<String> {
    let tracked = instance.tracking.interfaces.iter();
    tracked.map(|track| format!("{} {}", track.name, track.weight)).collect()
}

#[test]
fn an_instance_tracks_the_interface_of_each_line_of_its_group() {
    for (block, line) in [
        ("static_ipaddress", "198.51.100.1/24 dev eth1 track_group G"),
        ("static_ipaddress", "198.51.100.1/24 track_group G dev eth1"),
        ("static_routes", "198.51.100.0/24 via 203.0.113.1 dev eth1 track_group G metric 3"),
        ("static_rules", "from 198.51.100.1 track_group G iif eth1 oif eth2 table 7 preference 5"),
    ] {
        assert_eq!(tracked(&tracking("", block, line)), ["eth1 0"], "{line}");
    }
    let default = tracking("", "static_ipaddress", "198.51.100.1/24 track_group G");
    assert!(tracked(&default).is_empty(), "that on its own interface, eth0");
}

#[test]
fn its_own_interface_is_tracked_even_if_it_is_not_to_be() {
    let line = "198.51.100.1/24 dev eth0 track_group G";
    let instance = tracking("dont_track_primary", "static_ipaddress", line);
    assert!(instance.track_primary && tracked(&instance).is_empty());
}

#[test]
fn a_weight_that_it_gives_to_the_interface_does_not_count() {
    let line = "198.51.100.0/24 dev eth1 track_group G";
    let instance = tracking("track_interface {\neth1 weight -20\n}", "static_routes", line);
    assert_eq!(tracked(&instance), ["eth1 0"]);
}

#[test]
fn a_line_without_an_interface_is_of_no_group() {
    for (block, line) in [
        ("static_routes", "198.51.100.0/24 via 192.0.2.1 track_group G"),
        ("static_rules", "from 198.51.100.1 oif eth1 table 7 preference 5 track_group G"),
    ] {
        let text = format!("{GROUP}{block} {{\n{line}\n}}\n{}", instance(""));
        let expected = "warning: `track_group` is about an interface, and here is none";
        assert_eq!(said(&text), [expected]);
    }
}

#[test]
fn a_group_that_cannot_be_one_is_said() {
    let with = |text: &str| said(&format!("{text}\n{}", instance("")));
    let of = |group: &str| format!("static_ipaddress {{\n198.51.100.1/24 dev eth1 {group}\n}}");
    for (text, expected) in [
        (of("track_group H"), "error: there is no track_group `H`"),
        (of("track_group"), "error: `track_group` needs a value"),
        ("track_group G {\ngroup {\nB\n}\n}".to_owned(), "error: there is no vrrp_instance `B`"),
        ("track_group G {\n}".to_owned(), "warning: this group has no instance"),
        (format!("{GROUP}{GROUP}"), "error: there is another track_group `G`"),
    ] {
        assert_eq!(with(&text), [expected]);
    }
    let of_instance = "virtual_routes {\n198.51.100.0/24 dev eth1 track_group G\n}";
    let said = said(&format!("{GROUP}{}", instance(of_instance)));
    assert_eq!(said, ["error: `track_group` is not supported in a route"]);
}
