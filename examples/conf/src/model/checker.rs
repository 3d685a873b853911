use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Place, Script};

/// One check of one real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checker {
    /// What is tried.
    pub probe: Probe,
    /// When it is tried, and what counts.
    pub rules: Arc<CheckRules>,
    /// Where its keyword was written.
    pub span: Place,
}

/// When a checker tries, and what counts. Most checkers have the same, and share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckRules {
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
    /// `log_all_failures`, otherwise `checker_log_all_failures`: each failed attempt is logged, not
    /// only the one that decides.
    pub log_all_failures: bool,
}

/// What a checker tries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Probe {
    /// `TCP_CHECK`: a connection is accepted.
    Tcp(Arc<Connection>),
    /// `HTTP_GET` and `SSL_GET`: pages are what they should be.
    Http(Box<HttpCheck>),
    /// `SMTP_CHECK`: a mail server greets.
    Smtp(Box<SmtpCheck>),
    /// `DNS_CHECK`: a name server answers a question.
    Dns(Box<DnsCheck>),
    /// `MISC_CHECK`: a program says how the server is.
    Misc(Box<MiscCheck>),
    /// `UDP_CHECK`: a datagram draws no error, or the right reply.
    Udp(Box<UdpCheck>),
    /// `FILE_CHECK`: a number in a file says how the server is.
    File(Box<FileCheck>),
    /// `PING_CHECK`: an echo request is answered. The port means nothing.
    Ping(Arc<Connection>),
}

impl Probe {
    /// How it connects, if it does.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Tcp(connection) | Self::Ping(connection) => Some(connection),
            Self::Http(http) => Some(&http.connection),
            Self::Smtp(smtp) => Some(&smtp.connection),
            Self::Dns(dns) => Some(&dns.connection),
            Self::Udp(udp) => Some(&udp.connection),
            Self::Misc(_) | Self::File(_) => None,
        }
    }

    /// The program that it runs, if it does.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        match self {
            Self::Misc(misc) => Some(&misc.script),
            _ => None,
        }
    }

    /// Its keyword.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "TCP_CHECK",
            Self::Http(http) if http.tls.is_some() => "SSL_GET",
            Self::Http(_) => "HTTP_GET",
            Self::Smtp(_) => "SMTP_CHECK",
            Self::Dns(_) => "DNS_CHECK",
            Self::Misc(_) => "MISC_CHECK",
            Self::Udp(_) => "UDP_CHECK",
            Self::Ping(_) => "PING_CHECK",
            Self::File(_) => "FILE_CHECK",
        }
    }
}

/// How a checker reaches its server; [`RealServer::target`](super::RealServer::target) says where.
/// Most checkers have the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    /// `connect_ip`, if it is another than the real server's address.
    pub address: Option<IpAddr>,
    /// `connect_port`, if it is another than the real server's port.
    pub port: Option<u16>,
    /// Whence it connects; from anywhere, as a rule.
    pub origin: Option<Box<Origin>>,
    /// `connect_timeout`: how long one attempt may take, from the beginning to the answer's end.
    pub timeout: Duration,
}

/// Whence a checker connects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// `bindto` and `bind_port`: the address and port.
    pub bind: Option<SocketAddr>,
    /// `bind_if`: the interface that packets use.
    pub interface: Option<String>,
    /// `fwmark`: the mark of its packets.
    pub mark: Option<NonZeroU32>,
}

/// `HTTP_GET { }`, `SSL_GET { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpCheck {
    /// How it connects.
    pub connection: Connection,
    /// With TLS: `SSL_GET`.
    pub tls: Option<Arc<Ssl>>,
    /// `http_protocol`.
    pub version: HttpVersion,
    /// `fast_recovery`: once a page is right again, the others are tried at once, not one each
    /// `delay_loop`.
    pub fast_recovery: bool,
    /// `url`: at least one; all must succeed.
    pub urls: Vec<HttpUrl>,
}

