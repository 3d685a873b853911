use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Expectation, Md5Digest, Method, Pattern, StatusRanges};
use crate::tls::Tls;

/// A page, and what it should be.
///
/// ```
/// use steadfast_checkers::http::Url;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let page = Url::new("/health").host("www.example.org").json("/status", "ok");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    pub(super) path: String,
    pub(super) host: Option<String>,
    pub(super) tls: Option<Tls>,
    pub(super) method: Method,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) status: StatusRanges,
    pub(super) expectations: Vec<Expectation>,
}

impl Url {
    /// A page of which only the status counts: 200 to 299. The path has the query with it, if there
    /// is one.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            host: None,
            tls: None,
            method: Method::Get,
            headers: Vec::new(),
            body: Vec::new(),
            status: StatusRanges::default(),
            expectations: Vec::new(),
        }
    }

    /// The Host header (`virtualhost`), instead of the server's address and port.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        Self { host: Some(host.into()), ..self }
    }

    /// Over TLS, as this says and not as the check does: pages of one check can be of several names.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Asks by HEAD.
    #[must_use]
    pub fn head(self) -> Self {
        Self { method: Method::Head, ..self }
    }

    /// Posts this.
    #[must_use]
    pub fn post(self, body: impl Into<Vec<u8>>) -> Self {
        Self { method: Method::Post, body: body.into(), ..self }
    }

    /// Sends a header, in place of one of ours if it has the same name.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Says who asks, by HTTP basic authentication (RFC 7617).
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", format!("Basic {credentials}"))
    }

    /// The right status codes.
    #[must_use]
    pub fn status(self, status: StatusRanges) -> Self {
        Self { status, ..self }
    }

    /// The right body, by its MD5 sum.
    #[must_use]
    pub fn digest(self, digest: Md5Digest) -> Self {
        self.expect(Expectation::Digest(digest))
    }

    /// The body has a match of this (`regex`).
    #[must_use]
    pub fn matches(self, pattern: Pattern) -> Self {
        self.expect(Expectation::Match(pattern))
    }

    /// The body has no match of this (`regex_no_match`).
    #[must_use]
    pub fn matches_not(self, pattern: Pattern) -> Self {
        self.expect(Expectation::NoMatch(pattern))
    }

    /// The body has this in it.
    #[must_use]
    pub fn contains(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.expect(Expectation::Contains(bytes.into()))
    }

    /// The answer has a header with this value.
    #[must_use]
    pub fn has_header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.expect(Expectation::Header { name: name.into(), value: value.into() })
    }

    /// The body is JSON and has this at a JSON pointer (RFC 6901): a text as it is, anything else as
    /// JSON writes it, without spaces.
    #[must_use]
    pub fn json(self, pointer: impl Into<String>, value: impl Into<String>) -> Self {
        self.expect(Expectation::Json { pointer: pointer.into(), value: value.into() })
    }

    fn expect(mut self, expectation: Expectation) -> Self {
        self.expectations.push(expectation);
        self
    }
}

/// Headers and bodies that are sent may hold what is secret.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url")
            .field("path", &self.path)
            .field("host", &self.host)
            .field("method", &self.method)
            .field("status", &self.status)
            .field("expectations", &self.expectations)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let url = Url::new("/").basic_auth("user", "secret").post("secret");
        let shown = format!("{url:?}");
        assert!(!shown.contains("Basic") && !shown.contains("115"), "{shown}");
    }
}
