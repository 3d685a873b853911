/// So many characters are shown.
const SHOWN: usize = 200;

/// How what somebody else said begins, fit for a line that people read: control characters, which
/// may do anything to a terminal, are escaped.
pub(crate) fn excerpt(text: &str) -> String {
    let mut excerpt = String::new();
    for letter in text.chars().take(SHOWN) {
        if letter.is_control() {
            excerpt.extend(letter.escape_default());
        } else {
            excerpt.push(letter);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_and_harmless_is_shown_as_it_is() {
        assert_eq!(excerpt("größer als 5"), "größer als 5");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(excerpt("a\x1b[2J\n\u{9b}"), r"a\u{1b}[2J\n\u{9b}");
    }

    #[test]
    fn what_is_long_is_cut_and_the_cut_is_shown() {
        assert_eq!(excerpt(&"é".repeat(SHOWN + 1)), "é".repeat(SHOWN) + "…");
        assert_eq!(excerpt(&"é".repeat(SHOWN)), "é".repeat(SHOWN));
    }
}
