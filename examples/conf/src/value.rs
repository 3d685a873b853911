//! Words to values, by the shape a keyword's row gives them.

use std::net::IpAddr;
use std::time::Duration;

use crate::keywords::Arguments;
use crate::model::{Script, ScriptUser, TrackWeight};
use crate::tree::{Statement, Word};
use crate::{Diagnostic, Diagnostics, Severity, Sources, shell};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// The keyword alone, or words that whoever builds the model reads for itself.
    Words,
    Flag(bool),
    Integer(i64),
    Seconds(Duration),
    Text(String),
    Address(IpAddr),
    Endpoint(IpAddr, Option<u16>),
    Script(Box<Script>),
    User(Box<ScriptUser>),
    Weight(TrackWeight),
}

/// Reads what follows a keyword. Whatever is wrong is reported; `None` if there is no value then.
pub(crate) fn read(
    arguments: Arguments,
    statement: &Statement<'_>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let words = &statement.arguments;
    if let Arguments::OptionalCommandAndUser = arguments
        && words.is_empty()
    {
        return Some(Value::Words);
    }
    if let Arguments::Command
    | Arguments::CommandLine
    | Arguments::CommandAndUser
    | Arguments::OptionalCommandAndUser = arguments
    {
        return command(arguments, statement, sources, diagnostics);
    }
    if let (Arguments::Quoted(_), Some(_)) = (arguments, words.first()) {
        return quoted(statement, sources, diagnostics);
    }
    let Some(first) = words.first() else {
        let alone = without_words(arguments);
        if alone.is_none() {
            diagnostics.push(
                Diagnostic::new(
                    Severity::Error,
                    statement.keyword.span,
                    format!("`{}` needs a value", statement.keyword.text),
                )
                .label(format!("expected {arguments}")),
            );
        }
        return alone;
    };
    if let Arguments::None = arguments {
        warn_of_extra(arguments, statement, 0, diagnostics);
        return Some(Value::Words);
    }
    if first.text == "=" {
        let keyword = statement.keyword.text;
        diagnostics.push(
            Diagnostic::new(Severity::Error, first.span, format!("no `=` follows `{keyword}`"))
                .label("only a blank")
                .help("remove it"),
        );
        return None;
    }
    if let Arguments::Words(_) | Arguments::OptionalWords(_) = arguments {
        return Some(Value::Words);
    }
    match one(arguments, first, words.get(1..).unwrap_or_default()) {
        Ok((value, used)) => {
            warn_of_extra(arguments, statement, used, diagnostics);
            warn_of_end_mark(arguments, first, diagnostics);
            Some(value)
        }
        Err(wrong) => {
            if let Some((value, junk)) = without_junk(arguments, wrong) {
                diagnostics.push(
                    Diagnostic::new(
                        Severity::Warning,
                        wrong.span,
                        format!("`{junk}` is no part of a number"),
                    )
                    .label("left out, as keepalived does; its `-t` calls this an error"),
                );
                return Some(value);
            }
            if let Some((address, length)) = without_length(first)
                && let Ok((value, _)) = one(arguments, &address, words.get(1..).unwrap_or_default())
                && let Value::Address(_) | Value::Endpoint(..) = value
            {
                diagnostics.push(no_length(first, length));
                return Some(value);
            }
            diagnostics.push(cannot_be(statement.keyword.text, wrong, arguments));
            None
        }
    }
}

/// A line of other configuration languages ends with it.
fn warn_of_end_mark(arguments: Arguments, word: &Word<'_>, diagnostics: &mut Diagnostics) {
    if let Arguments::Word(_) | Arguments::OptionalWord(_) = arguments
        && word.text.ends_with(';')
    {
        diagnostics.push(
            Diagnostic::new(Severity::Warning, word.span, "the `;` is a part of this word")
                .label("keepalived takes it so, too")
                .help("remove it: a line needs no mark at its end"),
        );
    }
}

