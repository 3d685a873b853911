//! What somebody gets who depends on the packaged crate from outside the workspace.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a test that cannot go on must fail, and this one runs cargo"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

const PACKAGE: &str = concat!(env!("CARGO_PKG_NAME"), "-", env!("CARGO_PKG_VERSION"));

/// The crate as `cargo package` makes it, which builds it too; it is done once for all tests.
static PACKAGED: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = target_dir("package");
    let said = cargo(&["package", "--allow-dirty"], Path::new(env!("CARGO_MANIFEST_DIR")), &target);
    assert!(!said.contains("warning"), "{said}");
    target.join("package").join(PACKAGE)
});

fn target_dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs cargo, without network, and returns what it and the program said.
fn cargo(arguments: &[&str], directory: &Path, target: &Path) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// A project outside the workspace with one program.
fn project(name: &str, main: &Path) -> PathBuf {
    let directory = env::temp_dir().join(format!("{PACKAGE}-{name}-{}", std::process::id()));
    fs::create_dir_all(directory.join("src")).unwrap();
    fs::copy(main, directory.join("src/main.rs")).unwrap();
    // The versions that the workspace has, for there is no network to look for others.
    fs::copy(PACKAGED.join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    let packaged = PACKAGED.display();
    let manifest = format!(
        "[package]\nname = \"outside\"\nedition = \"2024\"\n\n\
         [dependencies]\nsteadfast-vrrp.path = \"{packaged}\"\n\n\
         [profile.dev]\npanic = \"abort\"\n\n[workspace]\n",
    );
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    directory
}

#[test]
fn the_package_has_what_its_documents_speak_of() {
    for file in ["README.md", "CONFORMANCE.md", "src/router/transitions.rs", "examples/udp.rs"] {
        assert!(PACKAGED.join(file).exists(), "{file}");
    }
}

#[test]
fn a_project_outside_the_workspace_runs_the_documented_example() {
    let directory = project("example", &PACKAGED.join("examples/udp.rs"));
    let said = cargo(&["run"], &directory, &target_dir("example"));
    fs::remove_dir_all(&directory).unwrap();
    assert!(said.contains("127.0.0.3: Entering MASTER STATE"), "{said}");
}

#[test]
fn a_program_without_std_links_and_runs() {
    let directory = project("no_std", &PACKAGED.join("tests/outside/no_std.rs"));
    cargo(&["run"], &directory, &target_dir("no_std"));
    fs::remove_dir_all(&directory).unwrap();
}
