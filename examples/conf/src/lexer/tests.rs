use proptest::prelude::*;

use super::*;
use crate::Sources;

/// The words of each line, braces as words of their own, and what was said.
fn lexed(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let mut sources = Sources::default();
    let source = sources.add("t".to_owned(), text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let mut lines = vec![Vec::new()];
    for token in lex(source, text, &mut diagnostics) {
        let word = match token.kind {
            Kind::Word(word) => word,
            Kind::Open => "{".to_owned(),
            Kind::Close => "}".to_owned(),
            Kind::EndOfLine => {
                lines.push(Vec::new());
                continue;
            }
        };
        lines.last_mut().unwrap().push(word);
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
    assert_eq!(words("auth_pass abc!def"), ["auth_pass", "abc"]);
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
    assert_eq!(words("auth_pass 'a#b'"), ["auth_pass", "'a"]);
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
fn definitions_and_their_like_are_errors() {
    for text in ["$A=1", "x ${A} y", "@host state MASTER", "~SEQ(A,3) x"] {
        assert!(lexed(text).1.concat().contains("not supported yet"), "{text}");
    }
}

#[test]
fn a_definition_of_several_lines_is_one_error() {
    let (lines, said) = lexed("$A=1 \\\n{ \\\n2\nstate MASTER\n");
    assert_eq!(lines, [vec!["state", "MASTER"]]);
    assert_eq!(said.len(), 1);
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
        for token in lex(source, &text, &mut diagnostics) {
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
