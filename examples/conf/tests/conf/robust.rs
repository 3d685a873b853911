//! Any bytes give diagnostics: never a panic, never a hang.

use proptest::prelude::*;
use steadfast_conf::keywords::{Body, ROOT};
use steadfast_conf::{Style, parse};

fn survives(text: &str) {
    let loaded = parse("t.conf", text);
    assert_eq!(loaded.model.is_none(), loaded.diagnostics.has_errors());
    for style in [Style::Plain, Style::Coloured] {
        assert_eq!(loaded.render(style).is_empty(), loaded.diagnostics.is_empty());
    }
}

/// Words of the language, and some that nearly are.
fn word() -> impl Strategy<Value = String> {
    let names: Vec<&str> =
        ROOT.all().into_iter().flat_map(|block| block.iter()).map(|row| row.name).collect();
    prop_oneof![
        4 => prop::sample::select(names).prop_map(str::to_owned),
        4 => prop::sample::select(vec!["{", "}", "\n", "\n"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![
            "0", "1", "255", "-1", "1.5", "MASTER", "TCP", "DR", "TUN", "192.0.2.1/24", "::1", "no",
            "\"a b\"", "'x", "\"", "weight", "//", "#", "...", "界", "\t", "200-299", "/bin/a",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

/// Well-formed blocks with words of any kind in them.
fn block() -> impl Strategy<Value = String> {
    let openers: Vec<&str> =
        ROOT.iter().filter(|row| matches!(row.body, Body::Block(_))).map(|row| row.name).collect();
    (prop::sample::select(openers), prop::collection::vec(word(), 0..40))
        .prop_map(|(opener, words)| format!("{opener} 192.0.2.1 80 {{\n{}\n}}\n", words.join(" ")))
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words(words in prop::collection::vec(word(), 0..80)) {
        survives(&words.join(" "));
    }

    #[test]
    fn any_words_in_blocks(blocks in prop::collection::vec(block(), 0..4)) {
        survives(&blocks.concat());
    }
}

#[test]
fn twenty_thousand_services_are_read() {
    use std::fmt::Write;
    let mut text = String::new();
    for n in 0..20_000_u32 {
        let (high, low) = (n / 250, n % 250 + 1);
        writeln!(
            text,
            "virtual_server 10.0.{high}.{low} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 10.1.{high}.{low} 80 {{\nTCP_CHECK {{ }}\n}}\n}}"
        )
        .unwrap();
    }
    let loaded = parse("t.conf", &text);
    assert_eq!(loaded.model.unwrap().virtual_servers.len(), 20_000);
}
