//! Every keyword keepalived knows, one row each.
//!
//! A row says where a keyword may stand, what follows it, what holds without it, and what becomes of it
//! here. The parser, the checks and the reference documentation all read these rows.

mod checker;
mod garp_group;
mod global;
mod http;
mod mistakes;
mod root;
mod script;
mod sync_group;
mod track;
mod virtual_server;
mod vrrp_instance;

use std::fmt;

pub(crate) use mistakes::advice;
pub use root::ROOT;

/// The keywords that may stand in one kind of block.
#[derive(Debug)]
pub struct Block {
    /// The keyword that opens it; empty for the file itself.
    pub name: &'static str,
    /// Its keywords, in groups that some blocks share.
    pub keywords: &'static [&'static [Keyword]],
}

impl Block {
    /// The row of a keyword.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Keyword> {
        self.iter().find(|keyword| keyword.name == name)
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = &'static Keyword> + use<> {
        self.keywords.iter().copied().flatten()
    }

    /// This block and all that nest in it, each once.
    #[must_use]
    pub fn all(&'static self) -> Vec<&'static Self> {
        let mut found = vec![self];
        let mut next = 0;
        while let Some(block) = found.get(next) {
            for keyword in block.iter() {
                if let Body::Block(inner) = keyword.body
                    && !found.iter().any(|known| std::ptr::eq(*known, inner))
                {
                    found.push(inner);
                }
            }
            next += 1;
        }
        found
    }
}

/// One keyword in one kind of block.
#[derive(Debug, Clone, Copy)]
pub struct Keyword {
    /// As it is written.
    pub name: &'static str,
    /// What follows it on its line.
    pub arguments: Arguments,
    /// What holds without it.
    pub default: Absent,
    /// What becomes of it here.
    pub status: Status,
    /// What it means to write it twice.
    pub repeat: Repeat,
    /// What follows it in braces.
    pub body: Body,
    /// Keywords of which keepalived wants one above it.
    pub below: &'static [&'static str],
}

/// What becomes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what it does in keepalived.
    Works,
    /// It is read and has no effect, which is harmless; a warning says why.
    Accepted(&'static str),
    /// It is an error, because a configuration without it would mean something else.
    Refused(&'static str),
}

/// What holds if a keyword is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Nothing, or what the block's documentation says.
    Nothing,
    /// As if it had been written with these words.
    Literal(&'static str),
    /// It is an error.
    Required,
}

/// What it means to write a keyword twice in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The last one counts; a warning says so.
    Last,
    /// The first one counts; a warning says so.
    First,
    /// Each counts.
    Each,
}

