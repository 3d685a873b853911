//! S: what is sent.

use std::net::IpAddr;

use steadfast_vrrp::packet::{
    Carrier, ChecksumForm, DecodePolicy, Format, MAX_LEN, MULTICAST_IPV4, MULTICAST_IPV6, TTL,
    TYPE_OF_SERVICE, decode,
};
use steadfast_vrrp::router::{Advertise, ConfigBuilder, SendChecksum};

use crate::support::*;

fn first_packet(config: ConfigBuilder, destination: impl Into<IpAddr>) -> (Vec<u8>, Carrier) {
    let mut router = Router::active(config);
    router.wake_when_due();
    packet(&mut router, destination)
}

fn checksum_sent(router: &mut Router) -> ChecksumForm {
    let (bytes, carrier) = packet(router, MULTICAST_IPV4);
    match decode(&bytes, carrier, DecodePolicy::default()).unwrap().advertisement.format {
        Format::V3 { checksum } => checksum,
        Format::V2 { .. } => panic!("VRRPv2"),
    }
}

fn packet(router: &mut Router, destination: impl Into<IpAddr>) -> (Vec<u8>, Carrier) {
    let advertise = router.advertisements()[0];
    let carrier = advertise.carrier(destination.into()).unwrap();
    let mut buffer = [0; MAX_LEN];
    let length = router.router.encode(&advertise, carrier, &mut buffer).unwrap();
    (buffer[..length].to_vec(), carrier)
}

#[test]
fn s1_fields_come_from_configuration_and_state() {
    let (bytes, carrier) = first_packet(config().interval(centis(25)), MULTICAST_IPV4);
    let decoded = decode(&bytes, carrier, DecodePolicy::default()).unwrap();
    let advertisement = decoded.advertisement;
    assert_eq!(decoded.trailing, []);
    assert_eq!(advertisement.vrid.get(), 51);
    assert_eq!(advertisement.priority, Some(prio(100)));
    assert_eq!(advertisement.interval, centis(25));
    assert_eq!(advertisement.format, Format::V3 { checksum: ChecksumForm::PseudoHeader });
}

#[test]
fn s1_the_effective_priority_is_sent() {
    let mut router = Router::active(config());
    router.router.set_priority(at(ms(1)), prio(70)).unwrap();
    router.wake_when_due();
    assert_eq!(router.sent()[0].0, 70);
}

#[test]
fn s1_the_configured_checksum_is_sent() {
    let config = config().checksum(ChecksumForm::MessageOnly);
    let (bytes, carrier) = first_packet(config, MULTICAST_IPV4);
    let decoded = decode(&bytes, carrier, DecodePolicy::default()).unwrap();
    let expected = Format::V3 { checksum: ChecksumForm::MessageOnly };
    assert_eq!(decoded.advertisement.format, expected);
}

#[test]
fn s1_the_checksum_of_the_active_router_last_heard_is_sent_where_configured() {
    let as_heard = || config().checksum(SendChecksum::AsHeard);
    for form in [ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly] {
        let format = Format::V3 { checksum: form };
        let better = Advert { format, ..Advert::new(HIGHER_ADDRESS, 150) };
        let mut followed = Router::backup(as_heard());
        followed.hear(ms(10), &better).unwrap();
        followed.wake_when_due();
        assert_eq!(checksum_sent(&mut followed), form);

        let mut yielded = Router::active(as_heard());
        yielded.hear(ms(10), &better).unwrap();
        yielded.drain();
        yielded.wake_when_due();
        assert_eq!(checksum_sent(&mut yielded), form);
    }
}

#[test]
fn s1_the_checksum_of_a_router_that_must_yield_is_not_taken_over() {
    let mut router = Router::active(config().checksum(SendChecksum::AsHeard));
    let format = Format::V3 { checksum: ChecksumForm::MessageOnly };
    router.hear(ms(10), &Advert { format, ..Advert::new(LOWER_ADDRESS, 50) }).unwrap();
    assert_eq!(checksum_sent(&mut router), ChecksumForm::PseudoHeader);
}

#[test]
fn s2_the_source_is_the_primary_address() {
    let mut router = Router::active(config());
    router.router.set_source(Some(ip("192.0.2.77")));
    router.wake_when_due();
    assert_eq!(router.advertisements()[0].source, ip("192.0.2.77"));
}

#[test]
fn s2_without_an_address_nothing_is_sent_and_that_is_counted() {
    let mut router = Router::active(config());
    router.router.set_source(None);
    router.wake_when_due();
    assert_eq!(router.transmits(), []);
    assert_eq!(router.router.counters().no_source_address, 1);
}

#[test]
fn s3_ttl_is_255_and_type_of_service_internetwork_control() {
    assert_eq!((TTL, TYPE_OF_SERVICE), (255, 0xc0));
}

#[test]
fn s4_addresses_are_sent_as_configured() {
    for order in [["fe80::2", "2001:db8::1"], ["fe80::1", "fe80::0"]] {
        let (bytes, carrier) = first_packet(config_of(&order), MULTICAST_IPV6);
        let decoded = decode(&bytes, carrier, DecodePolicy::default()).unwrap();
        assert!(decoded.advertisement.addresses.iter().eq(order.map(ip)));
    }
}

#[test]
fn s1_a_resignation_kept_ready_is_what_a_shutdown_sends() {
    let mut router = Router::active(config());
    let kept = router.router.resignation().unwrap();
    assert_eq!(router.sent(), []);
    router.router.handle_shutdown(at(ms(100)));
    let sent = router.advertisements()[0];
    // It has a number that is good for longer.
    assert_eq!(Advertise { sequence: sent.sequence, ..kept }, sent);
    assert_eq!(router.router.resignation(), None);
    assert_eq!(Router::backup(config()).router.resignation(), None);
}
