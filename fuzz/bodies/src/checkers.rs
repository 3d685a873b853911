//! Probes against servers that answer with arbitrary bytes, over the loopback interface.

use std::net::SocketAddr;
use std::time::Duration;

use steadfast_checkers::agent::AgentCheck;
use steadfast_checkers::dns::{DnsCheck, Name, RecordType};
use steadfast_checkers::grpc::GrpcCheck;
use steadfast_checkers::http::{
    HttpGet, HttpVersion, Md5Digest, Pattern, PatternOptions, StatusRanges, Url,
};
use steadfast_checkers::smtp::SmtpCheck;
use steadfast_checkers::tls::Fingerprint;
use steadfast_checkers::udp::{Payload, ReplyPattern};
use steadfast_checkers::{Check, ConnectOptions, Outcome};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UdpSocket};

/// Longer than any case takes, unless it hangs.
const LIMIT: Duration = Duration::from_secs(20);

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// What a check says of a server that sends these bytes and closes.
fn judged<C: Check>(answer: &[u8], check: impl FnOnce(ConnectOptions) -> C) -> Outcome {
    let answer = answer.to_vec();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port to listen on");
        let address = listener.local_addr().expect("its number");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            // Closing before all is read would be a reset.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
        });
        within_its_time(check(options(address))).await
    })
}

fn options(address: SocketAddr) -> ConnectOptions {
    ConnectOptions::new(address).timeout(LIMIT)
}

async fn within_its_time(check: impl Check) -> Outcome {
    let outcome = tokio::time::timeout(LIMIT / 2, check.check()).await;
    outcome.expect("a server that has said all it has to say is judged at once")
}

/// HTTP answers: the first byte says which HTTP is spoken.
pub fn checkers_http(data: &[u8]) {
    let (choice, answer) = data.split_first().unwrap_or((&0, data));
    let version = match choice % 4 {
        0 => HttpVersion::Http10,
        1 => HttpVersion::Http10Close,
        2 => HttpVersion::Http11,
        _ => HttpVersion::Http2,
    };
    let digits = Pattern::new("[0-9]+", PatternOptions::default()).expect("a pattern");
    let page =
        Url::new("/").status(StatusRanges::new([100..=599])).matches_not(digits).json("", "1");
    let outcome = judged(answer, |connect| HttpGet::new(connect, [page]).version(version));
    assert!(!matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}

/// Answers of gRPC's health service.
pub fn checkers_grpc(data: &[u8]) {
    let outcome = judged(data, GrpcCheck::new);
    assert!(!matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}

/// What a mail server says.
pub fn checkers_smtp(data: &[u8]) {
    let outcome = judged(data, SmtpCheck::new);
    assert!(!matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}

/// What an agent says.
pub fn checkers_agent(data: &[u8]) {
    judged(data, AgentCheck::new);
}

/// Replies of a name server: the number of the query and its question are put in place of the
/// first two bytes, or there would hardly be one to look at, and a good reply ends the matter.
pub fn checkers_dns(data: &[u8]) {
    let answer = data.to_vec();
    let outcome = run(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port to listen on");
        let address = socket.local_addr().expect("its number");
        tokio::spawn(async move {
            let mut query = [0; 512];
            let (length, from) = socket.recv_from(&mut query).await?;
            let query = &query[..length];
            let reply = [&query[..2], &answer].concat();
            socket.send_to(&reply, from).await?;
            let good = [&query[..2], &[0x80, 0], &query[4..]].concat();
            socket.send_to(&good, from).await
        });
        within_its_time(DnsCheck::new(options(address))).await
    });
    assert!(matches!(outcome, Outcome::Pass(_) | Outcome::Fail(_)), "{outcome}");
}

/// Everything that is read from a configuration.
pub fn checkers_options(data: &[u8]) {
    let (first, rest) = data.split_first().unwrap_or((&0, data));
    let text = String::from_utf8_lossy(rest).into_owned();
    if let Ok(digest) = text.parse::<Md5Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
    if let Ok(kind) = text.parse::<RecordType>() {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    if let Ok(name) = text.parse::<Name>() {
        let _printed = name.to_string();
    }
    let _payload = text.parse::<Payload>();
    if let Ok(pattern) = text.parse::<ReplyPattern>() {
        pattern.matches(rest);
    }
    let options = PatternOptions {
        caseless: first & 1 != 0,
        multiline: first & 2 != 0,
        dotall: first & 4 != 0,
        extended: first & 8 != 0,
        min_offset: usize::from(first >> 6),
        max_offset: (first & 0x10 != 0).then_some(usize::from(first >> 5)),
    };
    let (pattern, body) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = Pattern::new(pattern, options) {
        let _found = pattern.is_found_in(body.as_bytes());
    }
}
