use proptest::prelude::*;

use super::*;
use crate::Sources;
use crate::tokens::{Kind, Tokens};

/// All lines of a text as they are.
pub(crate) fn lex(sources: &Sources, source: SourceId, diagnostics: &mut Diagnostics) -> Tokens {
    let mut lexed = Lexed::default();
    let text = sources.get(source).unwrap().text();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        lexed.line(Raw { source, start, text: content, protected: &[] }, diagnostics);
        start += line.len();
    }
    lexed.report_slash_comments(diagnostics);
    lexed.tokens
}

/// The words of each line, braces as words of their own, and what was said.
fn lexed(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let mut sources = Sources::default();
    let source = sources.add("t".to_owned(), text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let mut lines = vec![Vec::new()];
    let tokens = lex(&sources, source, &mut diagnostics);
    for token in tokens.of(0..tokens.len(), &sources) {
        let word = match token.kind {
            Kind::Word(word) => word,
            Kind::Open => "{",
            Kind::Close => "}",
            Kind::EndOfLine => {
                lines.push(Vec::new());
                continue;
            }
        };
        lines.last_mut().unwrap().push(word.to_owned());
    }
    lines.retain(|line| !line.is_empty());
    (lines, diagnostics.iter().map(|said| said.message.clone()).collect())
}

fn words(text: &str) -> Vec<String> {
    let (lines, said) = lexed(text);
    assert!(said.is_empty(), "{said:?}");
    lines.concat()
}

#[test]
fn comments_begin_anywhere_even_inside_a_word() {
    let (lines, said) = lexed("auth_pass abc!def");
    assert_eq!(lines, [["auth_pass", "abc"]]);
    assert_eq!(said, ["`!` begins a comment, even in the middle of a word"]);
    assert_eq!(words("priority 100# high"), ["priority", "100"]);
    assert_eq!(words("! all of it { }"), [""; 0]);
}

#[test]
fn quotes_and_backslashes_protect_comment_signs() {
    assert_eq!(words(r#"auth_pass "a#b!c""#), ["auth_pass", "a#b!c"]);
    assert_eq!(words(r"auth_pass a\#b\!c"), ["auth_pass", "a#b!c"]);
}

#[test]
fn single_quotes_protect_nothing() {
    assert_eq!(lexed("auth_pass 'a#b'").0, [["auth_pass", "'a"]]);
}

#[test]
fn quotes_do_not_glue() {
    assert_eq!(words(r#"state x"y z""#), ["state", "x", "y z"]);
    assert_eq!(words(r#"state "ab"cd"#), ["state", "ab", "cd"]);
}

#[test]
fn an_escaped_quote_does_not_close() {
    assert_eq!(words(r#"notify "sh -c \"a b\"" root"#), ["notify", r#"sh -c \"a b\""#, "root"]);
}

#[test]
fn braces_stand_alone_outside_quotes_and_comments() {
    assert_eq!(words("track_script{a}b"), ["track_script", "{", "a", "}", "b"]);
    assert_eq!(words(r#"name "{" # }"#), ["name", "{"]);
}

#[test]
fn slashes_begin_a_comment_only_at_the_beginning_of_a_word() {
    let (lines, said) = lexed("state MASTER // {x}\npath http://a//b\n{//c\n////d }\n");
    assert_eq!(lines, [vec!["state", "MASTER"], vec!["path", "http://a//b"], vec!["{"]]);
    assert_eq!(said, ["keepalived does not know `//` comments: this one and 2 more"]);
}

#[test]
fn carriage_returns_are_no_part_of_words() {
    assert_eq!(words("state MASTER\r\n"), ["state", "MASTER"]);
}

#[test]
fn an_open_quote_is_an_error() {
    assert_eq!(lexed("a \"b c\nd").1, ["this quote is not closed on its line"]);
}

#[test]
fn braces_in_the_name_of_a_file_to_include_are_alternatives() {
    assert_eq!(words("include a{b,c}.conf d"), ["include", "a{b,c}.conf", "d"]);
    assert_eq!(words("x { include {a,b} }"), ["x", "{", "include", "{a,b}", "}"]);
    assert_eq!(words("priority include{"), ["priority", "include", "{"]);
}

#[test]
fn a_dollar_that_begins_no_definition_is_itself() {
    assert_eq!(words("auth_pass pa$$word"), ["auth_pass", "pa$$word"]);
}

#[test]
fn foreign_blanks_and_bytes_that_are_no_text_are_errors_outside_comments() {
    assert_eq!(lexed("priority\u{3000}100").1.len(), 1);
    assert_eq!(lexed("router_id a\u{fffd}").1, ["this word is not UTF-8"]);
    assert!(lexed("priority 1 # \u{fffd}\u{3000}").1.is_empty());
}

proptest! {
    #[test]
    fn every_span_lies_on_characters_of_the_text(text in "(?s)[ -~\n\t$@~{}\"\\\\!#/é界\u{0}]{0,200}") {
        let mut sources = Sources::default();
        let source = sources.add("t".to_owned(), text.clone());
        let mut diagnostics = Diagnostics::default();
        let mut end = 0;
        let tokens = lex(&sources, source, &mut diagnostics);
    for token in tokens.of(0..tokens.len(), &sources) {
            prop_assert!(token.span.start >= end && token.span.end >= token.span.start);
            prop_assert!(text.get(token.span.start..token.span.end).is_some());
            end = token.span.end;
        }
        for said in diagnostics.iter() {
            let span = said.span.unwrap();
            prop_assert!(text.get(span.start..span.end).is_some());
        }
    }
}
