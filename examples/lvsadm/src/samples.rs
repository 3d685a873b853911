//! A table of everything that looks different in a listing. The files in tests/data are what ipvsadm
//! printed of the same table.

use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use steadfast_ipvs::{
    Connections, Destination, DestinationKey, DestinationStatus, Family, ForwardMethod, Netmask,
    Persistence, PersistenceEngine, Protocol, Rates, Service, ServiceFlags, ServiceKey,
    ServiceStatus, Stats, Thresholds, Tunnel, TunnelChecksum, Weight,
};

const LARGE: [u64; 5] = [99_999_999, 100_000_000, 999_999_999, 1_000_000_000, 99_999_999_999];
const LARGER: [u64; 5] =
    [100_000_000_000, 99_999_999_999_999, 100_000_000_000_000, 1 << 63, u64::MAX];

fn stats(counters: [u64; 5], rates: [u64; 5]) -> Stats {
    let [connections, packets_in, packets_out, bytes_in, bytes_out] = rates;
    let rates = Rates { connections, packets_in, packets_out, bytes_in, bytes_out };
    let [connections, packets_in, packets_out, bytes_in, bytes_out] = counters;
    Stats { connections, packets_in, packets_out, bytes_in, bytes_out, rates }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn key(protocol: Protocol, address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, address: self::address(address), port }
}

fn mark(mark: u32, family: Family) -> ServiceKey {
    ServiceKey::FirewallMark { mark: NonZeroU32::new(mark).unwrap(), family }
}

fn listed(key: ServiceKey, scheduler: &str) -> Sample {
    let service = Service::new(scheduler.parse().unwrap());
    Sample(ServiceStatus { key, service, stats: Stats::default(), destinations: Vec::new() })
}

struct Sample(ServiceStatus);

impl Sample {
    fn flags(mut self, [one_packet, scheduler_1, scheduler_2, scheduler_3]: [bool; 4]) -> Self {
        self.0.service.flags = ServiceFlags { one_packet, scheduler_1, scheduler_2, scheduler_3 };
        self
    }

    fn persistent(mut self, seconds: u64, netmask: Netmask) -> Self {
        let timeout = Duration::from_secs(seconds);
        self.0.service.persistence = Some(Persistence::new(timeout, netmask).unwrap());
        self
    }

    fn sip(mut self) -> Self {
        self.0.service.engine = Some(PersistenceEngine::SIP);
        self
    }

    fn stats(mut self, counters: [u64; 5], rates: [u64; 5]) -> Self {
        self.0.stats = stats(counters, rates);
        self
    }

    fn server(
        mut self,
        address: &str,
        port: u16,
        forward: ForwardMethod,
        weight: u32,
        change: impl FnOnce(&mut DestinationStatus),
    ) -> Self {
        let mut status = DestinationStatus {
            destination: Destination::new(forward, Weight::new(weight).unwrap()),
            connections: Connections::default(),
            stats: Stats::default(),
        };
        change(&mut status);
        self.0
            .destinations
            .push((DestinationKey { address: self::address(address), port }, status));
        self
    }
}

/// In the order in which the kernel of the capture listed it.
pub(super) fn table() -> Vec<ServiceStatus> {
    use ForwardMethod::{Bypass, DirectRoute, LocalNode, Masquerade};
    use Protocol::{Sctp, Tcp, Udp};
    use TunnelChecksum::{Computed, None, Remote};
    let whole = |family| Persistence::whole_address(family);
    let v4 = |text: &str| Netmask::V4(text.parse().unwrap());
    let tunnel = ForwardMethod::Tunnel;
    let gue =
        |port, checksum| tunnel(Tunnel::Gue { port: NonZeroU16::new(port).unwrap(), checksum });
    let gre = |checksum| tunnel(Tunnel::Gre { checksum });
    let plain = |_: &mut DestinationStatus| {};
    let samples = [
        listed(key(Udp, "10.0.0.1", 53), "sh")
            .flags([false, true, true, true])
            .persistent(60, v4("255.255.255.0"))
            .stats(LARGE, [1, 2, 3, 4, 5])
            .server("10.0.0.2", 53, Masquerade, 3, |status| {
                status.connections = Connections { active: 5, inactive: 6, persistent: 7 };
                status.destination.thresholds = Thresholds::new(10, 4).unwrap();
                status.stats = stats(LARGE, LARGER);
            })
            .server("192.168.0.1", 53, DirectRoute, 70_000, |status| {
                status.connections =
                    Connections { active: u32::MAX, inactive: 4_000_000_000, persistent: 0 };
                status.stats = stats([5, 6, 7, 8, 9], [11, 22, 33, 44, 55]);
            })
            .server("10.0.0.1", 54, LocalNode, 1, plain)
            .server("10.0.0.1", 53, tunnel(Tunnel::Ipip), 0, |status| {
                let most = u64::from(u32::MAX);
                status.stats =
                    stats([1, 2, 3, 4, 5], [most, most, most, 999_999_999, 1_000_000_000]);
            }),
        listed(key(Tcp, "192.168.0.1", 80), "sh")
            .flags([false, false, true, true])
            .stats(LARGER, LARGE)
            .server("10.0.0.9", 80, gue(6080, None), 1, plain)
            .server("10.0.0.8", 80, gue(6080, Computed), 1, plain)
            .server("10.0.0.7", 80, gue(65_535, Remote), 1, plain)
            .server("10.0.0.6", 80, gre(None), 1, plain)
            .server("10.0.0.5", 80, gre(Computed), 1, plain)
            .server("fd00::5", 80, tunnel(Tunnel::Ipip), 1, plain)
            .server("10.0.0.3", 80, Bypass, 1, plain),
        listed(key(Tcp, "10.0.0.1", 80), "mh").flags([false, true, false, true]),
        listed(key(Tcp, "10.0.0.1", 81), "mh").flags([true, false, true, false]),
        listed(key(Tcp, "fd00:1111:2222:3333:4444:5555:6666:7777", 65_535), "wlc")
            .flags([true, true, true, false])
            .persistent(300, Netmask::V6(64))
            .sip()
            .server(
                "fd00:1111:2222:3333:4444:5555:6666:7778",
                65_535,
                Masquerade,
                i32::MAX.cast_unsigned(),
                plain,
            ),
        listed(key(Tcp, "fd00::1", 0), "sed").persistent(360, whole(Family::Ipv6)),
        listed(mark(7, Family::Ipv4), "lblcr").persistent(2_678_400, v4("0.0.0.0")).server(
            "10.0.0.1",
            0,
            DirectRoute,
            1,
            plain,
        ),
        listed(mark(u32::MAX, Family::Ipv4), "none"),
        listed(mark(7, Family::Ipv6), "dh")
            .flags([true, false, false, false])
            .persistent(1, Netmask::V6(1)),
        listed(key(Sctp, "10.0.0.1", 80), "abcdefghijklmno"),
        listed(key(Udp, "0.0.0.0", 0), "rr").flags([true, false, false, false]),
    ];
    samples.map(|sample| sample.0).into()
}
