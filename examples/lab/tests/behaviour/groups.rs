//! Several instances, together and apart.

use crate::observe::Watched::{self, Addresses, Advertisements, Calls};
use crate::scenario::Scenario;
use crate::text::notify;

const ALL: &[Watched] = &[Addresses, Advertisements, Calls];

/// Two instances, on eth0 and on eth1.
fn both() -> String {
    let one = |name, interface, vrid, address| {
        let notify = notify(name);
        format!(
            "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n version 3\n \
             advert_int 1\n priority 100\n {notify} virtual_ipaddress {{\n {address}\n }}\n}}\n"
        )
    };
    "global_defs {\n script_user root\n}\n".to_owned()
        + &one("OUT", "eth0", 51, "10.77.0.100/24")
        + &one("IN", "eth1", 52, "10.78.0.100/24")
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn instances_without_a_group_know_nothing_of_each_other() {
    Scenario::new(ALL)
        .start(both(), &["10.77.0.100/24", "10.78.0.100/24"])
        .step("one link is cut", |scene| scene.cut("eth1"), &["10.77.0.100/24", "FAULT"])
        .play();
}
