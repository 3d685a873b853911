//! Definitions, conditions, sequences and lists.

use std::collections::BTreeMap;

use steadfast_conf::{Loaded, Severity, Style, Surroundings, parse_in};

use super::{instance, model, said};

/// The addresses that lines of `virtual_ipaddress` stand for.
fn addresses(before: &str, lines: &str) -> Vec<String> {
    let text = format!(
        "{before}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n\
         virtual_ipaddress {{\n{lines}\n}}\n}}\n"
    );
    model(&text).instances[0].addresses.iter().map(|line| line.address.to_string()).collect()
}

fn on(config_id: &str, text: &str) -> Loaded {
    let surroundings = Surroundings {
        config_id: config_id.to_owned(),
        seed: 1,
        environment: BTreeMap::from([("SITE".to_owned(), "north".to_owned())]),
        ..Surroundings::default()
    };
    parse_in("t.conf", text, &surroundings)
}

fn router_id(config_id: &str, lines: &str) -> Option<String> {
    let loaded = on(config_id, &format!("global_defs {{\n{lines}\n}}\n"));
    assert!(loaded.model.is_some(), "{}", loaded.render(Style::Plain));
    loaded.model?.global.router_id
}

#[test]
fn a_name_stands_for_its_value_within_words_and_alone() {
    assert_eq!(
        addresses("$NET=192.0.2\n  $LAST=7", "${NET}.1\n${NET}.$LAST"),
        ["192.0.2.1", "192.0.2.7"]
    );
}

#[test]
fn a_value_is_expanded_where_it_is_used_not_where_it_is_defined() {
    let lines = "${BASE}.1\n$SUB=10\n${BASE}.1";
    assert_eq!(addresses("$BASE=10.2.${SUB}\n$SUB=0", lines), ["10.2.0.1", "10.2.10.1"]);
}

#[test]
fn without_braces_a_name_ends_at_a_blank_a_comma_or_a_parenthesis() {
    assert_eq!(addresses("$A=1", "~LST(B,$A,2) 192.0.2.${B}"), ["192.0.2.1", "192.0.2.2"]);
    let text = "$A=1\nglobal_defs {\nrouter_id x$A.b\n}";
    assert_eq!(model(text).global.router_id.as_deref(), Some("x$A.b"));
}

#[test]
fn a_comment_is_no_part_of_a_value() {
    assert_eq!(router_id("", "$X=a b # c\nrouter_id \"$X\" ! d").as_deref(), Some("$X"));
    assert_eq!(router_id("", "$X=a # c\nrouter_id $X").as_deref(), Some("a"));
}

#[test]
fn an_empty_value_leaves_nothing() {
    assert_eq!(router_id("", "$X=\nrouter_id ${X}a$X").as_deref(), Some("a"));
}

#[test]
fn a_definition_of_several_lines_stands_for_its_lines() {
    let text = "\
$VI= \\
vrrp_instance V${N} { \\
    interface eth0 \\

    virtual_router_id ${N} \\
    # a comment \\
    $LAST=${N} \\
    virtual_ipaddress { 192.0.2.${LAST} } \\
}
$N=3
$VI
$N=4
$VI
";
    let model = model(text);
    let seen: Vec<_> = model
        .instances
        .iter()
        .map(|instance| (&*instance.name, instance.addresses[0].address.to_string()))
        .collect();
    assert_eq!(seen, [("V3", "192.0.2.3".to_owned()), ("V4", "192.0.2.4".to_owned())]);
}

#[test]
fn several_lines_may_begin_in_the_middle_of_a_line_but_end_it() {
    let definition = "$REST=eth0 \\\nvirtual_router_id 7 \\\nno_virtual_ipaddress\n";
    let good = format!("{definition}vrrp_instance A {{\ninterface $REST\n}}\n");
    assert_eq!(said(&good), [""; 0]);
    let bad = format!("{definition}vrrp_instance A {{\ninterface ${{REST}} x\n}}\n");
    assert!(
        said(&bad)
            .contains(&"error: `REST` has several lines: nothing can follow it here".to_owned())
    );
}

#[test]
fn a_line_for_one_machine_is_no_line_elsewhere() {
    let lines = "@main router_id M\n@^main router_id O";
    assert_eq!(router_id("main", lines).as_deref(), Some("M"));
    assert_eq!(router_id("other", lines).as_deref(), Some("O"));
}

