//! Configurations made from the keyword table: whatever has no errors is printed so that it means the
//! same when it is read again.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::strategy::Union;
use steadfast_conf::keywords::{Absent, Arguments, Block, Body, Keyword, ROOT, Status};
use steadfast_conf::parse;

/// What may follow keywords that have a grammar of their own, by what the table calls it.
const GRAMMARS: &[(&str, &[&str])] = &[
    ("NAT|DR|TUN", &["NAT", "DR", "TUN", "TUN type gue port 6080 csum", "TUN type gre nocsum"]),
    ("IP [PORT]", &["192.0.2.1 80", "2001:db8::1 443", "192.0.2.2"]),
    ("CODE", &["200", "200-299 404"]),
    ("NAME [weight", &["s", "s weight 10", "s weight -5 reverse"]),
    ("NAME", &["s", "\"a b\"", "x!"]),
];
/// Lines of blocks of values.
const LINES: &[(&str, &[&str])] = &[
    ("virtual_ipaddress", &["192.0.2.10/24", "192.0.2.11 dev eth1 label eth1:0", "198.51.100.1"]),
    ("track_script", &["s", "s weight 0", "s weight 7 reverse"]),
    ("unicast_peer", &["192.0.2.250", "192.0.2.251 min_ttl 3"]),
    ("notification_email", &["ops@example.org", "\"Ops <ops@example.org>\""]),
];

fn listed(table: &[(&str, &'static [&'static str])], name: &str) -> Vec<&'static str> {
    let row = table.iter().find(|(start, _)| name.starts_with(start));
    row.map(|(_, values)| values.to_vec()).unwrap_or_default()
}

fn value(arguments: Arguments) -> BoxedStrategy<String> {
    let word = || prop::sample::select(vec!["a", "b.c", "\"d e\"", "x-1"]).prop_map(str::to_owned);
    let address = prop_oneof![
        any::<u8>().prop_map(|n| Ipv4Addr::new(192, 0, 2, n).to_string()),
        any::<u16>().prop_map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n).to_string()),
    ];
    match arguments {
        Arguments::None => Just(String::new()).boxed(),
        Arguments::Flag => {
            prop::sample::select(vec!["", "on", "no"]).prop_map(str::to_owned).boxed()
        }
        Arguments::Integer { min, max } | Arguments::OptionalInteger { min, max, .. } => {
            (min..=max.min(min + 300)).prop_map(|n| n.to_string()).boxed()
        }
        Arguments::Seconds { min, max } => {
            (min..=max).prop_map(|n| format!("{}.{:06}", n / 1_000_000, n % 1_000_000)).boxed()
        }
        Arguments::Choice(words) | Arguments::ChoiceAnyCase(words) => {
            prop::sample::select(words).prop_map(str::to_owned).boxed()
        }
        Arguments::Address => address.boxed(),
        Arguments::Ipv4Address => Just("192.0.2.77".to_owned()).boxed(),
        Arguments::Endpoint => (address, 1..9_u16).prop_map(|(a, n)| format!("{a} {n}")).boxed(),
        Arguments::Command | Arguments::CommandAndUser => prop::sample::select(vec![
            "/bin/a",
            "\"/bin/a b 'c d' \\\"e\\\" f\\\\tg\"",
            "\"/bin/a ${B}\" root : wheel",
        ])
        .prop_map(str::to_owned)
        .boxed(),
        Arguments::CommandLine => {
            prop::sample::select(vec!["/bin/a", "a -g 'b  c' \"d \\\"e\\\" \\x07\""])
                .prop_map(str::to_owned)
                .boxed()
        }
        Arguments::Weight { limit } => {
            (-limit..=limit).prop_map(|n| format!("{n} reverse")).boxed()
        }
        Arguments::Words(name) | Arguments::OptionalWords(name) => {
            let known = listed(GRAMMARS, name);
            if known.is_empty() {
                word().boxed()
            } else {
                prop::sample::select(known).prop_map(str::to_owned).boxed()
            }
        }
        _ => word().boxed(),
    }
}

/// A keyword with what follows it.
fn statement(row: &'static Keyword) -> BoxedStrategy<String> {
    let line = value(row.arguments).prop_map(move |value| format!("{} {value}", row.name));
    match row.body {
        Body::None => line.prop_map(|line| line + "\n").boxed(),
        Body::Lines(_) => {
            let lines = listed(LINES, row.name);
            let lines = if lines.is_empty() { vec!["x"] } else { lines };
            (line, prop::collection::vec(prop::sample::select(lines), 1..3))
                .prop_map(|(line, lines)| format!("{line} {{\n{}\n}}\n", lines.join("\n")))
                .boxed()
        }
        Body::Block(inner) => {
            (line, block(inner)).prop_map(|(line, inner)| format!("{line} {{\n{inner}}}\n")).boxed()
        }
    }
}

/// What a block must have, and a few keywords more.
fn block(block: &'static Block) -> BoxedStrategy<String> {
    let always = |row: &Keyword| {
        row.default == Absent::Required
            || matches!(row.name, "lb_algo" | "lb_kind" | "protocol" | "url" | "real_server")
    };
    let works = || block.iter().filter(|row| row.status == Status::Works);
    let required: Vec<_> = works().filter(|row| always(row)).map(statement).collect();
    let rest: Vec<_> = works().filter(|row| !always(row)).map(statement).collect();
    if rest.is_empty() {
        return required.prop_map(|lines| lines.concat()).boxed();
    }
    (required, prop::collection::vec(Union::new(rest), 0..5))
        .prop_map(|(required, rest)| required.concat() + &rest.concat())
        .boxed()
}

fn configuration() -> impl Strategy<Value = String> {
    let row = |name| ROOT.find(name).unwrap();
    (
        prop::option::of(statement(row("global_defs"))),
        prop::option::of(statement(row("vrrp_instance"))),
        prop::option::of(statement(row("virtual_server"))),
    )
        .prop_map(|(global, instance, service)| {
            let script = "vrrp_script s {\nscript /bin/true\n}\n".to_owned();
            [global, Some(script), instance, service].into_iter().flatten().collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn what_is_printed_means_the_same(text in configuration()) {
        let loaded = parse("t.conf", &text);
        prop_assume!(loaded.model.is_some());
        let model = loaded.model.unwrap();
        let printed = model.to_string();
        let again = parse("printed.conf", &printed);
        prop_assert_eq!(again.model, Some(model), "{}\n{}", printed, again.diagnostics.iter().map(|said| said.message.as_str()).collect::<Vec<_>>().join("\n"));
    }
}
