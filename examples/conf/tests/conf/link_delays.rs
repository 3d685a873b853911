//! `interface_up_down_delays`.

use std::time::Duration;

use steadfast_conf::model::LinkDelays;

use super::{instance, model, said};

/// The delays of the first interface, down and up, with these lines and an instance.
fn delays(lines: &str, of_instance: &str) -> (Duration, Duration) {
    let text = format!("interface_up_down_delays {{\n{lines}\n}}\n{}", instance(of_instance));
    let LinkDelays { down, up, .. } = model(&text).link_delays[0];
    (down, up)
}

#[test]
fn links_have_delays_in_seconds_and_the_second_is_none_unless_it_is_written() {
    let micros = Duration::from_micros;
    assert_eq!(delays("eth1 2.5", ""), (micros(2_500_000), micros(0)));
    assert_eq!(delays("eth1 0.00001 255", ""), (micros(10), micros(255_000_000)));
}

#[test]
fn delays_are_shorter_than_the_silence_that_has_another_router_take_over() {
    let most = Duration::from_micros(1_996_094);
    assert_eq!(delays("eth0 3 0.5", ""), (most, Duration::from_millis(500)));
    assert_eq!(delays("eth0 0 2", ""), (Duration::ZERO, most));
    let longer = "advert_int 2\ndown_timer_adverts 5";
    assert_eq!(delays("eth0 3 7", longer), (Duration::from_secs(3), Duration::from_secs(7)));
    let text = "interface_up_down_delays {\neth0 3\n}\n".to_owned() + &instance("");
    assert_eq!(said(&text), ["warning: a delay of eth0 is too long for `A`"]);
}

#[test]
fn the_last_delays_of_an_interface_count_whichever_block_they_are_in() {
    let text = "interface_up_down_delays {\neth0 1\n}\ninterface_up_down_delays {\neth0 0.5 1\n}\n";
    let all = model(text).link_delays;
    assert_eq!((all.len(), all[0].down), (1, Duration::from_millis(500)));
    assert_eq!(said(text), ["warning: eth0 has delays already"]);
}

#[test]
fn what_cannot_be_a_delay_is_said() {
    for (line, expected) in [
        ("eth0", "error: eth0 has no delay"),
        ("eth0 soon", "error: a delay cannot be `soon`"),
        ("eth0 1 256", "error: a delay cannot be `256`"),
        ("a/b 1", "error: `a/b` cannot be the name of an interface"),
        ("eth0 1 1 1", "warning: `1` is too much here"),
    ] {
        assert_eq!(said(&format!("interface_up_down_delays {{\n{line}\n}}\n")), [expected]);
    }
}
