//! A minute of faults at random. `cargo lab soak` goes on for longer.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::Command;

use steadfast_lab::binary;

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn after_a_minute_of_faults_all_is_well() {
    let output = Command::new(binary("lab").unwrap())
        .args(["soak", "--inside", "--minutes", "1", "--seed", "1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
