//! One request on a connection of its own.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Version, body::Incoming};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use tokio::time::{Instant, timeout_at};

use super::{HttpGet, HttpVersion, Md5Digest, Url};
use crate::connect::ConnectError;
use crate::{ConnectOptions, Failure, LocalError};

const AGENT: &str = concat!("steadfast-checkers/", env!("CARGO_PKG_VERSION"));
/// Enough for any sensible header; a server that sends more is not well.
const LONGEST_HEAD: usize = 64 * 1024;

/// A page that came whole.
pub(super) struct Page {
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
    pub(super) status: u16,
    pub(super) digest: Md5Digest,
}

impl Page {
    /// What is wrong with it.
    pub(super) fn failure(&self, url: &Url) -> Option<Failure> {
        if !url.status.contains(self.status) {
            return Some(Failure::Status {
                path: url.path.clone(),
                expected: url.status.clone(),
                found: self.status,
            });
        }
        let expected = url.digest.filter(|expected| *expected != self.digest)?;
        Some(Failure::Digest { path: url.path.clone(), expected, found: self.digest })
    }
}

pub(super) async fn get(
    options: &ConnectOptions,
    version: HttpVersion,
    url: &Url,
) -> Result<Page, ConnectError> {
    let begin = Instant::now();
    let deadline = begin + options.timeout;
    let request = request(options, version, url)?;
    let stream = options.connect(deadline).await?;
    let connect = begin.elapsed();
    let failed = |error: hyper::Error| failure(options, &error);
    let exchange = async {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let answering = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let first_byte = begin.elapsed();
            let status = response.status().as_u16();
            let digest = read(options, url, response).await?;
            Ok(Page { connect, first_byte, status, digest })
        };
        let driving = async {
            // What goes wrong with the connection shows in the answer.
            let _ended = connection.await;
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            page = answering => page,
            never = driving => match never {},
        }
    };
    match timeout_at(deadline, exchange).await {
        Ok(page) => page.map_err(ConnectError::Server),
        Err(_) => Err(Failure::AnswerTimedOut(options.target, options.timeout).into()),
    }
}

fn request(
    options: &ConnectOptions,
    version: HttpVersion,
    url: &Url,
) -> Result<Request<Empty<Bytes>>, ConnectError> {
    let unfit = |what: String| LocalError::Request { target: options.target, what };
    // keepalived's rule: a name without a port, else address and port.
    let host = url.host.clone().unwrap_or_else(|| options.target.to_string());
    let host = HeaderValue::try_from(&host)
        .map_err(|error| unfit(format!("{host:?} is no Host header: {error}")))?;
    let builder = Request::get(&url.path).header(HOST, host).header(USER_AGENT, AGENT);
    let builder = match version {
        HttpVersion::Http10 => builder.version(Version::HTTP_10),
        HttpVersion::Http10Close => builder.version(Version::HTTP_10).header(CONNECTION, "close"),
        HttpVersion::Http11 => builder.version(Version::HTTP_11).header(CONNECTION, "close"),
    };
    let request = builder.body(Empty::new());
    Ok(request.map_err(|error| unfit(format!("{:?} is no path: {error}", url.path)))?)
}

async fn read(
    options: &ConnectOptions,
    url: &Url,
    response: Response<Incoming>,
) -> Result<Md5Digest, Failure> {
    let mut body = response.into_body();
    let mut digest = Md5::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(options, &error))?;
        let Some(data) = frame.data_ref() else { continue };
        length = length.saturating_add(data.len());
        if length > HttpGet::LONGEST_BODY {
            let limit = HttpGet::LONGEST_BODY;
            return Err(Failure::TooLong { path: url.path.clone(), limit });
        }
        digest.update(data);
    }
    Ok(Md5Digest(digest.finalize().into()))
}

/// hyper's error in our words.
fn failure(options: &ConnectOptions, error: &hyper::Error) -> Failure {
    let target = options.target;
    let system = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match system.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Failure::Reset(target),
        Some(io::ErrorKind::UnexpectedEof) => Failure::ClosedEarly(target),
        _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
            Failure::ClosedEarly(target)
        }
        _ => Failure::Malformed(target, error.to_string()),
    }
}