#[test]
fn a_condition_holds_for_all_lines_of_a_definition() {
    let lines = "$X=0\n@main $X= \\\n1\nrouter_id $X";
    assert_eq!(router_id("main", lines).as_deref(), Some("1"));
    assert_eq!(router_id("other", lines).as_deref(), Some("0"));
    let lines = "@no $X=router_id \\\nnonsense {\nrouter_id a";
    assert_eq!(router_id("main", lines).as_deref(), Some("a"));
}

#[test]
fn a_condition_may_come_of_a_definition() {
    let lines = "$MAIN=@main\n$MAIN router_id M";
    assert_eq!(router_id("main", lines).as_deref(), Some("M"));
    assert_eq!(router_id("other", lines), None);
}

#[test]
fn a_condition_within_a_definition_is_that_of_its_line() {
    let lines = "$IDS= \\\n@a router_id A \\\n@b router_id B\n$IDS";
    assert_eq!(router_id("b", lines).as_deref(), Some("B"));
}

#[test]
fn what_is_known_without_being_defined() {
    assert_eq!(
        router_id("web", "router_id ${_INSTANCE}${_HASH}${_BANG}").as_deref(),
        Some("web#!")
    );
    assert_eq!(router_id("web", "router_id ${_ENV SITE}").as_deref(), Some("north"));
    assert_eq!(router_id("web", "$_HASH=h\nrouter_id ${_HASH}").as_deref(), Some("h"));
}

#[test]
fn a_random_number_is_the_same_from_the_same_seed() {
    let number = |words: &str| -> u32 {
        router_id("", &format!("router_id ${{_RANDOM{words}}}")).unwrap().parse().unwrap()
    };
    assert_eq!(number(""), number(""));
    assert!((5..=7).contains(&number(" 5 7")));
    assert_eq!(number(" 9 9"), 9);
    assert!(number(" 32767") == 32_767);
}

#[test]
fn an_environment_without_the_name_is_one_error() {
    let loaded = on("", "global_defs {\nrouter_id ${_ENV HOME}\n}");
    let messages: Vec<_> = loaded.diagnostics.iter().map(|said| said.message.as_str()).collect();
    assert_eq!(messages, ["`HOME` is not in the environment"]);
}

#[test]
fn what_is_not_defined_is_one_error_and_tears_nothing_apart() {
    assert_eq!(
        said(&instance("priority ${PRIO}\nadvert_int 2")),
        ["error: `PRIO` is not defined up to here"]
    );
    assert_eq!(
        said(
            "vrrp_instance ${NAME} {\ninterface eth0\nvirtual_router_id 5\nno_virtual_ipaddress\n}"
        ),
        ["error: `NAME` is not defined up to here"]
    );
}

#[test]
fn a_definition_with_a_blank_before_its_sign_is_told_how_it_is_written() {
    let loaded = on("", "$VIP = 192.0.2.1\n");
    let warning = loaded.diagnostics.of(Severity::Warning).next().unwrap();
    let help = "no blank stands before the `=` of a definition: `$VIP=VALUE`";
    assert_eq!(warning.help.as_deref(), Some(help));
}

#[test]
fn within_quotes_what_is_not_defined_stays_with_a_warning() {
    let text = instance("notify \"/bin/a ${B}\"");
    assert_eq!(said(&text), ["warning: `B` is not defined up to here"]);
    let notify = &model(&text).instances[0].notify;
    assert_eq!(notify.any.as_ref().unwrap().argv, ["/bin/a", "${B}"]);
}

#[test]
fn scripts_are_expanded_too() {
    let text =
        format!("$DIR=/etc/my scripts\n{}", instance("notify \"'${DIR}/n' ${_HASH}1\" root"));
    let notify = &model(&text).instances[0].notify;
    assert_eq!(notify.any.as_ref().unwrap().argv, ["/etc/my scripts/n", "#1"]);
}

