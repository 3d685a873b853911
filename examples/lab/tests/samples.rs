//! The sample files of keepalived's package.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use steadfast_lab::binary;

const FOLDER: &str = "/usr/share/doc/keepalived/samples";
const REINSTALL: &str = "apt-get install --reinstall \
    --option DPkg::Options::='--path-include=/usr/share/doc/keepalived*' keepalived";
/// What is refused for a reason, and a part of what is said about it.
const REFUSED: [(&str, &str); 2] = [
    // Of an older language: keepalived does not know the words of its group either.
    ("keepalived.conf.vrrp.lvs_syncd", "unknown keyword `VI_2`"),
    // An address that is none: keepalived leaves the rule out.
    ("keepalived.conf.vrrp.rules", "`to` cannot be `192.168.100./24`"),
];

/// What is to be read, unpacked if it was packed.
fn samples(unpacked: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).unwrap_or_else(|error| {
        panic!("{FOLDER}: {error}; if documentation was left out: {REINSTALL}")
    });
    let files = entries.map(|entry| entry.unwrap().path());
    let samples = files.filter(|path| name(path).starts_with("keepalived.conf."));
    let mut samples: Vec<_> = samples.map(|path| unpack(path, unpacked)).collect();
    samples.sort();
    samples
}

fn unpack(path: PathBuf, folder: &Path) -> PathBuf {
    if path.extension() != Some(OsStr::new("gz")) {
        return path;
    }
    let output = Command::new("zcat").arg(&path).output().unwrap();
    assert!(output.status.success(), "zcat {}: {}", path.display(), output.status);
    let unpacked = folder.join(path.file_stem().unwrap());
    std::fs::write(&unpacked, output.stdout).unwrap();
    unpacked
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What is wrong about a file, if anything is. One of them is to be read with a name for this machine.
fn errors(file: &Path) -> Option<String> {
    let mut check = Command::new(binary("director").unwrap());
    let output = check.args(["check", "--config-id", "high", "-f"]).arg(file).output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[ignore = "needs keepalived's package with its documentation: run by cargo lab test"]
fn the_samples_of_keepalived_can_be_run() {
    let unpacked = tempfile::tempdir().unwrap();
    let samples = samples(unpacked.path());
    assert!(!samples.is_empty(), "{FOLDER} has no samples");
    for sample in samples {
        let refused = REFUSED.iter().find(|(refused, _)| *refused == name(&sample));
        match (errors(&sample), refused) {
            (None, None) => {}
            (Some(errors), None) => panic!("{errors}"),
            (errors, Some((name, what))) => {
                let errors = errors.unwrap_or_default();
                assert!(errors.contains(what), "{name}: {what} is not in: {errors}");
            }
        }
    }
}
