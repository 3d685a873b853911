//! Talking in lines over TCP, until a deadline.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;
use crate::{ConnectOptions, Failure};

/// A connection, and what has come over it and is not read yet.
#[derive(Debug)]
pub(crate) struct Conversation {
    stream: TcpStream,
    target: SocketAddr,
    timeout: Duration,
    deadline: Instant,
    received: Vec<u8>,
    /// When it was asked for.
    begin: Instant,
    /// Until the connection was there.
    pub(crate) connect: Duration,
    /// Until the first byte was there.
    pub(crate) first_byte: Option<Duration>,
}

impl Conversation {
    pub(crate) async fn begin(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let begin = Instant::now();
        let deadline = options.deadline(begin);
        let stream = options.connect(deadline).await?;
        Ok(Self {
            stream,
            target: options.target,
            timeout: options.timeout,
            deadline,
            received: Vec::new(),
            begin,
            connect: begin.elapsed(),
            first_byte: None,
        })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match timeout_at(self.deadline, self.stream.write_all(bytes)).await {
            Ok(sent) => sent.map_err(|error| self.broken(&error)),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// All that has come up to now and is not taken, with at least one byte more; nothing if there
    /// will not be any more. More than `limit` is not kept waiting.
    pub(crate) async fn receive(&mut self, limit: usize) -> Result<&[u8], Failure> {
        let mut buffer = [0; 1024];
        let room = limit.saturating_sub(self.received.len()).clamp(1, buffer.len());
        let part = buffer.get_mut(..room).unwrap_or_default();
        let length = match timeout_at(self.deadline, self.stream.read(part)).await {
            Ok(Ok(length)) => length,
            Ok(Err(error)) => return Err(self.broken(&error)),
            Err(_) => return Err(self.timed_out()),
        };
        if length == 0 {
            return Ok(&[]);
        }
        self.first_byte.get_or_insert_with(|| self.begin.elapsed());
        self.received.extend(buffer.iter().take(length));
        Ok(&self.received)
    }

    /// What has come and is not taken.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Takes so much of what has come.
    pub(crate) fn take(&mut self, length: usize) -> Vec<u8> {
        let length = length.min(self.received.len());
        self.received.drain(..length).collect()
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self, limit: usize) -> Result<String, LineError> {
        match self.line_or_rest(limit).await? {
            Line::Whole(line) => Ok(line),
            Line::Rest(_) => Err(self.ended().into()),
        }
    }

    /// The next line, without its end, or all that came instead before the connection ended.
    pub(crate) async fn line_or_rest(&mut self, limit: usize) -> Result<Line, LineError> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                return Ok(Line::Whole(text(&self.take(end + 1))));
            }
            if self.received.len() >= limit {
                return Err(LineError::TooLong);
            }
            if self.receive(limit).await?.is_empty() {
                let rest = self.take(usize::MAX);
                return if rest.is_empty() {
                    Err(self.ended().into())
                } else {
                    Ok(Line::Rest(text(&rest)))
                };
            }
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Ends it at once, with a reset, so that nothing is left in TIME_WAIT.
    pub(crate) fn end(self) {
        // A connection that is already gone needs no reset.
        let _gone = self.stream.set_zero_linger();
    }

    pub(crate) fn ended(&self) -> Failure {
        match self.first_byte {
            None => Failure::NoResponse(self.target),
            Some(_) => Failure::ClosedEarly(self.target),
        }
    }

    fn timed_out(&self) -> Failure {
        Failure::AnswerTimedOut(self.target, self.timeout)
    }

    fn broken(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Failure::Reset(self.target)
            }
            io::ErrorKind::TimedOut => self.timed_out(),
            _ => Failure::Malformed(self.target, error.to_string()),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Line {
    Whole(String),
    Rest(String),
}

#[derive(Debug)]
pub(crate) enum LineError {
    Failed(Failure),
    TooLong,
}

impl From<Failure> for LineError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned()
}
