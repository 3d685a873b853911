//! The same over UDP, where everything comes in one piece, or many times, or not at all.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use steadfast_checkers::dns::DnsCheck;
use steadfast_checkers::udp::UdpCheck;
use steadfast_checkers::{Check, ConnectOptions, Outcome};
use tokio::net::UdpSocket;

use crate::allocation::most_held;
use crate::protocol::reason;
use crate::table::{GRACE, IMPATIENT, MEMORY, PATIENT};

/// Replies to what it is asked with what is made of that, so many times.
async fn replying(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static, times: usize) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        let (length, from) = socket.recv_from(&mut query).await?;
        let reply = reply(query.get(..length).unwrap_or_default());
        for _ in 0..times {
            // It may have gone meanwhile.
            let _sent = socket.send_to(&reply, from).await;
            tokio::task::yield_now().await;
        }
        std::io::Result::Ok(())
    });
    address
}

async fn judged(check: impl Check, limit: Duration) -> &'static str {
    let begin = Instant::now();
    let (outcome, held): (Outcome, usize) = most_held(check.check()).await;
    assert!(begin.elapsed() < limit + GRACE, "{outcome}");
    assert!(held < MEMORY, "{held} bytes held");
    reason(outcome)
}

/// A good reply: the query itself, marked as a response.
fn answer(query: &[u8]) -> Vec<u8> {
    let mut reply = query.to_vec();
    if let Some(flags) = reply.get_mut(2) {
        *flags |= 0x80;
    }
    reply
}

async fn dns(
    reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
    times: usize,
    limit: Duration,
) -> &'static str {
    let connect = ConnectOptions::new(replying(reply, times).await).timeout(limit);
    judged(DnsCheck::new(connect), limit).await
}

#[tokio::test]
async fn a_name_server_that_answers_passes() {
    assert_eq!(dns(answer, 1, PATIENT).await, "PASSES");
}

#[tokio::test]
async fn replies_of_dns_that_are_cut_at_any_byte_are_not_taken_for_one() {
    let lengths = 0..12 + 5;
    let attempts = lengths.map(|length| {
        let cut = move |query: &[u8]| answer(query).into_iter().take(length).collect();
        dns(cut, 1, IMPATIENT)
    });
    for found in futures_util::future::join_all(attempts).await {
        assert_eq!(found, "timed out");
    }
}

#[tokio::test]
async fn replies_of_dns_to_others_are_not_taken_for_ours_however_many_they_are() {
    let another_number = |query: &[u8]| {
        let mut reply = answer(query);
        reply.iter_mut().take(2).for_each(|byte| *byte ^= 0xff);
        reply
    };
    let another_question = |query: &[u8]| {
        let mut reply = answer(query);
        reply.iter_mut().skip(12).for_each(|byte| *byte ^= 1);
        reply
    };
    let no_reply = |query: &[u8]| query.to_vec();
    assert_eq!(dns(another_number, 100_000, IMPATIENT).await, "timed out");
    assert_eq!(dns(another_question, 100_000, IMPATIENT).await, "timed out");
    assert_eq!(dns(no_reply, 100_000, IMPATIENT).await, "timed out");
    assert_eq!(dns(|_| vec![0xff; 65_000], 1_000, IMPATIENT).await, "timed out");
}

#[tokio::test]
async fn a_name_server_s_error_is_told() {
    let refused = |query: &[u8]| {
        let mut reply = answer(query);
        if let Some(code) = reply.get_mut(3) {
            *code |= 5;
        }
        reply
    };
    assert_eq!(dns(refused, 1, PATIENT).await, "wrong answer");
}

async fn udp(reply: Vec<u8>, times: usize, limit: Duration) -> &'static str {
    let address = replying(move |_| reply.clone(), times).await;
    let wanted = "01x2".parse().unwrap();
    let connect = ConnectOptions::new(address).timeout(limit);
    judged(UdpCheck::new(connect).reply(wanted, 2..=100), limit).await
}

#[tokio::test]
async fn replies_over_udp_that_are_wrong_in_any_way_are_told_so() {
    assert_eq!(udp(vec![1, 0x32], 1, PATIENT).await, "PASSES");
    assert_eq!(udp(vec![], 1, PATIENT).await, "wrong reply");
    assert_eq!(udp(vec![1], 1, PATIENT).await, "wrong reply");
    assert_eq!(udp(vec![1, 0x33], 1, PATIENT).await, "wrong reply");
    assert_eq!(udp(vec![1; 65_000], 1, PATIENT).await, "wrong reply");
    assert_eq!(udp(vec![0; 100], 100_000, PATIENT).await, "wrong reply");
    assert_eq!(udp(vec![1, 2], 0, IMPATIENT).await, "timed out");
}
