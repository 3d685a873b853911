//! Another configuration takes the place of the one that runs.

use crate::observe::Watched::{self, Addresses, Advertisements, Calls, Table};
use crate::scenario::Scenario;
use crate::text::{ONE, TWO, quick, two};

const FAILOVER: &[Watched] = &[Addresses, Advertisements, Calls];
const SERVERS: &[Watched] = &[Table, Calls];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_same_configuration_changes_nothing() {
    let same = quick(100, "");
    Scenario::new(FAILOVER)
        .start(same.clone(), &["MASTER"])
        .step("it is read again", move |scene| scene.reload(&same), &["10.77.0.100/24", "!BACKUP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn another_priority_is_advertised() {
    Scenario::new(FAILOVER)
        .start(quick(100, ""), &["priority 100", "MASTER"])
        .step("it is raised", |scene| scene.reload(&quick(150, "")), &["priority 150", "!BACKUP"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn addresses_come_and_go() {
    let with = quick(100, "virtual_ipaddress_excluded {\n 10.77.0.200/24\n }");
    Scenario::new(FAILOVER)
        .start(quick(100, ""), &["10.77.0.100/24", "MASTER"])
        .step("one comes", move |scene| scene.reload(&with), &["10.77.0.100/24", "10.77.0.200/24"])
        .step("it goes", |scene| scene.reload(&quick(100, "")), &["!10.77.0.200/24"])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn weights_and_servers_change() {
    let heavier = two("").replace("weight 3", "weight 9");
    let one = two("").replace("10.78.0.12", "10.78.0.13");
    Scenario::new(SERVERS)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two(""), &[ONE, TWO])
        .step(
            "a weight changes",
            move |scene| scene.reload(&heavier),
            &["10.78.0.11:80 -m -w 9", TWO],
        )
        .step("a server is another", move |scene| scene.reload(&one), &["!10.78.0.12", ONE])
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_service_goes_and_comes() {
    let other = two("").replace("10.77.0.100 80", "10.77.0.100 81");
    Scenario::new(SERVERS)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two(""), &["10.77.0.100:80"])
        .step(
            "its port is another",
            move |scene| scene.reload(&other),
            &["10.77.0.100:81", "!10.77.0.100:80"],
        )
        .play();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_is_down_stays_down() {
    let heavier = two("").replace("weight 3", "weight 9");
    Scenario::new(SERVERS)
        .before(|scene| scene.web_up("web1"))
        .before(|scene| scene.web_up("web2"))
        .start(two(""), &[ONE, TWO])
        .step("one fails", |scene| scene.web_down("web2"), &["server 2 down"])
        .step("a weight changes", move |scene| scene.reload(&heavier), &["-w 9", "!10.78.0.12"])
        .play();
}
