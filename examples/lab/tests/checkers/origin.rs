//! By what way checks go: firewall marks, interfaces, addresses and ports to come from.

use std::net::{IpAddr, SocketAddr};

use steadfast_checkers::ping::PingCheck;
use steadfast_checkers::{BoxCheck, Check, ConnectOptions, Origin, Outcome, TcpCheck};
use steadfast_lab::{Host, Network, Topology};

use crate::bed::{IMPATIENCE, PATIENCE};

const SERVER: [u8; 4] = [10, 9, 9, 9];

/// A client with two ways, of which the second leads to the server.
fn network() -> Network {
    let network = Topology::new()
        .bridge("left")
        .bridge("right")
        .host("client", |host| {
            host.link("eth0", "left", "10.23.0.1/24").link("eth1", "right", "10.24.0.1/24")
        })
        .host("server", |host| host.link("eth0", "right", "10.24.0.2/24"))
        .start()
        .unwrap();
    let server = network.host("server").unwrap();
    server.run("ip", ["address", "add", "10.9.9.9/32", "dev", "lo"]).unwrap();
    network
}

/// To the server; where nobody listens, a host that refuses is one that was reached.
fn checks(connect: impl Fn() -> ConnectOptions) -> [BoxCheck; 2] {
    [BoxCheck::new(TcpCheck::new(connect())), BoxCheck::new(PingCheck::new(connect()))]
}

fn options() -> ConnectOptions {
    ConnectOptions::new(SocketAddr::from((SERVER, 80))).timeout(PATIENCE)
}

fn judge(client: &Host, check: &BoxCheck) -> Outcome {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    client.enter(|| runtime().block_on(check.check())).unwrap()
}

fn reaches(client: &Host, check: &BoxCheck) -> bool {
    let outcome = judge(client, check);
    outcome.is_pass() || outcome.to_string().contains("refused")
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_firewall_mark_is_on_what_a_check_sends() {
    let network = network();
    let client = network.host("client").unwrap();
    client.run("ip", ["rule", "add", "fwmark", "7", "lookup", "100"]).unwrap();
    client.run("ip", ["route", "add", "10.9.9.9", "via", "10.24.0.2", "table", "100"]).unwrap();
    for check in checks(options) {
        assert!(!reaches(client, &check), "without the mark there is no route");
    }
    for check in checks(|| options().origin(Origin { mark: Some(7), ..Origin::default() })) {
        let outcome = judge(client, &check);
        assert!(reaches(client, &check), "{outcome}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_check_goes_by_the_interface_that_it_is_bound_to() {
    let network = network();
    let client = network.host("client").unwrap();
    for (interface, metric) in [("eth0", "1"), ("eth1", "2")] {
        let route = ["route", "add", "10.9.9.9", "dev", interface, "metric", metric];
        client.run("ip", route).unwrap();
    }
    for check in checks(|| options().timeout(IMPATIENCE)) {
        assert!(!reaches(client, &check), "the other interface comes first");
    }
    for check in checks(|| {
        options().origin(Origin { interface: Some("eth1".to_owned()), ..Origin::default() })
    }) {
        let outcome = judge(client, &check);
        assert!(reaches(client, &check), "{outcome}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_check_comes_from_the_address_that_it_is_bound_to() {
    let network = network();
    let (client, server) = (network.host("client").unwrap(), network.host("server").unwrap());
    client.run("ip", ["route", "add", "10.9.9.9", "via", "10.24.0.2"]).unwrap();
    client.run("ip", ["address", "add", "10.24.0.3/24", "dev", "eth1"]).unwrap();
    server.run("ip", ["route", "add", "blackhole", "10.24.0.1"]).unwrap();
    for check in checks(|| options().timeout(IMPATIENCE)) {
        assert!(!reaches(client, &check), "the first address gets no answer");
    }
    let second = SocketAddr::new(IpAddr::from([10, 24, 0, 3]), 0);
    for check in checks(|| options().origin(Origin { bind: Some(second), ..Origin::default() })) {
        let outcome = judge(client, &check);
        assert!(reaches(client, &check), "{outcome}");
    }
}
