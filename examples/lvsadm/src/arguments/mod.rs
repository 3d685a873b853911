//! From the words of a command line to what is to be done.

mod address;
mod error;
mod given;
mod meaning;
mod number;
mod options;
mod rules;
mod tunnel;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use error::UsageError;
use given::Given;
use number::number;
use options::Opt;
use steadfast_ipvs::SyncRole;
use words::Words;

use crate::command::{Command, Invocation, List, NewTimeouts};
use crate::names::Names;

/// The longest timeout: 31 days.
const LONGEST_TIMEOUT: u32 = 31 * 24 * 60 * 60;

/// Understands a command line without the program's name.
///
/// # Errors
///
/// Why it cannot be obeyed; the first reason, in the order of the words.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = String>,
    names: &dyn Names,
) -> Result<Invocation, UsageError> {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.peek().is_none() {
        return Ok(Invocation::Obey(Command::List(List::default())));
    }
    let mut words = Words::new(arguments);
    let Ok(Some(first)) = words.next_option() else { return Err(UsageError::NoCommand) };
    let role = match first.option {
        Opt::Help => return Ok(Invocation::Help),
        Opt::Version => return Ok(Invocation::Version),
        Opt::StartDaemon | Opt::StopDaemon => Some(role(first.option, first.value)?),
        _ => None,
    };
    if !is_command(first.option) {
        return Err(UsageError::NoCommand);
    }
    let mut given = Given::new(names);
    while let Some(found) = words.next_option()? {
        if is_command(found.option) {
            return Err(UsageError::SecondCommand(found.word));
        }
        given.take(found)?;
    }
    let timeouts = match first.option {
        Opt::Set => Some(timeouts(&mut words)?),
        _ => None,
    };
    if let Some(word) = words.next_leftover() {
        return Err(UsageError::Unexpected(word));
    }
    rules::check(first.option, given.options())?;
    Ok(Invocation::Obey(match (first.option, timeouts, role) {
        (Opt::Restore, ..) => return Ok(Invocation::Restore),
        (Opt::List, ..) => given.list(),
        (Opt::Save, ..) => Command::Save { numeric: given.has(Opt::Numeric) },
        (Opt::Clear, ..) => Command::Clear,
        (Opt::Zero, ..) => Command::Zero(given.service),
        (Opt::Set, Some(timeouts), _) => Command::SetTimeouts(timeouts),
        (Opt::StartDaemon, _, Some(role)) => Command::StartDaemon(given.daemon(role)?),
        (Opt::StopDaemon, _, Some(role)) => Command::StopDaemon(role),
        (command, ..) => Command::Change(given.change(command)?),
    }))
}

fn is_command(option: Opt) -> bool {
    matches!(
        option,
        Opt::AddService
            | Opt::EditService
            | Opt::DeleteService
            | Opt::Clear
            | Opt::AddServer
            | Opt::EditServer
            | Opt::DeleteServer
            | Opt::List
            | Opt::Save
            | Opt::Restore
            | Opt::Zero
            | Opt::Set
            | Opt::StartDaemon
            | Opt::StopDaemon
            | Opt::Help
            | Opt::Version
    )
}

fn role(option: Opt, value: Option<String>) -> Result<SyncRole, UsageError> {
    let text = value.unwrap_or_default();
    match text.as_str() {
        "master" => Ok(SyncRole::Master),
        "backup" => Ok(SyncRole::Backup),
        _ => Err(UsageError::Value { option, text, expected: "master or backup" }),
    }
}

fn timeouts(words: &mut Words) -> Result<NewTimeouts, UsageError> {
    let mut next = || {
        let text = words.next_leftover().ok_or(UsageError::SetTakesThree)?;
        number(&text, 0..=LONGEST_TIMEOUT).ok_or(UsageError::Value {
            option: Opt::Set,
            text,
            expected: "a number of seconds up to 2678400 (31 days)",
        })
    };
    Ok(NewTimeouts { tcp: next()?, tcp_fin: next()?, udp: next()? })
}
