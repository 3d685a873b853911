use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

pub(in crate::guard) fn will(packets: Vec<Packet>) -> Will {
    let address = Removal { interface: "eth0".to_owned(), address: "192.0.2.100".parse().unwrap() };
    let (instance, addresses) = ("VI_1".to_owned(), vec![address]);
    Will { instance, packets, addresses, identity: None, sequence: None }
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    any::<IpAddr>()
}

fn destinations() -> impl Strategy<Value = Destination> {
    let ip = (addresses(), any::<u16>(), any::<u32>()).prop_map(|(address, port, scope)| {
        Destination::Ip(match address {
            IpAddr::V4(_) => SocketAddr::new(address, port),
            IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, scope).into(),
        })
    });
    prop_oneof![ip, any::<u32>().prop_map(Destination::Link)]
}

fn identities() -> impl Strategy<Value = Identity> {
    let family = prop_oneof![Just(Family::Ipv4), Just(Family::Ipv6)];
    (any::<String>(), family, any::<u8>()).prop_map(|(interface, family, vrid)| Identity {
        interface,
        family,
        vrid,
    })
}

fn bequests() -> impl Strategy<Value = Bequest> {
    (any::<String>(), identities(), any::<u64>(), sequences()).prop_map(
        |(instance, identity, nanos, sequence)| Bequest {
            instance,
            identity,
            active_until: Instant::from_nanos(nanos),
            sequence,
        },
    )
}

fn sequences() -> impl Strategy<Value = Option<SequenceNumber>> {
    proptest::option::of(any::<u32>().prop_map(SequenceNumber::new))
}

fn wills() -> impl Strategy<Value = Will> {
    let packet = (destinations(), vec(any::<u8>(), 0..64))
        .prop_map(|(destination, bytes)| Packet { destination, bytes });
    let removal = (any::<String>(), addresses())
        .prop_map(|(interface, address)| Removal { interface, address });
    let identity = proptest::option::of(identities());
    (any::<String>(), vec(packet, 0..4), vec(removal, 0..4), identity, sequences()).prop_map(
        |(instance, packets, addresses, identity, sequence)| Will {
            instance,
            packets,
            addresses,
            identity,
            sequence,
        },
    )
}

fn charges() -> impl Strategy<Value = Charge> {
    let realtime = (0..=99_u8).prop_map(|priority| RealtimePriority::new(priority).ok());
    (any::<u32>(), any::<Duration>(), any::<Option<String>>(), realtime, any::<bool>()).prop_map(
        |(process, grace, name, realtime, lock_memory)| Charge {
            process,
            grace,
            name,
            realtime,
            lock_memory,
        },
    )
}

fn messages() -> impl Strategy<Value = Message> {
    prop_oneof![
        charges().prop_map(Message::Charge),
        wills().prop_map(Message::Will),
        any::<String>().prop_map(Message::Forget),
        Just(Message::Goodbye),
        any::<u8>().prop_map(Message::Heir),
        bequests().prop_map(Message::Bequest),
        Just(Message::Complete),
        Just(Message::Accepted),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_to_the_same(message in messages()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn whatever_is_decoded_is_encoded_to_the_same_bytes(bytes in vec(any::<u8>(), 0..256)) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn a_message_with_a_byte_changed_is_refused_or_another_message(
        message in messages(),
        position in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut bytes = message.encode();
        let position = position.index(bytes.len());
        bytes[position] ^= change;
        prop_assert_ne!(Message::decode(&bytes), Ok(message));
    }

    #[test]
    fn a_message_that_is_cut_short_is_refused(
        message in messages(),
        position in any::<prop::sample::Index>(),
    ) {
        let bytes = message.encode();
        let length = position.index(bytes.len());
        prop_assert_eq!(Message::decode(&bytes[..length]), Err(Malformed));
    }
}

#[test]
fn a_list_that_claims_to_be_longer_than_the_message_is_refused() {
    let mut bytes = Message::Will(will(Vec::new())).encode();
    // Kind and name; then the length of the list of packets.
    let at = 1 + 4 + "VI_1".len();
    bytes[at..at + 4].fill(0xff);
    assert_eq!(Message::decode(&bytes), Err(Malformed));
}
