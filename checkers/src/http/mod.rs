//! HTTP_GET and SSL_GET: pages are what they should be.

mod connection;
mod digest;
mod expectation;
mod failure;
mod page;
mod pattern;
mod status;
mod url;

use tokio::time::Instant;

pub use self::digest::{InvalidDigest, Md5Digest};
pub use self::failure::PageFailure;
pub use self::pattern::{InvalidPattern, Pattern, PatternOptions, Undecided};
pub use self::status::StatusRanges;
pub use self::url::Url;

pub(crate) use self::connection::{Server, failure};
use self::expectation::Expectation;
use crate::tls::Tls;
use crate::{Check, ConnectOptions, LocalError, Outcome, Report};

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpVersion {
    /// 1.0, keepalived's default: the body ends with the connection.
    #[default]
    Http10,
    /// 1.0, saying `Connection: close`.
    Http10Close,
    /// 1.1, saying `Connection: close`.
    Http11,
    /// 2, with or without TLS, but known beforehand: there is no upgrade from 1.1.
    Http2,
}

/// How a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Method {
    Get,
    Head,
    Post,
}

/// HTTP_GET, and with TLS, SSL_GET: every page is what it should be.
///
/// Each page is asked for on a connection of its own. A [`Monitor`](crate::Monitor) takes them by
/// turns, one at each attempt, as keepalived does; [`check`](Check::check) takes them all one after
/// another, and the time limit of the options is for all of them together. Redirects are not
/// followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpGet {
    connect: ConnectOptions,
    tls: Option<Tls>,
    version: HttpVersion,
    longest_body: usize,
    urls: Vec<Url>,
}

impl HttpGet {
    /// As much is read of a body, unless it is [told](Self::longest_body) otherwise. Who checks every
    /// few seconds does not want more.
    pub const LONGEST_BODY: usize = 4 * 1024 * 1024;

    /// Asks a server for these pages.
    pub fn new(connect: ConnectOptions, urls: impl IntoIterator<Item = Url>) -> Self {
        Self {
            connect,
            tls: None,
            version: HttpVersion::default(),
            longest_body: Self::LONGEST_BODY,
            urls: urls.into_iter().collect(),
        }
    }

    /// With another version of HTTP.
    #[must_use]
    pub fn version(self, version: HttpVersion) -> Self {
        Self { version, ..self }
    }

    /// Over TLS (SSL_GET).
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Reads so much of a body. A longer one fails if something is expected of it, and else is not
    /// read further.
    #[must_use]
    pub fn longest_body(self, bytes: usize) -> Self {
        Self { longest_body: bytes, ..self }
    }

    /// Asks for a page and gives its status and digest, whatever is expected of it: what `genhash`
    /// does.
    ///
    /// # Errors
    ///
    /// As a check would fail.
    pub async fn digest_of(&self, url: &Url) -> Result<(u16, Md5Digest), Outcome> {
        let deadline = self.connect.deadline(Instant::now());
        let (page, _) = self.page(url, deadline, true).await?;
        Ok((page.status, page.answer.digest))
    }

    async fn get(&self, urls: &[Url]) -> Outcome {
        if urls.is_empty() {
            let (target, what) = (self.connect.target, "there is no page to ask for".to_owned());
            return Outcome::Inconclusive(LocalError::Request { target, what });
        }
        let begin = Instant::now();
        let deadline = self.connect.deadline(begin);
        let mut slowest = Report::default();
        for url in urls {
            match self.page(url, deadline, false).await {
                Ok((page, report)) => {
                    if let Some(failure) = page.failure(url, deadline).await {
                        return Outcome::Fail(failure.into());
                    }
                    if report.total >= slowest.total {
                        slowest = report;
                    }
                }
                Err(error) => return error.into(),
            }
        }
        Outcome::Pass(Report { total: begin.elapsed(), ..slowest })
    }
}

impl Check for HttpGet {
    async fn check(&self) -> Outcome {
        self.get(&self.urls).await
    }

    /// Its pages.
    fn parts(&self) -> u32 {
        u32::try_from(self.urls.len()).unwrap_or(u32::MAX)
    }

    async fn check_part(&self, part: u32) -> Outcome {
        let position =
            usize::try_from(part).ok().and_then(|part| part.checked_rem(self.urls.len()));
        let urls = position.and_then(|position| self.urls.get(position..=position));
        self.get(urls.unwrap_or_default()).await
    }
}
