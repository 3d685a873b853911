//! TCP_CHECK: the server accepts a connection, and says what it should if it is asked.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;
use crate::conversation::Conversation;
use crate::{Check, ConnectOptions, Failure, LONGEST_WAIT, Outcome, Report};

/// TCP_CHECK: the server accepts a connection.
///
/// The connection is closed with a reset, so that thousands of checks leave nothing behind in
/// TIME_WAIT. A connection is made by the kernel: a server that hangs has it too. Where the server
/// can be asked something, a [`Dialogue`] tells more.
///
/// Of a server that accepts connections and resets them at once, some attempts pass and some do not,
/// whichever is quicker, as with keepalived. [`settle`](Self::settle) makes an end of that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpCheck {
    connect: ConnectOptions,
    settle: Option<Duration>,
}

impl TcpCheck {
    /// Tries such a connection.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect, settle: None }
    }

    /// The connection must stay for so long, or something must come over it: a server that closes or
    /// resets it before that is not well.
    #[must_use]
    pub fn settle(self, time: Duration) -> Self {
        Self { settle: Some(time), ..self }
    }

    async fn attempt(&self) -> Result<Report, ConnectError> {
        let begin = Instant::now();
        let deadline = self.connect.deadline(begin);
        let stream = self.connect.connect(deadline).await?;
        let connect = begin.elapsed();
        let settled = match self.settle {
            Some(time) => {
                let until = deadline.min(Instant::now() + time.min(LONGEST_WAIT));
                self.stays(&stream, until).await.map(|()| begin.elapsed())
            }
            None => Ok(connect),
        };
        // A connection that is already gone needs no reset.
        let _gone = stream.set_zero_linger();
        Ok(Report { connect: Some(connect), total: settled?, ..Report::default() })
    }

    async fn stays(&self, stream: &TcpStream, until: Instant) -> Result<(), Failure> {
        match timeout_at(until, stream.peek(&mut [0])).await {
            Err(_) | Ok(Ok(1..)) => Ok(()),
            Ok(Ok(0)) => Err(Failure::ClosedAtOnce(self.connect.target)),
            Ok(Err(_)) => Err(Failure::Reset(self.connect.target)),
        }
    }
}

impl Check for TcpCheck {
    async fn check(&self) -> Outcome {
        match self.attempt().await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// The server says what it should when it is told something.
///
/// ```no_run
/// use steadfast_checkers::tcp::Dialogue;
/// use steadfast_checkers::{Check, ConnectOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let redis = ConnectOptions::new("192.0.2.1:6379".parse()?);
/// let check = Dialogue::new(redis).send("PING\r\n").expect("+PONG\r\n");
/// println!("{}", check.check().await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dialogue {
    connect: ConnectOptions,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Send(Vec<u8>),
    Expect(Vec<u8>),
}

/// So much may come without being what is expected.
const LONGEST: usize = 16 * 1024;
/// So much of something unexpected is shown.
const SHOWN: usize = 60;

impl Dialogue {
    /// Connects; the steps that are added follow in their order, all within the time limit.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect, steps: Vec::new() }
    }

    /// Sends this.
    #[must_use]
    pub fn send(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Send(bytes.into()));
        self
    }

    /// Waits until this has come, whatever comes before it.
    #[must_use]
    pub fn expect(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Expect(bytes.into()));
        self
    }

    async fn attempt(&self) -> Result<Report, ConnectError> {
        let mut server = Conversation::begin(&self.connect).await?;
        for step in &self.steps {
            match step {
                Step::Send(bytes) => server.send(bytes).await?,
                Step::Expect(bytes) => self.wait_for(&mut server, bytes).await?,
            }
        }
        let report = Report {
            connect: Some(server.connect),
            first_byte: server.first_byte,
            total: server.elapsed(),
            ..Report::default()
        };
        server.end();
        Ok(report)
    }

    async fn wait_for(&self, server: &mut Conversation, expected: &[u8]) -> Result<(), Failure> {
        let mut searched = 0;
        loop {
            let received = server.received();
            let fresh = received.get(searched..).unwrap_or_default();
            if let Some(at) = position(fresh, expected) {
                server.take(searched + at + expected.len());
                return Ok(());
            }
            let wrong = |found: &[u8]| {
                let found = found.get(..SHOWN).unwrap_or(found).escape_ascii().to_string();
                let expected = expected.escape_ascii().to_string();
                let failure = Box::new(DialogueFailure { expected, found });
                Failure::Dialogue(self.connect.target, failure)
            };
            if received.len() >= LONGEST {
                return Err(wrong(received));
            }
            // What is expected may have begun already.
            searched = received.len().saturating_sub(expected.len().saturating_sub(1));
            let more = server.receive(LONGEST).await.map(|received| !received.is_empty());
            let more = match more {
                Ok(more) => more,
                // What has come instead says more than that time is over.
                Err(Failure::AnswerTimedOut(..)) if !server.received().is_empty() => false,
                Err(failure) => return Err(failure),
            };
            if !more {
                let received = server.received();
                return Err(if received.is_empty() { server.ended() } else { wrong(received) });
            }
        }
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    match wanted.len() {
        0 => Some(0),
        length => bytes.windows(length).position(|window| window == wanted),
    }
}

impl Check for Dialogue {
    async fn check(&self) -> Outcome {
        match self.attempt().await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// Something else came than what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected \"{expected}\", got \"{found}\"")]
#[non_exhaustive]
pub struct DialogueFailure {
    /// What would have been right, with escapes.
    pub expected: String,
    /// How what came begins, with escapes.
    pub found: String,
}