/// The number that a word begins with, and what follows it.
fn without_junk<'t>(arguments: Arguments, word: &Word<'t>) -> Option<(Value, &'t str)> {
    let number = match arguments {
        Arguments::Integer { .. }
        | Arguments::OptionalInteger { .. }
        | Arguments::Seconds { .. } => |c: char| c.is_ascii_digit() || c == '.',
        _ => return None,
    };
    let end = word.text.find(|c| !number(c))?;
    let (digits, junk) = word.text.split_at_checked(end)?;
    // Whoever writes 0x10 does not mean 0.
    if digits.is_empty() || junk.starts_with(['x', 'X']) {
        return None;
    }
    let digits = Word { text: digits, span: word.span };
    one(arguments, &digits, &[]).ok().map(|(value, _)| (value, junk))
}

/// An address; a length that follows it is reported.
pub(crate) fn address(word: &Word<'_>, diagnostics: &mut Diagnostics) -> Option<IpAddr> {
    if let Ok(address) = word.text.parse() {
        return Some(address);
    }
    let (without, length) = without_length(word)?;
    let address = without.text.parse().ok()?;
    diagnostics.push(no_length(word, length));
    Some(address)
}

/// What stands before `/LENGTH`, and that.
fn without_length<'t>(word: &Word<'t>) -> Option<(Word<'t>, &'t str)> {
    let (text, length) = word.text.split_at_checked(word.text.find('/')?)?;
    Some((Word { text, ..*word }, length))
}

fn no_length(word: &Word<'_>, length: &str) -> Diagnostic {
    let message = format!("`{length}` is no part of an address alone");
    Diagnostic::new(Severity::Warning, word.span, message).label("left out, as keepalived does")
}

/// The value of a literal default; `None` if the row's shape does not fit it.
pub(crate) fn literal(arguments: Arguments, text: &str) -> Option<Value> {
    let word = Word { text, span: crate::Span::default() };
    one(arguments, &word, &[]).ok().map(|(value, _)| value)
}

fn without_words(arguments: Arguments) -> Option<Value> {
    match arguments {
        Arguments::None | Arguments::OptionalWord(_) | Arguments::OptionalWords(_) => {
            Some(Value::Words)
        }
        Arguments::Flag => Some(Value::Flag(true)),
        Arguments::OptionalInteger { alone, .. } => Some(Value::Integer(alone)),
        _ => None,
    }
}

fn cannot_be(keyword: &str, wrong: &Word<'_>, arguments: Arguments) -> Diagnostic {
    let error = Diagnostic::new(
        Severity::Error,
        wrong.span,
        format!("`{keyword}` cannot be `{}`", wrong.text),
    )
    .label(format!("expected {arguments}"));
    let near = match arguments {
        Arguments::Choice(words) | Arguments::ChoiceAnyCase(words) => {
            crate::nearest::nearest(&wrong.text.to_uppercase(), words.iter().copied()).or_else(
                || crate::nearest::nearest(&wrong.text.to_lowercase(), words.iter().copied()),
            )
        }
        _ => None,
    };
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The value, and how many words it took; or the word that is wrong.
fn one<'w, 't>(
    arguments: Arguments,
    first: &'w Word<'t>,
    rest: &'w [Word<'t>],
) -> Result<(Value, usize), &'w Word<'t>> {
    let text = first.text;
    let value = match arguments {
        Arguments::Flag => match text {
            "on" | "true" | "yes" => Some(Value::Flag(true)),
            "off" | "false" | "no" => Some(Value::Flag(false)),
            _ => None,
        },
        Arguments::Integer { min, max } | Arguments::OptionalInteger { min, max, .. } => {
            integer(text).filter(|n| (min..=max).contains(n)).map(Value::Integer)
        }
        Arguments::Seconds { min, max } => micros(text)
            .filter(|n| (min..=max).contains(n))
            .map(|n| Value::Seconds(Duration::from_micros(n))),
        Arguments::Word(_) | Arguments::OptionalWord(_) => Some(Value::Text(text.to_owned())),
        Arguments::Choice(words) => words.contains(&text).then(|| Value::Text(text.to_owned())),
        Arguments::ChoiceAnyCase(words) => words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(text))
            .map(|word| Value::Text((*word).to_owned())),
        Arguments::Address => text.parse().ok().map(Value::Address),
        Arguments::Ipv4Address => text.parse().ok().map(|ip| Value::Address(IpAddr::V4(ip))),
        Arguments::Ipv6Address => text.parse().ok().map(|ip| Value::Address(IpAddr::V6(ip))),
        Arguments::Endpoint => {
            let address = text.parse().map_err(|_| first)?;
            return match rest.first() {
                None => Ok((Value::Endpoint(address, None), 1)),
                Some(port) => {
                    let number = integer(port.text).and_then(|n| u16::try_from(n).ok());
                    Ok((Value::Endpoint(address, Some(number.ok_or(port)?)), 2))
                }
            };
        }
        Arguments::User => return Ok(user(first, rest)),
        Arguments::Weight { limit } => return weight(limit, first, rest),
        Arguments::None
        | Arguments::Words(_)
        | Arguments::OptionalWords(_)
        | Arguments::Quoted(_)
        | Arguments::Command
        | Arguments::CommandLine
        | Arguments::CommandAndUser
        | Arguments::OptionalCommandAndUser => Some(Value::Words),
    };
    value.map(|value| (value, 1)).ok_or(first)
}

