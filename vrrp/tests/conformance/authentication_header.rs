//! Authentication type 2 of RFC 2338: advertisements in an IP Authentication Header.

use steadfast_vrrp::Version;
use steadfast_vrrp::packet::ah::{self, OpenError, SequenceNumber};
use steadfast_vrrp::packet::{Authentication, Carrier, MAX_LEN, MULTICAST_IPV4, Password};
use steadfast_vrrp::router::{
    Advertise, ConfigBuilder, ConfigError, Destination, Outcome, ReceiveError, State,
};

use crate::support::*;

fn key() -> Password {
    Password::new(b"secret").unwrap()
}

fn with_header() -> ConfigBuilder {
    config().version(Version::V2).authentication_header(key())
}

fn peer(priority: u8) -> Advert {
    Advert::v2(HIGHER_ADDRESS, priority, Authentication::AuthenticationHeader)
}

fn hear(router: &mut Router, packet: &[u8]) -> Result<Outcome, ReceiveError> {
    let now = at(ms(10));
    router.router.handle_authenticated_packet(now, now, packet)
}

fn number(sequence: u32) -> SequenceNumber {
    SequenceNumber::new(sequence)
}

fn numbers(router: &mut Router) -> Vec<u32> {
    router.advertisements().iter().map(|advertise| advertise.sequence.get()).collect()
}

const ACCEPTED: Result<Outcome, ReceiveError> =
    Ok(Outcome::Accepted { checksum: None, trailing: 0 });

#[test]
fn r11_an_authentication_header_with_the_right_key_is_accepted() {
    let mut router = Router::backup(with_header());
    let due = router.deadline();
    assert_eq!(hear(&mut router, &peer(150).authenticated(&key(), 1)), ACCEPTED);
    assert_eq!(router.router.counters().advertisement_rcvd, 1);
    assert!(router.deadline() > due);
}

#[test]
fn r11_an_authentication_header_with_another_key_is_discarded() {
    let mut router = Router::backup(with_header());
    let other = Password::new(b"public").unwrap();
    let due = router.deadline();
    let error = hear(&mut router, &peer(150).authenticated(&other, 1)).unwrap_err();
    assert_eq!(error, OpenError::IntegrityCheckValue.into());
    assert_eq!(router.router.counters().auth_failures, 1);
    assert_eq!(router.deadline(), due, "a discarded packet moves no timer");
}

#[test]
fn r11_a_replayed_packet_is_discarded() {
    let mut router = Router::backup(with_header());
    let packet = peer(150).authenticated(&key(), 7);
    assert_eq!(hear(&mut router, &packet), ACCEPTED);
    let due = router.deadline();
    let again = hear(&mut router, &packet).unwrap_err();
    assert_eq!(again, ReceiveError::Replayed { found: number(7), last: number(7) });
    let older = hear(&mut router, &peer(150).authenticated(&key(), 6)).unwrap_err();
    assert_eq!(older, ReceiveError::Replayed { found: number(6), last: number(7) });
    assert_eq!(router.router.counters().auth_failures, 2);
    assert_eq!(router.deadline(), due);
}

#[test]
fn r11_all_senders_number_their_packets_in_one_row() {
    let mut router = Router::backup(with_header());
    assert_eq!(hear(&mut router, &peer(150).authenticated(&key(), 7)), ACCEPTED);
    let other = Advert { source: ip(LOWER_ADDRESS), ..peer(150) };
    let error = hear(&mut router, &other.authenticated(&key(), 7)).unwrap_err();
    assert!(matches!(error, ReceiveError::Replayed { .. }), "{error}");
    assert_eq!(hear(&mut router, &other.authenticated(&key(), 8)), ACCEPTED);
}

#[test]
fn r11_the_number_of_a_discarded_packet_is_still_free() {
    let mut router = Router::backup(with_header());
    hear(&mut router, &peer(150).every(200).authenticated(&key(), 9)).unwrap_err();
    assert_eq!(hear(&mut router, &peer(150).authenticated(&key(), 8)), ACCEPTED);
}

#[test]
fn r11_an_authentication_header_is_discarded_by_a_router_without() {
    let mut router = Router::backup(config().version(Version::V2));
    let error = hear(&mut router, &peer(150).authenticated(&key(), 1)).unwrap_err();
    assert_eq!(error, ReceiveError::AuthenticationType { found: 2, expected: 0 });
    assert_eq!(router.router.counters().auth_type_mismatch, 1);
}

#[test]
fn r11_a_packet_without_authentication_header_is_discarded_by_a_router_with_one() {
    let mut router = Router::backup(with_header());
    let bare = Advert::v2(HIGHER_ADDRESS, 150, Authentication::None);
    let error = router.hear(ms(10), &bare).unwrap_err();
    assert_eq!(error, ReceiveError::AuthenticationType { found: 0, expected: 2 });
    let stripped = router.hear(ms(10), &peer(150)).unwrap_err();
    assert_eq!(stripped, ReceiveError::NoAuthenticationHeader);
    assert_eq!(router.router.counters().auth_type_mismatch, 2);
}

