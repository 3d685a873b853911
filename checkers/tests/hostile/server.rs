//! A server that says what it is told to, and behaves badly after so many bytes.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::protocol::Step;

/// How a server behaves after it has said so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It closes the connection.
    Closes,
    /// It resets the connection.
    Resets,
    /// It says nothing more.
    IsSilent,
    /// It goes on, a byte now and then.
    Trickles,
    /// It goes on with other bytes than it should, for ever.
    Babbles,
}

/// What it does with a connection.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) script: Vec<Step>,
    pub(crate) after: usize,
    pub(crate) then: Then,
    pub(crate) tls: Option<TlsAcceptor>,
    /// How much was said, over all.
    pub(crate) said: Arc<AtomicUsize>,
}

/// Long beside the time limit of a check.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) fn tls() -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["server".to_owned()]).unwrap().self_signed(&key);
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap().der().clone()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

pub(crate) async fn start(manners: Manners) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        serve(stream, manners).await
    });
    address
}

async fn serve(stream: TcpStream, manners: Manners) -> io::Result<()> {
    let stream = stream.into_std()?;
    let held = stream.try_clone()?;
    let Manners { script, after, then, tls, said } = manners;
    let mut cut = Cut { stream: TcpStream::from_std(stream)?, left: after, then, said, next: None };
    let over = match tls {
        None => play(&mut cut, script).await,
        Some(tls) => match tls.accept(cut).await {
            Ok(mut stream) => play(&mut stream, script).await,
            Err(error) => Err(error),
        },
    };
    let mut held = TcpStream::from_std(held)?;
    match then {
        Then::Closes => {
            held.shutdown().await?;
            // To close before all is read would be a reset.
            tokio::io::copy(&mut held, &mut tokio::io::sink()).await.map(drop)
        }
        Then::Resets => held.set_zero_linger(),
        // Who has said all is well behaved.
        _ if over.is_ok() => held.shutdown().await,
        _ => {
            let mut rest = Vec::new();
            held.read_to_end(&mut rest).await.map(drop)
        }
    }
}

async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: Vec<Step>,
) -> io::Result<()> {
    let mut heard = Vec::new();
    for step in script {
        match step {
            Step::Hear(end) => {
                heard.clear();
                while !heard.ends_with(end) {
                    heard.push(stream.read_u8().await?);
                }
            }
            Step::HearHttp2 => hear_http2(stream).await?,
            Step::Say(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Step::Repeat(bytes) => loop {
                stream.write_all(&bytes).await?;
                // The other side of the connection is on the same thread.
                tokio::task::yield_now().await;
            },
        }
    }
    Ok(())
}

/// The preface, and frames until one of headers.
async fn hear_http2(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [l1, l2, l3, kind, ..] = head;
        let length = u32::from_be_bytes([0, l1, l2, l3]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await?;
        if kind == crate::protocol::HEADERS {
            return Ok(());
        }
    }
}

/// A connection over which only so much is said as it should be.
struct Cut {
    stream: TcpStream,
    left: usize,
    then: Then,
    said: Arc<AtomicUsize>,
    /// When the next byte may go.
    next: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let allowed = match (this.left, this.then) {
            (0, Then::Trickles) => {
                let next = this.next.get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE)));
                std::task::ready!(next.as_mut().poll(context));
                this.next = None;
                bytes.get(..1).unwrap_or_default()
            }
            (0, Then::Babbles) => {
                // Pretends to have said what it should.
                std::task::ready!(Pin::new(&mut this.stream).poll_write(context, &[0x5a; 4096]))?;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            (0, _) => return Poll::Ready(Err(io::Error::other("that is all"))),
            (left, _) => bytes.get(..left).unwrap_or(bytes),
        };
        let length = std::task::ready!(Pin::new(&mut this.stream).poll_write(context, allowed))?;
        this.left = this.left.saturating_sub(length);
        this.said.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
