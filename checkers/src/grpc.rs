//! gRPC's own health protocol: a service says whether it serves.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, TE, USER_AGENT};
use hyper::{Request, Response, Version};
use tokio::time::Instant;

use crate::connect::ConnectError;
use crate::excerpt::excerpt;
use crate::http::{Server, failure};
use crate::tls::Tls;
use crate::{Check, ConnectOptions, Failure, LocalError, Outcome, Report};

/// Asks `grpc.health.v1.Health/Check` over HTTP/2.
///
/// ```no_run
/// use steadfast_checkers::grpc::GrpcCheck;
/// use steadfast_checkers::{Check, ConnectOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let check = GrpcCheck::new(ConnectOptions::new("192.0.2.1:50051".parse()?)).service("orders.v1");
/// println!("{}", check.check().await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GrpcCheck {
    connect: ConnectOptions,
    tls: Option<Tls>,
    service: String,
    authority: Option<String>,
}

const PATH: &str = "/grpc.health.v1.Health/Check";
/// The protocol's answer has a few bytes.
const LONGEST_ANSWER: usize = 4096;

impl GrpcCheck {
    /// Asks for the server as a whole, without TLS.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect, tls: None, service: String::new(), authority: None }
    }

    /// Asks for one of its services.
    #[must_use]
    pub fn service(self, name: impl Into<String>) -> Self {
        Self { service: name.into(), ..self }
    }

    /// The authority that the server is told, instead of its address and port.
    #[must_use]
    pub fn authority(self, authority: impl Into<String>) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// Over TLS.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    async fn attempt(&self, begin: Instant) -> Result<Report, ConnectError> {
        let target = self.connect.target;
        let server = Server {
            options: &self.connect,
            tls: self.tls.as_ref(),
            http2: true,
            deadline: self.connect.deadline(begin),
        };
        let request = self.request()?;
        let (answer, report) = server.ask(request, |response| read(target, response)).await?;
        match judge(&answer) {
            Ok(()) => Ok(report),
            Err(failure) => Err(Failure::Grpc(target, failure).into()),
        }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, ConnectError> {
        let target = self.connect.target;
        let authority = self.authority.clone().unwrap_or_else(|| target.to_string());
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let agent = concat!("steadfast-checkers/", env!("CARGO_PKG_VERSION"));
        let request = Request::post(format!("{scheme}://{authority}{PATH}"))
            .version(Version::HTTP_2)
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .header(USER_AGENT, agent)
            .body(Full::new(message(&self.service)));
        let unfit = |error| LocalError::Request {
            target,
            what: format!("{authority:?} is no authority: {error}"),
        };
        Ok(request.map_err(unfit)?)
    }
}

impl Check for GrpcCheck {
    async fn check(&self) -> Outcome {
        match self.attempt(Instant::now()).await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// How a gRPC service does not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcFailure {
    /// It says that it does not.
    #[error("the service says {}", status_name(*.0))]
    NotServing(u64),
    /// The call failed: with 12, the server has no health service, with 5 it does not know the
    /// service that was asked for.
    #[error("the call failed with gRPC status {status}{}", because(message))]
    Call {
        /// gRPC's status code.
        status: u16,
        /// How what the server says about it begins, with control characters escaped.
        message: String,
    },
    /// The server is not one that speaks gRPC.
    #[error("the server answers HTTP status {0}, not gRPC")]
    NotGrpc(u16),
    /// The answer is none of the health protocol.
    #[error("the answer is malformed")]
    Malformed,
}

fn status_name(status: u64) -> String {
    match status {
        0 => "UNKNOWN".to_owned(),
        2 => "NOT_SERVING".to_owned(),
        3 => "SERVICE_UNKNOWN".to_owned(),
        status => format!("status {status}"),
    }
}

fn because(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// What came of a call.
#[derive(Debug)]
struct Answer {
    http: u16,
    /// gRPC's status and message: in the trailers, or in the header if there is no more.
    status: Option<(u16, String)>,
    body: BytesMut,
}

async fn read(
    target: std::net::SocketAddr,
    response: Response<Incoming>,
) -> Result<Answer, Failure> {
    let (head, mut body) = response.into_parts();
    let mut answer = Answer {
        http: head.status.as_u16(),
        status: grpc_status(&head.headers),
        body: BytesMut::new(),
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error, Failure::ClosedEarly, target))?;
        if let Some(trailers) = frame.trailers_ref() {
            answer.status = grpc_status(trailers).or(answer.status);
        }
        if let Some(data) = frame.data_ref() {
            if answer.body.len().saturating_add(data.len()) > LONGEST_ANSWER {
                return Err(Failure::Grpc(target, GrpcFailure::Malformed));
            }
            answer.body.extend_from_slice(data);
        }
    }
    Ok(answer)
}

