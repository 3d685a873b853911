//! The program as it is called from others.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::Command;

#[test]
fn a_reader_who_has_gone_does_not_change_the_exit_code() {
    for (program, expected) in [("true", 0), ("false", 1)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut healthcheck = Command::new(env!("CARGO_BIN_EXE_healthcheck"));
        let ended = healthcheck.args(["misc", "--", program]).stdout(writer).status().unwrap();
        assert_eq!(ended.code(), Some(expected));
    }
}
