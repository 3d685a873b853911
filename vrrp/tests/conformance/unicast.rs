//! R1 and X3: routers that speak to each other directly, as keepalived's `unicast_peer` has it.

use steadfast_vrrp::Family;
use steadfast_vrrp::packet::MULTICAST_IPV4;
use steadfast_vrrp::router::{
    ConfigBuilder, ConfigError, Counters, Destination, Outcome, ReceiveError, UnicastPeer,
};

use crate::support::*;

fn peer() -> UnicastPeer {
    UnicastPeer::new(ip(HIGHER_ADDRESS))
}

fn unicast_to(peers: impl IntoIterator<Item = UnicastPeer>) -> ConfigBuilder {
    let peers = peers.into_iter().collect();
    config().destination(Destination::Unicast { peers, ttl: 255, check_source: false })
}

fn unicast() -> ConfigBuilder {
    unicast_to([peer()])
}

fn checking_source() -> ConfigBuilder {
    let peers = vec![peer()];
    config().destination(Destination::Unicast { peers, ttl: 255, check_source: true })
}

/// What the peer sends us from some hops away.
fn advert(hop_limit: u8) -> Advert {
    Advert { hop_limit, destination: ip(OUR_ADDRESS), ..Advert::new(HIGHER_ADDRESS, 150) }
}

fn stranger(hop_limit: u8) -> Advert {
    Advert { source: ip(LOWER_ADDRESS), ..advert(hop_limit) }
}

fn hear(config: ConfigBuilder, advert: &Advert) -> (Result<Outcome, ReceiveError>, Counters) {
    let mut router = Router::backup(config);
    let outcome = router.hear(ms(10), advert);
    (outcome, *router.router.counters())
}

fn is_accepted(config: ConfigBuilder, advert: &Advert) -> bool {
    matches!(hear(config, advert).0, Ok(Outcome::Accepted { .. }))
}

#[test]
fn r1_ttl_of_a_unicast_peer_is_not_looked_at() {
    assert!(is_accepted(unicast(), &advert(3)));
}

#[test]
fn r1_ttl_of_a_unicast_peer_is_within_its_bounds_where_configured() {
    let bounded = || unicast_to([UnicastPeer { min_ttl: 250, max_ttl: 253, ..peer() }]);
    for (ttl, accepted) in [(249, false), (250, true), (253, true), (254, false)] {
        assert_eq!(is_accepted(bounded(), &advert(ttl)), accepted, "{ttl}");
    }
    let (outcome, counters) = hear(bounded(), &advert(249));
    let expected = ReceiveError::PeerHopLimit { found: 249, min_ttl: 250, max_ttl: 253 };
    assert_eq!((outcome, counters.ip_ttl_errors), (Err(expected), 1));
}

#[test]
fn x3_a_unicast_router_listens_to_anybody_by_default() {
    assert!(is_accepted(unicast(), &stranger(3)));
}

#[test]
fn x3_check_unicast_src_discards_what_no_peer_sent() {
    let (outcome, counters) = hear(checking_source(), &stranger(255));
    assert_eq!((outcome, counters.unknown_peers), (Err(ReceiveError::UnknownPeer), 1));
    assert!(is_accepted(checking_source(), &advert(3)));
}

#[test]
fn x3_a_bound_on_a_ttl_implies_check_unicast_src() {
    let near = UnicastPeer { min_ttl: 255, ..UnicastPeer::new(ip("192.0.2.50")) };
    let (outcome, _) = hear(unicast_to([peer(), near]), &stranger(255));
    assert_eq!(outcome, Err(ReceiveError::UnknownPeer));
}

#[test]
fn x3_a_unicast_router_is_deaf_to_the_group() {
    let (outcome, counters) = hear(unicast(), &Advert::new(HIGHER_ADDRESS, 150));
    assert_eq!(
        (outcome, counters.destination_errors),
        (Err(ReceiveError::Destination { found: MULTICAST_IPV4.into() }), 1)
    );
}

#[test]
fn x3_a_multicast_router_is_deaf_to_unicast() {
    let (outcome, counters) = hear(config(), &advert(255));
    assert_eq!(
        (outcome, counters.destination_errors),
        (Err(ReceiveError::Destination { found: ip(OUR_ADDRESS) }), 1)
    );
}

#[test]
fn x3_a_router_of_one_group_is_deaf_to_another() {
    let advert = Advert { destination: ip("224.0.0.81"), ..Advert::new(HIGHER_ADDRESS, 150) };
    let found = ip("224.0.0.81");
    assert_eq!(hear(config(), &advert).0, Err(ReceiveError::Destination { found }));
    let other = config().destination(Destination::Multicast(found));
    assert!(is_accepted(other, &advert));
}

fn refused(config: ConfigBuilder) -> ConfigError {
    config.build().unwrap_err()
}

#[test]
fn x3_destinations_are_of_the_family_of_the_virtual_addresses() {
    let (address, family) = (ip("fe80::9"), Family::Ipv4);
    let expected = ConfigError::DestinationFamily { address, family };
    assert_eq!(refused(unicast_to([UnicastPeer::new(address)])), expected);
    let group = config().destination(Destination::standard(Family::Ipv6));
    assert!(matches!(refused(group), ConfigError::DestinationFamily { .. }));
}

#[test]
fn x3_a_group_is_a_multicast_address() {
    let group = ip(HIGHER_ADDRESS);
    let config = config().destination(Destination::Multicast(group));
    assert_eq!(refused(config), ConfigError::NotMulticast { group });
}

#[test]
fn x3_unicast_needs_a_peer() {
    assert_eq!(refused(unicast_to([])), ConfigError::NoUnicastPeers);
}

#[test]
fn x3_a_unicast_peer_is_one_machine() {
    for wrong in ["224.0.0.18", "0.0.0.0"] {
        let address = ip(wrong);
        let config = unicast_to([UnicastPeer::new(address)]);
        assert_eq!(refused(config), ConfigError::UnicastPeer { address });
    }
}

#[test]
fn x3_a_unicast_peer_is_given_once() {
    let address = ip(HIGHER_ADDRESS);
    assert_eq!(
        refused(unicast_to([peer(), peer()])),
        ConfigError::DuplicateUnicastPeer { address }
    );
}

#[test]
fn x3_bounds_of_a_ttl_leave_something_between_them() {
    let peer = UnicastPeer { min_ttl: 255, max_ttl: 254, ..peer() };
    let error = refused(unicast_to([peer]));
    assert!(matches!(error, ConfigError::UnicastTtl { .. }), "{error}");
}
