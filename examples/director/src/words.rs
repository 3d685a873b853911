//! The words of the command line, as getopt(3) gives them to keepalived.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Letters whose value may be left out. It is the rest of the word, without `=`, never the next word.
const VALUE_OR_NONE: &[u8] = b"tM";
/// Letters whose value is the rest of the word, or the next one.
const VALUE: &[u8] = b"fiSgprcbsuA";

/// `-t/tmp/log` as `-t=/tmp/log`: else the value would be taken for more letters.
pub(crate) fn with_values(words: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    words.map(|word| separated(word.as_bytes()).map_or(word, OsString::from_vec))
}

fn separated(word: &[u8]) -> Option<Vec<u8>> {
    let letters = word.strip_prefix(b"-").filter(|letters| !letters.starts_with(b"-"))?;
    let has_value = |letter: &u8| VALUE_OR_NONE.contains(letter) || VALUE.contains(letter);
    let position = letters.iter().position(has_value)?;
    let (before, rest) = letters.split_at_checked(position)?;
    let (letter, value) =
        rest.split_first().filter(|(letter, _)| VALUE_OR_NONE.contains(letter))?;
    let separate = !value.is_empty() && !value.starts_with(b"=");
    separate.then(|| [b"-", before, &[*letter], b"=", value].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> String {
        with_values([OsString::from(word)].into_iter()).next().unwrap().into_string().unwrap()
    }

    #[test]
    fn a_value_that_may_be_left_out_follows_its_letter_at_once() {
        assert_eq!(read("-t/tmp/log"), "-t=/tmp/log");
        assert_eq!(read("-nMcore.%p"), "-nM=core.%p");
    }

    #[test]
    fn other_words_stay_as_they_are() {
        for word in ["-t", "-t=log", "-ftest.conf", "-nftM", "--test", "test", "-", "-nlD"] {
            assert_eq!(read(word), word);
        }
    }
}
