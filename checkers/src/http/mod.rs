//! HTTP_GET: pages are what they should be.

mod digest;
mod exchange;
mod status;

use tokio::time::Instant;

pub use digest::{InvalidDigest, Md5Digest};
pub use status::StatusRanges;

use crate::{Check, ConnectOptions, Outcome, Report};

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpVersion {
    /// 1.0, keepalived's default: the body ends with the connection.
    #[default]
    Http10,
    /// 1.0, saying `Connection: close`.
    Http10Close,
    /// 1.1, saying `Connection: close`.
    Http11,
}

/// A page, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Its path, with the query if there is one.
    pub path: String,
    /// The Host header; `None` is the server's address and port.
    pub host: Option<String>,
    /// The right status codes.
    pub status: StatusRanges,
    /// The right body.
    pub digest: Option<Md5Digest>,
}

impl Url {
    /// A page of which only the status counts: 200 to 299.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), host: None, status: StatusRanges::default(), digest: None }
    }
}

/// HTTP_GET: every page is what it should be.
///
/// Each page is asked for on a connection of its own, which has the whole time limit of the
/// options; redirects are not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGet {
    connect: ConnectOptions,
    version: HttpVersion,
    urls: Vec<Url>,
}

impl HttpGet {
    /// The most that is read of a body. Who checks every few seconds does not want more.
    pub const LONGEST_BODY: usize = 4 * 1024 * 1024;

    /// Asks a server for these pages.
    pub fn new(connect: ConnectOptions, urls: impl IntoIterator<Item = Url>) -> Self {
        Self { connect, version: HttpVersion::default(), urls: urls.into_iter().collect() }
    }

    /// With another version of HTTP.
    #[must_use]
    pub fn version(self, version: HttpVersion) -> Self {
        Self { version, ..self }
    }
}

impl Check for HttpGet {
    async fn check(&self) -> Outcome {
        let begin = Instant::now();
        let mut report = Report::default();
        for url in &self.urls {
            match exchange::get(&self.connect, self.version, url).await {
                Ok(page) => {
                    if let Some(failure) = page.failure(url) {
                        return Outcome::Fail(failure);
                    }
                    // Of several pages, the slowest counts.
                    report.connect = report.connect.max(page.connect);
                    report.first_byte = report.first_byte.max(Some(page.first_byte));
                }
                Err(error) => return error.into(),
            }
        }
        report.total = begin.elapsed();
        Outcome::Pass(report)
    }
}

/// Asks for a page and gives its digest, whatever its status: what `genhash` does.
///
/// # Errors
///
/// As a check would fail.
pub async fn digest_of(
    connect: &ConnectOptions,
    version: HttpVersion,
    url: &Url,
) -> Result<(u16, Md5Digest), Outcome> {
    let page = exchange::get(connect, version, url).await?;
    Ok((page.status, page.digest))
}
