//! Frames of other implementations, captured: we read them as they were meant, and write them alike.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod frame;
mod frr;
mod keepalived;
mod session;

use std::net::IpAddr;

use frame::{Packet, bytes};
use session::{Dialect, Session};
use steadfast_vrrp::announce::{GratuitousArp, NeighborAdvertisement};
use steadfast_vrrp::packet::{self, DecodePolicy, TTL, TYPE_OF_SERVICE};
use steadfast_vrrp::router::{Event, Outcome, ReceiveError, Received, State, StateReason};
use steadfast_vrrp::{Instant, MacAddress, Priority, VirtualRouter};

/// All but the one with an Authentication Header.
const WITHOUT_HEADER: [Session; 9] = [
    keepalived::V2,
    keepalived::V2_PASSWORD,
    keepalived::V3,
    keepalived::V3_OWNER,
    keepalived::V3_UNICAST,
    keepalived::V3_IPV6,
    frr::V2,
    frr::V3,
    frr::V3_IPV6,
];

fn sessions() -> impl Iterator<Item = Session> {
    WITHOUT_HEADER.into_iter().chain([keepalived::V2_AH])
}

#[test]
fn advertisements_decode_to_what_was_configured() {
    for session in sessions() {
        let priority = Priority::new(session.priority).unwrap();
        let cases = [(session.advertisement, Some(priority)), (session.goodbye, None)];
        for (frame, priority) in cases {
            let packet = Packet::of_vrrp(frame);
            assert_eq!(packet.hop_limit, TTL);
            assert_eq!(packet.type_of_service, TYPE_OF_SERVICE);
            let carrier = packet.carrier();
            let decoded = packet::decode(&packet.payload, carrier, DecodePolicy::default());
            let decoded = decoded.unwrap();
            assert_eq!(decoded.trailing, []);
            let advertisement = decoded.advertisement;
            assert_eq!(advertisement.vrid.get(), session.vrid);
            assert_eq!(advertisement.priority, priority);
            assert_eq!(advertisement.interval, session.interval());
            assert_eq!(advertisement.format, session.format());
            let addresses: Vec<_> =
                advertisement.addresses.iter().map(|address| address.to_string()).collect();
            assert_eq!(addresses, session.addresses);
        }
    }
}

#[test]
fn advertisements_encode_to_the_same_bytes() {
    for session in sessions() {
        for frame in [session.advertisement, session.goodbye] {
            let packet = Packet::of_vrrp(frame);
            let carrier = packet.carrier();
            let decoded = packet::decode(&packet.payload, carrier, DecodePolicy::default());
            let mut encoded = vec![0xff; packet.payload.len()];
            decoded.unwrap().advertisement.encode(carrier, &mut encoded).unwrap();
            assert_eq!(encoded, packet.payload);
        }
    }
}

#[test]
fn announcements_decode_to_the_address_and_where_it_is() {
    for session in sessions() {
        for (frame, address) in session.announcements.iter().zip(session.addresses) {
            let address: IpAddr = address.parse().unwrap();
            let frame_bytes = bytes(frame);
            let mac = MacAddress(*frame_bytes[6..].first_chunk().unwrap());
            match address {
                IpAddr::V4(address) => {
                    let arp = GratuitousArp { mac, address };
                    assert_eq!(GratuitousArp::decode(&frame_bytes), Some(arp));
                }
                IpAddr::V6(target) => {
                    let packet = Packet::of_frame(frame);
                    let IpAddr::V6(source) = packet.source else { panic!("{}", packet.source) };
                    let said = NeighborAdvertisement { source, target, mac };
                    let decoded = NeighborAdvertisement::decode(source, &packet.payload);
                    assert_eq!(decoded, Some(said));
                }
            }
        }
    }
}

/// Our router hears that one, then its goodbye, and takes over.
#[test]
fn a_router_configured_alike_has_nothing_to_complain_about_and_succeeds() {
    for session in WITHOUT_HEADER {
        let mut router = backup(&session);
        let [heard, goodbye] =
            [session.advertisement, session.goodbye].map(|frame| hear(&mut router, frame));
        assert!(matches!(heard, Ok(Outcome::Accepted { trailing: 0, .. })), "{heard:?}");
        assert!(matches!(goodbye, Ok(Outcome::Accepted { trailing: 0, .. })), "{goodbye:?}");
        assert_eq!(router.poll_event(), None);

        let due = router.poll_timeout().unwrap().at;
        assert!(due.duration_since(NOW) < session.interval().as_duration(), "the skew time");
        router.handle_timeout(due);
        let Some(Event::StateChange(change)) = router.poll_event() else { panic!("no change") };
        let peer = Packet::of_vrrp(session.goodbye).source;
        assert_eq!(change.to, State::Active);
        assert_eq!(change.reason, StateReason::PeerResigned { peer });
    }
}

#[test]
fn a_message_that_says_it_had_an_authentication_header_is_refused_by_a_router_without() {
    let mut router = backup(&Session { dialect: Dialect::V2, ..keepalived::V2_AH });
    assert_eq!(
        hear(&mut router, keepalived::V2_AH.advertisement),
        Err(ReceiveError::AuthenticationType { found: 2, expected: 0 })
    );
}

const NOW: Instant = Instant::from_nanos(1 << 40);

fn backup(session: &Session) -> VirtualRouter {
    let mut router = VirtualRouter::new(session.our_config());
    router.handle_startup(NOW);
    assert_eq!(router.state(), State::Backup);
    while router.poll_event().is_some() {}
    router
}

fn hear(router: &mut VirtualRouter, frame: &str) -> Result<Outcome, ReceiveError> {
    let Packet { source, destination, hop_limit, payload, .. } = Packet::of_vrrp(frame);
    router.handle_packet(NOW, &Received { arrival: NOW, source, destination, hop_limit }, &payload)
}
