use std::ops::Range;

use super::definitions::is_name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `~SEQ`
    Decimal,
    /// `~SEQx`
    Hexadecimal,
    /// `~LST`
    List,
}

impl Kind {
    pub(super) fn grammar(self) -> &'static str {
        match self {
            Self::Decimal => "`~SEQ(NAME, [START, [STEP,]] END) REST OF THE LINE`",
            Self::Hexadecimal => "`~SEQx(NAME, [START, [STEP,]] END) REST OF THE LINE`",
            Self::List => "`~LST(NAME, VALUE, …) REST` or `~LST({NAME, …}, {VALUE, …}, …) REST`",
        }
    }
}

/// `~SEQ(…)` at the beginning of a line.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// What stands between the parentheses.
    pub(super) arguments: Range<usize>,
    /// Where the rest of the line begins.
    pub(super) end: usize,
    /// Whether there is a closing parenthesis.
    pub(super) closed: bool,
}

pub(super) fn head(text: &str) -> Option<Head> {
    let kinds = [("~SEQ(", Kind::Decimal), ("~SEQx(", Kind::Hexadecimal), ("~LST(", Kind::List)];
    let (opening, kind) = kinds.into_iter().find(|(opening, _)| text.starts_with(opening))?;
    let closing = text.find(')');
    let closed = closing.is_some();
    let closing = closing.unwrap_or(text.len());
    Some(Head {
        kind,
        arguments: opening.len()..closing,
        end: (closing + 1).min(text.len()),
        closed,
    })
}

/// What each name is in one turn.
type Turn = Vec<(String, String)>;

/// The turns one after the other, or what is wrong.
pub(super) fn turns(kind: Kind, arguments: &str) -> Result<Box<dyn Iterator<Item = Turn>>, String> {
    match kind {
        Kind::Decimal => sequence(arguments, |n| n.to_string()),
        Kind::Hexadecimal => sequence(arguments, |n| format!("{n:x}")),
        Kind::List => list(arguments),
    }
}

fn sequence(
    arguments: &str,
    shown: fn(i64) -> String,
) -> Result<Box<dyn Iterator<Item = Turn>>, String> {
    let mut words = arguments.split(',').map(str::trim);
    let name = name(words.next().unwrap_or_default())?;
    let numbers = words.map(number).collect::<Result<Vec<_>, _>>()?;
    let (start, step, end) = match *numbers.as_slice() {
        [end] => (if end < 0 { -1 } else { 1 }, if end < 1 { -1 } else { 1 }, end),
        [start, end] => (start, if end < start { -1 } else { 1 }, end),
        [start, step, end] => (start, step, end),
        _ => return Err(format!("a sequence has one to three numbers, not {}", numbers.len())),
    };
    if step == 0 || (start < end && step < 0) || (start > end && step > 0) {
        return Err(format!("steps of {step} never lead from {start} to {end}"));
    }
    let next =
        move |&n: &i64| n.checked_add(step).filter(|&n| if step > 0 { n <= end } else { n >= end });
    let numbers = std::iter::successors(Some(start), next);
    Ok(Box::new(numbers.map(move |n| vec![(name.clone(), shown(n))])))
}

/// As in C: `0x` for hexadecimal.
fn number(word: &str) -> Result<i64, String> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let wrong = || format!("`{word}` is not a number");
    let unsigned = digits.starts_with(|c: char| c.is_ascii_digit());
    parsed.ok().filter(|_| unsigned).map(|n: u32| sign * i64::from(n)).ok_or_else(wrong)
}

fn list(arguments: &str) -> Result<Box<dyn Iterator<Item = Turn>>, String> {
    let mut groups = groups(arguments)?.into_iter();
    let names = groups.next().unwrap_or_default();
    let names = names.iter().map(|word| name(word)).collect::<Result<Vec<_>, _>>()?;
    let turns: Vec<Vec<String>> = groups.collect();
    if turns.is_empty() {
        return Err("a list needs at least one value".to_owned());
    }
    if let Some(turn) = turns.iter().find(|turn| turn.len() != names.len()) {
        return Err(format!("{} values cannot be {} names", turn.len(), names.len()));
    }
    Ok(Box::new(turns.into_iter().map(move |turn| names.iter().cloned().zip(turn).collect())))
}

/// `a, {b, c}, d` as `[a] [b c] [d]`.
fn groups(arguments: &str) -> Result<Vec<Vec<String>>, String> {
    let mut groups = Vec::new();
    let mut rest = arguments.trim();
    loop {
        let (group, after) = match rest.strip_prefix('{') {
            Some(inside) => {
                let (inside, after) = inside.split_once('}').ok_or("a `}` is missing")?;
                let words = inside.split(',').map(|word| word.trim().to_owned()).collect();
                (words, after.trim_start())
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (vec![word.trim().to_owned()], after)
            }
        };
        groups.push(group);
        match after.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if after.is_empty() => return Ok(groups),
            None => return Err(format!("expected a comma before `{after}`")),
        }
    }
}

fn name(word: &str) -> Result<String, String> {
    if is_name(word) { Ok(word.to_owned()) } else { Err(format!("`{word}` cannot be a name")) }
}
