//! Raw sockets.

use std::io;

use socket2::{Domain, Socket, Type};
use steadfast_vrrp::Family;
use steadfast_vrrp::packet::{self, ah};

/// What the IP packets of virtual routers carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Protocol {
    /// VRRP alone.
    Vrrp,
    /// An Authentication Header before it; over IPv4 only.
    AuthenticationHeader,
}

impl Protocol {
    const fn number(self) -> u8 {
        match self {
            Self::Vrrp => packet::PROTOCOL,
            Self::AuthenticationHeader => ah::PROTOCOL,
        }
    }
}

/// A socket for VRRP on one interface.
pub(crate) fn raw_socket(
    family: Family,
    protocol: Protocol,
    interface: &str,
) -> io::Result<Socket> {
    let domain = match family {
        Family::Ipv4 => Domain::IPV4,
        Family::Ipv6 => Domain::IPV6,
    };
    let protocol = socket2::Protocol::from(i32::from(protocol.number()));
    let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    Ok(socket)
}
