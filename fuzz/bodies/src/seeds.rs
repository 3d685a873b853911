//! The corpora that the targets start from: one small case for each thing that a fuzzer should know
//! to exist.

mod ah;
mod conf;
mod ipvs;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::packet::{
    Advertisement, Authentication, Carrier, ChecksumForm, Format, MAX_LEN, MULTICAST_IPV4,
    MULTICAST_IPV6, Password,
};
use steadfast_vrrp::router::VirtualAddresses;
use steadfast_vrrp::{AdverInterval, Priority, Vrid};

/// A case for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// What it is a case of.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them.
pub fn seeds() -> Vec<Seed> {
    checkers()
        .chain(ah::ah())
        .chain(decode())
        .chain(round_trip())
        .chain(router())
        .chain(ipvs::reply())
        .chain(conf::conf())
        .collect()
}

fn checkers() -> impl Iterator<Item = Seed> {
    const HTTP_11: u8 = 2;
    const HTTP_2: u8 = 3;
    let http = |version: u8, answer: &[u8]| [&[version], answer].concat();
    // SETTINGS, then a header of status 200 and a body of four bytes on stream 1 (RFC 9113).
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let status = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
    let body = [0, 0, 4, 0, 1, 0, 0, 0, 1, b'w', b'e', b'l', b'l'];
    let http2 = [&settings[..], &status, &body].concat();
    let grpc_body = [0, 0, 7, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 2, 8, 1];
    [
        ("checkers_agent", "percent", b"up 75%\n".to_vec()),
        ("checkers_agent", "down-with-a-reason", b"down # disk full\r\n".to_vec()),
        ("checkers_dns", "refused", b"\x81\x05\0\x01\0\0\0\0\0\0\0\0\x06\0\x01".to_vec()),
        ("checkers_dns", "error-without-question", vec![0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        (
            "checkers_grpc",
            "serving-without-trailers",
            [&settings[..], &status, &grpc_body].concat(),
        ),
        ("checkers_http", "length", http(0, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwell\n")),
        ("checkers_http", "until-the-end", http(1, b"HTTP/1.1 200 OK\r\n\r\n1")),
        (
            "checkers_http",
            "chunks",
            http(
                HTTP_11,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
            ),
        ),
        (
            "checkers_http",
            "informational-first",
            http(HTTP_11, b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 204 N\r\n\r\n"),
        ),
        ("checkers_http", "http2", http(HTTP_2, &http2)),
        ("checkers_options", "digest", b"\x001b42a11f5f647e53d20da8c8f57a9f02".to_vec()),
        ("checkers_options", "pattern", b"\x05(?=w)w\\w+(.)\\1\nwell".to_vec()),
        ("checkers_options", "name", b"\0www.example.org.".to_vec()),
        (
            "checkers_smtp",
            "all-replies",
            b"220-mail\r\n220 of two lines\r\n250 hello\r\n221 bye\r\n".to_vec(),
        ),
        ("checkers_smtp", "busy", b"421 too busy\r\n".to_vec()),
    ]
    .into_iter()
    .map(|(target, name, bytes)| Seed { target, name, bytes })
}

fn decode() -> impl Iterator<Item = Seed> {
    const V4: u8 = 0b0100;
    const V6: u8 = 0b0101;
    let password = Password::new(b"secret").expect("six bytes are a password");
    let v2 = |authentication| Format::V2 { authentication };
    let v3 = |checksum| Format::V3 { checksum };
    let pseudo = v3(ChecksumForm::PseudoHeader);
    let ipv4 = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
    let local = IpAddr::from(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 100));
    let global = IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 100));
    let many: Vec<_> = (1..=20).map(ipv4).collect();

    let one = &[ipv4(100)][..];
    let valid = [
        ("v2", V4, message(v2(Authentication::None), one, 100)),
        ("v2-password", V4, message(v2(Authentication::SimplePassword(password)), one, 100)),
        ("v2-ah", V4, message(v2(Authentication::AuthenticationHeader), one, 100)),
        ("v2-unknown-authentication", V4, message(v2(Authentication::Other(254)), one, 100)),
        ("v3-ipv4-pseudo-header", V4, message(pseudo, one, 100)),
        ("v3-ipv4-message-only", V4, message(v3(ChecksumForm::MessageOnly), one, 100)),
        ("v3-ipv4-gives-up", V4, message(pseudo, one, 0)),
        ("v3-ipv4-many-addresses", V4, message(pseudo, &many, 254)),
        ("v3-ipv6", V6, message(pseudo, &[local, global], 255)),
        ("v3-ipv6-global-first", V6, message(pseudo, &[global, local], 1)),
    ];
    let edited = |edit: fn(&mut Vec<u8>)| {
        let mut bytes = message(pseudo, &[IpAddr::from([192, 0, 2, 100])], 100);
        edit(&mut bytes);
        bytes
    };
    let broken = [
        ("empty", V4, Vec::new()),
        ("one-byte", V4, vec![0x31]),
        ("truncated", V4, edited(|bytes| bytes.truncate(11))),
        ("trailing-bytes", V4, edited(|bytes| bytes.extend([0; 18]))),
        ("checksum-wrong", V4, edited(|bytes| bytes[6] ^= 1)),
        ("type-7", V4, edited(|bytes| bytes[0] = 0x37)),
        ("version-4", V4, edited(|bytes| bytes[0] = 0x41)),
        ("vrid-0", V4, edited(|bytes| bytes[1] = 0)),
        ("no-addresses", V4, edited(|bytes| bytes[3] = 0)),
        ("more-addresses-than-there-are", V4, edited(|bytes| bytes[3] = 255)),
        ("interval-0", V4, edited(|bytes| bytes[4..6].fill(0))),
        ("reserved-bits", V4, edited(|bytes| bytes[4] |= 0xf0)),
        ("v2-over-ipv6", V6, edited(|bytes| bytes[0] = 0x21)),
    ];
    valid.into_iter().chain(broken).map(|(name, circumstances, message)| Seed {
        target: "vrrp_decode",
        name,
        bytes: [vec![circumstances], message].concat(),
    })
}

fn message(format: Format, addresses: &[IpAddr], priority: u8) -> Vec<u8> {
    let addresses = VirtualAddresses::new(addresses.iter().copied()).expect("one family");
    let advertisement = Advertisement {
        vrid: Vrid::new(51).expect("51 is a VRID"),
        priority: Priority::new(priority).ok(),
        interval: AdverInterval::DEFAULT,
        addresses: addresses.as_addresses(),
        format,
    };
    let carrier = match addresses.iter().next() {
        Some(IpAddr::V6(_)) => Carrier::V6 {
            source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
            destination: MULTICAST_IPV6,
        },
        _ => Carrier::V4 { source: Ipv4Addr::new(192, 0, 2, 1), destination: MULTICAST_IPV4 },
    };
    let mut bytes = vec![0; MAX_LEN];
    let length = advertisement.encode(carrier, &mut bytes).expect("a valid advertisement");
    bytes.truncate(length);
    bytes
}

/// The fields in the order in which the target reads them.
fn round_trip() -> impl Iterator<Item = Seed> {
    let case = |name, family: u8, format: &[u8], interval: u16, count: u8, excess: u8| {
        let carrier = if family == 0 { 8 } else { 32 };
        let bytes = [
            &[family][..],
            &vec![0xfe; carrier],
            &[0, 77, 0x0f, 0xff],
            format,
            &[51],
            &(interval - 1).to_be_bytes(),
            &[100, count, excess],
            &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1],
        ];
        Seed { target: "vrrp_round_trip", name, bytes: bytes.concat() }
    };
    let password = [&[1][..], b"password", &[8]].concat();
    [
        case("v2", 0, &[0], 100, 1, 0),
        case("v2-password", 0, &password, 100, 2, 0),
        case("v2-ah", 0, &[2], 25_500, 1, 0),
        case("v2-unknown-authentication", 0, &[3, 254], 100, 1, 0),
        case("v2-over-ipv6", 1, &[0], 100, 1, 0),
        case("v2-fraction-of-a-second", 0, &[0], 150, 1, 0),
        case("v3-ipv4-message-only", 0, &[4], 1, 1, 0),
        case("v3-ipv4-pseudo-header", 0, &[5], 4095, 3, 0),
        case("v3-ipv6", 1, &[5], 100, 255, 0),
        case("v3-no-addresses", 0, &[5], 100, 0, 0),
        case("v3-too-many-addresses", 0, &[5], 100, 255, 1),
        case("v3-interval-too-long", 0, &[5], 4096, 1, 0),
    ]
    .into_iter()
}

/// Lives of a router, as sequences of steps: see the target for their numbers.
fn router() -> impl Iterator<Item = Seed> {
    const WHEN_DUE: u8 = 1 << 5;
    const LATER: u8 = 2 << 5;
    const SECOND: u8 = 1 << 7;
    const START: u8 = 0;
    const STOP: u8 = 1;
    const FAULT: u8 = 2;
    const RECOVER: u8 = 3;
    const PRIORITY: u8 = 4;
    const SOURCE: u8 = 5;
    const INSTALLED: u8 = 6;
    const GARBAGE: u8 = 7;
    const RECONFIGURE: u8 = 8;
    const HEAR: u8 = 9;
    const RESUME: u8 = 13;
    const WAKE: u8 = 15;

    // Choices, priority, interval, repeat, delay, refresh, their repeats, delay; preemption delay,
    // advertisements until down.
    const fn config(choices: u8, priority: u8, refresh: u8) -> [u8; 16] {
        [choices, priority, 0, 99, 5, 0x13, 0x88, 0, refresh, 1, 5, 0x13, 0x88, 0, 0, 3]
    }
    const BACKUP: [u8; 16] = config(2, 100, 0);
    const NOPREEMPT: [u8; 16] = config(8, 100, 0);
    const OWNER: [u8; 16] = config(2, 255, 0);
    const V2: [u8; 16] = config(3, 100, 0);
    const REFRESHING: [u8; 16] = config(2, 100, 200);
    const NOW: [u8; 8] = [0, 0, 1, 0, 0, 0, 0, 0];
    const ADDRESS: [u8; 3] = [SOURCE, 1, 10];

    let hear = |last, priority| vec![HEAR, last, priority, 0, 0, 0];
    let wake = || vec![WHEN_DUE | WAKE];
    let late = || vec![LATER | WAKE, 0xff, 0xff];
    let alone = |name, config: [u8; 16], steps: &[Vec<u8>]| Seed {
        target: "vrrp_router",
        name,
        bytes: [&[0][..], &config, &NOW, &ADDRESS, &[START], &steps.concat()].concat(),
    };
    let group = |name, steps: &[Vec<u8>]| Seed {
        target: "vrrp_router",
        name,
        bytes: [
            &[1][..],
            &BACKUP,
            &BACKUP,
            &NOW,
            &ADDRESS,
            &[SECOND | SOURCE, 1, 10, START, SECOND | START],
            &steps.concat(),
        ]
        .concat(),
    };
    let silence = [refuse(GARBAGE), wake(), vec![INSTALLED], wake(), wake(), wake()];
    let asleep =
        [wake(), vec![INSTALLED], late(), hear(9, 50), wake(), late(), hear(11, 0), wake()];
    let tracked = [wake(), vec![FAULT], vec![RECOVER], vec![PRIORITY, 50], wake(), hear(9, 60)];
    let edited = [&[RECONFIGURE][..], &BACKUP].concat();
    let resume = |step, down: u16| [&[step][..], &down.to_be_bytes()].concat();
    let resumed = [vec![STOP], resume(RESUME, 100), hear(11, 0), wake(), vec![INSTALLED], wake()];
    let succeeded = [vec![STOP], resume(RESUME, 500), hear(11, 50), wake(), hear(11, 150), wake()];
    let too_late = [vec![STOP], resume(RESUME, 30_000), wake(), late(), wake()];
    [
        alone("backup-takes-over", BACKUP, &silence),
        alone("backup-follows", BACKUP, &[hear(11, 150), wake(), hear(11, 0), wake()]),
        alone("backup-preempts", BACKUP, &[hear(9, 50), hear(9, 50), wake(), hear(9, 50)]),
        alone("active-yields", BACKUP, &[wake(), hear(11, 100), wake(), vec![STOP]]),
        alone("owner", OWNER, &[vec![INSTALLED], hear(11, 255), vec![STOP]]),
        alone("asleep", BACKUP, &asleep),
        alone("asleep-without-preemption", NOPREEMPT, &asleep),
        alone("tracked", BACKUP, &tracked),
        alone("version-2", V2, &silence),
        alone(
            "refresh-configured-away",
            REFRESHING,
            &[wake(), vec![INSTALLED], edited, wake(), wake()],
        ),
        group(
            "group-takes-over",
            &[
                wake(),
                vec![SECOND | WHEN_DUE | WAKE],
                vec![INSTALLED, SECOND | INSTALLED],
                vec![SECOND | FAULT],
                vec![SECOND | RECOVER],
                wake(),
            ],
        ),
        alone("resumes", BACKUP, &resumed),
        alone("resumes-and-yields", NOPREEMPT, &succeeded),
        alone("resumes-too-late", BACKUP, &too_late),
        group(
            "group-resumes",
            &[
                vec![STOP, SECOND | STOP],
                resume(RESUME, 100),
                resume(SECOND | RESUME, 100),
                wake(),
                vec![SECOND | WHEN_DUE | WAKE],
                hear(11, 200),
                wake(),
            ],
        ),
        group("group-yields", &[wake(), vec![SECOND | WHEN_DUE | WAKE], hear(11, 200), late()]),
    ]
    .into_iter()
}

/// A packet that is none.
fn refuse(step: u8) -> Vec<u8> {
    vec![step, 3, 0x31, 51, 100, 11]
}
