use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::dns::DnsFailure;
use crate::file::{FileError, FileFailure};
use crate::grpc::GrpcFailure;
use crate::http::PageFailure;
use crate::script::{ScriptError, ScriptFailure};
use crate::smtp::SmtpFailure;
use crate::tcp::DialogueFailure;
use crate::tls::{TlsFailure, TlsReport};
use crate::udp::UdpFailure;

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

/// What an attempt that passed has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Until the connection was there, where there is one.
    pub connect: Option<Duration>,
    /// The TLS handshake, where there is one.
    pub tls: Option<Box<TlsReport>>,
    /// Until the first byte of an answer was there, where one was waited for.
    pub first_byte: Option<Duration>,
    /// All in all.
    pub total: Duration,
    /// The weight that the server asks for, where the check lets it.
    pub weight: Option<DynamicWeight>,
}

/// A weight that a server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DynamicWeight {
    /// This.
    Absolute(u32),
    /// So many hundredths of the configured one.
    Percent(u32),
    /// So much more than the configured one, or less.
    Relative(i32),
}

impl DynamicWeight {
    /// What it makes of a configured weight; the greatest is the kernel's, 2³¹ − 1.
    pub fn of(self, configured: u32) -> u32 {
        const GREATEST: u64 = i32::MAX as u64;
        let weight = match self {
            Self::Absolute(weight) => u64::from(weight),
            Self::Percent(percent) => u64::from(configured) * u64::from(percent) / 100,
            Self::Relative(difference) => {
                u64::try_from(i64::from(configured) + i64::from(difference)).unwrap_or_default()
            }
        };
        u32::try_from(weight.min(GREATEST)).unwrap_or_default()
    }
}

/// What is wrong with the server. What is long is in a box: a monitor keeps one for each server.
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
    /// The connection did not stay.
    #[error("{0}: accepts connections and closes them at once")]
    ClosedAtOnce(SocketAddr),
    /// The TLS handshake did not end in time.
    #[error("{0}: no TLS handshake within {1:?}")]
    HandshakeTimedOut(SocketAddr, Duration),
    /// TLS failed.
    #[error("{0}: {1}")]
    Tls(SocketAddr, Box<TlsFailure>),
    /// The answer did not come in time, or not all of it.
    #[error("{0}: no complete answer within {1:?}")]
    AnswerTimedOut(SocketAddr, Duration),
    /// The connection ended without an answer, or in the middle of its header.
    #[error("{0}: closed before a response")]
    NoResponse(SocketAddr),
    /// The connection ended before the answer was complete.
    #[error("{0}: closed before the answer was complete")]
    ClosedEarly(SocketAddr),
    /// The answer is no HTTP.
    #[error("{0}: the answer is malformed ({1})")]
    Malformed(SocketAddr, String),
    /// A page is not as it should be.
    #[error(transparent)]
    Page(Box<PageFailure>),
    /// A name server does not answer as it should.
    #[error("{0}: {1}")]
    Dns(SocketAddr, DnsFailure),
    /// A mail server does not answer as it should.
    #[error("{0}: {1}")]
    Smtp(SocketAddr, SmtpFailure),
    /// Its agent says that the server is not well.
    #[error("{0}: the agent says {1}")]
    Agent(SocketAddr, String),
    /// It does not say in a dialogue what it should.
    #[error("{0}: {1}")]
    Dialogue(SocketAddr, Box<DialogueFailure>),
    /// A gRPC service does not serve.
    #[error("{0}: {1}")]
    Grpc(SocketAddr, GrpcFailure),
    /// The reply to a datagram is not as it should be.
    #[error("{0}: {1}")]
    Udp(SocketAddr, UdpFailure),
    /// A file says so.
    #[error(transparent)]
    File(#[from] FileFailure),
    /// A script says so.
    #[error(transparent)]
    Script(Box<ScriptFailure>),
}

impl From<PageFailure> for Failure {
    fn from(failure: PageFailure) -> Self {
        Self::Page(Box::new(failure))
    }
}

impl From<ScriptFailure> for Failure {
    fn from(failure: ScriptFailure) -> Self {
        Self::Script(Box::new(failure))
    }
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
    /// Whoever is asked about the server cannot be asked.
    #[error("the agent cannot be asked: {0}")]
    Informant(Box<Failure>),
    /// A file that says how the server is cannot be read.
    #[error(transparent)]
    File(FileError),
    /// A script cannot be run.
    #[error(transparent)]
    Script(ScriptError),
    /// The check panicked: a defect of its.
    #[error("the check panicked: {0}")]
    Panicked(String),
}

impl LocalError {
    /// Whether packets to the server have nowhere to go: no route, or one that refuses them.
    pub fn is_no_route(&self) -> bool {
        match self {
            Self::Socket { source, .. } => matches!(
                source.raw_os_error(),
                Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN | libc::EHOSTDOWN)
            ),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_absolute_or_made_of_the_configured_one() {
        assert_eq!(DynamicWeight::Absolute(7).of(3), 7);
        assert_eq!(DynamicWeight::Percent(50).of(3), 1);
        assert_eq!(DynamicWeight::Percent(200).of(3), 6);
        assert_eq!(DynamicWeight::Relative(-2).of(3), 1);
        assert_eq!(DynamicWeight::Relative(-9).of(3), 0);
    }

    #[test]
    fn a_weight_beyond_the_greatest_is_the_greatest() {
        let greatest = i32::MAX.unsigned_abs();
        assert_eq!(DynamicWeight::Percent(u32::MAX).of(u32::MAX), greatest);
        assert_eq!(DynamicWeight::Relative(i32::MAX).of(u32::MAX), greatest);
        assert_eq!(DynamicWeight::Absolute(u32::MAX).of(0), greatest);
    }
}
