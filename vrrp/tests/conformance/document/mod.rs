//! CONFORMANCE.md is made from the rows and from the names of the tests; this is what makes it, and
//! what fails when it is out of date.

mod rows;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rows::{ROWS, Row, SECTIONS};

const UPDATE: &str = "STEADFAST_UPDATE_CONFORMANCE";

fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `module::test` by the row that its name begins with, such as `r13` or `c`.
fn tests_by_row() -> BTreeMap<String, Vec<String>> {
    let mut by_row: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut files: Vec<_> = fs::read_dir(in_package("tests/conformance"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    for file in files {
        let module = file.file_stem().unwrap().to_str().unwrap();
        for test in tests_in(&fs::read_to_string(&file).unwrap()) {
            let (row, _) = test.split_once('_').unwrap();
            by_row.entry(row.to_uppercase()).or_default().push(format!("{module}::{test}"));
        }
    }
    by_row
}

fn tests_in(source: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut lines = source.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        if line == "#[test]" {
            let name = lines.find_map(|line| line.strip_prefix("fn ")).unwrap();
            tests.push(name.split('(').next().unwrap().to_owned());
        }
    }
    tests
}

fn document() -> String {
    let tests = tests_by_row();
    let mut text = String::from(
        "# Conformance\n\n\
         What `steadfast-vrrp` is held to, row by row, and the tests that hold it to that, in\n\
         virtual time. This file is made from the tests and compared with them by one of them, so it\n\
         is as true as `cargo test -p steadfast-vrrp --test conformance` is green.\n\n\
         RFC 9568 with its errata unless said otherwise; `v2` marks what only RFC 3768 says.\n",
    );
    for (letter, title) in SECTIONS {
        write!(text, "\n## {title}\n\n| Row | Rule | Result | Tests |\n|---|---|---|---|\n")
            .unwrap();
        for Row { id, rule } in ROWS.iter().filter(|row| row.id.starts_with(letter)) {
            let tests = tests.get(*id).map_or(&[][..], Vec::as_slice);
            let result = if tests.is_empty() { "not implemented" } else { "holds" };
            let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
            let tests = tests.join("<br>");
            writeln!(text, "| {id} | {rule} | {result} | {tests} |").unwrap();
        }
    }
    text
}

#[test]
fn every_row_has_a_test() {
    let tests = tests_by_row();
    let untested: Vec<_> =
        ROWS.iter().map(|row| row.id).filter(|id| !tests.contains_key(*id)).collect();
    assert_eq!(untested, rows::NOT_IMPLEMENTED);
}

#[test]
fn every_test_belongs_to_a_row() {
    for (row, tests) in tests_by_row() {
        assert!(ROWS.iter().any(|it| it.id == row), "there is no row {row} for {tests:?}");
    }
}

#[test]
fn the_document_says_what_is_tested() {
    let (path, expected) = (in_package("CONFORMANCE.md"), document());
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "CONFORMANCE.md is out of date: run this test with {UPDATE}=1");
}
