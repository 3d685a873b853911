//! HTTP/2 and gRPC health against a server of hyper's.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use steadfast_checkers::grpc::{GrpcCheck, GrpcFailure};
use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::{Check, ConnectOptions, Failure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{IMPATIENT, PATIENT, answering, failure, passes, server};

/// Answers every request with these bytes and, behind them, this gRPC status if there is one. The
/// request's body must be the one that is expected.
async fn http2(
    expected: &'static [u8],
    answer: &'static [u8],
    grpc_status: Option<&'static str>,
) -> SocketAddr {
    server(move |stream| async move {
        let service = service_fn(move |request: Request<hyper::body::Incoming>| async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut frames = vec![Ok::<_, Infallible>(Frame::data(Bytes::from_static(answer)))];
            if let Some(status) = grpc_status {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static(status));
                frames.push(Ok(Frame::trailers(trailers)));
            }
            let mut response = Response::new(StreamBody::new(stream::iter(frames)));
            if body != expected || path == "/absent" {
                *response.status_mut() = hyper::StatusCode::NOT_FOUND;
            }
            Ok::<_, Infallible>(response)
        });
        let served = http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service);
        served.await.map_err(std::io::Error::other)
    })
    .await
}

fn options(address: SocketAddr) -> ConnectOptions {
    ConnectOptions::new(address).timeout(PATIENT)
}

#[tokio::test]
async fn a_page_over_http2_passes() {
    let address = http2(b"", b"well\n", None).await;
    let page = Url::new("/").digest("1b42a11f5f647e53d20da8c8f57a9f02".parse().unwrap());
    passes(HttpGet::new(options(address), [page]).version(HttpVersion::Http2).check().await);
}

#[tokio::test]
async fn a_status_over_http2_counts() {
    let address = http2(b"", b"", None).await;
    let check = HttpGet::new(options(address), [Url::new("/absent")]).version(HttpVersion::Http2);
    let failure = failure(check.check().await);
    assert_eq!(failure.to_string(), "/absent: expected status 200-299, got 404");
}

#[tokio::test]
async fn a_server_of_another_http_fails() {
    let address = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let check = HttpGet::new(options(address), [Url::new("/")]).version(HttpVersion::Http2);
    let failure = failure(check.check().await);
    assert!(matches!(failure, Failure::Malformed(..) | Failure::NoResponse(_)), "{failure}");
}

#[tokio::test]
async fn a_silent_server_fails_at_the_deadline_over_http2_too() {
    let address = server(|stream| async {
        let _open = stream;
        std::future::pending().await
    });
    let connect = ConnectOptions::new(address.await).timeout(IMPATIENT);
    let check = HttpGet::new(connect, [Url::new("/")]).version(HttpVersion::Http2);
    let failure = failure(check.check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

const SERVING: &[u8] = &[0, 0, 0, 0, 2, 8, 1];
const NOT_SERVING: &[u8] = &[0, 0, 0, 0, 2, 8, 2];

#[tokio::test]
async fn a_service_that_serves_passes() {
    let address = http2(&[0, 0, 0, 0, 0], SERVING, Some("0")).await;
    passes(GrpcCheck::new(options(address)).check().await);
}

#[tokio::test]
async fn the_service_that_is_asked_for_is_named() {
    let address = http2(b"\0\0\0\0\x06\x0a\x04shop", SERVING, Some("0")).await;
    passes(GrpcCheck::new(options(address)).service("shop").check().await);
}

#[tokio::test]
async fn a_service_that_does_not_serve_fails() {
    let address = http2(&[0, 0, 0, 0, 0], NOT_SERVING, Some("0")).await;
    let failure = failure(GrpcCheck::new(options(address)).check().await);
    assert!(failure.to_string().ends_with("the service says NOT_SERVING"), "{failure}");
}

#[tokio::test]
async fn a_call_that_fails_is_told_by_its_status() {
    let address = http2(&[0, 0, 0, 0, 0], b"", Some("12")).await;
    let failure = failure(GrpcCheck::new(options(address)).check().await);
    assert!(matches!(failure, Failure::Grpc(_, GrpcFailure::Call { status: 12, .. })), "{failure}");
}

#[tokio::test]
async fn a_server_without_grpc_fails_as_that() {
    let address = http2(b"other", b"page", None).await;
    let failure = failure(GrpcCheck::new(options(address)).check().await);
    assert!(matches!(failure, Failure::Grpc(_, GrpcFailure::NotGrpc(404))), "{failure}");
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    Reset,
    Closed,
}

/// Sends a header and the beginning of a body over HTTP/2, and then ends like that.
async fn breaking_off(end: End) -> SocketAddr {
    server(move |mut stream| async move {
        // The preface of a client, and frames up to a request's header.
        stream.read_exact(&mut [0; 24]).await?;
        loop {
            let mut header = [0; 9];
            stream.read_exact(&mut header).await?;
            let [high, middle, low, kind, ..] = header;
            let length = u32::from_be_bytes([0, high, middle, low]);
            stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()]).await?;
            if kind == 1 {
                break;
            }
        }
        // Settings; a header, where status 200 is 8 in HPACK's static table (RFC 7541, appendix A);
        // data.
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await?;
        stream.write_all(b"\0\0\x01\x01\x04\0\0\0\x01\x88").await?;
        stream.write_all(b"\0\0\x04\0\0\0\0\0\x01part").await?;
        // Our acknowledgement of the settings says that all of that has come.
        stream.read_exact(&mut [0; 9]).await?;
        match end {
            End::Reset => stream.set_zero_linger(),
            End::Closed => {
                stream.shutdown().await?;
                stream.read_to_end(&mut Vec::new()).await.map(drop)
            }
        }
    })
    .await
}

/// What checks over HTTP/2 say of that.
async fn broken_off(end: End) -> [Failure; 2] {
    let connect = options(breaking_off(end).await);
    let page = Url::new("/").digest("1b42a11f5f647e53d20da8c8f57a9f02".parse().unwrap());
    let pages = HttpGet::new(connect.clone(), [page]).version(HttpVersion::Http2);
    [pages.check().await, GrpcCheck::new(connect).check().await].map(failure)
}

#[tokio::test]
async fn a_connection_that_breaks_off_within_a_body_is_told_so() {
    for end in [End::Reset, End::Closed] {
        for failure in broken_off(end).await {
            // What we write after a reset may be what fails first.
            let told = matches!(failure, Failure::Reset(_) | Failure::ClosedEarly(_));
            assert!(told, "{failure}");
        }
    }
}
