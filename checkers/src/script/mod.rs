//! MISC_CHECK: a program of yours says how the server is.

mod group;
mod identity;
mod run;

use std::time::Duration;

pub use run::{Ending, Ran, RunAs, Script, ScriptError};

use crate::excerpt::excerpt;
use crate::{Check, DynamicWeight, LocalError, Outcome, Report};

/// MISC_CHECK: a program says how the server is by its exit code.
///
/// 0 is well, everything else is not. If the weight is [dynamic](Self::dynamic), 2 to 255 is well
/// too, and asks for a weight of two less: 2 for none, 255 for 253.
///
/// A program that cannot be started says nothing about the server: that is inconclusive. So are 126 and
/// 127, by which a shell or `env` says that it could not run something, unless they are a weight.
///
/// ```no_run
/// use std::time::Duration;
/// use steadfast_checkers::Check;
/// use steadfast_checkers::script::{MiscCheck, Script};
///
/// # async fn example() {
/// let script = Script::new("/usr/local/bin/replicas-in-sync", ["192.0.2.1"]);
/// let outcome = MiscCheck::new(script, Duration::from_secs(3)).check().await;
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MiscCheck {
    script: Script,
    timeout: Duration,
    dynamic: bool,
}

impl MiscCheck {
    /// Runs a program, which may take that long.
    pub const fn new(script: Script, timeout: Duration) -> Self {
        Self { script, timeout, dynamic: false }
    }

    /// The exit code is a weight too (`misc_dynamic`).
    #[must_use]
    pub fn dynamic(self) -> Self {
        Self { dynamic: true, ..self }
    }
}

impl Check for MiscCheck {
    async fn check(&self) -> Outcome {
        match self.script.run(self.timeout).await {
            Ok(ran) => self.judge(ran),
            Err(error) => Outcome::Inconclusive(LocalError::Script(error)),
        }
    }
}

impl MiscCheck {
    fn judge(&self, ran: Ran) -> Outcome {
        let weight = match ran.ending {
            Ending::Exited(0) => None,
            Ending::Exited(code @ 2..=255) if self.dynamic => {
                Some(DynamicWeight::Absolute(code.unsigned_abs() - 2))
            }
            Ending::Exited(code @ (126 | 127)) => {
                let program = self.script.program.display().to_string();
                let error = ScriptError::Within { program, code, output: ran.output };
                return Outcome::Inconclusive(LocalError::Script(error));
            }
            _ => {
                let program = self.script.program.display().to_string();
                return Outcome::Fail(ScriptFailure { program, ran }.into());
            }
        };
        Outcome::Pass(Report { total: ran.took, weight, ..Report::default() })
    }
}

/// A program says that the server is not well, or nothing in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{program} {ran}{}", said(&.ran.output))]
#[non_exhaustive]
pub struct ScriptFailure {
    /// The program.
    pub program: String,
    /// How it ended, and what it printed.
    pub ran: Ran,
}

/// The first line of some output, for a message of one line.
fn said(output: &str) -> String {
    match output.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!(": {}", excerpt(line)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(dynamic: bool, ending: Ending) -> Outcome {
        let check = MiscCheck::new(Script::new("check", [""; 0]), Duration::from_secs(1));
        let check = if dynamic { check.dynamic() } else { check };
        check.judge(Ran { ending, output: "\nno replica\n".to_owned(), took: Duration::ZERO })
    }

    fn weight(code: i32) -> Option<DynamicWeight> {
        match judged(true, Ending::Exited(code)) {
            Outcome::Pass(report) => report.weight,
            _ => None,
        }
    }

    #[test]
    fn only_zero_is_well_unless_the_weight_is_dynamic() {
        assert!(judged(false, Ending::Exited(0)).is_pass());
        for code in [1, 2, 125, 128, 255] {
            let outcome = judged(false, Ending::Exited(code));
            assert!(matches!(outcome, Outcome::Fail(_)), "{code}: {outcome}");
        }
    }

    #[test]
    fn a_shell_that_could_not_run_something_says_nothing_about_the_server() {
        for code in [126, 127] {
            let outcome = judged(false, Ending::Exited(code));
            assert!(matches!(outcome, Outcome::Inconclusive(_)), "{code}: {outcome}");
        }
        let outcome = judged(false, Ending::Exited(127)).to_string();
        let said = "check could not run something: it exited with 127: no replica";
        assert_eq!(outcome, said);
    }

    #[test]
    fn with_a_dynamic_weight_two_to_255_is_well_with_a_weight_of_two_less() {
        assert_eq!(weight(0), None);
        assert_eq!(weight(2), Some(DynamicWeight::Absolute(0)));
        assert_eq!(weight(127), Some(DynamicWeight::Absolute(125)));
        assert_eq!(weight(255), Some(DynamicWeight::Absolute(253)));
        assert!(matches!(judged(true, Ending::Exited(1)), Outcome::Fail(_)));
    }

    #[test]
    fn a_failure_says_how_the_program_ended_and_the_first_line_of_its_output() {
        let said = |ending| judged(false, ending).to_string();
        assert_eq!(said(Ending::Exited(1)), "check exited with 1: no replica");
        assert_eq!(said(Ending::Signalled(9)), "check was killed by signal 9: no replica");
    }
}
