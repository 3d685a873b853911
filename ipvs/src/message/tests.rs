use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::*;

const FAMILY: u16 = 34;

/// What the kernel sends back of a service or destination has the attributes of the request.
fn echoed(request: Request<'_>) -> Vec<Reply> {
    let mut bytes = Vec::new();
    request.encode(FAMILY, 1, &mut bytes);
    replies(&bytes, Family::Ipv4).collect()
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into()),
    ]
}

fn key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let family = prop::sample::select(vec![Family::Ipv4, Family::Ipv6]);
    prop_oneof![
        (protocol, address(), any::<u16>())
            .prop_map(|(protocol, address, port)| ServiceKey::Address { protocol, address, port }),
        (any::<NonZeroU32>(), family)
            .prop_map(|(mark, family)| ServiceKey::FirewallMark { mark, family }),
    ]
}

fn service(family: Family) -> impl Strategy<Value = Service> {
    let netmask = match family {
        Family::Ipv4 => any::<u32>().prop_map(|bits| Netmask::V4(bits.into())).boxed(),
        Family::Ipv6 => (1u8..=128).prop_map(Netmask::V6).boxed(),
    };
    let persistence = (1u64..=2_678_400, netmask).prop_map(|(seconds, netmask)| {
        Persistence::new(Duration::from_secs(seconds), netmask).unwrap()
    });
    let flags =
        any::<[bool; 4]>().prop_map(|[one_packet, scheduler_1, scheduler_2, scheduler_3]| {
            ServiceFlags { one_packet, scheduler_1, scheduler_2, scheduler_3 }
        });
    ("[a-z]{1,15}", flags, prop::option::of(persistence)).prop_map(
        |(scheduler, flags, persistence)| Service {
            scheduler: scheduler.parse().unwrap(),
            flags,
            persistence,
        },
    )
}

fn destination() -> impl Strategy<Value = Destination> {
    use TunnelChecksum::{Computed, None, Remote};
    let checksum = prop::sample::select(vec![None, Computed, Remote]);
    let tunnel = prop_oneof![
        Just(Tunnel::Ipip),
        (any::<NonZeroU16>(), checksum.clone())
            .prop_map(|(port, checksum)| Tunnel::Gue { port, checksum }),
        checksum.prop_map(|checksum| Tunnel::Gre { checksum }),
    ];
    let forward = prop_oneof![
        Just(ForwardMethod::Masquerade),
        Just(ForwardMethod::LocalNode),
        Just(ForwardMethod::DirectRoute),
        Just(ForwardMethod::Bypass),
        tunnel.prop_map(ForwardMethod::Tunnel),
    ];
    let most = u32::try_from(i32::MAX).unwrap();
    let thresholds = (0..=most)
        .prop_flat_map(|upper| (Just(upper), 0..=upper))
        .prop_map(|(upper, lower)| Thresholds::new(upper, lower).unwrap());
    (forward, 0..=most, thresholds).prop_map(|(forward, weight, thresholds)| Destination {
        forward,
        weight: Weight::new(weight).unwrap(),
        thresholds,
    })
}

proptest! {
    #[test]
    fn a_service_is_read_as_it_was_written(
        (key, service) in key().prop_flat_map(|key| (Just(key), service(key.family())))
    ) {
        let read = echoed(Request::NewService(&key, &service));
        prop_assert_eq!(read, [Reply::Service(key, service)]);
    }

    #[test]
    fn a_destination_is_read_as_it_was_written(
        key in key(), address in address(), port in any::<u16>(), destination in destination()
    ) {
        let server = DestinationKey { address, port };
        let read = echoed(Request::NewDestination(&key, &server, &destination));
        prop_assert_eq!(read, [Reply::Destination(server, destination)]);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _replies: Vec<_> = replies(&bytes, Family::Ipv6).collect();
    }

    #[test]
    fn a_reply_with_one_byte_changed_is_read_without_a_panic(
        key in key(), destination in destination(), position in any::<prop::sample::Index>(), to in any::<u8>()
    ) {
        let server = DestinationKey { address: Ipv4Addr::LOCALHOST.into(), port: 80 };
        let mut bytes = Vec::new();
        Request::NewDestination(&key, &server, &destination).encode(FAMILY, 1, &mut bytes);
        let position = position.index(bytes.len());
        bytes[position] = to;
        let _replies: Vec<_> = replies(&bytes, Family::Ipv4).collect();
    }
}

#[test]
fn a_refusal_carries_the_request_and_the_error_number() {
    let mut bytes = Vec::new();
    bytes.extend(36u32.to_ne_bytes());
    bytes.extend(2u16.to_ne_bytes());
    bytes.extend(0u16.to_ne_bytes());
    bytes.extend(7u32.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    bytes.extend((-17i32).to_ne_bytes());
    bytes.extend([0; 16]);
    let read: Vec<_> = replies(&bytes, Family::Ipv4).collect();
    assert_eq!(read, [Reply::Result { sequence: 7, errno: 17 }]);
}