/// What follows a keyword in braces.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Nothing: it takes no block.
    None,
    /// Further keywords.
    Block(&'static Block),
    /// Lines that are values, not keywords.
    Lines(&'static str),
}

/// What follows a keyword on its line. Displayed as people write it in a manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    None,
    /// `on|off|true|false|yes|no`; alone it means `true`.
    Flag,
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A whole number that may be left out.
    OptionalInteger {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// What the keyword means alone.
        alone: i64,
    },
    /// Seconds with up to six decimals. The bounds are in microseconds.
    Seconds {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// One word.
    Word(&'static str),
    /// One word or none.
    OptionalWord(&'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, whatever its case.
    ChoiceAnyCase(&'static [&'static str]),
    /// An IPv4 or IPv6 address.
    Address,
    /// An IPv4 address.
    Ipv4Address,
    /// An IPv6 address.
    Ipv6Address,
    /// An address and perhaps a port.
    Endpoint,
    /// One word, in quotes of either kind if it has blanks, in which backslashes escape.
    Quoted(&'static str),
    /// A command, in quotes if it has arguments.
    Command,
    /// A command and its arguments, each in quotes if it has blanks.
    CommandLine,
    /// A command, in quotes if it has arguments, and perhaps a user and a group to run it.
    CommandAndUser,
    /// The same, or nothing.
    OptionalCommandAndUser,
    /// A user and perhaps a group.
    User,
    /// A weight, perhaps `reverse`.
    Weight {
        /// The greatest, and the least with a minus before it.
        limit: i64,
    },
    /// Words with a grammar of their own.
    Words(&'static str),
    /// Words with a grammar of their own, or none.
    OptionalWords(&'static str),
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Flag => f.write_str("[on|off|true|false|yes|no]"),
            Self::Integer { min, max } => write!(f, "a number from {min} to {max}"),
            Self::OptionalInteger { min, max, .. } => write!(f, "[a number from {min} to {max}]"),
            Self::Seconds { min, max } => {
                write!(f, "seconds from {} to {}", seconds(*min), seconds(*max))
            }
            Self::Word(name) | Self::Quoted(name) | Self::Words(name) => f.write_str(name),
            Self::OptionalWord(name) | Self::OptionalWords(name) => write!(f, "[{name}]"),
            Self::Choice(words) | Self::ChoiceAnyCase(words) => f.write_str(&words.join("|")),
            Self::Address => f.write_str("an IP address"),
            Self::Ipv4Address => f.write_str("an IPv4 address"),
            Self::Ipv6Address => f.write_str("an IPv6 address"),
            Self::Endpoint => f.write_str("IP [PORT]"),
            Self::Command => f.write_str("COMMAND"),
            Self::CommandLine => f.write_str("COMMAND [ARGUMENT …]"),
            Self::CommandAndUser => f.write_str("COMMAND [USER [GROUP]]"),
            Self::OptionalCommandAndUser => f.write_str("[COMMAND [USER [GROUP]]]"),
            Self::User => f.write_str("USER [[:]GROUP]"),
            Self::Weight { limit } => write!(f, "a number from -{limit} to {limit} [reverse]"),
        }
    }
}

/// Microseconds as the shortest decimal number of seconds.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// keepalived's widest timer.
const TIMER_MAX: u64 = 4_294_967_295;
/// A pause between announcements. keepalived calls zero out of range, yet its own sample file has it.
const PACING: Arguments = Arguments::Seconds { min: 0, max: TIMER_MAX };
/// A time that may not be zero.
const TIMER: Arguments = Arguments::Seconds { min: 1, max: TIMER_MAX };
/// The weight of a script or an interface.
const WEIGHT: Arguments = Arguments::Weight { limit: 253 };
/// The weight of a file or of processes.
const WIDE_WEIGHT: Arguments = Arguments::Weight { limit: 254 };
const COUNT: Arguments = Arguments::Integer { min: 0, max: u32::MAX as i64 };
const POSITIVE: Arguments = Arguments::Integer { min: 1, max: u32::MAX as i64 };
const NAME: Arguments = Arguments::Word("NAME");

const NO_SNMP: &str = "there is no SNMP agent";

const fn row(name: &'static str, arguments: Arguments, status: Status) -> Keyword {
    Keyword {
        name,
        arguments,
        default: Absent::Nothing,
        status,
        repeat: Repeat::Last,
        body: Body::None,
        below: &[],
    }
}

const fn works(name: &'static str, arguments: Arguments) -> Keyword {
    row(name, arguments, Status::Works)
}

const fn accepted(name: &'static str, arguments: Arguments, why: &'static str) -> Keyword {
    row(name, arguments, Status::Accepted(why))
}

const fn refused(name: &'static str, arguments: Arguments, why: &'static str) -> Keyword {
    row(name, arguments, Status::Refused(why))
}

impl Keyword {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Absent::Literal(default);
        self
    }

    const fn required(mut self) -> Self {
        self.default = Absent::Required;
        self
    }

    const fn first(mut self) -> Self {
        self.repeat = Repeat::First;
        self
    }

    const fn each(mut self) -> Self {
        self.repeat = Repeat::Each;
        self
    }

    const fn below(mut self, others: &'static [&'static str]) -> Self {
        self.below = others;
        self
    }

    const fn block(mut self, block: &'static Block) -> Self {
        self.body = Body::Block(block);
        self
    }

    const fn lines(mut self, line: &'static str) -> Self {
        self.body = Body::Lines(line);
        self
    }
}

#[cfg(test)]
mod tests;
