use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

use crate::{Failure, LocalError};

/// keepalived's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whom to connect to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The server.
    pub target: SocketAddr,
    /// The address and port to connect from; port 0 is any.
    pub bind: Option<SocketAddr>,
    /// The interface to connect over (`SO_BINDTODEVICE`).
    pub interface: Option<String>,
    /// The firewall mark of the packets (`SO_MARK`).
    pub mark: Option<u32>,
    /// How long an attempt may take, from its beginning to its end.
    pub timeout: Duration,
}

impl ConnectOptions {
    /// Connects to `target` from anywhere, within 5 seconds.
    pub const fn new(target: SocketAddr) -> Self {
        Self { target, bind: None, interface: None, mark: None, timeout: DEFAULT_TIMEOUT }
    }

    /// With another time limit.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) async fn connect(&self, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let local = |what| {
            move |source| {
                let target = self.target;
                ConnectError::Local(LocalError::Socket { target, what, source })
            }
        };
        let socket = self.socket().map_err(local("making a socket"))?;
        if let Some(address) = self.bind {
            socket.bind(address).map_err(local("binding to the configured address"))?;
        }
        match timeout_at(deadline, socket.connect(self.target)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.classify(error)),
            Err(_) => Err(Failure::ConnectTimedOut(self.target, self.timeout).into()),
        }
    }

    fn socket(&self) -> io::Result<TcpSocket> {
        let socket =
            if self.target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(interface) = &self.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        if let Some(mark) = self.mark {
            SockRef::from(&socket).set_mark(mark)?;
        }
        Ok(socket)
    }

    /// Whose fault it is that there is no connection.
    fn classify(&self, error: io::Error) -> ConnectError {
        match error.kind() {
            ErrorKind::ConnectionRefused => Failure::Refused(self.target).into(),
            ErrorKind::ConnectionReset => Failure::Reset(self.target).into(),
            ErrorKind::TimedOut => Failure::ConnectTimedOut(self.target, self.timeout).into(),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                Failure::Unreachable(self.target, error).into()
            }
            _ => {
                let what = "connecting";
                LocalError::Socket { target: self.target, what, source: error }.into()
            }
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    Server(Failure),
    Local(LocalError),
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        Self::Server(failure)
    }
}

impl From<LocalError> for ConnectError {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl From<ConnectError> for crate::Outcome {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Server(failure) => Self::Fail(failure),
            ConnectError::Local(error) => Self::Inconclusive(error),
        }
    }
}
