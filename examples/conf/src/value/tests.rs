use std::time::Duration;

use super::*;

fn value(arguments: Arguments, words: &[&str]) -> Option<(Value, usize)> {
    let span = crate::Span::default();
    let words: Vec<_> = words.iter().map(|text| Word { text, span }).collect();
    let (first, rest) = words.split_first()?;
    one(arguments, first, rest).ok()
}

const PRIORITY: Arguments = Arguments::Integer { min: 1, max: 255 };
const SECONDS: Arguments = Arguments::Seconds { min: 1, max: 4_294_967_295 };

#[test]
fn numbers_are_decimal_and_nothing_else() {
    assert_eq!(value(PRIORITY, &["100"]), Some((Value::Integer(100), 1)));
    for wrong in ["0", "256", "0x33", "10abc", "+1", "", "-", "1.0", "99999999999999999999"] {
        assert_eq!(value(PRIORITY, &[wrong]), None, "{wrong}");
    }
}

#[test]
fn seconds_have_six_decimals_and_are_rounded() {
    let micros = |text| match value(SECONDS, &[text]) {
        Some((Value::Seconds(duration), 1)) => Some(duration.as_micros()),
        _ => None,
    };
    assert_eq!(micros("1"), Some(1_000_000));
    assert_eq!(micros("0.25"), Some(250_000));
    assert_eq!(micros(".5"), Some(500_000));
    assert_eq!(micros("0.0000015"), Some(2));
    for wrong in ["0", "-1", "1s", "1.2.3", ".", "", "4294.967296", "99999999999999999999"] {
        assert_eq!(micros(wrong), None, "{wrong}");
    }
}

#[test]
fn an_endpoint_has_an_address_and_perhaps_a_port() {
    let ip = "2001:db8::1".parse().unwrap();
    assert_eq!(value(Arguments::Endpoint, &["2001:db8::1"]), Some((Value::Endpoint(ip, None), 1)));
    let with_port = value(Arguments::Endpoint, &["2001:db8::1", "80"]);
    assert_eq!(with_port, Some((Value::Endpoint(ip, Some(80)), 2)));
    assert_eq!(value(Arguments::Endpoint, &["2001:db8::1", "65536"]), None);
}

#[test]
fn a_user_may_have_a_group_and_a_colon() {
    let user = |words: &[&str]| match value(Arguments::User, words) {
        Some((Value::User(user), used)) => Some((user.group, user.supplementary_groups, used)),
        _ => None,
    };
    assert_eq!(user(&["u"]), Some((None, false, 1)));
    assert_eq!(user(&["u", "g", "x"]), Some((Some("g".to_owned()), false, 2)));
    assert_eq!(user(&["u", ":g"]), Some((Some("g".to_owned()), true, 2)));
    assert_eq!(user(&["u", ":", "g"]), Some((Some("g".to_owned()), true, 3)));
    assert_eq!(user(&["u", ":"]), Some((None, true, 2)));
}

#[test]
fn a_weight_may_be_reversed() {
    let weight = |number, reverse| Value::Weight(TrackWeight::new(number, reverse).unwrap());
    assert_eq!(value(Arguments::Weight { limit: 253 }, &["-5"]), Some((weight(-5, false), 1)));
    assert_eq!(
        value(Arguments::Weight { limit: 253 }, &["5", "reverse"]),
        Some((weight(5, true), 2))
    );
    assert_eq!(value(Arguments::Weight { limit: 253 }, &["254"]), None);
}

#[test]
fn a_flag_is_one_of_six_words() {
    assert_eq!(value(Arguments::Flag, &["yes"]), Some((Value::Flag(true), 1)));
    assert_eq!(value(Arguments::Flag, &["off"]), Some((Value::Flag(false), 1)));
    assert_eq!(value(Arguments::Flag, &["On"]), None);
}

#[test]
fn whole_seconds_read_from_integers() {
    let five = literal(Arguments::Integer { min: 0, max: 9 }, "5");
    assert_eq!(five, Some(Value::Integer(5)));
    assert_eq!(literal(SECONDS, "1"), Some(Value::Seconds(Duration::from_secs(1))));
}
