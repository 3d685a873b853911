//! The demo is a test as well: it ends with success only if everything in it came out as it should.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use steadfast_lab::{binary, despite_standstills};

/// Its intervals are measured, so nothing of the like runs beside it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// For how long the machine may stand still: less than the second that every limit allows for.
const BORNE: Duration = Duration::from_millis(300);

fn play(forwarding: &str) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    despite_standstills(BORNE, || play_once(forwarding));
}

fn play_once(forwarding: &str) {
    let output = Command::new(binary("lab").unwrap())
        .args(["demo", forwarding, "--inside"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_demo_with_direct_routing_comes_out_as_it_should() {
    play("dr");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_demo_with_address_translation_comes_out_as_it_should() {
    play("nat");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_demo_with_tunnels_comes_out_as_it_should() {
    play("tun");
}
