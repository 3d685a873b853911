//! DNS_CHECK: a name server answers a question.

mod message;
mod name;

use socket2::{Protocol, Type};
use tokio::time::{Instant, timeout_at};

pub use self::message::{InvalidRecordType, RecordType, ResponseCode};
pub use self::name::{InvalidName, Name};

use self::message::{Reply, query, read};
use crate::connect::ConnectError;
use crate::nonce::nonce;
use crate::{Check, ConnectOptions, Failure, Outcome, Report};

/// DNS_CHECK: a name server answers a question over UDP, without an error.
///
/// What it answers does not matter, nor whether that was cut short to fit into a datagram. Replies
/// to other questions are passed over.
///
/// ```no_run
/// use steadfast_checkers::dns::{DnsCheck, RecordType};
/// use steadfast_checkers::{Check, ConnectOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = ConnectOptions::new("192.0.2.53:53".parse()?);
/// let check = DnsCheck::new(server).question("example.org".parse()?, RecordType::A);
/// println!("{}", check.check().await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsCheck {
    connect: ConnectOptions,
    name: Name,
    kind: RecordType,
}

impl DnsCheck {
    /// Asks for the SOA record of the root, keepalived's default.
    pub fn new(connect: ConnectOptions) -> Self {
        Self { connect, name: Name::root(), kind: RecordType::SOA }
    }

    /// Asks something else.
    #[must_use]
    pub fn question(self, name: Name, kind: RecordType) -> Self {
        Self { name, kind, ..self }
    }

    async fn attempt(&self, begin: Instant) -> Result<Report, ConnectError> {
        let deadline = self.connect.deadline(begin);
        let socket = self.connect.datagram_socket(Type::DGRAM, Protocol::UDP)?;
        let failed = |error| self.connect.classify(error);
        let [high, low, ..] = nonce().to_be_bytes();
        let query = query(u16::from_be_bytes([high, low]), &self.name, self.kind);
        socket.send(&query).await.map_err(failed)?;
        let answered = async {
            // The header and the question are what is looked at; the rest is cut off.
            let mut buffer = vec![0; query.len()];
            loop {
                let length = socket.recv(&mut buffer).await.map_err(failed)?;
                match read(&query, buffer.get(..length).unwrap_or_default()) {
                    Reply::NotOurs => {}
                    Reply::Answered(ResponseCode::NO_ERROR) => return Ok(begin.elapsed()),
                    Reply::Answered(code) => {
                        return Err(Failure::Dns(self.connect.target, DnsFailure { code }).into());
                    }
                }
            }
        };
        match timeout_at(deadline, answered).await {
            Ok(answered) => {
                answered.map(|total| Report { first_byte: Some(total), total, ..Report::default() })
            }
            Err(_) => {
                let (target, timeout) = (self.connect.target, self.connect.timeout);
                Err(Failure::AnswerTimedOut(target, timeout).into())
            }
        }
    }
}

impl Check for DnsCheck {
    async fn check(&self) -> Outcome {
        match self.attempt(Instant::now()).await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// A name server answers with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name server answers {code}")]
#[non_exhaustive]
pub struct DnsFailure {
    /// The error.
    pub code: ResponseCode,
}
