//! Keywords, values, repetition: what holds in every block.

use super::{instance, said, service};

#[test]
fn all_mistakes_are_found_in_one_run() {
    let text = instance("priorty 5\nadvert_int x\nstate Master\nuse_ipvlan");
    assert_eq!(
        said(&text),
        [
            "error: unknown keyword `priorty`",
            "error: `advert_int` cannot be `x`",
            "error: `state` cannot be `Master`",
            "error: `use_ipvlan` is not supported yet",
        ]
    );
}

fn help(text: &str) -> String {
    let loaded = steadfast_conf::parse("t.conf", text);
    loaded.diagnostics.iter().find_map(|said| said.help.clone()).unwrap_or_default()
}

#[test]
fn a_misspelt_keyword_gets_its_neighbour() {
    assert_eq!(help(&instance("priorty 5")), "did you mean `priority`?");
}

#[test]
fn a_misspelt_word_gets_its_neighbour() {
    assert_eq!(help(&instance("state Master")), "did you mean `MASTER`?");
}

#[test]
fn a_keyword_in_the_wrong_block_is_sent_home() {
    assert_eq!(help(&instance("delay_loop 6")), "`delay_loop` belongs in `virtual_server`");
    assert_eq!(
        help(&instance("vrrp_script x {\nscript /bin/true\n}")),
        "`vrrp_script` stands outside any block: is a `}` missing above?"
    );
}

#[test]
fn a_missing_value_is_an_error() {
    assert_eq!(said(&instance("priority")), ["error: `priority` needs a value"]);
}

#[test]
fn a_missing_required_keyword_is_an_error() {
    let text = "vrrp_instance A {\nvirtual_ipaddress { 192.0.2.1 }\n}";
    assert_eq!(
        said(text),
        ["error: `virtual_router_id` is missing", "error: `interface` is missing"]
    );
}

#[test]
fn a_missing_block_is_an_error() {
    assert_eq!(said("vrrp_instance A"), ["error: `vrrp_instance` needs a block",]);
}

#[test]
fn a_block_where_none_belongs_is_an_error() {
    assert_eq!(said(&instance("priority 5 { x }")), ["error: `priority` takes no block"]);
}

#[test]
fn words_too_many_are_ignored_with_a_warning() {
    assert_eq!(said(&instance("priority 5 6")), ["warning: `6` is too much after `priority`"]);
    assert_eq!(said(&service("alpha 1")), ["warning: `alpha` takes no value"]);
}

#[test]
fn who_writes_alpha_no_is_told_that_it_is_on() {
    assert_eq!(help(&service("alpha no")), "`alpha` is in force whatever follows: remove the line");
}

#[test]
fn the_last_of_two_values_counts() {
    let text = instance("priority 5\npriority 6");
    assert_eq!(
        said(&text),
        ["warning: `priority` is given twice: the last one counts, as in keepalived"]
    );
    assert_eq!(super::model(&text).instances[0].priority.get(), 6);
}

#[test]
fn the_first_of_two_scripts_counts() {
    let text = instance("notify_master \"/bin/a x\"\nnotify_master \"/bin/b y\"");
    assert_eq!(
        said(&text),
        ["warning: `notify_master` is given twice: the first one counts, as in keepalived"]
    );
    let notify = &super::model(&text).instances[0].notify;
    assert_eq!(notify.master.as_ref().unwrap().argv, ["/bin/a", "x"]);
}

#[test]
fn a_state_passed_under_the_keyword_of_another_is_noticed() {
    let text = instance("notify_master \"/bin/n master\"\nnotify_master \"/bin/n backup\"");
    assert_eq!(help(&text), "did you mean `notify_backup`?");
}

#[test]
fn keywords_without_effect_share_a_warning_for_each_reason() {
    let text = "global_defs {\nsnmp_socket a\nvrrp_priority 1\nenable_traps\nsnmp_socket b\n}";
    assert_eq!(
        said(text),
        [
            "warning: `snmp_socket`, `enable_traps` have no effect: there is no SNMP agent",
            "warning: `vrrp_priority` has no effect: there is one process, whose priority whoever \
             starts it decides",
        ]
    );
}

#[test]
fn whatever_could_endanger_traffic_is_refused() {
    for line in ["track_bfd { b }", "use_ipvlan"] {
        let said = said(&instance(line));
        assert!(said.iter().any(|said| said.ends_with("is not supported yet")), "{line}: {said:?}");
    }
    assert!(said("bfd_instance B { }").concat().ends_with("is not supported yet"));
}

#[test]
fn unfinished_text_is_an_error() {
    assert_eq!(said("global_defs {\n"), ["error: the block of `global_defs` is never closed"]);
}

#[test]
fn a_placeholder_in_a_block_is_an_error() {
    assert_eq!(said(&super::server("TCP_CHECK { ... }")), ["error: `...` is not a keyword"]);
    assert_eq!(
        said(
            "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress { ... }\n}"
        ),
        ["error: `...` is not an address"]
    );
}

#[test]
fn what_has_only_moved_within_its_file_is_equal() {
    let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 192.0.2.1\n }\n}\n";
    let model = |text: &str| steadfast_conf::parse("test.conf", text).model.unwrap();
    assert_eq!(model(text), model(&format!("\n\n   {text}")));
}
