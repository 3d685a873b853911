//! PING_CHECK and a host that answers as it should not.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::io::Read;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use steadfast_checkers::ping::PingCheck;
use steadfast_checkers::{Check, ConnectOptions, Failure, Outcome};
use steadfast_lab::{Network, Topology};

use crate::bed::{IMPATIENCE, PATIENCE};

const SERVER: &str = "10.22.0.2";
/// Where an ICMP message has its type, checksum, identifier, sequence number and payload.
const TYPE: usize = 0;
const CHECKSUM: usize = 2;
const IDENTIFIER: usize = 4;
const SEQUENCE: usize = 6;
const PAYLOAD: usize = 8;
const ECHO_REQUEST: u8 = 8;
const IPV4_HEADER: usize = 20;
/// Answers to others.
const FLOOD: usize = 20_000;

/// What answers the right answer becomes.
#[derive(Debug, Clone, Copy)]
struct Manners(&'static str, fn(Vec<u8>) -> Vec<Vec<u8>>);

const GOOD: [Manners; 2] = [
    Manners("answers", |answer| vec![answer]),
    Manners("answers others first", |answer| {
        let mut answers: Vec<_> = (0..100).map(|_| changed(answer.clone(), PAYLOAD)).collect();
        answers.push(answer);
        answers
    }),
];

const BAD: [Manners; 9] = [
    Manners("is silent", |_| vec![]),
    Manners("has another identifier", |answer| vec![changed(answer, IDENTIFIER)]),
    Manners("has another sequence number", |answer| vec![changed(answer, SEQUENCE)]),
    Manners("has another payload", |answer| vec![changed(answer, PAYLOAD)]),
    Manners("is cut short", |answer| {
        (0..answer.len()).map(|length| summed(answer[..length].to_vec())).collect()
    }),
    Manners("is too long", |answer| vec![summed([answer, vec![0; 1000]].concat())]),
    Manners("is damaged", |mut answer| {
        answer[CHECKSUM] ^= 1;
        vec![answer]
    }),
    Manners("asks back", |mut answer| {
        answer[TYPE] = ECHO_REQUEST;
        vec![summed(answer)]
    }),
    Manners("floods us with answers to others", |answer| {
        (0..FLOOD).map(|_| changed(answer.clone(), PAYLOAD)).collect()
    }),
];

fn changed(mut answer: Vec<u8>, place: usize) -> Vec<u8> {
    answer[place] ^= 0x5a;
    summed(answer)
}

/// With the right checksum (RFC 1071), where there is room for it.
fn summed(mut message: Vec<u8>) -> Vec<u8> {
    if let Some(place) = message.get_mut(CHECKSUM..CHECKSUM + 2) {
        place.fill(0);
        let words = message.chunks(2).map(|word| {
            u32::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or_default()]))
        });
        let sum: u32 = words.sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
        message[CHECKSUM..CHECKSUM + 2].copy_from_slice(&(!folded).to_be_bytes());
    }
    message
}

/// A client and a server whose kernel answers nothing.
fn network() -> Network {
    Topology::new()
        .bridge("lan")
        .host("client", |host| host.link("eth0", "lan", "10.22.0.1/24"))
        .host("server", |host| {
            host.sysctl("net.ipv4.icmp_echo_ignore_all", "1").link("eth0", "lan", "10.22.0.2/24")
        })
        .start()
        .unwrap()
}

/// Answers everybody like that.
fn answer(network: &Network, manners: Manners) {
    let serve = move || {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let client = SockAddr::from(SocketAddr::from(([10, 22, 0, 1], 0)));
        let mut buffer = [0; 2048];
        thread::spawn(move || {
            while let Ok(length) = (&socket).read(&mut buffer) {
                let mut message = buffer[IPV4_HEADER..length].to_vec();
                if message[TYPE] != ECHO_REQUEST {
                    continue;
                }
                message[TYPE] = 0;
                for answer in manners.1(summed(message)) {
                    // The network may be gone already.
                    let _sent = socket.send_to(&answer, &client);
                }
            }
        });
    };
    network.host("server").unwrap().enter(serve).unwrap();
}

fn ping(network: &Network, patience: Duration) -> Outcome {
    let target = SocketAddr::new(SERVER.parse().unwrap(), 0);
    let check = PingCheck::new(ConnectOptions::new(target).timeout(patience));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    network.host("client").unwrap().enter(|| runtime().block_on(check.check())).unwrap()
}

/// With a raw socket, which hears everything, and with a ping socket, which the kernel listens for.
fn of_both_kinds(test: impl Fn(&Network, &str)) {
    for (kind, groups) in [("raw", "1 0"), ("ping", "0 2147483647")] {
        let network = network();
        let client = network.host("client").unwrap();
        client.run("sysctl", ["-w", &format!("net.ipv4.ping_group_range={groups}")]).unwrap();
        test(&network, kind);
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_host_that_answers_passes_whatever_else_it_says() {
    for manners in GOOD {
        of_both_kinds(|network, kind| {
            answer(network, manners);
            let outcome = ping(network, PATIENCE);
            assert!(outcome.is_pass(), "{kind}: {}: {outcome}", manners.0);
        });
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_host_that_answers_wrongly_has_not_answered_and_fails_in_time() {
    for manners in BAD {
        of_both_kinds(|network, kind| {
            answer(network, manners);
            let begin = Instant::now();
            let outcome = ping(network, IMPATIENCE);
            let in_time = begin.elapsed() < PATIENCE;
            let timed_out = matches!(outcome, Outcome::Fail(Failure::AnswerTimedOut(..)));
            assert!(timed_out && in_time, "{kind}: {}: {outcome}", manners.0);
        });
    }
}
