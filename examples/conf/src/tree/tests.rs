use super::*;
use crate::Sources;
use crate::lexer::tests::lex;

/// The tree as `keyword argument {inner; inner}`, and what was said.
fn built(text: &str) -> (String, Vec<String>) {
    let mut sources = Sources::default();
    let source = sources.add("t".to_owned(), text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let tokens = lex(&sources, source, &mut diagnostics);
    let statements = build(tokens.of(0..tokens.len(), &sources), &mut diagnostics);
    (shown(&statements), diagnostics.iter().map(|said| said.message.clone()).collect())
}

fn shown(statements: &[Statement<'_>]) -> String {
    let one = |statement: &Statement<'_>| {
        let mut text = statement.keyword.text.to_owned();
        for argument in &statement.arguments {
            text += " ";
            text += argument.text;
        }
        match &statement.block {
            Some(block) => format!("{text} {{{}}}", shown(block)),
            None => text,
        }
    };
    statements.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn tree(text: &str) -> String {
    let (tree, said) = built(text);
    assert!(said.is_empty(), "{said:?}");
    tree
}

#[test]
fn a_block_may_open_on_its_line_the_next_or_after_blank_lines() {
    for text in ["a b {\nc d\n}\n", "a b\n{\nc d\n}", "a b\n\n# x\n\n{ c d }"] {
        assert_eq!(tree(text), "a b {c d}");
    }
}

#[test]
fn blocks_nest_on_one_line() {
    assert_eq!(tree("a { b { c } d }"), "a {b {c}; d}");
}

#[test]
fn what_follows_a_brace_is_a_new_line() {
    assert_eq!(tree("a { b c } d e"), "a {b c}; d e");
}

#[test]
fn a_brace_too_many_is_an_error() {
    assert_eq!(built("a\n}\nb"), ("a; b".to_owned(), vec!["this brace closes nothing".to_owned()]));
}

#[test]
fn a_brace_too_few_is_an_error_at_its_partner() {
    let (tree, said) = built("a {\nb {\nc\n}\n");
    assert_eq!(tree, "a {b {c}}");
    assert_eq!(said, ["the block of `a` is never closed"]);
}

#[test]
fn a_block_without_a_keyword_is_an_error() {
    assert_eq!(built("{ a }").1, ["this block belongs to no keyword"]);
    assert_eq!(built("a { b } { c }").1, ["this block belongs to no keyword"]);
}

#[test]
fn hostile_nesting_does_not_exhaust_the_stack() {
    let (_, said) = built(&"a {".repeat(100_000));
    assert!(said.contains(&"blocks are nested too deeply here".to_owned()));
}
