//! UDP_CHECK: nothing says that nobody listens, or the right reply comes.

use std::ops::RangeInclusive;
use std::str::FromStr;

use socket2::{Protocol, Type};
use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;
use crate::{Check, ConnectOptions, Failure, Outcome, Report};

/// UDP_CHECK: a datagram is sent, and either the right reply comes, or, if none is wanted, no error.
///
/// Without a wanted reply, the whole time limit is waited for an error: silence is all that can be
/// had, and a firewall that drops everything is silent too. Prefer a protocol that answers.
///
/// ```no_run
/// use steadfast_checkers::udp::UdpCheck;
/// use steadfast_checkers::{Check, ConnectOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let check = UdpCheck::new(ConnectOptions::new("192.0.2.1:123".parse()?))
///     .payload("e30004fa00010000000100000000000000000000".parse()?)
///     .reply("x4".parse()?, 48..=48);
/// println!("{}", check.check().await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UdpCheck {
    connect: ConnectOptions,
    payload: Payload,
    reply: Option<(ReplyPattern, RangeInclusive<usize>)>,
}

impl UdpCheck {
    /// Sends an empty datagram and wants no reply.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect, payload: Payload(Vec::new()), reply: None }
    }

    /// Sends this.
    #[must_use]
    pub fn payload(self, payload: Payload) -> Self {
        Self { payload, ..self }
    }

    /// Wants a reply that begins like this, of a length in the range. Other replies are not waited
    /// past: the first decides.
    #[must_use]
    pub fn reply(self, begins: ReplyPattern, lengths: RangeInclusive<usize>) -> Self {
        Self { reply: Some((begins, lengths)), ..self }
    }

    async fn attempt(&self, begin: Instant) -> Result<Report, ConnectError> {
        let deadline = self.connect.deadline(begin);
        let socket = self.connect.datagram_socket(Type::DGRAM, Protocol::UDP)?;
        let failed = |error| self.connect.classify(error);
        socket.send(&self.payload.0).await.map_err(failed)?;
        // One byte more than right is as wrong as many more.
        let room = self.reply.as_ref().map_or(0, |(_, lengths)| lengths.end().saturating_add(1));
        let mut buffer = vec![0; room.min(LARGEST)];
        let received = timeout_at(deadline, socket.recv(&mut buffer)).await;
        let mut report = Report { total: begin.elapsed(), ..Report::default() };
        match (received, &self.reply) {
            (Ok(Err(error)), _) => return Err(failed(error)),
            (Ok(Ok(length)), Some((pattern, lengths))) => {
                report.first_byte = Some(report.total);
                let reply = buffer.get(..length).unwrap_or_default();
                if !lengths.contains(&length) {
                    let (expected, found) = (lengths.clone(), length);
                    return Err(self.wrong(UdpFailure::Length { expected, found }));
                }
                if !pattern.matches(reply) {
                    let begins: String =
                        reply.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
                    return Err(self.wrong(UdpFailure::Reply { begins }));
                }
            }
            (Ok(Ok(_)), None) => report.first_byte = Some(report.total),
            (Err(_), None) => {}
            (Err(_), Some(_)) => {
                let (target, timeout) = (self.connect.target, self.connect.timeout);
                return Err(Failure::AnswerTimedOut(target, timeout).into());
            }
        }
        Ok(report)
    }

    fn wrong(&self, failure: UdpFailure) -> ConnectError {
        Failure::Udp(self.connect.target, failure).into()
    }
}

/// The largest UDP payload.
const LARGEST: usize = 65_535;
/// So much of a wrong reply is shown.
const SHOWN: usize = 32;

impl Check for UdpCheck {
    async fn check(&self) -> Outcome {
        match self.attempt(Instant::now()).await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// How a reply is not the right one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UdpFailure {
    /// Too short or too long.
    #[error(
        "expected a reply of {} to {} bytes, got {found}{}",
        expected.start(), expected.end(), if found > expected.end() { " or more" } else { "" }
    )]
    Length {
        /// The right lengths.
        expected: RangeInclusive<usize>,
        /// What came: of a reply that is too long, one byte more than right.
        found: usize,
    },
    /// It begins with something else.
    #[error("the reply begins with {begins}, which does not match")]
    Reply {
        /// Its first bytes, in hexadecimal.
        begins: String,
    },
}

