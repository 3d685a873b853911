use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fancy_regex::{BytesMode, Regex, RegexBuilder, RegexInput};
use regex_syntax::ParserBuilder;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

/// So often may a match go back: some patterns never end on some texts.
const BACKTRACK_LIMIT: usize = 1_000_000;
/// Look-around may read to the end of the body at every place of it.
const LONGEST_LOOKED_AROUND: usize = 256 * 1024;

/// A regular expression that is looked for in a body of bytes.
///
/// The syntax is that of Perl, with look-around and back-references: `$` is also before the line end at the
/// end of a body. Offsets are in bytes.
///
/// A search takes time in proportion to the body's length, whatever the pattern is, unless it has
/// look-around or back-references. With those it takes place on a thread of its own until the attempt's
/// time is over, and only in bodies of up to 256 KiB.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    options: PatternOptions,
    regex: Arc<Regex>,
    /// A search takes time in proportion to the body's length.
    linear: bool,
}

/// Why it cannot be told whether there is a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecided {
    /// The pattern and the body do not go together.
    #[error("that takes more than a million steps back")]
    Steps,
    /// The pattern has look-around or back-references.
    #[error("look-around and back-references are for answers of up to 256 KiB")]
    Length,
    /// The same.
    #[error("that takes too long")]
    Time,
}

/// How a pattern is looked for; the names are those of keepalived's `regex_options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PatternOptions {
    /// Upper and lower case are the same.
    pub caseless: bool,
    /// `^` and `$` are at each line.
    pub multiline: bool,
    /// `.` is a line's end too.
    pub dotall: bool,
    /// Spaces in the pattern mean nothing, and `#` begins a comment.
    pub extended: bool,
    /// A match begins nowhere before this (`regex_min_offset`).
    pub min_offset: usize,
    /// A match begins nowhere behind this (`regex_max_offset`).
    pub max_offset: Option<usize>,
}

/// Text that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no regular expression: {why}")]
pub struct InvalidPattern {
    text: String,
    why: String,
}

impl Pattern {
    /// Makes it ready.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] if it is none.
    pub fn new(text: impl Into<String>, options: PatternOptions) -> Result<Self, InvalidPattern> {
        let text = text.into();
        let build = |text: &str| {
            RegexBuilder::new(text)
                .case_insensitive(options.caseless)
                .multi_line(options.multiline)
                .dot_matches_new_line(options.dotall)
                .ignore_whitespace(options.extended)
                .bytes_mode(BytesMode::Ascii)
                .backtrack_limit(BACKTRACK_LIMIT)
                .build()
        };
        let ours = with_perls_end(&text).filter(|_| !options.multiline);
        let ours = ours.and_then(|ours| Some((build(&ours).ok()?, ours)));
        let built = match ours {
            Some((regex, ours)) => Ok((regex, Cow::Owned(ours))),
            // Look-behind, say, where only what has one length may stand.
            None => build(&text).map(|regex| (regex, Cow::Borrowed(text.as_str()))),
        };
        match built {
            Ok((regex, searched)) => {
                let linear = is_regular(&searched, options);
                Ok(Self { text, options, regex: Arc::new(regex), linear })
            }
            Err(error) => Err(InvalidPattern { why: error.to_string(), text }),
        }
    }

    /// Whether there is a match.
    ///
    /// # Errors
    ///
    /// [`Undecided`] if that cannot be told, which only happens with look-around and
    /// back-references.
    pub fn is_found_in(&self, body: &[u8]) -> Result<bool, Undecided> {
        self.search(body, || true)
    }

