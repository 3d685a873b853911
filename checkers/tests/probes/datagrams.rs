//! UDP_CHECK, DNS_CHECK and PING_CHECK against sockets of ours.

use std::net::SocketAddr;
use std::time::Duration;

use crate::server::{IMPATIENT, PATIENT, failure};

use steadfast_checkers::dns::{DnsCheck, RecordType};
use steadfast_checkers::ping::PingCheck;
use steadfast_checkers::udp::{UdpCheck, UdpFailure};
use steadfast_checkers::{Check, ConnectOptions, Failure, Outcome};
use tokio::net::UdpSocket;

/// Answers each datagram with what it got and this.
async fn echo(suffix: &'static [u8]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1024];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let reply = [buffer.get(..length).unwrap(), suffix].concat();
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    address
}

fn check(address: SocketAddr, timeout: Duration) -> UdpCheck {
    UdpCheck::new(ConnectOptions::new(address).timeout(timeout)).payload("0102".parse().unwrap())
}

#[tokio::test]
async fn the_right_reply_passes() {
    let check = check(echo(&[3]).await, PATIENT).reply("01xx03".parse().unwrap(), 3..=3);
    assert!(check.check().await.is_pass());
}

#[tokio::test]
async fn another_reply_fails_and_is_shown() {
    let check = check(echo(&[3]).await, PATIENT).reply("01xx04".parse().unwrap(), 0..=255);
    let failure = failure(check.check().await);
    assert!(failure.to_string().contains("begins with 010203"), "{failure}");
}

#[tokio::test]
async fn a_reply_of_another_length_fails() {
    for lengths in [0..=2, 4..=9] {
        let check = check(echo(&[3]).await, PATIENT).reply("".parse().unwrap(), lengths);
        let failure = failure(check.check().await);
        assert!(matches!(failure, Failure::Udp(_, UdpFailure::Length { .. })), "{failure}");
    }
}

#[tokio::test]
async fn a_reply_of_another_length_is_told_as_long_as_it_is() {
    for (lengths, said) in [
        (0..=2, "expected a reply of 0 to 2 bytes, got 3 or more"),
        (4..=9, "expected a reply of 4 to 9 bytes, got 3"),
    ] {
        let check = check(echo(&[3]).await, PATIENT).reply("".parse().unwrap(), lengths);
        let failure = failure(check.check().await);
        assert!(failure.to_string().ends_with(said), "{failure}");
    }
}

#[tokio::test]
async fn no_reply_fails_if_one_is_wanted() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let check = check(address, IMPATIENT).reply("".parse().unwrap(), 0..=255);
    let failure = failure(check.check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn silence_passes_if_no_reply_is_wanted() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    assert!(check(silent.local_addr().unwrap(), IMPATIENT).check().await.is_pass());
}

#[tokio::test]
async fn a_port_where_nobody_listens_fails() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let failure = failure(check(address, PATIENT).check().await);
    assert!(matches!(failure, Failure::Refused(_)), "{failure}");
}

#[tokio::test]
async fn this_machine_answers_pings_over_both_families_unless_it_is_forbidden_to_ask() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let options = ConnectOptions::new(address.parse().unwrap()).timeout(PATIENT);
        match PingCheck::new(options).check().await {
            Outcome::Pass(_) => {}
            Outcome::Inconclusive(error) if !rustix::process::geteuid().is_root() => {
                assert!(error.to_string().contains("making a socket"), "{error}");
            }
            other => panic!("{other}"),
        }
    }
}

/// A name server that answers with this code, after a reply to another question.
async fn name_server(code: u8) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 1024];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let reply = |flip: u8| {
                let bytes = query.iter().take(length).enumerate();
                let byte = |(at, byte): (usize, &u8)| match at {
                    0 => byte ^ flip,
                    2 => byte | 0x80,
                    3 => code,
                    _ => *byte,
                };
                bytes.map(byte).collect::<Vec<_>>()
            };
            socket.send_to(&reply(1), from).await.unwrap();
            socket.send_to(&reply(0), from).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_name_server_that_answers_passes() {
    let options = ConnectOptions::new(name_server(0).await).timeout(PATIENT);
    let check = DnsCheck::new(options).question("example.org".parse().unwrap(), RecordType::A);
    assert!(check.check().await.is_pass());
}

#[tokio::test]
async fn a_name_server_that_answers_with_an_error_fails() {
    let options = ConnectOptions::new(name_server(5).await).timeout(PATIENT);
    let failure = failure(DnsCheck::new(options).check().await);
    assert!(failure.to_string().ends_with("the name server answers REFUSED"), "{failure}");
}

#[tokio::test]
async fn a_name_server_that_says_nothing_fails_at_the_deadline() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let options = ConnectOptions::new(silent.local_addr().unwrap()).timeout(IMPATIENT);
    let failure = failure(DnsCheck::new(options).check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}