/// Bytes to send, written in hexadecimal: `0f1e2d` or `0f 1e 2d`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Payload(pub Vec<u8>);

/// How a reply must begin, written in hexadecimal, where an `x` stands for any digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReplyPattern(Vec<(u8, u8)>);

impl ReplyPattern {
    /// Whether a reply begins like that.
    pub fn matches(&self, reply: &[u8]) -> bool {
        reply.len() >= self.0.len()
            && self.0.iter().zip(reply).all(|((value, mask), byte)| byte & mask == *value)
    }
}

/// Text that is not hexadecimal digits in pairs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHexadecimal {
    /// A character that is no digit.
    #[error("{0:?} is no hexadecimal digit")]
    Digit(char),
    /// Half a byte is missing.
    #[error("there is an odd number of hexadecimal digits: the last byte is incomplete")]
    Odd,
}

impl FromStr for Payload {
    type Err = InvalidHexadecimal;

    fn from_str(text: &str) -> Result<Self, InvalidHexadecimal> {
        let digit = |digit: char| value(digit).ok_or(InvalidHexadecimal::Digit(digit));
        Ok(Self(
            pairs(text)?
                .into_iter()
                .map(|(high, low)| Ok(digit(high)? << 4 | digit(low)?))
                .collect::<Result<_, _>>()?,
        ))
    }
}

impl FromStr for ReplyPattern {
    type Err = InvalidHexadecimal;

    fn from_str(text: &str) -> Result<Self, InvalidHexadecimal> {
        // Value and mask of a digit.
        let digit = |digit: char| match digit {
            'x' | 'X' => Ok((0, 0)),
            _ => value(digit).map(|value| (value, 0xf)).ok_or(InvalidHexadecimal::Digit(digit)),
        };
        let byte = |(high, low)| {
            let ((high, high_mask), (low, low_mask)) = (digit(high)?, digit(low)?);
            Ok((high << 4 | low, high_mask << 4 | low_mask))
        };
        Ok(Self(pairs(text)?.into_iter().map(byte).collect::<Result<_, _>>()?))
    }
}

fn value(digit: char) -> Option<u8> {
    u8::try_from(digit.to_digit(16)?).ok()
}

/// The digits of a text, without spaces, two by two.
fn pairs(text: &str) -> Result<Vec<(char, char)>, InvalidHexadecimal> {
    let mut digits = text.chars().filter(|character| !character.is_whitespace());
    let mut pairs = Vec::new();
    while let Some(high) = digits.next() {
        pairs.push((high, digits.next().ok_or(InvalidHexadecimal::Odd)?));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_with_or_without_spaces() {
        assert_eq!("0f1E".parse(), Ok(Payload(vec![0x0f, 0x1e])));
        assert_eq!(" 0f 1e ".parse(), Ok(Payload(vec![0x0f, 0x1e])));
        assert_eq!("".parse(), Ok(Payload::default()));
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused_with_the_reason() {
        assert_eq!("0g".parse::<Payload>(), Err(InvalidHexadecimal::Digit('g')));
        assert_eq!("0x".parse::<Payload>(), Err(InvalidHexadecimal::Digit('x')));
        assert_eq!("012".parse::<Payload>(), Err(InvalidHexadecimal::Odd));
        assert_eq!("0y".parse::<ReplyPattern>(), Err(InvalidHexadecimal::Digit('y')));
    }

    #[test]
    fn a_pattern_matches_the_beginning_with_any_digit_for_an_x() {
        let pattern: ReplyPattern = "1x xf".parse().unwrap();
        assert!(pattern.matches(&[0x17, 0x3f]));
        assert!(pattern.matches(&[0x17, 0x3f, 0xff]));
        assert!(!pattern.matches(&[0x27, 0x3f]));
        assert!(!pattern.matches(&[0x17]));
    }
}
