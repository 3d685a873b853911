//! What the kernel's load balancer says.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use std::time::Duration;

use steadfast_ipvs::message::{Header, Request};
use steadfast_ipvs::{
    Destination, DestinationKey, Family, ForwardMethod, MulticastGroup, Netmask, Persistence,
    PersistenceEngine, Scheduler, Service, ServiceFlags, ServiceKey, SyncDaemon, SyncRole,
    Thresholds, Timeouts, Tunnel, TunnelChecksum, Weight,
};

use super::Seed;

pub(super) fn reply() -> impl Iterator<Item = Seed> {
    services().chain(destinations()).chain(others())
}

fn seed(name: &'static str, requests: &[Request<'_>]) -> Seed {
    let mut bytes = Vec::new();
    for request in requests {
        request.encode(Header { family: 34, sequence: 7, acknowledge: true }, &mut bytes);
    }
    Seed { target: "ipvs_reply", name, bytes }
}

fn services() -> impl Iterator<Item = Seed> {
    let v4 = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), 80);
    let v6 = ServiceKey::udp(Ipv6Addr::LOCALHOST, 53);
    let mark = NonZeroU32::new(7).expect("7 is not 0");
    let marked = ServiceKey::FirewallMark { mark, family: Family::Ipv6 };
    let plain = Service::new(Scheduler::WLC);
    let minute = Duration::from_secs(60);
    let persistent = |netmask| {
        let persistence = Persistence::new(minute, netmask).expect("a minute is in range");
        let engine = Some(PersistenceEngine::SIP);
        Service { persistence: Some(persistence), engine, ..plain.clone() }
    };
    let flags = ServiceFlags { one_packet: true, scheduler_2: true, ..ServiceFlags::default() };
    let flagged = Service { flags, ..Service::new(Scheduler::MH) };
    let masked = persistent(Netmask::V4(Ipv4Addr::new(255, 255, 255, 0)));
    [
        seed("service", &[Request::NewService(&v4, &plain)]),
        seed("service-persistent", &[Request::NewService(&v4, &masked)]),
        seed("service-ipv6-prefix", &[Request::NewService(&v6, &persistent(Netmask::V6(64)))]),
        seed("service-by-mark", &[Request::NewService(&marked, &flagged)]),
        seed("two-services", &[Request::NewService(&v4, &plain), Request::NewService(&v6, &plain)]),
    ]
    .into_iter()
}

fn destinations() -> impl Iterator<Item = Seed> {
    let service = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), 80);
    let v4 = DestinationKey { address: Ipv4Addr::new(192, 0, 2, 1).into(), port: 8080 };
    let v6 = DestinationKey { address: Ipv6Addr::LOCALHOST.into(), port: 80 };
    let of = |forward| Destination::new(forward, Weight::from(3));
    let thresholds = Thresholds::new(100, 50).expect("50 is below 100");
    let limited = Destination { thresholds, ..of(ForwardMethod::Masquerade) };
    let port = NonZeroU16::new(6080).expect("6080 is not 0");
    let checksum = TunnelChecksum::Remote;
    let gue = of(ForwardMethod::Tunnel(Tunnel::Gue { port, checksum }));
    let gre = of(ForwardMethod::Tunnel(Tunnel::Gre { checksum }));
    let route = of(ForwardMethod::DirectRoute);
    [
        seed("destination-nat", &[Request::NewDestination(&service, &v4, &limited)]),
        seed("destination-ipv6", &[Request::NewDestination(&service, &v6, &route)]),
        seed("destination-gue", &[Request::NewDestination(&service, &v4, &gue)]),
        seed("destination-gre", &[Request::NewDestination(&service, &v4, &gre)]),
    ]
    .into_iter()
}

fn others() -> impl Iterator<Item = Seed> {
    let group = MulticastGroup::new(Ipv4Addr::new(224, 0, 0, 81)).expect("it is multicast");
    let interface = "eth0".parse().expect("a short name");
    let daemon = SyncDaemon {
        sync_id: 1,
        max_length: NonZeroU16::new(1472),
        group: Some(group),
        port: NonZeroU16::new(8848),
        ttl: NonZeroU8::new(1),
        ..SyncDaemon::new(SyncRole::Backup, interface)
    };
    let seconds = Duration::from_secs;
    let timeouts =
        Timeouts::new(seconds(900), seconds(120), seconds(300)).expect("the kernel's own");
    let refusal = |errno: i32| {
        let header = [36u32.to_ne_bytes(), [2, 0, 0, 0], [7, 0, 0, 0], [0; 4]].concat();
        [header, (-errno).to_ne_bytes().to_vec(), vec![0; 16]].concat()
    };
    [
        seed("sync-daemon", &[Request::NewSyncDaemon(&daemon)]),
        seed("timeouts", &[Request::SetTimeouts(&timeouts)]),
        Seed { target: "ipvs_reply", name: "refusal", bytes: refusal(17) },
        Seed { target: "ipvs_reply", name: "nothing", bytes: Vec::new() },
    ]
    .into_iter()
}
