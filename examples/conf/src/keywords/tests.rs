use super::*;
use crate::value::literal;

fn rows() -> impl Iterator<Item = (&'static Block, &'static Keyword)> {
    ROOT.all().into_iter().flat_map(|block| block.iter().map(move |row| (block, row)))
}

#[test]
fn every_default_has_the_shape_of_its_row() {
    for (block, row) in rows() {
        if let Absent::Literal(text) = row.default {
            assert!(literal(row.arguments, text).is_some(), "{} in {}", row.name, block.name);
        }
    }
}

#[test]
fn no_keyword_has_two_rows_in_one_block() {
    for block in ROOT.all() {
        let mut names: Vec<_> = block.iter().map(|row| row.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{}", block.name);
    }
}

#[test]
fn whatever_has_no_effect_or_is_refused_says_why() {
    for (block, row) in rows() {
        if let Status::Accepted(why) | Status::Refused(why) = row.status {
            assert!(!why.is_empty() && !why.ends_with('.'), "{} in {}", row.name, block.name);
        }
    }
}

#[test]
fn advice_is_for_words_that_are_no_keywords() {
    for (_, row) in rows() {
        assert_eq!(advice(row.name), None, "{}", row.name);
    }
}

#[test]
fn arguments_read_as_in_a_manual() {
    assert_eq!(TIMER.to_string(), "seconds from 0.000001 to 4294.967295");
    assert_eq!(Arguments::Choice(&["2", "3"]).to_string(), "2|3");
    assert_eq!(Arguments::Integer { min: 1, max: 255 }.to_string(), "a number from 1 to 255");
}
