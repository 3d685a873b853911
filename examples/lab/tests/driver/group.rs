//! Synchronisation groups: inner and outer address of a firewall.

use steadfast_lab::{Host, Network, Topology, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp_linux::{Instance, Options};

use crate::router::{PATIENCE, Router, address, config};

const INNER: (&str, &str) = ("eth0", "10.0.0.100");
const OUTER: (&str, &str) = ("eth1", "10.1.0.100");

fn two_firewalls() -> Network {
    Topology::new()
        .bridge("inside")
        .bridge("outside")
        .host("a", |host| {
            host.link("eth0", "inside", "10.0.0.1/24").link("eth1", "outside", "10.1.0.1/24")
        })
        .host("b", |host| {
            host.link("eth0", "inside", "10.0.0.2/24").link("eth1", "outside", "10.1.0.2/24")
        })
        .start()
        .unwrap()
}

fn start(host: &Host, priority: u8) -> Router {
    let instances = [INNER, OUTER].map(|(interface, address)| {
        let config = config(&[address]).priority(Priority::new(priority).unwrap());
        let config = config.sync_group(true).build().unwrap();
        let mut instance = Instance::new(interface, interface, config);
        instance.sync_group = Some("firewall".to_owned());
        instance
    });
    Router::start_all(host, instances.into(), Options::default())
}

fn wait_for_owner(owner: &Host, other: &Host, what: &str) {
    let has = |host: &Host, (interface, held)| address(host, interface, held).is_some();
    wait_until(PATIENCE, what, || {
        [INNER, OUTER].into_iter().all(|place| has(owner, place) && !has(other, place))
    })
    .unwrap();
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_cable_pulled_on_one_side_moves_both_sides_and_back_when_it_is_mended() {
    let network = two_firewalls();
    let (a, b) = (network.host("a").unwrap(), network.host("b").unwrap());
    let high = start(a, 150);
    wait_for_owner(a, b, "the first has both addresses");
    let low = start(b, 100);
    network.cut("a", "eth1").unwrap();
    wait_for_owner(b, a, "the other has both");
    network.mend("a", "eth1").unwrap();
    wait_for_owner(a, b, "the first has both again");
    high.stop();
    wait_for_owner(b, a, "the other has both when the first stops");
    low.stop();
}