fn grpc_status(headers: &HeaderMap) -> Option<(u16, String)> {
    let status = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    let message = headers.get("grpc-message").map(|message| message.as_bytes());
    let message = excerpt(&String::from_utf8_lossy(message.unwrap_or_default()));
    Some((status, message))
}

fn judge(answer: &Answer) -> Result<(), GrpcFailure> {
    match &answer.status {
        Some((0, _)) => {}
        Some((status, message)) => {
            return Err(GrpcFailure::Call { status: *status, message: message.clone() });
        }
        None => return Err(GrpcFailure::NotGrpc(answer.http)),
    }
    match serving_status(&answer.body).ok_or(GrpcFailure::Malformed)? {
        1 => Ok(()),
        status => Err(GrpcFailure::NotServing(status)),
    }
}

/// A HealthCheckRequest: field 1 is the name of the service, after the five bytes that come before
/// each message (uncompressed, and its length).
fn message(service: &str) -> Bytes {
    let mut request = BytesMut::new();
    if !service.is_empty() {
        request.put_u8(1 << 3 | LENGTH_DELIMITED);
        put_varint(&mut request, service.len() as u64);
        request.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(request.len()).unwrap_or(u32::MAX));
    framed.put(request);
    framed.freeze()
}

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

/// Field 1 of a HealthCheckResponse; 0 is what protobuf leaves out.
fn serving_status(framed: &[u8]) -> Option<u64> {
    let ([compressed, length @ ..], message) = framed.split_first_chunk::<5>()?;
    let whole = usize::try_from(u32::from_be_bytes(*length)).ok() == Some(message.len());
    if *compressed != 0 || !whole {
        return None;
    }
    let mut status = 0;
    let mut rest = message;
    while !rest.is_empty() {
        let key = take_varint(&mut rest)?;
        let kind = u8::try_from(key & 7).ok()?;
        let skipped = match kind {
            VARINT => {
                let value = take_varint(&mut rest)?;
                if key >> 3 == 1 {
                    status = value;
                }
                0
            }
            FIXED_64 => 8,
            FIXED_32 => 4,
            LENGTH_DELIMITED => usize::try_from(take_varint(&mut rest)?).ok()?,
            _ => return None,
        };
        rest = rest.get(skipped..)?;
    }
    Some(status)
}

fn put_varint(bytes: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        bytes.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.put_u8(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_is_framed_and_names_the_service() {
        assert_eq!(&message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&message("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(message(&"a".repeat(300))[5..8], [0x0a, 0xac, 0x02]);
    }

    #[test]
    fn the_status_is_field_one() {
        assert_eq!(serving_status(&[0, 0, 0, 0, 2, 8, 1]), Some(1));
        assert_eq!(serving_status(&[0, 0, 0, 0, 0]), Some(0));
    }

    #[test]
    fn fields_that_are_not_known_are_skipped() {
        let message = [0x12, 1, 9, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 8, 2];
        let framed: Vec<_> = [0, 0, 0, 0, 19].into_iter().chain(message).collect();
        assert_eq!(serving_status(&framed), Some(2));
    }

    #[test]
    fn what_is_cut_off_or_compressed_is_malformed() {
        for framed in [&[][..], &[0, 0, 0, 0, 2, 8], &[1, 0, 0, 0, 2, 8, 1], &[0, 0, 0, 0, 1, 8]] {
            assert_eq!(serving_status(framed), None, "{framed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _read = serving_status(&bytes);
        }

        #[test]
        fn a_varint_is_read_as_it_was_written(value in any::<u64>()) {
            let mut bytes = BytesMut::new();
            put_varint(&mut bytes, value);
            prop_assert_eq!(take_varint(&mut &bytes[..]), Some(value));
        }
    }
}
