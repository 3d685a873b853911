//! keepalived's `--genhash`: `healthcheck genhash`, which stands beside this program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::exit::Exit;

/// The words after `-T` or `--genhash`, if the command line begins with that, as it has to for
/// keepalived too: those after it are of another language.
pub(crate) fn words(mut line: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    let first = line.nth(1)?;
    (first == "-T" || first == "--genhash").then(|| line.collect())
}

/// Becomes that program.
pub(crate) fn run(words: Vec<OsString>) -> ExitCode {
    let name = "healthcheck";
    let beside = std::env::current_exe().map(|this| this.with_file_name(name));
    let program = beside.ok().filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(name));
    let error = Command::new(&program).arg("genhash").args(words).exec();
    eprintln!(
        "director: --genhash is done by `healthcheck genhash`: {}: {error}",
        program.display()
    );
    Exit::Fatal.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(line: &[&str]) -> Option<Vec<OsString>> {
        words(line.iter().map(OsString::from))
    }

    #[test]
    fn what_follows_the_first_word_is_passed_on() {
        let expected = ["-s", "::1"].map(OsString::from).to_vec();
        assert_eq!(words_of(&["director", "-T", "-s", "::1"]), Some(expected.clone()));
        assert_eq!(words_of(&["director", "--genhash", "-s", "::1"]), Some(expected));
    }

    #[test]
    fn later_it_is_no_option() {
        assert_eq!(words_of(&["director", "-n", "-T"]), None);
    }
}
