//! Options among the words of a command line, as popt finds them: short ones in clusters, values
//! attached or following, words that are no options left over for later.

use std::collections::VecDeque;

use super::UsageError;
use super::options::{self, Opt, Value};

/// An option with its value, and the word in which it stood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) option: Opt,
    pub(super) value: Option<String>,
    pub(super) word: String,
}

pub(super) struct Words {
    words: VecDeque<String>,
    cluster: Option<Cluster>,
    leftover: VecDeque<String>,
}

/// What remains of a word of short options.
struct Cluster {
    word: String,
    letters: String,
}

impl Words {
    pub(super) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self { words: words.into_iter().collect(), cluster: None, leftover: VecDeque::new() }
    }

    /// The next option, passing over words that are none.
    pub(super) fn next_option(&mut self) -> Result<Option<Found>, UsageError> {
        loop {
            if let Some(cluster) = self.cluster.take() {
                return self.short(cluster).map(Some);
            }
            let Some(word) = self.words.pop_front() else { return Ok(None) };
            if word == "--" {
                self.leftover.append(&mut self.words);
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let Some(option) = options::long(name) else {
                    return Err(UsageError::Unknown(word));
                };
                return self.with_value(option, value, word).map(Some);
            } else if let Some(letters) = word.strip_prefix('-').filter(|it| !it.is_empty()) {
                let letters = letters.to_owned();
                self.cluster = Some(Cluster { word, letters });
            } else {
                self.leftover.push_back(word);
            }
        }
    }

    /// The next of the words that are no options.
    pub(super) fn next_leftover(&mut self) -> Option<String> {
        self.leftover.pop_front()
    }

    fn short(&mut self, Cluster { word, letters }: Cluster) -> Result<Found, UsageError> {
        let mut rest = letters.chars();
        let Some(option) = rest.next().and_then(options::short) else {
            return Err(UsageError::Unknown(word));
        };
        let rest = rest.as_str();
        if let Some(value) = rest.strip_prefix('=') {
            return self.with_value(option, Some(value.to_owned()), word);
        }
        if rest.is_empty() {
            return self.with_value(option, None, word);
        }
        if option.value() != Value::None {
            return self.with_value(option, Some(rest.to_owned()), word);
        }
        self.cluster = Some(Cluster { word: word.clone(), letters: rest.to_owned() });
        Ok(Found { option, value: None, word })
    }

    fn with_value(
        &mut self,
        option: Opt,
        attached: Option<String>,
        word: String,
    ) -> Result<Found, UsageError> {
        let value = match (option.value(), attached) {
            (Value::None, None) => None,
            (Value::None, Some(_)) => return Err(UsageError::TakesNoValue(word)),
            (_, Some(value)) => Some(value),
            (Value::Required, None) => match self.words.pop_front() {
                Some(value) => Some(value),
                None => return Err(UsageError::MissingValue(word)),
            },
            (Value::Optional, None) => self.words.pop_front_if(|next| !next.starts_with('-')),
        };
        Ok(Found { option, value, word })
    }
}
