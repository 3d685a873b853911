//! Talking to the kernel.

mod apply;
mod drain;
mod error;
mod operations;
mod read;
mod socket;

use std::io;
use std::path::Path;

pub use apply::{Applied, Failure};
pub use drain::{Drain, Drained};
pub use error::Error;
use socket::Socket;

use crate::message::{Header, Reply, Request, family_request, replies};

const ENOENT: i32 = 2;

/// A connection to the load balancer of one network namespace.
///
/// The kernel does what it is asked before the call that asks returns: a thread is kept for the
/// microseconds that takes, or for some milliseconds when a service gets another scheduler.
///
/// Any call can be dropped before it is done. What it has asked the kernel for is done nevertheless;
/// answers that are left over are discarded by the next call.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    family: u16,
    sequence: u32,
    /// Reused, so that requests need no memory of their own.
    requests: Vec<u8>,
    /// Whether answers to the last request are still to come: the call that asked was dropped.
    waiting: bool,
}

impl Client {
    /// Connects to the network namespace of the calling thread. On a kernel with modules, `ip_vs` is
    /// loaded by that.
    ///
    /// # Errors
    ///
    /// [`Error::NoIpvs`] or [`Error::Socket`].
    pub async fn connect() -> Result<Self, Error> {
        Self::over(Socket::open().map_err(connecting)?).await
    }

    /// Connects to another network namespace: a file such as `/run/netns/NAME` or
    /// `/proc/PID/ns/net`.
    ///
    /// # Errors
    ///
    /// [`Error::Namespace`] when it cannot be entered, else as [`connect`](Self::connect).
    pub async fn in_netns(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let entered = Socket::open_in(path);
        Self::over(entered.map_err(|source| Error::Namespace { path: path.to_owned(), source })?)
            .await
    }

    async fn over(socket: Socket) -> Result<Self, Error> {
        let mut client =
            Self { socket, family: 0, sequence: 0, requests: Vec::new(), waiting: false };
        let asked = client.next_sequence();
        family_request(asked, &mut client.requests);
        client.send_requests().await.map_err(connecting)?;
        match client.answer(asked).await.map_err(connecting)? {
            Reply::Family(family) => Ok(Self { family, ..client }),
            Reply::Result(ENOENT) => Err(Error::NoIpvs),
            Reply::Result(errno) => Err(connecting(io::Error::from_raw_os_error(errno))),
            _ => Err(connecting(unexpected())),
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends one request; the sequence number is that of its answers.
    async fn send(&mut self, request: &Request<'_>) -> io::Result<u32> {
        let sequence = self.next_sequence();
        self.requests.clear();
        let header = Header { family: self.family, sequence, acknowledge: true };
        request.encode(header, &mut self.requests);
        self.send_requests().await?;
        Ok(sequence)
    }

    async fn send_requests(&mut self) -> io::Result<()> {
        if self.waiting {
            self.socket.discard()?;
        }
        self.waiting = true;
        self.socket.send(&self.requests).await
    }

    /// Waits for the first answer to a request.
    async fn answer(&mut self, asked: u32) -> io::Result<Reply> {
        loop {
            let mut answers = replies(self.socket.receive().await?);
            if let Some(answer) = answers.find(|answer| answer.sequence == asked) {
                self.waiting = false;
                return Ok(answer.reply);
            }
        }
    }

    /// Asks and waits for the answer; a refusal is an error.
    async fn ask(&mut self, request: &Request<'_>) -> io::Result<Reply> {
        let asked = self.send(request).await?;
        match self.answer(asked).await? {
            Reply::Result(errno) if errno != 0 => Err(io::Error::from_raw_os_error(errno)),
            answer => Ok(answer),
        }
    }
}

fn connecting(source: io::Error) -> Error {
    Error::Socket { what: "connecting to the kernel", source }
}

fn unexpected() -> io::Error {
    io::Error::other("the kernel's answer is of another kind")
}
