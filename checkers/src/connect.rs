use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

use crate::{Failure, LONGEST_WAIT, LocalError, Outcome};

/// keepalived's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whom to connect to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConnectOptions {
    /// The server.
    pub target: SocketAddr,
    /// Whence; for most it does not matter.
    pub origin: Option<Box<Origin>>,
    /// How long an attempt may take, from its beginning to its end.
    pub timeout: Duration,
}

/// Whence to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// The address and port to connect from; port 0 is any.
    pub bind: Option<SocketAddr>,
    /// The interface to connect over (`SO_BINDTODEVICE`).
    pub interface: Option<String>,
    /// The firewall mark of the packets (`SO_MARK`).
    pub mark: Option<u32>,
}

impl ConnectOptions {
    /// Connects to `target` from anywhere, within 5 seconds.
    pub const fn new(target: SocketAddr) -> Self {
        Self { target, origin: None, timeout: DEFAULT_TIMEOUT }
    }

    /// From a certain address, over a certain interface or with a mark.
    #[must_use]
    pub fn origin(self, origin: Origin) -> Self {
        let somewhere = origin != Origin::default();
        Self { origin: somewhere.then(|| Box::new(origin)), ..self }
    }

    /// With another time limit.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// When an attempt that begins then must have ended.
    pub(crate) fn deadline(&self, begin: Instant) -> Instant {
        begin + self.timeout.min(LONGEST_WAIT)
    }

    pub(crate) async fn connect(&self, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let socket = self.socket(Type::STREAM, Protocol::TCP)?;
        match socket.connect(&self.target.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => {
                return Err(self.classify_at_once(error));
            }
            Ok(()) | Err(_) => {}
        }
        let making = |source| self.local("making a socket", source);
        let stream = TcpStream::from_std(socket.into()).map_err(making)?;
        match timeout_at(deadline, stream.writable()).await {
            Ok(ready) => ready.map_err(making)?,
            Err(_) => return Err(Failure::ConnectTimedOut(self.target, self.timeout).into()),
        }
        if let Some(error) = stream.take_error().map_err(making)? {
            return Err(self.classify(error));
        }
        // Without a listener, a port of our own range can connect to itself.
        if self.could_reach_itself()
            && stream.local_addr().is_ok_and(|address| address == self.target)
        {
            return Err(Failure::Refused(self.target).into());
        }
        Ok(stream)
    }

    /// The system chooses no ports below these (ip(7), `ip_unprivileged_port_start`).
    fn could_reach_itself(&self) -> bool {
        const FIRST_UNPRIVILEGED: u16 = 1024;
        let chosen_by_us = self.bind().is_some_and(|bind| bind.port() != 0);
        chosen_by_us || self.target.port() >= FIRST_UNPRIVILEGED
    }

    /// A socket whose peer is the server: only what comes from there arrives, and what the network
    /// says of it.
    pub(crate) fn datagram_socket(
        &self,
        kind: Type,
        protocol: Protocol,
    ) -> Result<UdpSocket, ConnectError> {
        let socket = self.socket(kind, protocol)?;
        socket.connect(&self.target.into()).map_err(|error| self.classify_at_once(error))?;
        UdpSocket::from_std(socket.into())
            .map_err(|source| self.local("making a socket", source).into())
    }

    fn bind(&self) -> Option<SocketAddr> {
        self.origin.as_ref()?.bind
    }

    /// A socket with all options, bound.
    fn socket(&self, kind: Type, protocol: Protocol) -> Result<Socket, LocalError> {
        let domain = Domain::for_address(self.target);
        let made = || {
            let socket = Socket::new(domain, kind.nonblocking().cloexec(), Some(protocol))?;
            if let Some(Origin { interface, mark, .. }) = self.origin.as_deref() {
                if let Some(interface) = interface {
                    socket.bind_device(Some(interface.as_bytes()))?;
                }
                if let Some(mark) = mark {
                    socket.set_mark(*mark)?;
                }
            }
            io::Result::Ok(socket)
        };
        let socket = made().map_err(|source| self.local("making a socket", source))?;
        let Some(address) = self.bind() else { return Ok(socket) };
        let bind = || {
            // A port is chosen when connecting: chosen now it would be taken for all servers, and
            // there are not that many (ip(7), IP_BIND_ADDRESS_NO_PORT).
            match (kind, address.port()) {
                (Type::STREAM, 0) => setsockopt(&socket, IpBindAddressNoPort, &true)?,
                // The next attempt needs it again: no TIME_WAIT may hold it.
                (Type::STREAM, _) => socket.set_linger(Some(Duration::ZERO))?,
                _ => {}
            }
            socket.bind(&address.into())
        };
        bind().map_err(|source| self.local("binding to the configured address", source))?;
        Ok(socket)
    }