#[test]
fn a_sequence_repeats_the_rest_of_its_line() {
    let last = |line: &str| -> String {
        let addresses = addresses("", &format!("{line} 192.0.2.${{N}}"));
        let last = |address: &String| address.rsplit('.').next().unwrap().to_owned();
        addresses.iter().map(last).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(last("~SEQ(N, 3)"), "1 2 3");
    assert_eq!(last("~SEQ(N, 3, 1)"), "3 2 1");
    assert_eq!(last("~SEQ(N, 1, 3, 8)"), "1 4 7");
    assert_eq!(last("~SEQ(N, 0x10, -0x8, 0x8)"), "16 8");
    assert_eq!(last("~LST(N, 9, 4)"), "9 4");
    assert_eq!(last("~SEQx(N, 7, 9)"), "7 8 9");
}

#[test]
fn sequences_and_lists_nest() {
    assert_eq!(
        addresses("", "~LST({A, B}, {10,1},{20,4}) ~SEQ(C,168,2,170) 192.${C}.${A}.${B}"),
        ["192.168.10.1", "192.170.10.1", "192.168.20.4", "192.170.20.4"]
    );
}

#[test]
fn a_sequence_in_hexadecimal_counts_so() {
    let text = "~SEQx(N, 9, 11) vrrp_script s${N} {\n";
    let loaded = on("", text);
    let messages = loaded.diagnostics.iter().map(|said| said.message.as_str());
    assert!(messages.count() > 0);
    assert_eq!(router_id("", "~SEQx(N,10,11) router_id x${N}").as_deref(), Some("xb"));
}

#[test]
fn a_name_means_after_a_sequence_what_it_meant_before() {
    let lines = "$N=9\n~SEQ(N, 2) @no x\nrouter_id $N";
    assert_eq!(router_id("", lines).as_deref(), Some("9"));
}

#[test]
fn a_sequence_that_is_none_is_an_error() {
    for (line, message) in [
        ("~SEQ(N, 1, 0, 3) x", "steps of 0 never lead from 1 to 3"),
        ("~SEQ(N, 1, -1, 3) x", "steps of -1 never lead from 1 to 3"),
        ("~SEQ(N) x", "a sequence has one to three numbers, not 0"),
        ("~SEQ(N, a) x", "`a` is not a number"),
        ("~SEQ(1, 2) x", "`1` cannot be a name"),
        ("~SEQ(N, 2 x", "the `)` of this sequence is missing"),
        ("~LST(N) x", "a list needs at least one value"),
        ("~LST({A,B}, {1}) x", "1 values cannot be 2 names"),
    ] {
        assert_eq!(said(line), [format!("error: {message}")], "{line}");
    }
}

#[test]
fn a_mistake_in_a_sequence_is_told_once() {
    let text = format!("{}~SEQ(N, 5) foo${{N}} bar\n", instance(""));
    assert_eq!(said(&text), ["error: unknown keyword `foo1`"]);
}

#[test]
fn expansion_without_end_is_an_error() {
    for text in [
        "$A=${A}\nx ${A}",
        "$A=${B}${B}\n$B=${A}${A}\nx ${A}",
        "$A= \\\n$A \\\n$A\n$A",
        "~SEQ(N, 4000000000) ~SEQ(M, 4000000000) @no x",
        "$A=@a $A\n$A",
    ] {
        let said = said(text);
        let end = [
            "error: definitions use each other endlessly here",
            "error: more comes of this than anybody can mean",
        ];
        assert!(end.iter().any(|end| said.iter().any(|said| said == end)), "{text}: {said:?}");
    }
}

#[test]
fn expansion_that_doubles_at_every_step_is_an_error() {
    use std::fmt::Write;
    let mut text = "$A0=\n".to_owned();
    for n in 1..60 {
        writeln!(text, "$A{n}=${{A{0}}}${{A{0}}}", n - 1).unwrap();
    }
    assert_eq!(said(&(text + "x ${A59}")), ["error: more comes of this than anybody can mean"]);
}

#[test]
fn long_lines_are_no_shorter_than_short_ones() {
    let name = "x".repeat(100_000);
    assert_eq!(router_id("", &format!("router_id {name}")), Some(name.clone()));
    assert_eq!(router_id("", &format!("$N={name}\nrouter_id $N")), Some(name));
}

#[test]
fn tens_of_thousands_of_lines_may_come_of_one() {
    let text = format!(
        "$RS= \\\nreal_server 10.${{A}}.${{B}}.${{C}} 80 {{ \\\nweight 1 \\\nTCP_CHECK {{ \\\n}} \\\n}}\n\
         virtual_server 192.0.2.1 80 {{\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n\
         ~SEQ(A,0,7) ~SEQ(B,0,31) ~SEQ(C,1,254) {}\n}}\n",
        "$RS"
    );
    let loaded = on("", &text);
    assert_eq!(loaded.model.unwrap().virtual_servers[0].real_servers.len(), 65_024);
}
