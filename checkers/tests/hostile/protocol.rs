//! What a good server says, step by step, and how it is checked.

use steadfast_checkers::agent::AgentCheck;
use steadfast_checkers::grpc::GrpcCheck;
use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::smtp::SmtpCheck;
use steadfast_checkers::tcp::Dialogue;
use steadfast_checkers::tls::{Tls, TlsOptions};
use steadfast_checkers::{BoxCheck, ConnectOptions, Failure, LocalError, Outcome};

/// A step of a server.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Listens until what has come ends like this.
    Hear(&'static [u8]),
    /// Listens until a request over HTTP/2 has come.
    HearHttp2,
    /// Says this.
    Say(Vec<u8>),
    /// Says this over and over again.
    Repeat(Vec<u8>),
}

pub(crate) struct Protocol {
    pub(crate) name: &'static str,
    pub(crate) check: fn(ConnectOptions) -> BoxCheck,
    pub(crate) script: fn() -> Vec<Step>,
    /// What follows is not waited for, or does not matter.
    pub(crate) afterthought: usize,
    pub(crate) over_tls: bool,
}

pub(crate) const PROTOCOLS: [Protocol; 9] = [
    Protocol {
        name: "HTTP/1.0",
        check: |connect| http(connect, HttpVersion::Http10),
        script: http1,
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "HTTP/1.1",
        check: |connect| http(connect, HttpVersion::Http11),
        script: http1,
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "chunked",
        check: |connect| http(connect, HttpVersion::Http11),
        script: chunked,
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "HTTPS",
        check: |connect| {
            let tls = Tls::new(TlsOptions::default()).unwrap();
            BoxCheck::new(get(connect).tls(tls))
        },
        script: http1,
        afterthought: 0,
        over_tls: true,
    },
    Protocol {
        name: "HTTP/2",
        check: |connect| http(connect, HttpVersion::Http2),
        script: http2,
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "gRPC",
        check: |connect| BoxCheck::new(GrpcCheck::new(connect)),
        script: grpc,
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "SMTP",
        check: |connect| BoxCheck::new(SmtpCheck::new(connect)),
        script: smtp,
        afterthought: b"221 bye\r\n".len(),
        over_tls: false,
    },
    Protocol {
        name: "dialogue",
        check: |connect| BoxCheck::new(Dialogue::new(connect).send("PING\r\n").expect("+PONG\r\n")),
        script: || vec![Step::Hear(b"\r\n"), Step::Say(b"+PONG\r\n".to_vec())],
        afterthought: 0,
        over_tls: false,
    },
    Protocol {
        name: "agent",
        check: |connect| BoxCheck::new(AgentCheck::new(connect)),
        script: || vec![Step::Say(b"ready\n".to_vec())],
        // The line may end with the connection.
        afterthought: 1,
        over_tls: false,
    },
];

fn http(connect: ConnectOptions, version: HttpVersion) -> BoxCheck {
    BoxCheck::new(get(connect).version(version))
}

/// Something is expected of the page, so that it must come whole.
fn get(connect: ConnectOptions) -> HttpGet {
    // Of `well\n`, by md5sum.
    let page = Url::new("/").digest("1b42a11f5f647e53d20da8c8f57a9f02".parse().unwrap());
    HttpGet::new(connect, [page]).longest_body(100_000)
}

fn http1() -> Vec<Step> {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwell\n";
    vec![Step::Hear(b"\r\n\r\n"), Step::Say(answer.to_vec())]
}

fn chunked() -> Vec<Step> {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwel\r\n2\r\nl\n\r\n0\r\n\r\n";
    vec![Step::Hear(b"\r\n\r\n"), Step::Say(answer.to_vec())]
}

fn smtp() -> Vec<Step> {
    vec![
        Step::Say(b"220-mail\r\n220 ready\r\n".to_vec()),
        Step::Hear(b"\r\n"),
        Step::Say(b"250-hello\r\n250 8BITMIME\r\n".to_vec()),
        Step::Hear(b"\r\n"),
        Step::Say(b"221 bye\r\n".to_vec()),
    ]
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// `:status: 200`, from HPACK's table (RFC 7541, appendix A).
pub(crate) const STATUS_200: u8 = 0x88;

/// A header, spelled out (RFC 7541, section 6.2.2).
fn spelled(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

pub(crate) fn greeted_http2(frames: Vec<Vec<u8>>) -> Vec<Step> {
    let settings = frame(SETTINGS, 0, 0, &[]);
    vec![Step::Say(settings), Step::HearHttp2, Step::Say(frames.concat())]
}

fn http2() -> Vec<Step> {
    greeted_http2(vec![
        frame(HEADERS, END_HEADERS, 1, &[STATUS_200]),
        frame(DATA, 0, 1, b"wel"),
        frame(DATA, END_STREAM, 1, b"l\n"),
    ])
}

pub(crate) fn grpc_head() -> Vec<u8> {
    let kind = spelled("content-type", "application/grpc");
    frame(HEADERS, END_HEADERS, 1, &[&[STATUS_200][..], &kind].concat())
}

fn grpc() -> Vec<Step> {
    let trailers = spelled("grpc-status", "0");
    greeted_http2(vec![
        grpc_head(),
        // `status: SERVING`.
        frame(DATA, 0, 1, &[0, 0, 0, 0, 2, 8, 1]),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &trailers),
    ])
}

/// The reason in a word or two.
pub(crate) fn reason(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass(_) => "PASSES",
        Outcome::Inconclusive(LocalError::Informant(failure)) => reason(Outcome::Fail(*failure)),
        Outcome::Inconclusive(_) => "OURS",
        Outcome::Fail(failure) => match failure {
            Failure::HandshakeTimedOut(..) => "no handshake",
            Failure::AnswerTimedOut(..) => "timed out",
            Failure::NoResponse(_) => "no response",
            Failure::ClosedEarly(_) => "closed early",
            Failure::Reset(_) => "reset",
            Failure::Malformed(..) => "malformed",
            Failure::Tls(..) => "bad TLS",
            Failure::Page(_) => "wrong page",
            Failure::Smtp(..) => "wrong reply",
            Failure::Dialogue(..) => "wrong words",
            Failure::Grpc(..) => "wrong answer",
            Failure::Dns(..) => "wrong answer",
            Failure::Udp(..) => "wrong reply",
            other => panic!("{other}"),
        },
    }
}
