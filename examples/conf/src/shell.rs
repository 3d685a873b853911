//! Commands to words, as keepalived splits them: quotes of both kinds, glue, backslashes; no expansion.

/// The command at the start of a line and how many bytes it takes there.
///
/// A command in quotes is split again, so `"/bin/notify.sh master"` is a program and its argument.
pub(crate) fn command(line: &str) -> Result<(Vec<String>, usize), Unclosed> {
    let quoted = line.starts_with(['"', '\'']);
    let escapes = if quoted { Escapes::Kept } else { Escapes::Read };
    let Some((first, used)) = word(line, escapes)? else { return Ok((Vec::new(), 0)) };
    let argv = if first.starts_with('<') {
        // Only a shell can open what is no file, as in `</dev/tcp/127.0.0.1/80`.
        ["/bin/sh", "-c", &first].map(str::to_owned).into()
    } else if quoted {
        words(&first)?
    } else {
        vec![first]
    };
    Ok((argv, used))
}

/// The first argument that would mean something to a shell.
pub(crate) fn meant_for_a_shell(argv: &[String]) -> Option<&str> {
    let (_, arguments) = argv.split_first()?;
    arguments.iter().map(String::as_str).find(|argument| {
        let redirected = argument.trim_start_matches(|c: char| c.is_ascii_digit());
        matches!(*argument, "|" | "||" | "&" | "&&" | ";") || redirected.starts_with('>')
    })
}

/// What becomes of a backslash before a letter or digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// It stays, for the second splitting or for whoever reads the word.
    Kept,
    /// It stands for a character: `\a \b \E \f \n \r \t \v`, `\ooo`, `\xHH`, `\cC`.
    Read,
}

/// A quote that is never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed;

/// All words of a text.
pub(crate) fn words(mut text: &str) -> Result<Vec<String>, Unclosed> {
    let mut words = Vec::new();
    while let Some((word, used)) = word(text, Escapes::Read)? {
        words.push(word);
        text = text.get(used..).unwrap_or_default();
    }
    Ok(words)
}

/// The first word and how many bytes it takes, blanks before it included.
pub(crate) fn next_word(text: &str) -> Result<Option<(String, usize)>, Unclosed> {
    word(text, Escapes::Kept)
}

fn word(text: &str, escapes: Escapes) -> Result<Option<(String, usize)>, Unclosed> {
    let blanks = text.len() - text.trim_start().len();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while characters.next_if(|&(at, _)| at < blanks).is_some() {}
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
                Some((at, next)) => {
                    let rest = text.get(at..).unwrap_or_default();
                    match escape(rest).filter(|_| escapes == Escapes::Read) {
                        Some((meant, length)) => {
                            word.push(meant);
                            while characters.next_if(|&(next, _)| next < at + length).is_some() {}
                        }
                        None => word.extend(['\\', next]),
                    }
                }
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

/// What the characters after a backslash stand for, and how many they are.
fn escape(rest: &str) -> Option<(char, usize)> {
    let first = rest.chars().next()?;
    let simple = match first {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'E' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => return number(rest.get(1..)?, 16, 2).map(|(c, length)| (c, length + 1)),
        '0'..='7' => return number(rest, 8, 3),
        'c' => {
            let control = rest.as_bytes().get(1).copied().filter(u8::is_ascii_graphic)?;
            return Some((char::from(control & 0x1f), 2)).filter(|&(c, _)| c != '\0');
        }
        _ => return None,
    };
    Some((simple, 1))
}

/// A character by its number. No argument of a program can hold the character zero.
fn number(text: &str, radix: u32, most: usize) -> Option<(char, usize)> {
    let length = text.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    let number = u8::from_str_radix(text.get(..length)?, radix).ok().filter(|&n| n != 0)?;
    Some((char::from(number), length))
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
    fn a_redirection_alone_is_for_a_shell() {
        let expected = ["/bin/sh", "-c", "</dev/tcp/127.0.0.1/80"];
        assert_eq!(argv(r#""</dev/tcp/127.0.0.1/80""#), expected);
        assert_eq!(argv("</dev/tcp/127.0.0.1/80"), expected);
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
    fn a_backslash_before_letters_and_digits_stands_for_a_character() {
        assert_eq!(
            argv(r#""/bin/echo a\tb \x41\102 'c\td' \d""#),
            ["/bin/echo", "a\tb", "AB", r"c\td", r"\d"]
        );
        assert_eq!(argv(r"/bin/a\x20b"), ["/bin/a b"]);
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(command("'/bin/true"), Err(Unclosed));
        assert_eq!(command(r#""/bin/echo 'x" root"#), Err(Unclosed));
    }
}
