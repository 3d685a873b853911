//! With what the daemon ends: keepalived's numbers.

use std::process::ExitCode;

/// How a process of the daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// In order.
    Ok,
    /// It cannot run here.
    Fatal,
    /// The configuration cannot be run.
    Config,
    /// Something went wrong on the way that another start may mend.
    Software,
}

impl Exit {
    fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Fatal => 1,
            Self::Config => 2,
            Self::Software => 70,
        }
    }

    /// Whether a process that ended with this number is not to be started again: it ended in order, or
    /// would end as it did.
    pub(crate) fn is_final(number: i32) -> bool {
        [Self::Ok, Self::Fatal, Self::Config].iter().any(|exit| i32::from(exit.number()) == number)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
