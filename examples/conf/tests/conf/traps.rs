//! What keepalived takes without a word and nobody means.

use super::{instance, model, said, service};

#[test]
fn a_comment_within_a_password() {
    for password in ["top!secret", "secret!"] {
        let text =
            instance(&format!("authentication {{\nauth_type PASS\nauth_pass {password}\n}}"));
        let expected = ["warning: `!` begins a comment, even in the middle of a word"];
        assert_eq!(said(&text), expected, "{password}");
    }
    let text = instance("authentication {\nauth_type PASS\nauth_pass secret# of the pair\n}");
    assert_eq!(said(&text), [""; 0]);
}

#[test]
fn weights_where_nobody_preempts() {
    let script = "vrrp_script s {\nscript /bin/true\nweight -20\n}\n";
    let weighted = script.to_owned() + &instance("nopreempt\ntrack_script {\ns\n}");
    assert_eq!(said(&weighted), ["warning: the weight of `s` never moves the addresses"]);
    let unweighted = script.to_owned() + &instance("nopreempt\ntrack_script {\ns weight 0\n}");
    assert_eq!(said(&unweighted), [""; 0]);
}

#[test]
fn keywords_in_an_order_that_keepalived_refuses() {
    for (above, below) in [
        ("sorry_server_inhibit", "sorry_server 192.0.2.9 80"),
        ("sh-port", "lvs_sched sh"),
        ("mh-fallback", "lvs_sched mh"),
    ] {
        let below_word = below.split(' ').next().unwrap();
        let body = |one: &str, other: &str| {
            format!(
                "virtual_server 192.0.2.10 80 {{\n{one}\n{other}\nlb_kind DR\nprotocol TCP\n\
                 lvs_sched {}\nreal_server 192.0.2.21 80 {{\nTCP_CHECK {{ }}\n}}\n}}\n",
                below.strip_prefix("lvs_sched ").unwrap_or("rr")
            )
        };
        let wanted = format!("warning: `{above}` must come after `{below_word}` for keepalived");
        assert!(said(&body(above, below)).contains(&wanted), "{above}");
        assert!(!said(&body(below, above)).contains(&wanted), "{above}");
    }
}

#[test]
fn the_order_makes_no_difference_here() {
    let one = service("sorry_server_inhibit\nsorry_server 192.0.2.9 80");
    let other = service("sorry_server 192.0.2.9 80\nsorry_server_inhibit");
    assert_eq!(model(&one), model(&other));
}

#[test]
fn letters_after_a_number() {
    let text = instance("priority 150abc");
    assert_eq!(said(&text), ["warning: `abc` is no part of a number"]);
    assert_eq!(model(&text).instances[0].priority.get(), 150);
    assert_eq!(said(&instance("priority 0x33")), ["error: `priority` cannot be `0x33`"]);
}
