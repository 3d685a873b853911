//! Servers that are checked, and when.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use steadfast_lab::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;
use crate::checks::Kind;
use crate::percentiles::Percentiles;

/// Where they listen.
pub(crate) const PORT: u16 = 80;

/// The address of each: all are the one machine.
pub(crate) fn server(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number)
}

/// What has come.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) checks: u64,
    /// For each server when it was checked last, and the times between its checks.
    last: Vec<Option<Instant>>,
    gaps: Vec<Duration>,
}

impl Seen {
    /// How much later than an interval after the one before a check came.
    pub(crate) fn lateness(&self, interval: Duration) -> Option<Percentiles> {
        let late = |gap: &Duration| gap.saturating_sub(interval).as_secs_f64() * 1000.0;
        Percentiles::of(self.gaps.iter().map(late).collect())
    }
}

/// Listens for all servers, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Checked(Arc<Mutex<Seen>>);

impl Checked {
    pub(crate) fn start(host: &Host, kind: Kind, servers: u32) -> Outcome<Self> {
        let listen = || -> io::Result<std::net::TcpListener> {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&std::net::SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)).into())?;
            socket.listen(16_384)?;
            socket.set_nonblocking(true)?;
            Ok(socket.into())
        };
        let listener = host.enter(listen)??;
        let last = vec![None; usize::try_from(servers)?];
        let seen = Arc::new(Mutex::new(Seen { last, ..Seen::default() }));
        let recorded = Arc::clone(&seen);
        std::thread::spawn(move || {
            if let Err(error) = serve(listener, kind, &recorded) {
                eprintln!("side-by-side: the servers have stopped: {error}");
            }
        });
        Ok(Self(seen))
    }

    /// How many checks have come since they were taken last.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).checks
    }

    /// What has come since this was asked last.
    pub(crate) fn take(&self) -> Seen {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = seen.last.clone();
        std::mem::replace(&mut *seen, Seen { last, ..Seen::default() })
    }
}

fn serve(listener: std::net::TcpListener, kind: Kind, seen: &Mutex<Seen>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            record(&stream, &mut seen.lock().unwrap_or_else(PoisonError::into_inner));
            if kind == Kind::Http {
                tokio::spawn(answer(stream));
            }
        }
    })
}

fn record(stream: &TcpStream, seen: &mut Seen) {
    let Ok(IpAddr::V4(address)) = stream.local_addr().map(|address| address.ip()) else { return };
    let number = u32::from(address).wrapping_sub(u32::from(server(0)));
    let now = Instant::now();
    seen.checks += 1;
    let last = usize::try_from(number).ok().and_then(|number| seen.last.get_mut(number));
    if let Some(last) = last.and_then(|last| last.replace(now)) {
        seen.gaps.push(now - last);
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwell\n")
        .await?;
    stream.shutdown().await
}
