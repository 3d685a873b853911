//! FILE_CHECK: a number in a file says how the server is.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::{Check, DynamicWeight, LocalError, Outcome, Report};

/// FILE_CHECK: a number in a file says how the server is.
///
/// With a weight of 0, the server is well if the number is 0. With another, the number times the
/// weight is added to the server's; the least number of 32 bits is a failure even then. An empty
/// file, and one without a number, is 0, as keepalived has it.
///
/// A [`Monitor`](crate::Monitor) watches the file and tries at once when it is written and closed, or
/// replaced.
///
/// The file should be local: nothing bounds how long a file system over a network may take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileCheck {
    path: PathBuf,
    weight: i32,
}

/// A number and some space around it; what follows is not read.
const LONGEST: usize = 128;

impl FileCheck {
    /// A file that says whether the server is well.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), weight: 0 }
    }

    /// A file that says how much weight it can take; negative (`reverse`) if more means less.
    #[must_use]
    pub fn weight(self, weight: i32) -> Self {
        Self { weight, ..self }
    }

    fn judge(&self, number: i64) -> Result<Option<DynamicWeight>, FileFailure> {
        let fails = number <= i64::from(i32::MIN) || (self.weight == 0 && number != 0);
        if fails {
            return Err(FileFailure { path: self.path.clone(), number });
        }
        let clamped = number.saturating_mul(i64::from(self.weight)).clamp(-LIMIT, LIMIT);
        let difference = i32::try_from(clamped).unwrap_or_default();
        Ok((self.weight != 0).then_some(DynamicWeight::Relative(difference)))
    }

    async fn read(&self) -> io::Result<String> {
        let path = self.path.clone();
        spawn_blocking(move || read(&path)).await?
    }
}

/// The beginning of a file, without waiting for anybody to write one.
fn read(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = Vec::new();
    file.take(LONGEST as u64).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// More cannot be added to any weight.
const LIMIT: i64 = i32::MAX as i64;

impl Check for FileCheck {
    async fn check(&self) -> Outcome {
        let begin = Instant::now();
        match self.read().await {
            Ok(text) => match self.judge(number(&text)) {
                Ok(weight) => {
                    Outcome::Pass(Report { total: begin.elapsed(), weight, ..Report::default() })
                }
                Err(failure) => Outcome::Fail(failure.into()),
            },
            Err(source) => {
                let path = self.path.clone();
                Outcome::Inconclusive(LocalError::File(FileError { path, source }))
            }
        }
    }

    fn watched_file(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

/// As strtol(3) reads it: spaces, a sign, digits, and whatever follows.
fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.chars().map_while(|digit| digit.to_digit(10));
    let size =
        digits.fold(0_i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit)));
    if negative { -size } else { size }
}

/// A number that says that the server is not well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} says {number}", path.display())]
#[non_exhaustive]
pub struct FileFailure {
    /// The file.
    pub path: PathBuf,
    /// The number in it.
    pub number: i64,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: {source}", path.display())]
#[non_exhaustive]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_weight_only_zero_is_well() {
        let check = FileCheck::new("f");
        assert_eq!(check.judge(0), Ok(None));
        assert!(check.judge(1).is_err());
        assert!(check.judge(-1).is_err());
    }

    #[test]
    fn with_a_weight_the_number_adds_so_much_for_each() {
        let check = FileCheck::new("f").weight(-2);
        assert_eq!(check.judge(3), Ok(Some(DynamicWeight::Relative(-6))));
        assert_eq!(check.judge(-3), Ok(Some(DynamicWeight::Relative(6))));
    }

    #[test]
    fn the_least_number_is_a_failure_whatever_the_weight() {
        let check = FileCheck::new("f").weight(1);
        assert!(check.judge(i64::from(i32::MIN)).is_err());
        assert!(check.judge(i64::from(i32::MIN) + 1).is_ok());
    }

    #[test]
    fn a_number_is_read_up_to_what_is_none() {
        for (text, expected) in [
            ("", 0),
            ("x", 0),
            (" 12\n", 12),
            ("-3 servers", -3),
            ("+4", 4),
            ("--4", 0),
            ("99999999999999999999", i64::MAX),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_missing_is_inconclusive_and_named() {
        let outcome = FileCheck::new("/nonexistent/file").check().await;
        assert!(matches!(outcome, Outcome::Inconclusive(LocalError::File(_))));
        assert!(outcome.to_string().starts_with("/nonexistent/file cannot be read"), "{outcome}");
    }

    #[tokio::test]
    async fn a_file_is_read_at_each_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let check = FileCheck::new(&path);
        std::fs::write(&path, "0\n").unwrap();
        assert!(check.check().await.is_pass());
        std::fs::write(&path, "1\n").unwrap();
        assert!(matches!(check.check().await, Outcome::Fail(_)));
    }

    #[tokio::test]
    async fn a_pipe_without_a_writer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let outcome = FileCheck::new(&path).check().await;
        assert!(outcome.to_string().ends_with("it is not a regular file"), "{outcome}");
    }

    proptest! {
        #[test]
        fn any_number_and_weight_is_judged_without_a_panic(
            number in any::<i64>(), weight in any::<i32>()
        ) {
            let _judged = FileCheck::new("f").weight(weight).judge(number);
        }
    }
}
