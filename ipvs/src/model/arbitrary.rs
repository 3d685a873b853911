//! Any value of the model, for property tests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

pub(crate) fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into()),
    ]
}

pub(crate) fn service_key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let family = prop::sample::select(vec![Family::Ipv4, Family::Ipv6]);
    prop_oneof![
        (protocol, address(), any::<u16>())
            .prop_map(|(protocol, address, port)| ServiceKey::Address { protocol, address, port }),
        (any::<NonZeroU32>(), family)
            .prop_map(|(mark, family)| ServiceKey::FirewallMark { mark, family }),
    ]
}

fn persistence(family: Family) -> impl Strategy<Value = Persistence> {
    let netmask = match family {
        Family::Ipv4 => any::<u32>().prop_map(|bits| Netmask::V4(bits.into())).boxed(),
        Family::Ipv6 => (1u8..=128).prop_map(Netmask::V6).boxed(),
    };
    (1u64..=2_678_400, netmask).prop_map(|(seconds, netmask)| {
        Persistence::new(Duration::from_secs(seconds), netmask).unwrap()
    })
}

pub(crate) fn service(family: Family) -> impl Strategy<Value = Service> {
    let flags =
        any::<[bool; 4]>().prop_map(|[one_packet, scheduler_1, scheduler_2, scheduler_3]| {
            ServiceFlags { one_packet, scheduler_1, scheduler_2, scheduler_3 }
        });
    let engine = prop::option::of("[a-z]{1,15}");
    ("[a-z]{1,15}", flags, prop::option::of(persistence(family)), engine).prop_map(
        |(scheduler, flags, persistence, engine)| Service {
            scheduler: scheduler.parse().unwrap(),
            flags,
            persistence,
            engine: engine.map(|engine| engine.parse().unwrap()),
        },
    )
}

fn forward() -> impl Strategy<Value = ForwardMethod> {
    use TunnelChecksum::{Computed, None, Remote};
    let checksum = prop::sample::select(vec![None, Computed, Remote]);
    let tunnel = prop_oneof![
        Just(Tunnel::Ipip),
        (any::<NonZeroU16>(), checksum.clone())
            .prop_map(|(port, checksum)| Tunnel::Gue { port, checksum }),
        checksum.prop_map(|checksum| Tunnel::Gre { checksum }),
    ];
    let unknown = (5u32..8, any::<u8>(), any::<u16>(), any::<u16>())
        .prop_map(|(method, tunnel, port, flags)| UnknownForward { method, tunnel, port, flags });
    prop_oneof![
        Just(ForwardMethod::Masquerade),
        Just(ForwardMethod::LocalNode),
        Just(ForwardMethod::DirectRoute),
        Just(ForwardMethod::Bypass),
        tunnel.prop_map(ForwardMethod::Tunnel),
        unknown.prop_map(ForwardMethod::Unknown),
    ]
}

pub(crate) fn destination() -> impl Strategy<Value = Destination> {
    let most = u32::try_from(i32::MAX).unwrap();
    let thresholds = (0..=most)
        .prop_flat_map(|upper| (Just(upper), 0..=upper))
        .prop_map(|(upper, lower)| Thresholds::new(upper, lower).unwrap());
    (forward(), 0..=most, thresholds).prop_map(|(forward, weight, thresholds)| Destination {
        forward,
        weight: Weight::new(weight).unwrap(),
        thresholds,
    })
}

pub(crate) fn sync_daemon() -> impl Strategy<Value = SyncDaemon> {
    use prop::option::of;
    let role = prop::sample::select(vec![SyncRole::Master, SyncRole::Backup]);
    let group = address().prop_filter_map("not multicast", |address| {
        let multicast = match address {
            IpAddr::V4(found) => Ipv4Addr::from(found.to_bits() >> 4 | 0xe000_0000).into(),
            IpAddr::V6(found) => IpAddr::from(Ipv6Addr::from(found.to_bits() | 0xff << 120)),
        };
        MulticastGroup::new(multicast).ok()
    });
    let numbers = (any::<u8>(), of(any::<NonZeroU16>()), of(any::<NonZeroU16>()));
    (role, "[a-z0-9.]{1,15}", numbers, of(group), of(any::<NonZeroU8>())).prop_map(
        |(role, interface, (sync_id, max_length, port), group, ttl)| SyncDaemon {
            role,
            interface: interface.parse().unwrap(),
            sync_id,
            max_length,
            group,
            port,
            ttl,
        },
    )
}