    pub(crate) fn local(&self, what: &'static str, source: io::Error) -> LocalError {
        LocalError::Socket { target: self.target, what, source }
    }

    /// Whose fault it is that a connection cannot even be begun: ours, for nobody has been asked yet,
    /// like want of a route (ENETUNREACH); unless the server is this machine and has answered already.
    fn classify_at_once(&self, error: io::Error) -> ConnectError {
        match error.raw_os_error() {
            Some(libc::ECONNREFUSED | libc::ECONNRESET) => self.classify(error),
            _ => self.local("connecting", error).into(),
        }
    }

    /// Whose fault it is that there is no connection. What ICMP can tell of the server or of the way
    /// there is listed (net/ipv4/icmp.c, net/ipv6/icmp.c); all else is ours.
    pub(crate) fn classify(&self, error: io::Error) -> ConnectError {
        match error.raw_os_error() {
            Some(libc::ECONNREFUSED) => Failure::Refused(self.target).into(),
            Some(libc::ECONNRESET) => Failure::Reset(self.target).into(),
            Some(libc::ETIMEDOUT) => Failure::ConnectTimedOut(self.target, self.timeout).into(),
            Some(
                libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
                | libc::EPROTO,
            ) => Failure::Unreachable(self.target, error).into(),
            // Administratively prohibited, by a router or firewall on the way.
            Some(libc::EACCES) if self.target.is_ipv6() => {
                Failure::Unreachable(self.target, error).into()
            }
            _ => self.local("connecting", error).into(),
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    Server(Failure),
    Local(LocalError),
}

impl ConnectError {
    /// Of somebody who is asked about the server: whatever is wrong with him says nothing about it.
    pub(crate) fn unreachable(self) -> Outcome {
        Outcome::Inconclusive(match self {
            Self::Server(failure) => LocalError::Informant(Box::new(failure)),
            Self::Local(error) => error,
        })
    }
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

impl From<ConnectError> for Outcome {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Server(failure) => Self::Fail(failure),
            ConnectError::Local(error) => Self::Inconclusive(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(target: &str, error: i32) -> Outcome {
        let options = ConnectOptions::new(target.parse().unwrap());
        options.classify(io::Error::from_raw_os_error(error)).into()
    }

    #[test]
    fn what_the_network_says_of_a_server_counts_against_it() {
        for error in [
            libc::ECONNREFUSED,
            libc::ECONNRESET,
            libc::ETIMEDOUT,
            libc::EHOSTUNREACH,
            libc::ENETUNREACH,
            libc::EHOSTDOWN,
            libc::ENONET,
            libc::ENOPROTOOPT,
            libc::EPROTO,
        ] {
            let outcome = classified("192.0.2.1:80", error);
            assert!(matches!(outcome, Outcome::Fail(_)), "{error}: {outcome}");
        }
        let outcome = classified("[2001:db8::1]:80", libc::EACCES);
        assert!(matches!(outcome, Outcome::Fail(_)), "{outcome}");
    }

    #[test]
    fn a_route_that_we_do_not_have_does_not_count_against_the_server() {
        let options = ConnectOptions::new("192.0.2.1:80".parse().unwrap());
        for error in [libc::ENETUNREACH, libc::EHOSTUNREACH, libc::EACCES, libc::EINVAL] {
            let outcome: Outcome =
                options.classify_at_once(io::Error::from_raw_os_error(error)).into();
            assert!(matches!(outcome, Outcome::Inconclusive(_)), "{error}: {outcome}");
        }
        let refused = options.classify_at_once(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        assert!(matches!(refused, ConnectError::Server(Failure::Refused(_))));
    }

    #[test]
    fn what_we_are_short_of_or_not_allowed_does_not_count_against_the_server() {
        for error in [
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOBUFS,
            libc::ENOMEM,
            libc::EADDRNOTAVAIL,
            libc::EADDRINUSE,
            libc::EPERM,
            libc::EACCES,
            libc::EINVAL,
            libc::EAFNOSUPPORT,
        ] {
            let outcome = classified("192.0.2.1:80", error);
            assert!(matches!(outcome, Outcome::Inconclusive(_)), "{error}: {outcome}");
        }
    }
}