#[test]
fn r14_own_packets_with_an_authentication_header_are_ignored_silently() {
    let mut router = Router::active(with_header());
    let own = Advert { source: ip(OUR_ADDRESS), ..peer(100) };
    assert_eq!(hear(&mut router, &own.authenticated(&key(), 1)), Ok(Outcome::LoopedBack));
}

fn sealed(router: &Router, advertise: &Advertise) -> Vec<u8> {
    let carrier = Carrier::new(ip(OUR_ADDRESS), MULTICAST_IPV4.into()).unwrap();
    let mut buffer = [0; MAX_LEN];
    let length = router.router.encode(advertise, carrier, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

#[test]
fn s1_what_is_sent_with_an_authentication_header_is_accepted_by_another_router() {
    let mut router = Router::new(with_header());
    router.router.handle_startup(at(START));
    router.wake_when_due();
    let advertise = router.advertisements().remove(0);
    let packet = sealed(&router, &advertise);
    let opened = ah::open(&packet, &key()).unwrap();
    assert_eq!(opened.envelope.ttl, 255);
    assert_eq!(opened.envelope.sequence, number(1));
    let mut other = Router::backup(with_header());
    other.router.set_source(Some(ip(LOWER_ADDRESS)));
    assert_eq!(hear(&mut other, &packet), ACCEPTED);
}

#[test]
fn s1_a_configured_ttl_is_sent_with_an_authentication_header() {
    let destination = Destination::Unicast {
        peers: vec![steadfast_vrrp::router::UnicastPeer::new(ip(HIGHER_ADDRESS))],
        ttl: 64,
        check_source: false,
    };
    let mut router = Router::active(with_header().destination(destination));
    router.wake_when_due();
    let advertise = router.advertisements().remove(0);
    let opened = ah::open(&sealed(&router, &advertise), &key()).unwrap().envelope;
    assert_eq!(opened.ttl, 64);
}

#[test]
fn s1_advertisements_are_numbered_one_after_the_other() {
    let mut router = Router::new(with_header());
    router.router.handle_startup(at(START));
    for _ in 0..3 {
        router.wake_when_due();
    }
    // Of several that nobody took, the last one alone is sent.
    assert_eq!(numbers(&mut router), [1]);
    router.wake_when_due();
    assert_eq!(numbers(&mut router), [2]);
}

#[test]
fn s1_a_successor_goes_on_with_the_numbers_of_the_router_before_it() {
    let mut router = Router::backup(with_header());
    assert_eq!(hear(&mut router, &peer(150).authenticated(&key(), 1000)), ACCEPTED);
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
    assert_eq!(numbers(&mut router), [1001]);
}

#[test]
fn a5_a_resignation_made_in_advance_is_newer_than_all_that_is_sent_until_it_is_outdated() {
    let mut router = Router::active(with_header());
    let resignation = router.router.resignation().unwrap().sequence;
    let mut sent = 0;
    while !router.router.outdates(resignation) {
        router.wake_when_due();
        sent = *numbers(&mut router).last().unwrap();
        assert!(sent < resignation.get());
    }
    assert!(sent > 1000);
    assert!(!router.router.outdates(router.router.resignation().unwrap().sequence));
}

#[test]
fn a5_without_an_authentication_header_no_resignation_is_outdated() {
    let router = Router::active(config());
    assert!(!router.router.outdates(number(0)));
}

#[test]
fn i1_a_resumed_router_is_newer_than_all_that_was_sent_and_hears_who_took_over() {
    let mut before = Router::active(with_header());
    before.wake_when_due();
    let last = *numbers(&mut before).last().unwrap();
    let resignation = before.router.resignation().unwrap().sequence;

    let resumed = || {
        let mut router = Router::new(with_header());
        router.router.handle_resumption(at(ms(5)), at(ms(1)));
        router.router.continue_numbering(resignation);
        router.drain();
        router
    };
    let mut alone = resumed();
    alone.wake_when_due();
    assert!(numbers(&mut alone)[0] > resignation.get());

    let mut succeeded = resumed();
    let successor = peer(150).authenticated(&key(), last + 1);
    assert_eq!(hear(&mut succeeded, &successor), ACCEPTED);
    assert_eq!(succeeded.state(), State::Backup);
}

#[test]
fn c3_an_authentication_header_is_for_version_2_alone_and_not_for_strict_mode() {
    assert!(with_header().build().is_ok());
    let error = config().authentication_header(key()).build().unwrap_err();
    assert_eq!(error, ConfigError::AuthenticationInVersion3);
    let error = with_header().strict(true).build().unwrap_err();
    assert_eq!(error, ConfigError::Strict { option: "authentication" });
}

#[test]
fn c3_the_key_of_an_authentication_header_is_not_shown() {
    let shown = format!("{:?}", with_header().build().unwrap());
    assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
}
