//! One request on a connection of its own, over HTTP/1 or HTTP/2, with TLS or without.

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;
use crate::tls::{self, Tls};
use crate::{ConnectOptions, Failure, Report};

/// Enough for any sensible header; a server that sends more is not well.
const LONGEST_HEAD: usize = 64 * 1024;

/// To whom a request goes, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) options: &'a ConnectOptions,
    pub(crate) tls: Option<&'a Tls>,
    pub(crate) http2: bool,
    /// By when it must have answered.
    pub(crate) deadline: Instant,
}

impl Server<'_> {
    /// Sends a request and reads the answer to it.
    pub(crate) async fn ask<R, F, T>(
        &self,
        request: Request<Full<Bytes>>,
        read: R,
    ) -> Result<(T, Report), ConnectError>
    where
        R: FnOnce(Response<Incoming>) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        let Self { options, deadline, .. } = *self;
        let begin = Instant::now();
        let stream = options.connect(deadline).await?;
        let mut report = Report { connect: Some(begin.elapsed()), ..Report::default() };
        let answered = match self.tls {
            None => {
                timeout_at(deadline, self.exchange(begin, TokioIo::new(stream), request, read))
                    .await
            }
            // In boxes, here and below: a future has room for the largest of its branches, and there may
            // be thousands that ask for a page without TLS.
            Some(tls) => {
                let connecting = Box::pin(tls.connect(options, stream, deadline, self.http2));
                let (stream, shaken) = connecting.await?;
                report.tls = Some(Box::new(shaken));
                let exchange = Box::pin(self.exchange(begin, TokioIo::new(stream), request, read));
                timeout_at(deadline, exchange).await
            }
        };
        let Ok(answered) = answered else {
            return Err(Failure::AnswerTimedOut(options.target, options.timeout).into());
        };
        let (answer, first_byte) = answered?;
        report.first_byte = Some(first_byte);
        report.total = begin.elapsed();
        Ok((answer, report))
    }

    /// The answer, and how long it took to begin.
    async fn exchange<S, R, F, T>(
        &self,
        begin: Instant,
        stream: TokioIo<S>,
        request: Request<Full<Bytes>>,
        read: R,
    ) -> Result<(T, std::time::Duration), Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        R: FnOnce(Response<Incoming>) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        let failed = |error| failure(&error, Failure::NoResponse, self.options.target);
        if self.http2 {
            let exchange = async {
                let tasks = Tasks::default();
                let (mut sender, connection) = http2::Builder::new(tasks.clone())
                    .max_header_list_size(LONGEST_HEAD as u32)
                    .handshake(stream)
                    .await
                    .map_err(failed)?;
                let answering = self.answer(begin, sender.send_request(request), read);
                driven(connection, |open, cx| Pin::new(open).poll(cx).is_ready(), answering).await
            };
            Box::pin(exchange).await
        } else {
            let (mut sender, connection) = http1::Builder::new()
                .max_buf_size(LONGEST_HEAD)
                .title_case_headers(true)
                // Browsers take them too: the server serves.
                .allow_obsolete_multiline_headers_in_responses(true)
                .allow_spaces_after_header_name_in_responses(true)
                .ignore_invalid_headers_in_responses(true)
                .handshake(stream)
                .await
                .map_err(failed)?;
            let answering = self.answer(begin, sender.send_request(request), read);
            // TLS has a farewell to say; else, who closes a socket need not shut it down before.
            let drive = match self.tls {
                Some(_) => |open: &mut http1::Connection<_, _>, cx: &mut Context<'_>| {
                    Pin::new(open).poll(cx).is_ready()
                },
                None => |open: &mut http1::Connection<_, _>, cx: &mut Context<'_>| {
                    open.poll_without_shutdown(cx).is_ready()
                },
            };
            driven(connection, drive, answering).await
        }
    }

    /// Waits for a response and reads it.
    async fn answer<R, F, T>(
        &self,
        begin: Instant,
        response: impl Future<Output = hyper::Result<Response<Incoming>>>,
        read: R,
    ) -> Result<(T, std::time::Duration), Failure>
    where
        R: FnOnce(Response<Incoming>) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        let failed = |error| failure(&error, Failure::NoResponse, self.options.target);
        let response = response.await.map_err(failed)?;
        let first_byte = begin.elapsed();
        Ok((read(response).await?, first_byte))
    }
}

/// Until the answer is there; what goes wrong with the connection shows in it. `drive` says whether
/// that has ended.
async fn driven<C, T>(
    connection: C,
    drive: impl Fn(&mut C, &mut Context<'_>) -> bool,
    answering: impl Future<Output = T>,
) -> T {
    let mut connection = Some(connection);
    let mut answering = pin!(answering);
    poll_fn(|cx| {
        // First: what it has read is there for the answer at once.
        connection.take_if(|open| drive(open, cx));
        answering.as_mut().poll(cx)
    })
    .await
}

/// The tasks of a connection, which end with it.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<Aborted>>);

#[derive(Debug, Default)]
struct Aborted(Vec<AbortHandle>);

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        let task = tokio::spawn(future).abort_handle();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(task);
    }
}

impl Drop for Aborted {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// hyper's error in our words, with those for a connection that ended too early.
pub(crate) fn failure(
    error: &hyper::Error,
    closed: fn(SocketAddr) -> Failure,
    target: SocketAddr,
) -> Failure {
    // A request that was never sent, because of what came before it.
    if let Some(why) = error.source().and_then(|source| source.downcast_ref::<hyper::Error>()) {
        return failure(why, closed, target);
    }
    let source = error.source();
    let over_http2 = source.and_then(|source| source.downcast_ref::<h2::Error>()?.get_io());
    let system = over_http2.or(source.and_then(|source| source.downcast_ref::<io::Error>()));
    if let Some(failure) = system.and_then(tls::broken) {
        return Failure::Tls(target, Box::new(failure));
    }
    match system.map(io::Error::kind) {
        // What h2 says when the connection has ended, between frames and within one: not the system.
        Some(io::ErrorKind::BrokenPipe | io::ErrorKind::Other)
            if system.is_some_and(|error| error.raw_os_error().is_none()) =>
        {
            closed(target)
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Failure::Reset(target),
        Some(io::ErrorKind::UnexpectedEof) => closed(target),
        _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
            closed(target)
        }
        _ => Failure::Malformed(target, words(error)),
    }
}

/// What hyper says, with its reason.
fn words(error: &hyper::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
