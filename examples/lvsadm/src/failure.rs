use std::io;

use steadfast_ipvs::{ConnectionTableError, Error, InvalidTimeout};

use crate::arguments::UsageError;
use crate::restore::Rule;

/// Why a command was not obeyed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A question about a service that is not there.
    #[error(transparent)]
    NotListed(Error),
    #[error(transparent)]
    Connections(#[from] ConnectionTableError),
    #[error(transparent)]
    Timeout(#[from] InvalidTimeout),
    #[error(transparent)]
    Kernel(#[from] Error),
    /// Rules of `-R`, at least one.
    #[error("{} of the rules were not obeyed", .0.len())]
    Rules(Vec<Rule<Self>>),
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    #[error("cannot write: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// Asking for a service that is not there has a status of its own.
    pub(crate) fn listing(error: Error) -> Self {
        match error {
            Error::NoSuchService(_) => Self::NotListed(error),
            other => Self::Kernel(other),
        }
    }

    /// ipvsadm's exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(error) => error.status(),
            Self::NotListed(_) | Self::Connections(_) | Self::Input(_) | Self::Output(_) => 1,
            Self::Kernel(Error::NoIpvs | Error::Permission | Error::Socket { .. }) => 2,
            Self::Kernel(_) | Self::Timeout(_) => 255,
            Self::Rules(failures) => failures.first().map_or(0, |first| first.content.status()),
        }
    }

    /// Whether what comes after would fail as well.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Output(_)
                | Self::Kernel(Error::NoIpvs | Error::Permission | Error::Socket { .. })
        )
    }

    /// A reader that has had enough, such as head(1), is no reason to complain.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use steadfast_ipvs::ServiceKey;

    use super::*;

    #[test]
    fn what_makes_everything_fail_ends_with_2_and_what_the_kernel_refuses_with_255() {
        let key = ServiceKey::tcp(Ipv4Addr::LOCALHOST, 80);
        assert_eq!(Failure::from(Error::NoIpvs).status(), 2);
        assert_eq!(Failure::from(Error::Permission).status(), 2);
        assert_eq!(Failure::from(Error::NoSuchService(key)).status(), 255);
        assert_eq!(Failure::listing(Error::NoSuchService(key)).status(), 1);
    }

    #[test]
    fn rules_end_with_the_status_of_the_first_failure() {
        let key = ServiceKey::tcp(Ipv4Addr::LOCALHOST, 80);
        let first = Rule { line: 3, content: Error::ServiceExists(key).into() };
        let last = Rule { line: 7, content: UsageError::PortZero.into() };
        assert_eq!(Failure::Rules(vec![first, last]).status(), 255);
    }
}
