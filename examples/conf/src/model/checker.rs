use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Span;

/// One check of one real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checker {
    /// What is tried.
    pub probe: Probe,
    /// Whom it connects to: `connect_ip` and `connect_port`, otherwise the real server.
    pub target: SocketAddr,
    /// `bindto` and `bind_port`: whence it connects.
    pub bind: Option<SocketAddr>,
    /// `connect_timeout`: how long one attempt may take.
    pub connect_timeout: Duration,
    /// `retry`: further attempts before a failure counts.
    pub retry: u32,
    /// `delay_before_retry`: time between those attempts.
    pub delay_before_retry: Duration,
    /// `delay_loop`: time between two checks.
    pub delay_loop: Duration,
    /// `warmup`: the first check comes at a random moment within this time.
    pub warmup: Duration,
    /// `alpha`: counts as failed until it first succeeds.
    pub alpha: bool,
    /// Where its keyword was written.
    pub span: Span,
}

/// What a checker tries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// `TCP_CHECK`: a connection is accepted.
    Tcp,
    /// `HTTP_GET`: pages are what they should be.
    Http(HttpCheck),
}

/// `HTTP_GET { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// `http_protocol`.
    pub version: HttpVersion,
    /// `url`: at least one; all must succeed.
    pub urls: Vec<HttpUrl>,
}

/// `url { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl {
    /// `path`.
    pub path: String,
    /// `virtualhost` of the URL, the checker, the real server or the service: the Host header. `None`:
    /// the target's address and port.
    pub host: Option<String>,
    /// `digest`: the MD5 sum the body must have.
    pub digest: Option<[u8; 16]>,
    /// `status_code`: the answers that count as success; 200 to 299 if none was given. Never empty.
    pub status: Vec<RangeInclusive<u16>>,
}

/// `http_protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpVersion {
    /// `1.0`.
    #[default]
    Http10,
    /// `1.0C` (or `1.0c`): 1.0 with a `Connection: close` header.
    Http10Close,
    /// `1.1`.
    Http11,
}
