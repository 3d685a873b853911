//! Servers that the network does not lead to.

use std::net::SocketAddr;

use steadfast_checkers::{ConnectOptions, Failure, LocalError, Outcome, TcpCheck};

use crate::bed::{Bed, PATIENCE};

fn check(server: [u8; 4]) -> TcpCheck {
    TcpCheck::new(ConnectOptions::new(SocketAddr::from((server, 80))).timeout(PATIENCE))
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_we_have_no_route_to_is_our_own_trouble() {
    let bed = Bed::new();
    let outcome = bed.judge(&check([10, 9, 9, 9]));
    assert!(matches!(outcome, Outcome::Inconclusive(LocalError::Socket { .. })), "{outcome}");
    bed.host().run("ip", ["route", "add", "unreachable", "10.9.9.0/24"]).unwrap();
    let outcome = bed.judge(&check([10, 9, 9, 9]));
    assert!(matches!(outcome, Outcome::Inconclusive(LocalError::Socket { .. })), "{outcome}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_is_not_on_its_network_is_unreachable() {
    let failure = Bed::new().fails(&check([192, 168, 21, 200]));
    assert!(matches!(failure, Failure::Unreachable(..)), "{failure}");
}
