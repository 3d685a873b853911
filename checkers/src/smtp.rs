//! SMTP_CHECK: a mail server greets.

use std::fmt;

use crate::connect::ConnectError;
use crate::conversation::{Conversation, LineError};
use crate::{Check, ConnectOptions, Failure, Outcome, Report};

/// SMTP_CHECK: a mail server greets us, answers HELO, and takes leave.
///
/// The greeting must be a 220 and the answer to HELO a 250, of as many lines as the server likes.
/// What it answers to QUIT does not matter, only that it does or closes the connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmtpCheck {
    connect: ConnectOptions,
    helo: String,
}

/// RFC 5321, section 4.5.3.1.5, has 512; servers do send more.
const LONGEST_LINE: usize = 4096;
/// As many lines of one reply are read.
const MOST_LINES: usize = 100;

impl SmtpCheck {
    /// Introduces itself by keepalived's name.
    pub fn new(connect: ConnectOptions) -> Self {
        Self { connect, helo: "smtpchecker.keepalived.org".to_owned() }
    }

    /// By another name (`helo_name`).
    ///
    /// # Errors
    ///
    /// [`InvalidHelo`] if it is empty or has spaces or control characters, which would make
    /// another command of it.
    pub fn helo(self, name: impl Into<String>) -> Result<Self, InvalidHelo> {
        let helo = name.into();
        if helo.is_empty()
            || helo.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        {
            return Err(InvalidHelo(helo));
        }
        Ok(Self { helo, ..self })
    }

    async fn attempt(&self) -> Result<Report, ConnectError> {
        let mut server = Conversation::begin(&self.connect).await?;
        self.expect(&mut server, Step::Greeting, 220).await?;
        server.send(format!("HELO {}\r\n", self.helo).as_bytes()).await?;
        self.expect(&mut server, Step::Helo, 250).await?;
        server.send(b"QUIT\r\n").await?;
        match server.line(LONGEST_LINE).await {
            Ok(_)
            | Err(
                LineError::TooLong | LineError::Failed(Failure::ClosedEarly(_) | Failure::Reset(_)),
            ) => {}
            Err(LineError::Failed(failure)) => return Err(failure.into()),
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

    async fn expect(
        &self,
        server: &mut Conversation,
        step: Step,
        expected: u16,
    ) -> Result<(), Failure> {
        let (code, text) = self.reply(server, step).await?;
        if code == expected {
            return Ok(());
        }
        Err(Failure::Smtp(self.connect.target, SmtpFailure::Code { step, expected, text }))
    }

    /// The code of a reply, and its last line.
    async fn reply(&self, server: &mut Conversation, step: Step) -> Result<(u16, String), Failure> {
        let strange =
            |text| Failure::Smtp(self.connect.target, SmtpFailure::NotSmtp { step, text });
        for _ in 0..MOST_LINES {
            let line = match server.line(LONGEST_LINE).await {
                Ok(line) => line,
                Err(LineError::Failed(failure)) => return Err(failure),
                Err(LineError::TooLong) => return Err(strange("a line without an end".to_owned())),
            };
            match parse(&line) {
                Some((code, Continues::No)) => return Ok((code, line)),
                Some((_, Continues::Yes)) => {}
                None => return Err(strange(line)),
            }
        }
        Err(strange("lines without an end".to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continues {
    Yes,
    No,
}

/// RFC 5321, section 4.2: three digits, then a hyphen if more lines follow.
fn parse(line: &str) -> Option<(u16, Continues)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = code.bytes().all(|digit| digit.is_ascii_digit()).then(|| code.parse().ok())??;
    match rest.bytes().next() {
        None | Some(b' ') => Some((code, Continues::No)),
        Some(b'-') => Some((code, Continues::Yes)),
        Some(_) => None,
    }
}

impl Check for SmtpCheck {
    async fn check(&self) -> Outcome {
        match self.attempt().await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// A name that cannot be sent with HELO.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be sent with HELO: use a host name, without spaces")]
pub struct InvalidHelo(String);

/// What a mail server is to say something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The connection.
    Greeting,
    /// HELO.
    Helo,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "greeting",
            Self::Helo => "answer to HELO",
        })
    }
}

/// How a mail server does not answer as it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpFailure {
    /// With another code.
    #[error("expected {expected} as {step}, got {text:?}")]
    Code {
        /// To what.
        step: Step,
        /// The right code.
        expected: u16,
        /// The last line of the reply.
        text: String,
    },
    /// With something that is no SMTP.
    #[error("the {step} is no SMTP: {text:?}")]
    NotSmtp {
        /// To what.
        step: Step,
        /// What came.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_line_has_a_code_and_says_whether_more_follow() {
        assert_eq!(parse("220 mail.example.org"), Some((220, Continues::No)));
        assert_eq!(parse("250"), Some((250, Continues::No)));
        assert_eq!(parse("250-PIPELINING"), Some((250, Continues::Yes)));
    }

    #[test]
    fn anything_else_is_no_reply_line() {
        for line in ["", "22", "2a0 x", "+20 x", "220x", "SSH-2.0-OpenSSH_9", "é20 x"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_name_that_would_be_another_command_is_refused() {
        let check = SmtpCheck::new(ConnectOptions::new(([127, 0, 0, 1], 25).into()));
        for name in ["", "a b", "a\r\nVRFY root"] {
            assert!(check.clone().helo(name).is_err(), "{name:?}");
        }
        assert!(check.helo("lb1.example.org").is_ok());
    }
}
