//! HTTP_GET against servers that send literal bytes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::server::{IMPATIENT, PATIENT, answering, failure, passes, read_request, server};
use steadfast_checkers::http::{HttpGet, HttpVersion, PageFailure, Pattern, PatternOptions, Url};
use steadfast_checkers::{Check, ConnectOptions, Failure, Origin, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn get(address: SocketAddr, timeout: Duration, url: Url) -> Outcome {
    HttpGet::new(ConnectOptions::new(address).timeout(timeout), [url]).check().await
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
    let page = Url::new("/").digest(WELL_DIGEST.parse().unwrap());
    passes(get(answering(WELL).await, PATIENT, page).await);
}

#[tokio::test]
async fn another_digest_fails_and_both_are_named() {
    let other = "00000000000000000000000000000000";
    let page = Url::new("/").digest(other.parse().unwrap());
    let failure = failure(get(answering(WELL).await, PATIENT, page).await);
    let expected = format!("/: digest mismatch: expected {other}, got {WELL_DIGEST}");
    assert_eq!(failure.to_string(), expected);
}

#[tokio::test]
async fn a_chunked_body_is_put_together_before_it_is_digested() {
    let address = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n3\r\nll\n\r\n0\r\n\r\n",
    );
    let page = Url::new("/").digest(WELL_DIGEST.parse().unwrap());
    let options = ConnectOptions::new(address.await).timeout(PATIENT);
    passes(HttpGet::new(options, [page]).version(HttpVersion::Http11).check().await);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let page = Url::new("/").digest(WELL_DIGEST.parse().unwrap());
    passes(get(answering(b"HTTP/1.0 200 OK\r\n\r\nwell\n").await, PATIENT, page).await);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_fails() {
    let address = answering(b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nwell\n").await;
    let failure = failure(get(address, PATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::ClosedEarly(_)), "{failure}");
}

#[tokio::test]
async fn a_server_that_closes_before_its_header_is_complete_has_not_responded() {
    let stages: [&[u8]; 4] =
        [b"", b"HTTP/1.0 2", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\nContent-Le"];
    for stage in stages {
        let failure = failure(get(answering(stage).await, PATIENT, Url::new("/")).await);
        assert!(matches!(failure, Failure::NoResponse(_)), "{}: {failure}", stage.escape_ascii());
    }
}

#[tokio::test]
async fn a_server_that_closes_within_a_body_has_closed_early() {
    let stages: [&[u8]; 4] = [
        b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwe",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwell\n\r\n",
    ];
    for stage in stages {
        let failure = failure(get(answering(stage).await, PATIENT, Url::new("/")).await);
        assert!(matches!(failure, Failure::ClosedEarly(_)), "{}: {failure}", stage.escape_ascii());
    }
}

#[tokio::test]
async fn a_server_that_resets_the_connection_fails_as_that() {
    for stage in [&b""[..], b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\n"] {
        let address = server(move |mut stream| async move {
            read_request(&mut stream).await?;
            stream.write_all(stage).await?;
            stream.set_zero_linger()
        });
        let failure = failure(get(address.await, PATIENT, Url::new("/")).await);
        assert!(matches!(failure, Failure::Reset(_)), "{}: {failure}", stage.escape_ascii());
    }
}

#[tokio::test]
async fn headers_that_are_against_the_rules_are_nobodys_concern() {
    for header in ["Old: one\r\n  two", "Spaced : one", "no header", "bad name: one", ": one"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 5\r\n\r\nwell\n");
        let address = answering(answer.leak().as_bytes()).await;
        let outcome = get(address, PATIENT, Url::new("/").digest(WELL_DIGEST.parse().unwrap()));
        let outcome = outcome.await;
        assert!(outcome.is_pass(), "{header:?}: {outcome}");
    }
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
async fn an_endless_series_of_informational_answers_fails_at_the_deadline() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        loop {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failure = failure(get(address.await, IMPATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn headers_that_trickle_for_ever_fail_at_the_deadline() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\nX: ").await?;
        loop {
            stream.write_all(b"x").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failure = failure(get(address.await, IMPATIENT, Url::new("/")).await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
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
async fn a_body_without_end_fails_at_the_bound_if_something_is_expected_of_it() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(&[b'x'; 65_536]).await?;
        }
    });
    let address = address.await;
    let page = Url::new("/").digest(WELL_DIGEST.parse().unwrap());
    let failure = failure(get(address, PATIENT, page).await);
    let Failure::Page(page) = &failure else { panic!("{failure}") };
    assert!(matches!(**page, PageFailure::TooLong { .. }), "{failure}");
    // Of what nobody expects anything, the rest does not matter.
    passes(get(address, PATIENT, Url::new("/")).await);
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
    let Failure::Page(page) = &failure else { panic!("{failure}") };
    assert!(matches!(**page, PageFailure::Status { found: 302, .. }), "{failure}");
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

#[tokio::test]
async fn without_a_page_a_server_is_not_taken_for_well() {
    let check = HttpGet::new(ConnectOptions::new(answering(WELL).await), []);
    for outcome in [check.check().await, check.check_part(0).await] {
        assert!(outcome.to_string().ends_with("there is no page to ask for"), "{outcome}");
    }
}

#[tokio::test]
async fn all_pages_share_one_deadline() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        tokio::time::sleep(IMPATIENT / 2).await;
        stream.write_all(WELL).await?;
        stream.shutdown().await
    });
    let options = ConnectOptions::new(address.await).timeout(IMPATIENT);
    let pages = ["/1", "/2", "/3"].map(Url::new);
    let failure = failure(HttpGet::new(options, pages).check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn a_complete_answer_is_not_waited_on_when_the_connection_stays_open() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(WELL).await?;
        std::future::pending().await
    });
    let begin = Instant::now();
    passes(get(address.await, PATIENT, Url::new("/")).await);
    assert!(begin.elapsed() < PATIENT);
}

#[tokio::test]
async fn a_port_of_ours_is_free_again_for_the_next_attempt() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(WELL).await?;
        std::future::pending().await
    });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = Some(free.local_addr().unwrap());
    drop(free);
    let origin = Origin { bind, ..Origin::default() };
    let connect = ConnectOptions::new(address.await).timeout(PATIENT).origin(origin);
    let check = HttpGet::new(connect, [Url::new("/")]);
    for _ in 0..3 {
        passes(check.check().await);
    }
}

