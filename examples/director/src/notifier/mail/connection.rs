//! A connection to a mail server that cannot have us keep a line without an end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// RFC 5321, section 4.5.3.1.5, has 512; servers do send more. lettre bounds a reply, but looks at a line
/// only when all of it is there.
const LONGEST_LINE: usize = 1000;

/// What a mail server says breaks off at a line that is too long.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// How much of a line has come whose end has not.
    line: usize,
}

/// A mail server does not end a line.
#[derive(Debug, thiserror::Error)]
#[error("the server says a line of more than {LONGEST_LINE} bytes")]
struct LongLine;

impl Connection {
    /// To the first of its addresses that answers, each of which may take so long.
    pub(super) async fn open(host: &str, port: u16, limit: Duration) -> io::Result<Self> {
        let mut last = io::Error::other("the server has no address");
        for address in lookup_host((host, port)).await? {
            match timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(Self { stream, line: 0 }),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }

    fn count(&mut self, read: &[u8]) -> Result<(), LongLine> {
        self.line = match read.rsplit(|byte| *byte == b'\n').next() {
            Some(rest) if rest.len() < read.len() => rest.len(),
            _ => self.line.saturating_add(read.len()),
        };
        if self.line > LONGEST_LINE { Err(LongLine) } else { Ok(()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        let counted = self.count(read);
        if counted.is_err() {
            // Nothing is read by a read that fails.
            buffer.set_filled(before);
        }
        Poll::Ready(counted.map_err(io::Error::other))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Connection {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What comes over a connection to a server that says this.
    async fn heard(says: Vec<u8>) -> io::Result<usize> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await?;
            // Who has heard enough does not hear it all.
            client.write_all(&says).await
        });
        let mut connection = Connection::open("127.0.0.1", port, Duration::from_secs(5)).await?;
        let mut all = Vec::new();
        connection.read_to_end(&mut all).await
    }

    #[tokio::test]
    async fn a_line_without_an_end_breaks_off() {
        let error = heard(b"250-well\r\n".iter().copied().chain([b'a'; 100_000]).collect()).await;
        assert!(error.unwrap_err().to_string().contains("a line of more than 1000 bytes"));
    }

    #[tokio::test]
    async fn lines_that_end_are_heard_however_many_they_are() {
        let says = b"250-a line of a reply\r\n".repeat(1000);
        assert_eq!(heard(says.clone()).await.unwrap(), says.len());
    }
}