/// `SSL { }`: who we are to servers, and whom we believe.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ssl {
    /// `ca`: a file with the certificates of those who may sign a server's. Without it any
    /// certificate will do.
    pub authorities: Option<PathBuf>,
    /// `certificate`: a file with ours.
    pub certificate: Option<PathBuf>,
    /// `key`: a file with its private key. There if [`certificate`](Self::certificate) is.
    pub key: Option<PathBuf>,
}

/// `url { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    /// `path`.
    pub path: String,
    /// `virtualhost` of the URL, the checker, the real server or the service: the Host header. `None`:
    /// the target's address and port.
    pub host: Option<String>,
    /// `enable_sni`, `sni_name`: the name that the server is told in the TLS handshake.
    pub sni: Option<String>,
    /// `tls_compliant`: a server that ends a TLS connection without saying so has failed.
    pub tls_compliant: bool,
    /// `digest`: the MD5 sum the body must have.
    pub digest: Option<[u8; 16]>,
    /// `regex`: what the body must, or must not, have in it.
    pub regex: Option<HttpRegex>,
    /// `status_code`: the answers that count as success; 200 to 299 if none was given. Never empty.
    pub status: Vec<RangeInclusive<u16>>,
}

/// The name in a Host header that a server can be told in the TLS handshake: without its port. An address is
/// never told as a name (RFC 6066, section 3).
pub(crate) fn server_name(host: &str) -> Option<&str> {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let is_address = |text: &str| text.starts_with('[') || text.parse::<IpAddr>().is_ok();
    (!is_address(host) && !is_address(name)).then_some(name)
}

/// `regex` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpRegex {
    /// `regex`: in Perl's syntax.
    pub pattern: String,
    /// `regex_no_match`: the body must not match.
    pub no_match: bool,
    /// `regex_options caseless`: upper and lower case are the same.
    pub caseless: bool,
    /// `multiline`: `^` and `$` are at each line.
    pub multiline: bool,
    /// `dotall`: `.` is a line's end too.
    pub dotall: bool,
    /// `extended`: spaces in the pattern mean nothing.
    pub extended: bool,
    /// `regex_min_offset`: a match begins nowhere before this byte.
    pub min_offset: usize,
    /// `regex_max_offset`: a match begins nowhere behind this byte.
    pub max_offset: Option<usize>,
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

/// `SMTP_CHECK { }`, one for each of its `host { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmtpCheck {
    /// How it connects.
    pub connection: Connection,
    /// `helo_name`: who it says that it is. Never empty, without blanks.
    pub helo_name: String,
}

/// `DNS_CHECK { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsCheck {
    /// How it connects.
    pub connection: Connection,
    /// `name`: what is asked about.
    pub name: String,
    /// `type`: A, NS, CNAME, SOA, MX, TXT or AAAA.
    pub record_type: String,
}

/// `MISC_CHECK { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MiscCheck {
    /// `misc_path`, and `user`: what is run.
    pub script: Script,
    /// `misc_timeout`: a run that takes longer is killed and counts as failed.
    pub timeout: Duration,
    /// `misc_dynamic`: exit codes from 2 ask for a weight of two less.
    pub dynamic: bool,
}

/// `UDP_CHECK { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UdpCheck {
    /// How it connects.
    pub connection: Connection,
    /// `payload`: what is sent.
    pub payload: Vec<u8>,
    /// `require_reply`: without it, silence is as good as a reply.
    pub reply: Option<UdpReply>,
}

/// `require_reply` and the lengths that go with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UdpReply {
    /// How it must begin: hexadecimal digits in pairs, `x` for any.
    pub begins: String,
    /// `min_reply_length` to `max_reply_length`.
    pub lengths: RangeInclusive<usize>,
}

/// `FILE_CHECK { }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileCheck {
    /// `track_file`: the name of a [`TrackFile`](super::TrackFile) of the model.
    pub name: String,
    /// The file's path.
    pub path: PathBuf,
    /// `weight`, otherwise the file's: the number in the file times this is added to the server's
    /// weight. Zero: the server has failed while the number is not zero.
    pub weight: i32,
}
