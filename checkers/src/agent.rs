//! The agent check: the server itself says how much it can take.

use std::str::FromStr;

use crate::connect::ConnectError;
use crate::conversation::{Conversation, Line, LineError};
use crate::excerpt::excerpt;
use crate::{Check, ConnectOptions, DynamicWeight, Failure, Outcome, Report};

/// Asks an agent on the server, in HAProxy's words: a line of text over TCP.
///
/// The line has words between spaces, tabs or commas: `75%` asks for so much of the configured
/// weight, `weight:7` for a weight; `drain` for none, so that connections end by themselves; `down`,
/// `fail`, `stopped` and `maint` are failures, with what follows a `#` as the reason; `up` and
/// `ready` are well. What else there is (`maxconn:`) means nothing here.
///
/// An agent that cannot be reached, or talks nonsense, says nothing about the server: that is
/// inconclusive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AgentCheck {
    connect: ConnectOptions,
    send: Option<String>,
}

/// HAProxy's own limit is less.
const LONGEST_LINE: usize = 1024;

impl AgentCheck {
    /// Connects and listens.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect, send: None }
    }

    /// Says this first.
    #[must_use]
    pub fn send(self, text: impl Into<String>) -> Self {
        Self { send: Some(text.into()), ..self }
    }

    async fn attempt(&self) -> Result<(Report, String), ConnectError> {
        let mut agent = Conversation::begin(&self.connect).await?;
        if let Some(text) = &self.send {
            agent.send(text.as_bytes()).await?;
        }
        // HAProxy's agents may end their line by closing the connection.
        let line = agent.line_or_rest(LONGEST_LINE).await.map_err(|error| match error {
            LineError::Failed(failure) => failure,
            LineError::TooLong => {
                Failure::Malformed(self.connect.target, "a line without an end".to_owned())
            }
        })?;
        let (Line::Whole(line) | Line::Rest(line)) = line;
        let report = Report {
            connect: Some(agent.connect),
            first_byte: agent.first_byte,
            total: agent.elapsed(),
            ..Report::default()
        };
        agent.end();
        Ok((report, line))
    }
}

impl Check for AgentCheck {
    async fn check(&self) -> Outcome {
        match self.attempt().await {
            Ok((report, line)) => match line.parse() {
                Ok(Advice { down: Some(reason), .. }) => {
                    Outcome::Fail(Failure::Agent(self.connect.target, excerpt(&reason)))
                }
                Ok(Advice { weight, down: None }) => Outcome::Pass(Report { weight, ..report }),
                Err(NoAdvice(line)) => {
                    let text = format!("the agent says nothing that we know: {line:?}");
                    ConnectError::from(Failure::Malformed(self.connect.target, text)).unreachable()
                }
            },
            Err(error) => error.unreachable(),
        }
    }
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Advice {
    weight: Option<DynamicWeight>,
    /// The server is not well, for this reason.
    down: Option<String>,
}

/// Text without any word that says how the server is.
#[derive(Debug, PartialEq, Eq)]
struct NoAdvice(String);

impl FromStr for Advice {
    type Err = NoAdvice;

    fn from_str(line: &str) -> Result<Self, NoAdvice> {
        let (words, reason) = line.split_once('#').unwrap_or((line, ""));
        let mut advice = Self { weight: None, down: None };
        let mut known = false;
        for word in words.split([' ', '\t', ',', '\r']).map(str::to_ascii_lowercase) {
            let weight = weight(&word);
            known |= weight.is_some();
            advice.weight = weight.or(advice.weight);
            match word.as_str() {
                "up" | "ready" => known = true,
                "down" | "fail" | "stopped" | "maint" => {
                    known = true;
                    let reason = reason.trim();
                    let because =
                        if reason.is_empty() { String::new() } else { format!(": {reason}") };
                    advice.down = Some(word + &because);
                }
                _ => {}
            }
        }
        if known { Ok(advice) } else { Err(NoAdvice(line.to_owned())) }
    }
}

fn weight(word: &str) -> Option<DynamicWeight> {
    if word == "drain" {
        return Some(DynamicWeight::Absolute(0));
    }
    if let Some(percent) = word.strip_suffix('%') {
        return percent.parse().ok().map(DynamicWeight::Percent);
    }
    word.strip_prefix("weight:")?.parse().ok().map(DynamicWeight::Absolute)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn advice(line: &str) -> (Option<DynamicWeight>, Option<String>) {
        let Advice { weight, down } = line.parse().unwrap();
        (weight, down)
    }

    #[test]
    fn a_percentage_and_a_number_are_weights() {
        assert_eq!(advice("75%"), (Some(DynamicWeight::Percent(75)), None));
        assert_eq!(advice("up, weight:7 maxconn:30"), (Some(DynamicWeight::Absolute(7)), None));
    }

    #[test]
    fn a_server_that_drains_is_up_without_weight() {
        assert_eq!(advice("drain"), (Some(DynamicWeight::Absolute(0)), None));
    }

    #[test]
    fn a_server_that_says_so_is_down_with_its_reason() {
        assert_eq!(advice("down #disk full").1.as_deref(), Some("down: disk full"));
        for word in ["fail", "stopped", "MAINT", "down"] {
            assert!(advice(word).1.is_some(), "{word}");
        }
    }

    #[test]
    fn up_and_ready_are_well() {
        assert_eq!(advice("ready up"), (None, None));
    }

    #[test]
    fn a_line_without_a_known_word_is_no_advice() {
        for line in ["", "hello", "%", "x%", "weight:", "#down", "-1%"] {
            assert!(line.parse::<Advice>().is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(line in any::<String>()) {
            let _read = line.parse::<Advice>();
        }
    }
}