/// Decimal digits, perhaps a minus sign, and nothing else.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Seconds with decimals, as microseconds; further digits are rounded as keepalived does.
pub(crate) fn micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut micros = 0;
    let mut digit = fraction.bytes().map(|b| u64::from(b - b'0')).chain(std::iter::repeat(0));
    for _ in 0..6 {
        micros = micros * 10 + digit.next().unwrap_or(0);
    }
    let up = u64::from(digit.next().unwrap_or(0) >= 5);
    whole.checked_mul(1_000_000)?.checked_add(micros + up)
}

/// `USER [[:]GROUP]`: the colon stands before the group, or by itself.
fn user(first: &Word<'_>, rest: &[Word<'_>]) -> (Value, usize) {
    let mut used = 1;
    let mut rest = rest.iter().map(|word| word.text);
    let mut supplementary_groups = false;
    let mut group = None;
    if let Some(word) = rest.next() {
        used += 1;
        match word.strip_prefix(':') {
            Some("") => {
                supplementary_groups = true;
                group = rest.next();
                used += usize::from(group.is_some());
            }
            Some(name) => {
                supplementary_groups = true;
                group = Some(name);
            }
            None => group = Some(word),
        }
    }
    let user = ScriptUser {
        user: first.text.to_owned(),
        group: group.map(str::to_owned),
        supplementary_groups,
    };
    (Value::User(Box::new(user)), used)
}