    /// The same by the deadline, without keeping other tasks waiting.
    pub(super) async fn is_found_by(
        &self,
        deadline: Instant,
        body: &Bytes,
    ) -> Result<bool, Undecided> {
        if self.linear {
            return self.is_found_in(body);
        }
        let wanted = Wanted::default();
        let still = Arc::clone(&wanted.0);
        let (pattern, body) = (self.clone(), body.clone());
        let search = move || pattern.search(&body, || still.load(Ordering::Relaxed));
        match timeout_at(deadline, spawn_blocking(search)).await {
            Ok(Ok(found)) => found,
            Ok(Err(failed)) => match failed.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(Undecided::Time),
            },
            Err(_) => Err(Undecided::Time),
        }
    }

    /// Asks between steps whether to go on.
    fn search(&self, body: &[u8], goes_on: impl Fn() -> bool) -> Result<bool, Undecided> {
        let PatternOptions { min_offset, max_offset, .. } = self.options;
        if min_offset > body.len() {
            return Ok(false);
        }
        let max_offset = max_offset.unwrap_or(body.len());
        if self.linear {
            let found = self.regex.find_from_pos(body, min_offset);
            let found = found.map_err(|_| Undecided::Steps)?;
            return Ok(found.is_some_and(|found| found.start() <= max_offset));
        }
        if body.len() > LONGEST_LOOKED_AROUND {
            return Err(Undecided::Length);
        }
        for start in min_offset..=max_offset.min(body.len()) {
            if !goes_on() {
                return Err(Undecided::Time);
            }
            let here = RegexInput::new(body).from_pos(start).anchored(true);
            if self.regex.find_input(here).map_err(|_| Undecided::Steps)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether it can be read as a regular language, and goes not beyond.
fn is_regular(pattern: &str, options: PatternOptions) -> bool {
    let mut parser = ParserBuilder::new().ignore_whitespace(options.extended).utf8(false).build();
    parser.parse(pattern).is_ok()
}

/// The same pattern where each `$` is what Perl takes it for: the end, or a line end and the end. `None` if it
/// may mean something else in there, the end of each line.
fn with_perls_end(pattern: &str) -> Option<String> {
    let mut ours = String::new();
    let mut rest = pattern;
    // How many brackets are open.
    let mut class = 0_usize;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            // A bracket that closes nothing may come first.
            '[' => ["[^]", "[]", "[^", "["].iter().find(|it| rest.starts_with(**it))?.len(),
            '(' if class == 0 && rest.starts_with("(?#") => {
                rest.find(')').map_or(rest.len(), |end| end + 1)
            }
            '(' if class == 0 && sets_multiline(rest) => return None,
            other => other.len_utf8(),
        };
        match letter {
            '[' => class += 1,
            ']' => class = class.saturating_sub(1),
            _ => {}
        }
        let (part, next) = rest.split_at_checked(length)?;
        ours.push_str(if letter == '$' && class == 0 { r"(?:\n?\z)" } else { part });
        rest = next;
    }
    Some(ours)
}

/// Whether a group begins like `(?m)` or `(?im:`.
fn sets_multiline(group: &str) -> bool {
    let flags = group.strip_prefix("(?").unwrap_or_default();
    let set = flags.split(|letter: char| !letter.is_ascii_alphabetic()).next();
    set.is_some_and(|set| set.contains('m'))
}

/// True until it is dropped.
struct Wanted(Arc<AtomicBool>);

