//! S: what is sent.

use std::net::IpAddr;

use steadfast_vrrp::packet::{
    Carrier, ChecksumForm, DecodePolicy, Format, MAX_LEN, MULTICAST_IPV4, MULTICAST_IPV6, TTL,
    TYPE_OF_SERVICE, decode,
};
use steadfast_vrrp::router::ConfigBuilder;

use crate::support::*;

fn first_packet(config: ConfigBuilder, destination: impl Into<IpAddr>) -> (Vec<u8>, Carrier) {
    let mut router = Router::active(config);
    router.wake_when_due();
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
    router.router.set_priority(prio(70)).unwrap();
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