#[tokio::test]
async fn a_path_or_host_that_cannot_be_sent_is_our_own_trouble() {
    let address = answering(WELL).await;
    let pages = [Url::new("/a b"), Url::new("/").host("a\r\nX: y")];
    for page in pages {
        let outcome = get(address, PATIENT, page).await;
        assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
    }
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
    let page = Url::new("/page?x=1");
    let page = match host {
        Some(host) => page.host(host),
        None => page,
    };
    passes(HttpGet::new(options, [page]).version(version).check().await);
    (address, told.recv().await.unwrap())
}

#[tokio::test]
async fn the_host_is_address_and_port_unless_named() {
    let (address, request) = asked(HttpVersion::Http10, None).await;
    assert!(request.starts_with("GET /page?x=1 HTTP/1.0\r\n"), "{request}");
    assert!(request.contains(&format!("Host: {address}\r\n")), "{request}");
}

#[tokio::test]
async fn the_host_is_the_virtual_host_without_a_port() {
    let (_, request) = asked(HttpVersion::Http11, Some("www.example.org")).await;
    assert!(request.starts_with("GET /page?x=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("Host: www.example.org\r\n"), "{request}");
    assert!(request.contains("Connection: close\r\n"), "{request}");
}

const JSON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 33\r\nX-Role: primary\r\n\r\n\
    {\"status\":\"ok\",\"lag\":3,\"nodes\":2}";

fn pattern(text: &str) -> Pattern {
    Pattern::new(text, PatternOptions::default()).unwrap()
}

#[tokio::test]
async fn everything_that_is_expected_must_be_so() {
    let right = || {
        Url::new("/")
            .matches(pattern("\"lag\":[0-4],"))
            .matches_not(pattern("\"lag\":[5-9]"))
            .contains("nodes")
            .has_header("x-role", "primary")
            .json("/status", "ok")
    };
    let address = answering(JSON).await;
    passes(get(address, PATIENT, right()).await);
    for (wrong, said) in [
        (right().matches(pattern("absent")), "/: nothing matches \"absent\""),
        (right().matches_not(pattern("o.")), "/: something matches \"o.\", which should not"),
        (right().contains("absent"), "/: \"absent\" is not there"),
        (
            right().has_header("x-role", "replica"),
            "/: expected header x-role: replica, got primary",
        ),
        (right().json("/lag", "0"), "/: expected 0 at \"/lag\", got 3"),
    ] {
        assert_eq!(failure(get(address, PATIENT, wrong).await).to_string(), said);
    }
}

/// What a server is sent, its header and so much of a body.
async fn sent(page: Url, body: usize) -> String {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let address = server(move |mut stream| {
        let tell = tell.clone();
        async move {
            let mut request = read_request(&mut stream).await?;
            for _ in 0..body {
                request.push(char::from(stream.read_u8().await?));
            }
            stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n").await?;
            tell.send(request).await.unwrap();
            stream.shutdown().await
        }
    });
    let outcome = get(address.await, PATIENT, page).await;
    told.recv().await.unwrap_or_else(|| outcome.to_string())
}

#[tokio::test]
async fn a_post_has_its_body_and_length() {
    let request = sent(Url::new("/check").post("ping"), 4).await;
    assert!(request.starts_with("POST /check HTTP/1.0\r\n"), "{request}");
    assert!(request.contains("Content-Length: 4\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nping"), "{request}");
}

#[tokio::test]
async fn a_head_needs_no_body_whatever_its_length() {
    let request = sent(Url::new("/").head(), 0).await;
    assert!(request.starts_with("HEAD / HTTP/1.0\r\n"), "{request}");
}

#[tokio::test]
async fn headers_are_sent_in_place_of_ours() {
    let request = sent(Url::new("/").header("user-agent", "KeepAliveClient"), 0).await;
    assert!(request.contains("User-Agent: KeepAliveClient\r\n"), "{request}");
    assert!(!request.contains("steadfast"), "{request}");
}

#[tokio::test]
async fn basic_authentication_is_sent() {
    let request = sent(Url::new("/").basic_auth("Aladdin", "open sesame"), 0).await;
    // The example of RFC 7617, section 2.
    let expected = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
    assert!(request.contains(expected), "{request}");
}
