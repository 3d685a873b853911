//! KEYWORDS.md is made from the keyword table; here is what makes it, and what fails when it is out of
//! date.

#![cfg(test)]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use steadfast_conf::keywords::{Absent, Arguments, Block, Body, Keyword, ROOT, Status};

const UPDATE: &str = "STEADFAST_UPDATE_KEYWORDS";

#[test]
fn the_document_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("KEYWORDS.md");
    let made = document();
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "KEYWORDS.md is out of date. Whoever changes a row of the keyword table makes it anew:\n\
         {UPDATE}=1 cargo test -p steadfast-conf --test keywords"
    );
}

fn document() -> String {
    let mut text = String::from(
        "# Keywords\n\n\
         Every keyword of keepalived.conf and what becomes of it here. This file is made from the table\n\
         that the parser reads by, and a test compares the two.\n\n\
         - **works**: it does what it does in keepalived.\n\
         - **accepted**: it is read, has no effect, and that is harmless; the reason stands beside it.\n\
         - **refused**: it is an error, since the configuration would mean something else without it; what\n  \
           would be missing stands beside it.\n",
    );
    for block in ROOT.all() {
        section(&mut text, block);
    }
    text
}

fn section(text: &mut String, block: &Block) {
    let title = match block.name {
        "" => "Outside any block".to_owned(),
        name => format!("`{name}`"),
    };
    write!(text, "\n## {title}\n\n| keyword | value | default | |\n|---|---|---|---|\n").unwrap();
    for row in block.iter() {
        let status = match row.status {
            Status::Works => "works".to_owned(),
            Status::Accepted(why) => format!("accepted: {why}"),
            Status::Refused(why) => format!("refused: without it, {why}"),
        };
        writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            row.name,
            value(row),
            default(row),
            escaped(&status)
        )
        .unwrap();
    }
}

fn value(row: &Keyword) -> String {
    let arguments = match row.arguments {
        Arguments::None => String::new(),
        arguments => escaped(&arguments.to_string()),
    };
    let body = match row.body {
        Body::None => String::new(),
        Body::Block(_) => "`{ }`".to_owned(),
        Body::Lines(line) => format!("`{{` {} `}}`", escaped(line)),
    };
    [arguments, body].join(" ").trim().to_owned()
}

fn default(row: &Keyword) -> String {
    match row.default {
        Absent::Nothing => String::new(),
        Absent::Literal(text) => format!("`{text}`"),
        Absent::Required => "required".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
