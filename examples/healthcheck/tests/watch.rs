//! Watching on a terminal.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of that size, and its other end.
fn terminal(ws_row: u16, ws_col: u16) -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(&theirs, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (ours.into(), theirs)
}

fn watch(output: impl Into<OwnedFd>, arguments: &[&str]) -> Child {
    let mut healthcheck = Command::new(env!("CARGO_BIN_EXE_healthcheck"));
    let options = ["--watch", "--interval", "0.1"];
    healthcheck.args(options).args(arguments).stdout(output.into()).spawn().unwrap()
}

/// Reads until that was said.
fn read_until(from: &mut File, said: &str) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains(said) {
        let length = from.read(&mut buffer).unwrap();
        assert!(length > 0, "{text}");
        text += &String::from_utf8_lossy(&buffer[..length]);
    }
    text
}

/// As Ctrl-C does.
fn interrupt(mut child: Child) -> Option<i32> {
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn on_a_terminal_every_target_has_a_row_that_fits() {
    let (mut ours, theirs) = terminal(10, 30);
    let child = watch(theirs, &["tcp", "127.0.0.1:1", "127.0.0.2:1"]);
    let text = read_until(&mut ours, "down    127.0.0.2:1");
    // Not the beginning, which the next frame overwrites.
    let whole = text.rsplit_once("\x1b[2A").unwrap().0;
    for row in whole.lines() {
        let shown = row.rsplit("\x1b[2K").next().unwrap().trim_end_matches(['\r', '\n']);
        let visible = shown.replace("\x1b[J", "");
        assert!(visible.chars().count() <= 30, "{visible:?}");
    }
    assert_eq!(interrupt(child), Some(0));
}

#[test]
fn more_targets_than_rows_are_counted() {
    let (mut ours, theirs) = terminal(4, 80);
    let targets: Vec<_> = (1..=9).map(|number| format!("127.0.0.{number}:1")).collect();
    let arguments: Vec<_> = ["tcp"].into_iter().chain(targets.iter().map(String::as_str)).collect();
    let child = watch(theirs, &arguments);
    let text = read_until(&mut ours, "and 7 more: 7 down");
    assert!(!text.contains("\x1b[9A"), "the cursor does not leave the terminal: {text:?}");
    assert_eq!(interrupt(child), Some(0));
}

#[test]
fn elsewhere_every_attempt_is_a_line() {
    let (reader, writer) = std::io::pipe().unwrap();
    let child = watch(writer, &["--json", "misc", "--", "true"]);
    let mut reader = File::from(OwnedFd::from(reader));
    let text = read_until(&mut reader, "\n");
    assert!(text.contains(r#""standing":"up""#) && text.contains(r#""verdict":"pass""#), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    assert_eq!(interrupt(child), Some(0));
}
