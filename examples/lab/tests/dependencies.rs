//! Who may depend on whom: the libraries on none of each other and on no example, the pure ones on
//! nothing that does I/O.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// The names of the dependencies of a package of this workspace, except those for its tests.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|found| found["name"] == package).unwrap();
    let dependencies = found["dependencies"].as_array().unwrap().iter();
    dependencies
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

fn of_this_workspace(package: &str) -> Vec<String> {
    let all = dependencies(package).into_iter();
    all.filter(|name| name.starts_with("steadfast-")).collect()
}

#[test]
fn the_libraries_depend_on_none_of_each_other_and_on_no_example() {
    for library in ["steadfast-vrrp", "steadfast-ipvs", "steadfast-checkers"] {
        assert_eq!(of_this_workspace(library), [""; 0], "{library}");
    }
    assert_eq!(of_this_workspace("steadfast-vrrp-linux"), ["steadfast-vrrp"]);
}

#[test]
fn the_simulator_does_no_io_either() {
    let allowed = ["steadfast-vrrp", "thiserror"].map(str::to_owned);
    assert_eq!(dependencies("steadfast-vrrp-sim"), allowed.into());
}

#[test]
fn the_protocol_depends_on_nothing_that_does_io() {
    let allowed = ["hmac", "md-5", "thiserror"].map(str::to_owned);
    assert_eq!(dependencies("steadfast-vrrp"), allowed.into());
}

#[test]
fn the_configuration_language_knows_none_of_the_libraries() {
    assert_eq!(of_this_workspace("steadfast-conf"), [""; 0]);
}

#[test]
fn the_pure_half_of_the_director_depends_on_nothing_that_does_io() {
    // jiff: the calendar, without a clock. serde: what is told over the control socket. smallvec: a
    // collection.
    let allowed = [
        "jiff",
        "serde",
        "smallvec",
        "steadfast-conf",
        "steadfast-ipvs",
        "steadfast-vrrp",
        "thiserror",
    ];
    let allowed: BTreeSet<_> = allowed.map(str::to_owned).into();
    assert_eq!(dependencies("steadfast-director-core"), allowed);
}
