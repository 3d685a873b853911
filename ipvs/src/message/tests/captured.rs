//! What the real ipvsadm sends and the real kernel answers.

use std::num::NonZeroU16;
use std::time::Duration;

use super::*;

/// The messages in that direction (`>` to the kernel, `<` from it) of that command.
fn captured(direction: &str, command: &str) -> Vec<Vec<u8>> {
    let mut lines = include_str!("captured.txt").lines();
    let mut messages = Vec::new();
    while let Some(line) = lines.next() {
        if line == format!("{direction} {command}") {
            messages.push(with_header(lines.next().unwrap()));
        }
    }
    assert!(!messages.is_empty(), "{direction} {command}");
    messages
}

/// The table that the kernel listed, message by message.
pub(super) fn listed() -> Vec<Vec<u8>> {
    captured("<", "-Ln")
}

fn with_header(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    let body: Vec<u8> =
        digits.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let mut message = u32::try_from(16 + body.len()).unwrap().to_ne_bytes().to_vec();
    message.extend(34u16.to_ne_bytes());
    message.extend([0; 10]);
    message.extend(body);
    message
}

fn v6(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

const WEB: ServiceKey = ServiceKey::Address {
    protocol: Protocol::Tcp,
    address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 100)),
    port: 80,
};

fn sip() -> Service {
    let netmask = Netmask::V4(Ipv4Addr::new(255, 255, 255, 0));
    let persistence = Persistence::new(Duration::from_secs(90), netmask).unwrap();
    Service {
        persistence: Some(persistence),
        engine: Some(PersistenceEngine::SIP),
        ..Service::new(Scheduler::WRR)
    }
}

fn maglev() -> (ServiceKey, Service) {
    let persistence = Persistence::new(Duration::from_secs(60), Netmask::V6(64)).unwrap();
    let flags = ServiceFlags { scheduler_2: true, ..ServiceFlags::default() };
    let persistence = Some(persistence);
    let service = Service { flags, persistence, ..Service::new(Scheduler::MH) };
    (ServiceKey::tcp(v6(9), 443), service)
}

fn marked() -> (ServiceKey, Service) {
    let mark = NonZeroU32::new(7).unwrap();
    let flags = ServiceFlags { scheduler_1: true, scheduler_2: true, ..ServiceFlags::default() };
    let service = Service { flags, ..Service::new(Scheduler::SH) };
    (ServiceKey::FirewallMark { mark, family: Family::Ipv4 }, service)
}

fn nat() -> (DestinationKey, Destination) {
    let key = DestinationKey { address: Ipv4Addr::new(10, 0, 0, 2).into(), port: 8080 };
    let thresholds = Thresholds::new(100, 50).unwrap();
    let destination = Destination::new(ForwardMethod::Masquerade, Weight::from(3));
    (key, Destination { thresholds, ..destination })
}

fn gue() -> (DestinationKey, Destination) {
    let key = DestinationKey { address: Ipv4Addr::new(10, 0, 0, 3).into(), port: 80 };
    let port = NonZeroU16::new(6080).unwrap();
    let tunnel = Tunnel::Gue { port, checksum: TunnelChecksum::Remote };
    (key, Destination::new(ForwardMethod::Tunnel(tunnel), Weight::from(1)))
}

fn direct() -> (DestinationKey, Destination) {
    let key = DestinationKey { address: v6(3).into(), port: 443 };
    (key, Destination::new(ForwardMethod::DirectRoute, Weight::ZERO))
}

fn service_of(reply: &Reply) -> (ServiceKey, Service) {
    let Reply::Service(key, service, _) = reply else { panic!("{reply:?}") };
    (*key, service.clone())
}

fn destination_of(reply: &Reply) -> (DestinationKey, Destination) {
    let Reply::Destination(key, status) = reply else { panic!("{reply:?}") };
    (*key, status.destination)
}

#[test]
fn services_are_sent_as_ipvsadm_sends_them() {
    let cases = [
        ("-A -t 10.0.0.100:80 -s wrr -p 90 -M 255.255.255.0 --pe sip", (WEB, sip())),
        ("-A -t 10.0.0.100:80 -s wrr", (WEB, Service::new(Scheduler::WRR))),
        ("-A -t [fd00::9]:443 -s mh -p 60 -M 64 -b mh-port", maglev()),
        ("-A -f 7 -s sh -b sh-fallback,sh-port", marked()),
    ];
    for (command, (key, service)) in cases {
        let theirs = read(&captured(">", command)[0]);
        assert_eq!(service_of(&theirs[0]), (key, service.clone()), "{command}");
        assert_eq!(echoed(&Request::NewService(&key, &service)), theirs, "{command}");
    }
}

#[test]
fn destinations_are_sent_as_ipvsadm_sends_them() {
    let cases = [
        ("-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 3 -x 100 -y 50", nat()),
        (
            "-a -t 10.0.0.100:80 -r 10.0.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
            gue(),
        ),
        ("-a -t [fd00::9]:443 -r [fd00::3]:443 -g -w 0", direct()),
    ];
    for (command, (key, destination)) in cases {
        let theirs = read(&captured(">", command)[0]);
        assert_eq!(destination_of(&theirs[0]), (key, destination), "{command}");
        assert_eq!(echoed(&Request::NewDestination(&WEB, &key, &destination)), theirs, "{command}");
    }
}

#[test]
fn timeouts_are_sent_as_ipvsadm_sends_them() {
    let seconds = Duration::from_secs;
    let timeouts = Timeouts::new(seconds(900), seconds(121), seconds(301)).unwrap();
    let ours = encoded(&Request::SetTimeouts(&timeouts));
    assert_eq!(ours[16..], captured(">", "--set 900 121 301")[0][16..]);
    assert_eq!(read(&captured("<", "-Ln --timeout")[0]), [Reply::Timeouts(timeouts)]);
}

#[test]
fn the_kernel_s_listing_is_read() {
    let listed: Vec<Reply> = listed().iter().flat_map(|message| read(message)).collect();
    let (services, destinations): (Vec<_>, Vec<_>) =
        listed.iter().partition(|reply| matches!(reply, Reply::Service(..)));
    let services: Vec<_> = services.into_iter().map(service_of).collect();
    assert_eq!(services, [maglev(), (WEB, sip()), marked()]);
    let destinations: Vec<_> = destinations.into_iter().map(destination_of).collect();
    assert_eq!(destinations, [gue(), nat(), direct()]);
}

#[test]
fn the_kernel_s_version_is_read() {
    let first = "-A -t 10.0.0.100:80 -s wrr -p 90 -M 255.255.255.0 --pe sip";
    let version = Version { major: 1, minor: 2, patch: 1 };
    let info = Info { version, connection_table_size: 4096 };
    assert_eq!(read(&captured("<", first)[0]), [Reply::Info(info)]);
}