impl Default for Wanted {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("text", &self.text).field("options", &self.options).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.options) == (&other.text, other.options)
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.text, self.options).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample;

    use super::*;

    fn found(pattern: &str, options: PatternOptions, body: &str) -> bool {
        Pattern::new(pattern, options).unwrap().is_found_in(body.as_bytes()).unwrap()
    }

    const PLAIN: PatternOptions = PatternOptions {
        caseless: false,
        multiline: false,
        dotall: false,
        extended: false,
        min_offset: 0,
        max_offset: None,
    };

    #[test]
    fn a_pattern_is_found_anywhere() {
        assert!(found("w.rld", PLAIN, "hello world"));
        assert!(!found("w.rld", PLAIN, "hello moon"));
    }

    #[test]
    fn each_option_changes_what_is_found() {
        assert!(!found("WORLD", PLAIN, "world"));
        assert!(found("WORLD", PatternOptions { caseless: true, ..PLAIN }, "world"));
        assert!(!found("^b", PLAIN, "a\nb"));
        assert!(found("^b", PatternOptions { multiline: true, ..PLAIN }, "a\nb"));
        assert!(!found("a.b", PLAIN, "a\nb"));
        assert!(found("a.b", PatternOptions { dotall: true, ..PLAIN }, "a\nb"));
        assert!(!found("a b", PatternOptions { extended: true, ..PLAIN }, "a b"));
        assert!(found("a b # c", PatternOptions { extended: true, ..PLAIN }, "ab"));
    }

    #[test]
    fn a_dollar_is_the_end_with_or_without_the_last_line_end() {
        for (pattern, body, expected) in [
            ("^OK$", "OK", true),
            ("^OK$", "OK\n", true),
            ("^OK$", "OK\n\n", false),
            ("^OK$", "OK\nmore", false),
            ("OK$|x", "not OK\n", true),
            (r"^OK\z", "OK\n", false),
            (r"^\$$", "$\n", true),
            ("^[$]$", "$\n", true),
            ("^[^]$]$", "a\n", true),
            ("^(?#$)OK$", "OK\n", true),
            ("(?m)^OK$", "OK\nmore", true),
            (r"(?i:^(O|K)\1$)", "oo\n", true),
            ("O(?=K$)", "OK\n", true),
        ] {
            assert_eq!(found(pattern, PLAIN, body), expected, "{pattern} {body:?}");
        }
    }

    #[test]
    fn a_match_begins_between_the_offsets() {
        let between = |min_offset, max_offset| PatternOptions { min_offset, max_offset, ..PLAIN };
        assert!(found("b", between(1, Some(1)), "abc"));
        assert!(!found("b", between(2, None), "abc"));
        assert!(!found("b", between(0, Some(0)), "abc"));
        assert!(!found("b", between(9, None), "abc"));
    }

    #[test]
    fn look_around_and_back_references_work() {
        assert!(found("foo(?!bar)", PLAIN, "foobaz"));
        assert!(!found("foo(?!bar)", PLAIN, "foobar"));
        assert!(found(r"(\w)\1", PLAIN, "hello"));
    }

    #[test]
    fn a_pattern_that_would_never_end_is_undecided() {
        let pattern = Pattern::new(r"(a|a)*(?=b)\1c", PLAIN).unwrap();
        assert_eq!(pattern.is_found_in("a".repeat(200).as_bytes()), Err(Undecided::Steps));
    }

    #[test]
    fn only_look_around_and_the_like_is_not_linear() {
        for (text, linear) in [
            ("a.b", true),
            (r"(?i)w\w+|[^x]{3,7}?\bz$", true),
            ("(?=a)", false),
            ("(?<!a)b", false),
            (r"(a)\1", false),
            ("(?>a)", false),
        ] {
            assert_eq!(Pattern::new(text, PLAIN).unwrap().linear, linear, "{text}");
        }
        let extended = PatternOptions { extended: true, ..PLAIN };
        assert!(Pattern::new("a # (?=", extended).unwrap().linear);
    }

    #[test]
    fn look_around_is_not_for_what_is_long() {
        let pattern = Pattern::new("a(?=b)", PLAIN).unwrap();
        let body = vec![b' '; LONGEST_LOOKED_AROUND + 1];
        assert_eq!(pattern.is_found_in(&body), Err(Undecided::Length));
        assert_eq!(pattern.is_found_in(&body[1..]), Ok(false));
    }

    #[tokio::test]
    async fn a_search_that_takes_long_ends_at_the_deadline_and_keeps_nobody_waiting() {
        let pattern = Pattern::new("(?=.*x)", PLAIN).unwrap();
        let body = Bytes::from(vec![b' '; LONGEST_LOOKED_AROUND]);
        let deadline = Instant::now() + std::time::Duration::from_millis(50);
        let (found, ()) = tokio::join!(pattern.is_found_by(deadline, &body), async {
            tokio::task::yield_now().await;
            assert!(Instant::now() < deadline);
        });
        assert_eq!(found, Err(Undecided::Time));
    }

    proptest! {
        #[test]
        fn place_by_place_finds_what_a_search_finds(
            pattern in sample::select(vec!["ab", "a.b", "(a|b)*a", "^a", "b$", "", "a{2,3}?b", "[^b]+$"]),
            body in "[ab]{0,20}",
            min_offset in 0_usize..25, max_offset in proptest::option::of(0_usize..25)
        ) {
            let options = PatternOptions { min_offset, max_offset, ..PLAIN };
            let linear = Pattern::new(pattern, options).unwrap();
            let placewise = Pattern { linear: false, ..linear.clone() };
            let body = body.as_bytes();
            prop_assert_eq!(linear.is_found_in(body), placewise.is_found_in(body));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        let pattern = Pattern::new("ok", PLAIN).unwrap();
        assert_eq!(pattern.is_found_in(b"\xff\xfe ok \x80"), Ok(true));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let error = Pattern::new("(", PLAIN).unwrap_err();
        assert!(error.to_string().starts_with("\"(\" is no regular expression"), "{error}");
    }

    proptest! {
        #[test]
        fn any_pattern_and_body_is_judged_without_a_panic(
            pattern in ".{0,20}", body in any::<Vec<u8>>(), min_offset in 0_usize..300
        ) {
            if let Ok(pattern) = Pattern::new(pattern, PatternOptions { min_offset, ..PLAIN }) {
                let _found = pattern.is_found_in(&body);
            }
        }
    }
}
