use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::http::{Md5Digest, StatusRanges};

/// What came of one attempt.
#[derive(Debug)]
pub enum Outcome {
    /// The server is well.
    Pass(Report),
    /// The server is not well.
    Fail(Failure),
    /// It could not be found out, through no fault of the server's.
    Inconclusive(LocalError),
}

impl Outcome {
    /// Whether the server passed.
    pub const fn is_pass(&self) -> bool {
        matches!(self, Self::Pass(_))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pass(report) => write!(f, "passed in {:?}", report.total),
            Self::Fail(failure) => failure.fmt(f),
            Self::Inconclusive(error) => error.fmt(f),
        }
    }
}

/// How long what took in an attempt that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Until the connection was there.
    pub connect: Duration,
    /// Until the first byte of an answer was there, where one was waited for.
    pub first_byte: Option<Duration>,
    /// All in all.
    pub total: Duration,
}

/// What is wrong with the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing listens there.
    #[error("{0}: connection refused")]
    Refused(SocketAddr),
    /// The network does not lead there.
    #[error("{0}: unreachable ({1})")]
    Unreachable(SocketAddr, io::Error),
    /// Nobody answered in time.
    #[error("{0}: connect timed out after {1:?}")]
    ConnectTimedOut(SocketAddr, Duration),
    /// The connection was reset.
    #[error("{0}: connection reset")]
    Reset(SocketAddr),
    /// The answer did not come in time, or not all of it.
    #[error("{0}: no complete answer within {1:?}")]
    AnswerTimedOut(SocketAddr, Duration),
    /// The connection ended before the answer was complete.
    #[error("{0}: closed before the answer was complete")]
    ClosedEarly(SocketAddr),
    /// The answer is no HTTP.
    #[error("{0}: the answer is malformed ({1})")]
    Malformed(SocketAddr, String),
    /// Another status than wanted.
    #[error("{path}: expected status {expected}, got {found}")]
    Status {
        /// What was asked for.
        path: String,
        /// What would have been right.
        expected: StatusRanges,
        /// What came.
        found: u16,
    },
    /// Another page than wanted.
    #[error("{path}: digest mismatch: expected {expected}, got {found}")]
    Digest {
        /// What was asked for.
        path: String,
        /// What would have been right.
        expected: Md5Digest,
        /// What came.
        found: Md5Digest,
    },
    /// More than anybody wants to read at every check.
    #[error("{path}: the answer is longer than {limit} bytes")]
    TooLong {
        /// What was asked for.
        path: String,
        /// The most that is read.
        limit: usize,
    },
}

/// Trouble of our own that keeps us from finding out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A socket could not be made, bound or connected for want of something here: descriptors,
    /// ports, memory, permission, an address or interface to bind to.
    #[error("cannot check {target}: {what}: {source}")]
    Socket {
        /// Whom we wanted to reach.
        target: SocketAddr,
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The check cannot be made as configured.
    #[error("cannot check {target}: {what}")]
    Request {
        /// Whom we wanted to reach.
        target: SocketAddr,
        /// What is wrong.
        what: String,
    },
    /// The check panicked: a defect of its.
    #[error("the check panicked: {0}")]
    Panicked(String),
}
