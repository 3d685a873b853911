//! `-R`: many command lines from standard input.

use crate::arguments::{self, UsageError};
use crate::command::{Command, Invocation};
use crate::failure::Failure;
use crate::names::Names;

/// A line of the input, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule<T> {
    pub(crate) line: usize,
    pub(crate) content: T,
}

/// Understands all lines.
///
/// Words are parted by blanks and cannot be quoted. A line may begin with the program's name, as in a
/// script; empty lines and those that begin with `#` are passed over.
///
/// # Errors
///
/// [`Failure::Rules`]: every line that cannot be understood.
pub(crate) fn read(input: &str, names: &dyn Names) -> Result<Vec<Rule<Command>>, Failure> {
    let (mut rules, mut bad) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(input.lines()) {
        let words = text.split_ascii_whitespace();
        let mut words = words.skip_while(|word| matches!(*word, "ipvsadm" | "lvsadm")).peekable();
        if words.peek().is_none_or(|word| word.starts_with('#')) {
            continue;
        }
        match arguments::parse(words.map(ToOwned::to_owned), names) {
            Ok(Invocation::Obey(content)) => rules.push(Rule { line, content }),
            Ok(_) => bad.push(Rule { line, content: UsageError::NoRule.into() }),
            Err(error) => bad.push(Rule { line, content: error.into() }),
        }
    }
    if bad.is_empty() { Ok(rules) } else { Err(Failure::Rules(bad)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::SystemNames;

    fn lines_of(input: &str) -> Result<Vec<usize>, Vec<(usize, u8)>> {
        match read(input, &SystemNames::new()) {
            Ok(rules) => Ok(rules.iter().map(|rule| rule.line).collect()),
            Err(Failure::Rules(bad)) => {
                Err(bad.iter().map(|rule| (rule.line, rule.content.status())).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn blanks_empty_lines_comments_and_the_program_s_name_are_passed_over() {
        let input = "\n# servers\n  -A\t-t 10.0.0.1:80  \r\nipvsadm -C\nipvsadm\nlvsadm -Z";
        assert_eq!(lines_of(input), Ok(vec![3, 4, 6]));
    }

    #[test]
    fn every_bad_line_is_named() {
        let input = "-A -t 10.0.0.1:80\n-A -t nowhere.invalid:x\n-C\n-A --nonsense\n-R\n";
        assert_eq!(lines_of(input), Err(vec![(2, 2), (4, 255), (5, 255)]));
    }

    #[test]
    fn words_cannot_be_quoted() {
        assert_eq!(lines_of("-A -t \"10.0.0.1:80\""), Err(vec![(1, 2)]));
    }
}