fn weight<'w, 't>(
    limit: i64,
    first: &'w Word<'t>,
    rest: &[Word<'_>],
) -> Result<(Value, usize), &'w Word<'t>> {
    let reverse = rest.first().is_some_and(|word| word.text == "reverse");
    let used =
        1 + usize::from(rest.first().is_some_and(|w| matches!(w.text, "reverse" | "noreverse")));
    let number = integer(first.text).filter(|number| (-limit..=limit).contains(number));
    let number = number.ok_or(first)?;
    let weight = TrackWeight::new(number, reverse).map_err(|_| first)?;
    Ok((Value::Weight(weight), used))
}

fn command(
    arguments: Arguments,
    statement: &Statement<'_>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let keyword = &statement.keyword;
    let (Some(first), Some(last)) = (statement.arguments.first(), statement.arguments.last())
    else {
        diagnostics.push(
            Diagnostic::new(
                Severity::Error,
                keyword.span,
                format!("`{}` needs a command", keyword.text),
            )
            .label(format!("expected {arguments}")),
        );
        return None;
    };
    let whole = first.span.to(last.span);
    let text = sources.text(whole);
    let read = match arguments {
        Arguments::CommandLine => shell::words(text).map(|argv| (argv, text.len())),
        _ => shell::command(text),
    };
    let Ok((argv, used)) = read else {
        diagnostics.push(Diagnostic::new(
            Severity::Error,
            whole,
            "a quote in this command is not closed",
        ));
        return None;
    };
    if argv.first().is_none_or(String::is_empty) {
        diagnostics.push(Diagnostic::new(Severity::Error, whole, "this command is empty"));
        return None;
    }
    let command_end = whole.start + used;
    let span = crate::Span { end: command_end, ..whole };
    if let Some(argument) = shell::meant_for_a_shell(&argv) {
        diagnostics.push(
            Diagnostic::new(Severity::Warning, span, format!("no shell reads the `{argument}`"))
                .label("it is an argument of the program, as in keepalived")
                .help("write a script, or `\"/bin/sh -c '…'\"`"),
        );
    }
    let following = statement.arguments.iter().position(|word| word.span.start >= command_end);
    let following = following.unwrap_or(statement.arguments.len());
    let mut script = Script { argv, user: None, span: span.into() };
    let mut taken = following;
    if let Arguments::CommandAndUser | Arguments::OptionalCommandAndUser = arguments
        && let Some([user_word, group @ ..]) = statement.arguments.get(following..)
        && let (Value::User(who), count) = user(user_word, group)
    {
        script.user = Some(*who);
        taken += count;
    }
    if let Some(extra) = statement.arguments.get(taken) {
        diagnostics.push(
            Diagnostic::new(
                Severity::Warning,
                extra.span.to(last.span),
                format!("`{}` is not passed to the command", extra.text),
            )
            .label("ignored, as keepalived does")
            .help("put the command and its arguments together in quotes"),
        );
    }
    Some(Value::Script(Box::new(script)))
}

fn quoted(
    statement: &Statement<'_>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let first = statement.arguments.first()?;
    let whole = first.span.to(statement.arguments.last()?.span);
    match shell::next_word(sources.text(whole)) {
        Ok(word) => {
            let (text, end) = word?;
            let extra = |word: &Word<'_>| word.span.start >= whole.start + end;
            if let Some(extra) = statement.arguments.iter().find(|word| extra(word)) {
                let message =
                    format!("`{}` is too much after `{}`", extra.text, statement.keyword.text);
                diagnostics.push(
                    Diagnostic::new(Severity::Warning, extra.span, message)
                        .label("ignored, as keepalived does")
                        .help("put what belongs together in quotes"),
                );
            }
            Some(Value::Text(text))
        }
        Err(shell::Unclosed) => {
            let message = format!("a quote after `{}` is not closed", statement.keyword.text);
            diagnostics.push(Diagnostic::new(Severity::Error, whole, message));
            None
        }
    }
}

fn warn_of_extra(
    arguments: Arguments,
    statement: &Statement<'_>,
    used: usize,
    diagnostics: &mut Diagnostics,
) {
    let (Some(extra), Some(last)) = (statement.arguments.get(used), statement.arguments.last())
    else {
        return;
    };
    let keyword = &statement.keyword.text;
    let warning = Diagnostic::new(
        Severity::Warning,
        extra.span.to(last.span),
        match arguments {
            Arguments::None => format!("`{keyword}` takes no value"),
            _ => format!("`{}` is too much after `{keyword}`", extra.text),
        },
    )
    .label("ignored, as keepalived does");
    let negated = matches!(extra.text, "0" | "no" | "off" | "false");
    diagnostics.push(match arguments {
        Arguments::None if negated => {
            warning.help(format!("`{keyword}` is in force whatever follows: remove the line"))
        }
        _ => warning,
    });
}

#[cfg(test)]
mod tests;
