//! Diagnostics as a person sees them, character for character.

use steadfast_conf::{Style, Surroundings, parse};

fn rendered(text: &str) -> String {
    parse("keepalived.conf", text).render(Style::Plain)
}

#[test]
fn a_misspelling() {
    let text = "vrrp_instance A {\n\tinterface eth0\n\tvirtual_router_id 5\n\tpriorty 100\n\tno_virtual_ipaddress\n}\n";
    assert_eq!(
        rendered(text),
        "\
error: unknown keyword `priorty`
 --> keepalived.conf:4:2
  |
4 |     priorty 100
  |     ^^^^^^^ not known in `vrrp_instance`
  |
  = help: did you mean `priority`?

"
    );
}

#[test]
fn two_places_in_one_snippet() {
    let text = "\
virtual_server 192.0.2.10 80 {
    lb_algo rr
    lb_kind NAT
    real_server 192.0.2.21 80 {
        TCP_CHECK { }
    }
}
";
    assert_eq!(
        rendered(text),
        "\
error: `protocol` is missing
 --> keepalived.conf:1:16
  |
1 | virtual_server 192.0.2.10 80 {
  |                ^^^^^^^^^^ keepalived would balance UDP here
...
5 |         TCP_CHECK { }
  |         --------- TCP_CHECK means that its servers speak TCP
  |
  = help: add `protocol TCP`

"
    );
}

#[test]
fn a_block_of_lines_that_is_missing_is_shown_as_it_is_written() {
    let text = rendered("vrrp_sync_group G {\n}\n");
    assert!(text.contains("help: add `group { INSTANCE }`"), "{text}");
}

#[test]
fn wide_characters_do_not_shift_the_mark() {
    let text = "global_defs {\n  router_id 主服务器 x\n}\n";
    assert_eq!(
        rendered(text),
        "\
warning: `x` is too much after `router_id`
 --> keepalived.conf:2:18
  |
2 |   router_id 主服务器 x
  |                      ^ ignored, as keepalived does

"
    );
}

#[test]
fn nothing_to_show() {
    let nowhere = std::path::Path::new("/nonexistent");
    let loaded = steadfast_conf::load(nowhere, &Surroundings::default());
    assert_eq!(
        loaded.render(Style::Plain),
        "error: cannot read /nonexistent: No such file or directory (os error 2)\n\n"
    );
    assert_eq!(loaded.diagnostics.to_string(), "1 error");
}

#[test]
fn a_summary_counts() {
    let loaded = parse("t", "foo\nbar\nglobal_defs {\nsmtp_server x\nvrrp_garp_interval 0\n}\n");
    assert_eq!(loaded.diagnostics.to_string(), "2 errors, 1 warning, 1 note");
    assert_eq!(parse("t", "").diagnostics.to_string(), "nothing to complain about");
}

#[test]
fn a_mistake_in_a_definition_is_shown_where_it_is_used_and_where_it_is_written() {
    let text = "\
$PRIORITY=high
$VI= \\
vrrp_instance V${N} { \\
    interface eth0 \\
    virtual_router_id ${N} \\
    priority $PRIORITY \\
    no_virtual_ipaddress \\
}
~SEQ(N, 3) $VI
";
    assert_eq!(
        rendered(text),
        "\
error: `priority` cannot be `high`
 --> keepalived.conf:6:14
  |
1 | $PRIORITY=high
  |           ---- `high` comes from here
...
6 |     priority $PRIORITY \\
  |              ^^^^^^^^^ expected a number from 1 to 255
...
9 | ~SEQ(N, 3) $VI
  | ---------- --- `VI` is used here
  | |
  | for N = 1

"
    );
}
