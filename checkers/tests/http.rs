//! HTTP_GET and TCP_CHECK against servers that send literal bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::net::SocketAddr;
use std::time::Duration;

use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::{Check, ConnectOptions, Failure, Outcome, TcpCheck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long where the server is quick, so that a slow machine fails no test.
const PATIENT: Duration = Duration::from_secs(20);
/// Short where the server never ends.
const IMPATIENT: Duration = Duration::from_millis(300);

/// A server that does the same with every connection.
async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A server that reads a request and answers with these bytes.
async fn answering(answer: &'static [u8]) -> SocketAddr {
    server(move |mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(answer).await?;
        stream.shutdown().await
    })
    .await
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(request).unwrap())
}

async fn get(address: SocketAddr, timeout: Duration, url: Url) -> Outcome {
    HttpGet::new(ConnectOptions::new(address).timeout(timeout), [url]).check().await
}

fn passes(outcome: Outcome) {
    assert!(outcome.is_pass(), "{outcome}");
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Fail(failure) => failure,
        other => panic!("{other}"),
    }
}

const WELL: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwell\n";
/// Of `well\n`, by md5sum.
const WELL_DIGEST: &str = "1b42a11f5f647e53d20da8c8f57a9f02";

#[tokio::test]
async fn a_page_with_the_right_status_passes() {
    passes(get(answering(WELL).await, PATIENT, Url::new("/")).await);
}

#[tokio::test]
async fn another_status_fails_and_is_named() {
    let address = answering(b"HTTP/1.0 503 Sorry\r\n\r\n").await;
    let failure = failure(get(address, PATIENT, Url::new("/health")).await);
    assert_eq!(failure.to_string(), "/health: expected status 200-299, got 503");
}

#[tokio::test]
async fn a_page_with_the_right_digest_passes() {
    let page = Url { digest: Some(WELL_DIGEST.parse().unwrap()), ..Url::new("/") };
    passes(get(answering(WELL).await, PATIENT, page).await);
}

#[tokio::test]
async fn another_digest_fails_and_both_are_named() {
    let other = "00000000000000000000000000000000";
    let page = Url { digest: Some(other.parse().unwrap()), ..Url::new("/") };
    let failure = failure(get(answering(WELL).await, PATIENT, page).await);
    let expected = format!("/: digest mismatch: expected {other}, got {WELL_DIGEST}");
    assert_eq!(failure.to_string(), expected);
}

#[tokio::test]
async fn a_chunked_body_is_put_together_before_it_is_digested() {
    let address = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n3\r\nll\n\r\n0\r\n\r\n",
    );
    let page = Url { digest: Some(WELL_DIGEST.parse().unwrap()), ..Url::new("/") };
    let options = ConnectOptions::new(address.await).timeout(PATIENT);
    passes(HttpGet::new(options, [page]).version(HttpVersion::Http11).check().await);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let page = Url { digest: Some(WELL_DIGEST.parse().unwrap()), ..Url::new("/") };
    passes(get(answering(b"HTTP/1.0 200 OK\r\n\r\nwell\n").await, PATIENT, page).await);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_fails() {
    let address = answering(b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nwell\n").await;
    let failure = failure(get(address, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::ClosedEarly(_)), "{failure}");
}

#[tokio::test]
async fn a_server_that_closes_without_an_answer_fails() {
    let failure = failure(get(answering(b"").await, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::ClosedEarly(_)), "{failure}");
}

#[tokio::test]
async fn an_answer_that_is_no_http_fails() {
    let failure = failure(get(answering(b"SSH-2.0-x\r\n\r\n").await, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::Malformed(..)), "{failure}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_fails_at_the_deadline() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        std::future::pending().await
    });
    let failure = failure(get(address.await, IMPATIENT, Url::new("/")).await);
    assert_eq!(failure.to_string().split(": ").nth(1), Some("no complete answer within 300ms"));
}

#[tokio::test]
async fn a_body_that_trickles_for_ever_fails_at_the_deadline() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(b"x").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failure = failure(get(address.await, IMPATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn a_body_without_end_fails_at_the_bound() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(&[b'x'; 65_536]).await?;
        }
    });
    let failure = failure(get(address.await, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::TooLong { .. }), "{failure}");
}

#[tokio::test]
async fn headers_without_end_fail() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n").await?;
        loop {
            stream.write_all(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").await?;
        }
    });
    let failure = failure(get(address.await, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::Malformed(..)), "{failure}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let address = answering(b"HTTP/1.0 302 Found\r\nLocation: /other\r\n\r\n").await;
    let failure = failure(get(address, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::Status { found: 302, .. }), "{failure}");
}

#[tokio::test]
async fn every_page_must_be_right() {
    let address = server(|mut stream| async move {
        let good = read_request(&mut stream).await?.starts_with("GET /good ");
        let answer: &[u8] = if good { WELL } else { b"HTTP/1.0 500 Oh\r\n\r\n" };
        stream.write_all(answer).await?;
        stream.shutdown().await
    });
    let options = ConnectOptions::new(address.await).timeout(PATIENT);
    let pages = [Url::new("/good"), Url::new("/bad")];
    let failure = failure(HttpGet::new(options, pages).check().await);
    assert_eq!(failure.to_string(), "/bad: expected status 200-299, got 500");
}

/// What a server is asked.
async fn asked(version: HttpVersion, host: Option<&str>) -> (SocketAddr, String) {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let address = server(move |mut stream| {
        let tell = tell.clone();
        async move {
            let request = read_request(&mut stream).await?;
            tell.send(request).await.unwrap();
            stream.write_all(WELL).await
        }
    });
    let address = address.await;
    let options = ConnectOptions::new(address).timeout(PATIENT);
    let page = Url { host: host.map(str::to_owned), ..Url::new("/page?x=1") };
    passes(HttpGet::new(options, [page]).version(version).check().await);
    (address, told.recv().await.unwrap())
}

#[tokio::test]
async fn the_host_is_address_and_port_unless_named() {
    let (address, request) = asked(HttpVersion::Http10, None).await;
    assert!(request.starts_with("GET /page?x=1 HTTP/1.0\r\n"), "{request}");
    assert!(request.contains(&format!("host: {address}\r\n")), "{request}");
}

#[tokio::test]
async fn the_host_is_the_virtual_host_without_a_port() {
    let (_, request) = asked(HttpVersion::Http11, Some("www.example.org")).await;
    assert!(request.starts_with("GET /page?x=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: www.example.org\r\n"), "{request}");
    assert!(request.contains("connection: close\r\n"), "{request}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = TcpCheck::new(ConnectOptions::new(address).timeout(PATIENT)).check().await;
    assert!(matches!(failure(outcome), Failure::Refused(at) if at == address));
}

#[tokio::test]
async fn a_server_that_accepts_passes_a_tcp_check() {
    let address = answering(WELL).await;
    passes(TcpCheck::new(ConnectOptions::new(address).timeout(PATIENT)).check().await);
}

#[tokio::test]
async fn an_address_that_is_not_ours_to_bind_is_our_own_trouble() {
    let address = answering(WELL).await;
    let bind = Some("192.0.2.1:0".parse().unwrap());
    let options = ConnectOptions { bind, ..ConnectOptions::new(address) };
    let outcome = TcpCheck::new(options).check().await;
    assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}
