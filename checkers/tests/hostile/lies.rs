//! Servers that lie, never end, or break the rules of their protocol.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::allocation::most_held;
use crate::protocol::{
    DATA, END_HEADERS, END_STREAM, HEADERS, PROTOCOLS, SETTINGS, STATUS_200, Step, frame,
    greeted_http2, grpc_head, reason,
};
use crate::server::{Manners, Then};
use crate::table::{IMPATIENT, MEMORY, PATIENT, judged};

const CONTINUATION: u8 = 9;
const PING: u8 = 6;

fn after_request(answer: &[u8]) -> Vec<Step> {
    vec![Step::Hear(b"\r\n\r\n"), Step::Say(answer.to_vec())]
}

fn endless(answer: &[u8], again: &[u8]) -> Vec<Step> {
    [after_request(answer), vec![Step::Repeat(again.to_vec())]].concat()
}

fn endless_http2(frames: Vec<Vec<u8>>, again: Vec<u8>) -> Vec<Step> {
    [greeted_http2(frames), vec![Step::Repeat(again)]].concat()
}

/// A protocol, what its server does, and why that fails.
fn lies() -> Vec<(&'static str, &'static str, Vec<Step>, &'static str)> {
    let head = b"HTTP/1.1 200 OK\r\n";
    let with = |rest: &str| after_request(&[head, rest.as_bytes()].concat());
    let headers = |flags| frame(HEADERS, flags, 1, &[STATUS_200]);
    let large = [b'x'; 16_384];
    let record = |kind: u8, length: u16, bytes: &[u8]| {
        [&[kind, 3, 3], &length.to_be_bytes()[..], bytes].concat()
    };
    vec![
        (
            "HTTP/1.0",
            "10 GB",
            endless(&[&head[..], b"Content-Length: 10737418240\r\n\r\n"].concat(), &large),
            "wrong page",
        ),
        (
            "HTTP/1.0",
            "no length and no end",
            endless(&[&head[..], b"\r\n"].concat(), &large),
            "wrong page",
        ),
        ("HTTP/1.0", "headers without end", endless(head, b"X-More: and more\r\n"), "malformed"),
        ("HTTP/1.0", "a header without end", endless(head, &[b'X'; 1000]), "malformed"),
        (
            "HTTP/1.0",
            "a status line without end",
            endless(b"HTTP/1.1 200 ", &[b'O'; 1000]),
            "malformed",
        ),
        (
            "HTTP/1.1",
            "informational answers without end",
            endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            "timed out",
        ),
        ("HTTP/1.1", "more than its length", with("Content-Length: 3\r\n\r\nwell\n"), "wrong page"),
        (
            "HTTP/1.1",
            "two lengths",
            with("Content-Length: 5\r\nContent-Length: 6\r\n\r\nwell\n"),
            "malformed",
        ),
        ("HTTP/1.1", "a negative length", with("Content-Length: -5\r\n\r\nwell\n"), "malformed"),
        (
            "HTTP/1.1",
            "a length beyond all bounds",
            with("Content-Length: 99999999999999999999999\r\n\r\nwell\n"),
            "malformed",
        ),
        (
            "HTTP/1.1",
            "less than its length",
            with("Content-Length: 6\r\n\r\nwell\n"),
            "closed early",
        ),
        (
            "chunked",
            "10 GB",
            endless(
                &[&head[..], b"Transfer-Encoding: chunked\r\n\r\n"].concat(),
                &[b"4000\r\n", &large[..], b"\r\n"].concat(),
            ),
            "wrong page",
        ),
        (
            "chunked",
            "a chunk that is no number",
            with("Transfer-Encoding: chunked\r\n\r\nzz\r\nwell\n"),
            "malformed",
        ),
        (
            "chunked",
            "a chunk beyond all bounds",
            with("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nwell\n"),
            "malformed",
        ),
        (
            "chunked",
            "a chunk longer than it says",
            with("Transfer-Encoding: chunked\r\n\r\n2\r\nwell\n\r\n0\r\n\r\n"),
            "malformed",
        ),
        (
            "chunked",
            "a chunk shorter than it says",
            with("Transfer-Encoding: chunked\r\n\r\n9\r\nwell\n\r\n"),
            "closed early",
        ),
        (
            "chunked",
            "an extension without end",
            endless(&[&head[..], b"Transfer-Encoding: chunked\r\n\r\n5;"].concat(), &[b'm'; 1000]),
            "malformed",
        ),
        (
            "chunked",
            "trailers without end",
            endless(
                &[&head[..], b"Transfer-Encoding: chunked\r\n\r\n5\r\nwell\n\r\n0\r\n"].concat(),
                b"X-More: and more\r\n",
            ),
            "malformed",
        ),
        (
            "HTTPS",
            "no TLS",
            vec![Step::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())],
            "bad TLS",
        ),
        (
            "HTTPS",
            "garbage",
            vec![Step::Say((0..255).map(|n: u8| n.wrapping_mul(167)).collect())],
            "bad TLS",
        ),
        (
            "HTTPS",
            "a record longer than any",
            vec![Step::Say(record(22, 0xffff, &large))],
            "bad TLS",
        ),
        (
            "HTTPS",
            "a handshake that is none",
            vec![Step::Say(record(22, 4, &[2, 0, 0, 0]))],
            "bad TLS",
        ),
        (
            "HTTPS",
            "a handshake of 16 MB",
            vec![
                Step::Say(record(22, 16_384, &[&[2, 0xff, 0xff, 0xff], &large[4..]].concat())),
                Step::Repeat(record(22, 16_384, &large)),
            ],
            "bad TLS",
        ),
        (
            "HTTPS",
            "data before the handshake",
            vec![Step::Say(record(23, 16, &[0; 16]))],
            "bad TLS",
        ),
        ("HTTPS", "an alert", vec![Step::Say(record(21, 2, &[2, 40]))], "bad TLS"),
        ("HTTPS", "empty records without end", vec![Step::Repeat(record(22, 0, &[]))], "bad TLS"),
        (
            "HTTP/2",
            "10 GB",
            endless_http2(vec![headers(END_HEADERS)], frame(DATA, 0, 1, &large)),
            "wrong page",
        ),
        (
            "HTTP/2",
            "headers without end",
            endless_http2(vec![headers(0)], frame(CONTINUATION, 0, 1, &large)),
            "malformed",
        ),
        (
            "HTTP/2",
            "settings without end",
            endless_http2(vec![], frame(SETTINGS, 0, 0, &[])),
            "timed out",
        ),
        (
            "HTTP/2",
            "pings without end",
            endless_http2(vec![], frame(PING, 0, 0, &[0; 8])),
            "timed out",
        ),
        (
            "HTTP/2",
            "empty data without end",
            endless_http2(vec![headers(END_HEADERS)], frame(DATA, 0, 1, &[])),
            "malformed",
        ),
        (
            "HTTP/2",
            "a frame longer than any",
            greeted_http2(vec![vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1], large.to_vec()]),
            "malformed",
        ),
        (
            "HTTP/2",
            "compression that is none",
            greeted_http2(vec![frame(HEADERS, END_HEADERS, 1, &[0xff; 16])]),
            "malformed",
        ),
        (
            "HTTP/2",
            "a stream that nobody opened",
            greeted_http2(vec![frame(HEADERS, END_HEADERS, 7, &[STATUS_200])]),
            "malformed",
        ),
        (
            "gRPC",
            "a message longer than it is",
            greeted_http2(vec![
                grpc_head(),
                frame(DATA, END_STREAM, 1, &[0, 0xff, 0xff, 0xff, 0xff, 8, 1]),
            ]),
            "wrong answer",
        ),
        (
            "gRPC",
            "10 GB",
            endless_http2(vec![grpc_head()], frame(DATA, 0, 1, &large)),
            "wrong answer",
        ),
        ("SMTP", "a line without end", vec![Step::Repeat([b'2'; 1000].to_vec())], "wrong reply"),
        (
            "SMTP",
            "lines without end",
            vec![Step::Repeat(b"220-and more\r\n".to_vec())],
            "wrong reply",
        ),
        (
            "SMTP",
            "another protocol",
            vec![Step::Say(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())],
            "wrong reply",
        ),
        ("dialogue", "10 GB", vec![Step::Repeat(large.to_vec())], "wrong words"),
        ("agent", "a line without end", vec![Step::Repeat([b'r'; 1000].to_vec())], "malformed"),
    ]
}

#[tokio::test]
async fn whoever_lies_or_never_ends_fails_in_time_within_bounds_for_the_right_reason() {
    let mut wrong = String::new();
    for (name, what, script, expected) in lies() {
        let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == name).unwrap();
        let said = Arc::new(AtomicUsize::new(0));
        // TLS that is none comes without TLS.
        let manners = Manners { script, after: usize::MAX, then: Then::Closes, tls: None, said };
        let limit = if expected == "timed out" { IMPATIENT } else { PATIENT };
        let (outcome, held) = most_held(judged(protocol, manners, limit)).await;
        let text = outcome.to_string();
        let found = reason(outcome);
        if found != expected || held > MEMORY {
            wrong +=
                &format!("{name}, {what}: {found}, not {expected} ({text}); {held} bytes held\n");
        }
    }
    assert_eq!(wrong, "", "\n{wrong}");
}
