//! Commands to words, as keepalived splits them: quotes of both kinds, glue, backslashes; no expansion.

/// The command at the start of a line and how many bytes it takes there.
///
/// A command in quotes is split again, so `"/bin/notify.sh master"` is a program and its argument.
pub(crate) fn command(line: &str) -> Result<(Vec<String>, usize), Unclosed> {
    let Some((first, used)) = next_word(line)? else { return Ok((Vec::new(), 0)) };
    let argv = if line.starts_with(['"', '\'']) { split(&first)? } else { vec![first] };
    Ok((argv, used))
}

/// A quote that is never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed;

fn split(mut text: &str) -> Result<Vec<String>, Unclosed> {
    let mut words = Vec::new();
    while let Some((word, used)) = next_word(text)? {
        words.push(word);
        text = text.get(used..).unwrap_or_default();
    }
    Ok(words)
}

/// The first word and how many bytes it takes, blanks before it included.
fn next_word(text: &str) -> Result<Option<(String, usize)>, Unclosed> {
    let blanks = text.len() - text.trim_start().len();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.char_indices().skip_while(|&(at, _)| at < blanks);
    let mut started = false;
    let mut end = text.len();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                end = at;
                break;
            }
            (None | Some('"'), '\\') => match characters.next() {
                Some((_, next @ ('"' | '\'' | '\\' | ' ' | '#' | '!'))) => word.push(next),
                // Kept for the second splitting, or for the program.
                Some((_, next)) => word.extend(['\\', next]),
                None => word.push('\\'),
            },
            (_, c) => word.push(c),
        }
        started = true;
    }
    match quote {
        Some(_) => Err(Unclosed),
        None => Ok(started.then_some((word, end))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        command(line).unwrap().0
    }

    #[test]
    fn a_quoted_command_is_split_into_program_and_arguments() {
        assert_eq!(argv(r#""/etc/notify.sh master" root"#), ["/etc/notify.sh", "master"]);
    }

    #[test]
    fn an_unquoted_command_is_one_word() {
        assert_eq!(argv("/etc/notify.sh master"), ["/etc/notify.sh"]);
    }

    #[test]
    fn inner_quotes_protect_blanks() {
        assert_eq!(argv(r#""/bin/echo 'x  y' \"a b\" z" root"#), ["/bin/echo", "x  y", "a b", "z"]);
    }

    #[test]
    fn what_follows_the_command_is_left() {
        let line = r#""/bin/true a" root"#;
        let (_, used) = command(line).unwrap();
        assert_eq!(&line[used..], " root");
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(command("'/bin/true"), Err(Unclosed));
        assert_eq!(command(r#""/bin/echo 'x" root"#), Err(Unclosed));
    }
}
