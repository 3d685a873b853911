use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(0) + Duration::from_secs(seconds)
}

fn alert(name: impl std::fmt::Display) -> Alert {
    Alert { subject: format!("{name} - DOWN"), text: format!("=> {name} failed <=") }
}

fn with(names: &[&str]) -> Outbox {
    let mut outbox = Outbox::default();
    for name in names {
        outbox.handle_alert(at(0), alert(name));
    }
    outbox
}

#[test]
fn an_empty_outbox_waits_for_nothing() {
    assert_eq!(Outbox::default().poll_timeout(), None);
}

#[test]
fn one_change_is_keepaliveds_mail() {
    let mail = with(&["A"]).poll_mail(at(1)).unwrap();
    assert_eq!(mail.subject("R"), "[R] A - DOWN");
    assert_eq!(mail.text(), "=> A failed <=\n");
}

#[test]
fn changes_within_a_second_are_one_mail() {
    let mut outbox = with(&["A"]);
    outbox.handle_alert(at(0) + Duration::from_millis(900), alert("B"));
    assert_eq!(outbox.poll_mail(at(0) + Duration::from_millis(999)), None);
    let mail = outbox.poll_mail(at(1)).unwrap();
    assert_eq!(mail.subject("R"), "[R] 2 changes, the last: B - DOWN");
    assert_eq!(mail.text(), "A - DOWN\n=> A failed <=\n\nB - DOWN\n=> B failed <=\n\n");
}

#[test]
fn while_a_mail_is_under_way_there_is_no_other() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    outbox.handle_alert(at(1), alert("B"));
    assert_eq!((outbox.poll_timeout(), outbox.poll_mail(at(100))), (None, None));
}

#[test]
fn what_changes_while_a_mail_is_under_way_comes_with_the_next() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    outbox.handle_alert(at(2), alert("B"));
    outbox.handle_sent(at(3));
    assert_eq!(outbox.poll_mail(at(4)).unwrap().subject("R"), "[R] B - DOWN");
    outbox.handle_sent(at(4));
    assert_eq!(outbox.poll_timeout(), None);
}

#[test]
fn a_mail_that_is_not_taken_is_tried_again_after_pauses_that_double() {
    let mut outbox = with(&["A"]);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let now = outbox.poll_timeout().unwrap();
        outbox.poll_mail(now).unwrap();
        pauses.push(outbox.handle_failure(now, Failure::Temporary).unwrap().as_secs());
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
}

#[test]
fn a_change_does_not_shorten_the_pause() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    outbox.handle_failure(at(1), Failure::Temporary);
    outbox.handle_alert(at(2), alert("B"));
    assert_eq!(outbox.poll_timeout(), Some(at(6)));
}

#[test]
fn the_next_attempt_tells_what_has_changed_since_and_how_late_it_is() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    outbox.handle_failure(at(1), Failure::Temporary);
    outbox.handle_alert(at(4), alert("B"));
    let text = outbox.poll_mail(at(6)).unwrap().text();
    assert!(text.starts_with("A - DOWN (6 s before this mail)\n"), "{text}");
    assert!(text.contains("\nB - DOWN\n"), "{text}");
}

#[test]
fn success_ends_the_pauses() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    outbox.handle_failure(at(1), Failure::Temporary);
    outbox.poll_mail(at(6)).unwrap();
    outbox.handle_sent(at(6));
    outbox.handle_alert(at(7), alert("B"));
    assert_eq!(outbox.poll_timeout(), Some(at(8)));
    outbox.poll_mail(at(8)).unwrap();
    let pause = outbox.handle_failure(at(8), Failure::Temporary);
    assert_eq!(pause, Some(FIRST_PAUSE));
}

#[test]
fn what_the_server_will_never_take_is_given_up() {
    let mut outbox = with(&["A"]);
    outbox.poll_mail(at(1)).unwrap();
    assert_eq!(outbox.handle_failure(at(1), Failure::Permanent), None);
    assert_eq!(outbox, Outbox::default());
}

#[test]
fn too_many_changes_are_counted_and_the_latest_kept() {
    let mut outbox = Outbox::default();
    for number in 0..CAPACITY + 5 {
        outbox.handle_alert(at(0), alert(number));
    }
    let mail = outbox.poll_mail(at(1)).unwrap();
    assert_eq!(mail.subject("R"), "[R] 1005 changes, the last: 1004 - DOWN");
    assert!(mail.text().starts_with("5 earlier changes are not listed\n\n5 - DOWN\n"));
}

#[test]
fn changes_forgotten_while_a_mail_is_under_way_take_nothing_from_the_next() {
    let mut outbox = with(&["A", "B"]);
    outbox.poll_mail(at(1)).unwrap();
    for number in 0..CAPACITY {
        outbox.handle_alert(at(1), alert(number));
    }
    outbox.handle_sent(at(2));
    let mail = outbox.poll_mail(at(3)).unwrap();
    assert_eq!(mail.subject("R"), "[R] 1000 changes, the last: 999 - DOWN");
}

#[test]
fn changes_forgotten_while_a_mail_without_them_is_under_way_are_counted_in_the_next() {
    let mut outbox = with(&["A", "B"]);
    outbox.poll_mail(at(1)).unwrap();
    for number in 0..CAPACITY + 5 {
        outbox.handle_alert(at(1), alert(number));
    }
    outbox.handle_sent(at(2));
    let mail = outbox.poll_mail(at(3)).unwrap();
    assert_eq!(mail.subject("R"), "[R] 1005 changes, the last: 1004 - DOWN");
}

#[test]
fn at_the_end_nothing_is_waited_for() {
    let mut outbox = with(&["A"]);
    outbox.handle_end(at(0));
    assert!(outbox.poll_mail(at(0)).is_some());
}
