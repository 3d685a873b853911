//! Asking for a page, and judging it.

use std::borrow::Cow;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri, Version};
use md5::{Digest, Md5};
use tokio::time::Instant;

use super::connection::{Server, failure};
use super::expectation::{Answer, Expectation};
use super::{HttpGet, HttpVersion, Md5Digest, Method, PageFailure, Url};
use crate::connect::ConnectError;
use crate::{ConnectOptions, Failure, LocalError, Report};

const AGENT: &str = concat!("steadfast-checkers/", env!("CARGO_PKG_VERSION"));

/// A page that came.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) answer: Answer,
}

impl Page {
    /// How it falls short of what it should be; to be found out by the deadline.
    pub(super) async fn failure(&self, url: &Url, deadline: Instant) -> Option<PageFailure> {
        if !url.status.contains(self.status) {
            return Some(PageFailure::Status {
                path: url.path.clone(),
                expected: url.status.clone(),
                found: self.status,
            });
        }
        for wanted in &url.expectations {
            let failure = wanted.failure(&url.path, &self.answer, deadline).await;
            if failure.is_some() {
                return failure;
            }
        }
        None
    }
}

impl HttpGet {
    /// Asks for a page, to be there by the deadline; `digest` if its sum is wanted in any case.
    pub(super) async fn page(
        &self,
        url: &Url,
        deadline: Instant,
        digest: bool,
    ) -> Result<(Page, Report), ConnectError> {
        let tls = url.tls.as_ref().or(self.tls.as_ref());
        let request = request(&self.connect, self.version, tls.is_some(), url)?;
        let server = Server {
            options: &self.connect,
            tls,
            http2: self.version == HttpVersion::Http2,
            deadline,
        };
        let limit = Limit {
            bytes: self.longest_body,
            strict: digest || url.expectations.iter().any(Expectation::needs_end),
            keep: url.expectations.iter().any(Expectation::needs_body),
            digest: digest || url.expectations.iter().any(Expectation::needs_digest),
        };
        server.ask(request, |response| read(self.connect.target, url, response, limit)).await
    }
}

/// What to do with a body.
#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: usize,
    /// A longer one is a failure; otherwise what is longer does not matter.
    strict: bool,
    /// It is wanted whole.
    keep: bool,
    /// Its digest is wanted.
    digest: bool,
}

fn request(
    options: &ConnectOptions,
    version: HttpVersion,
    tls: bool,
    url: &Url,
) -> Result<Request<Full<Bytes>>, ConnectError> {
    let unfit = |what: String| LocalError::Request { target: options.target, what };
    // keepalived's rule: a name without a port, else address and port.
    let host = match &url.host {
        Some(host) => Cow::from(host),
        None => host(options.target).into(),
    };
    let host_header = HeaderValue::try_from(&*host)
        .map_err(|error| unfit(format!("{host:?} is no Host header: {error}")))?;
    let uri = match version {
        HttpVersion::Http2 => {
            let scheme = if tls { "https" } else { "http" };
            Uri::try_from(format!("{scheme}://{host}{}", url.path))
        }
        _ => Uri::try_from(url.path.as_str()),
    };
    let uri = uri.map_err(|error| unfit(format!("{:?} is no path: {error}", url.path)))?;
    let mut request = Request::new(Full::new(Bytes::from(url.body.clone())));
    *request.uri_mut() = uri;
    *request.method_mut() = match url.method {
        Method::Get => hyper::Method::GET,
        Method::Head => hyper::Method::HEAD,
        Method::Post => hyper::Method::POST,
    };
    *request.version_mut() = match version {
        HttpVersion::Http10 | HttpVersion::Http10Close => Version::HTTP_10,
        HttpVersion::Http11 => Version::HTTP_11,
        HttpVersion::Http2 => Version::HTTP_2,
    };
    let headers = request.headers_mut();
    if matches!(version, HttpVersion::Http10Close | HttpVersion::Http11) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if version != HttpVersion::Http2 {
        headers.insert(HOST, host_header);
    }
    for (name, value) in &url.headers {
        let unfit = |error| unfit(format!("\"{name}: {value}\" is no header: {error}"));
        let header = HeaderName::try_from(name).map_err(|error| unfit(error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|error| unfit(error.to_string()))?;
        headers.insert(header, value);
    }
    Ok(request)
}

/// Address and port as in a URL, where the scope of a link-local address has no place.
fn host(target: SocketAddr) -> String {
    SocketAddr::new(target.ip(), target.port()).to_string()
}

async fn read(
    target: SocketAddr,
    url: &Url,
    response: Response<Incoming>,
    limit: Limit,
) -> Result<Page, Failure> {
    let (head, mut body) = response.into_parts();
    let mut digest = limit.digest.then(Md5::new);
    let mut kept = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error, Failure::ClosedEarly, target))?;
        let Some(data) = frame.data_ref() else { continue };
        length = length.saturating_add(data.len());
        if length > limit.bytes {
            if limit.strict {
                let (path, limit) = (url.path.clone(), limit.bytes);
                return Err(PageFailure::TooLong { path, limit }.into());
            }
            break;
        }
        if let Some(digest) = &mut digest {
            digest.update(data);
        }
        if limit.keep {
            kept.extend_from_slice(data);
        }
    }
    let digest = Md5Digest(digest.map_or([0; 16], |digest| digest.finalize().into()));
    let answer = Answer { headers: head.headers, digest, body: kept.into() };
    Ok(Page { status: head.status.as_u16(), answer })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV6;

    use super::*;

    #[test]
    fn an_ipv6_host_is_in_brackets_and_without_its_scope() {
        let target = SocketAddrV6::new("fe80::1".parse().unwrap(), 8080, 0, 2);
        assert_eq!(host(target.into()), "[fe80::1]:8080");
    }
}
