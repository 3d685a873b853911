use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::model::{Name, PersistenceEngine, Protocol};

/// A line of the table of connections: a connection, or a template of persistence, which stands for
/// those that its client will make.
///
/// A template has the client's network as its client, and port 0; that of a service by firewall mark
/// has the mark in place of the virtual address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The protocol of the packets.
    pub protocol: ConnectionProtocol,
    /// Where they come from.
    pub client: SocketAddr,
    /// Where they are sent to.
    pub virtual_address: SocketAddr,
    /// Where they are forwarded to.
    pub server: SocketAddr,
    /// How far the connection has come.
    pub state: ConnectionState,
    /// After how long without a packet it is forgotten.
    pub expires: Duration,
    /// What tells it apart from others of its client.
    pub engine: Option<EngineData>,
}

/// What a persistence engine knows a connection by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineData {
    /// Which engine.
    pub engine: PersistenceEngine,
    /// A part of the client's packets: of SIP the Call-ID.
    pub data: Vec<u8>,
}

/// The name that the kernel has for a protocol, such as `TCP`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionProtocol(Name);

impl ConnectionProtocol {
    /// The name: `IP` for templates of services by firewall mark.
    pub fn name(&self) -> &str {
        self.0.as_str()
    }

    /// The protocol, if services can have it.
    pub fn protocol(&self) -> Option<Protocol> {
        match self.name() {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "SCTP" => Some(Protocol::Sctp),
            _ => None,
        }
    }
}

impl fmt::Debug for ConnectionProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionProtocol({})", self.name())
    }
}

/// The name that the kernel has for a state, such as `ESTABLISHED`; `NONE` or `ASSURED` of a
/// template.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionState(Name);

impl ConnectionState {
    /// The name.
    pub fn name(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionState({})", self.name())
    }
}

impl Connection {
    /// Reads a line of `/proc/net/ip_vs_conn` (`net/netfilter/ipvs/ip_vs_conn.c`,
    /// `ip_vs_conn_seq_show`).
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut rest = line;
        let mut word = || next_word(&mut rest);
        let protocol = ConnectionProtocol(Name::new(word()?)?);
        let mut endpoint = || Some(SocketAddr::new(address(word()?)?, port(word()?)?));
        let (client, virtual_address, server) = (endpoint()?, endpoint()?, endpoint()?);
        let state = ConnectionState(Name::new(word()?)?);
        let expires = Duration::from_secs(word()?.parse().ok()?);
        let engine = match word() {
            Some(engine) => {
                let engine = engine.parse().ok()?;
                Some(EngineData { engine, data: rest.trim_ascii_end().to_vec() })
            }
            None => None,
        };
        Some(Self { protocol, client, virtual_address, server, state, expires, engine })
    }
}

/// Takes a word and the one blank after it.
fn next_word<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let line = rest.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (word, after) = line.split_at_checked(end)?;
    *rest = after.get(1..).unwrap_or_default();
    std::str::from_utf8(word).ok().filter(|word| !word.is_empty())
}

/// Eight hexadecimal digits, or an IPv6 address in full.
fn address(word: &str) -> Option<IpAddr> {
    if word.contains(':') {
        return word.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let bits = u32::from_str_radix(word, 16).ok()?;
    (word.len() == 8).then(|| Ipv4Addr::from(bits).into())
}

fn port(word: &str) -> Option<u16> {
    u16::from_str_radix(word, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Connection {
        Connection::parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn a_connection_over_ipv4() {
        let line = "TCP 0A010002 C992 0A010001 0050 0A02000C 0050 ESTABLISHED     899\n";
        let connection = parsed(line);
        assert_eq!(connection.protocol.protocol(), Some(Protocol::Tcp));
        assert_eq!(connection.client, "10.1.0.2:51602".parse().unwrap());
        assert_eq!(connection.virtual_address, "10.1.0.1:80".parse().unwrap());
        assert_eq!(connection.server, "10.2.0.12:80".parse().unwrap());
        assert_eq!(connection.state.name(), "ESTABLISHED");
        assert_eq!(connection.expires, Duration::from_secs(899));
        assert_eq!(connection.engine, None);
    }

    #[test]
    fn a_template_over_ipv6_whose_server_has_ipv4() {
        let line = "UDP fd01:0000:0000:0000:0000:0000:0000:0000 0000 \
                    fd01:0000:0000:0000:0000:0000:0000:0001 0051 0A02000C 0051 ASSURED         299";
        let template = parsed(line);
        assert_eq!(template.client, "[fd01::]:0".parse().unwrap());
        assert_eq!(template.server, "10.2.0.12:81".parse().unwrap());
        assert_eq!(template.state.name(), "ASSURED");
    }

    #[test]
    fn what_an_engine_knows_is_kept_with_its_blanks() {
        let line = "UDP 0A010002 13C4 0A010001 13C4 0A02000C 13C4 UDP             59 sip a b@c";
        let engine = parsed(line).engine.unwrap();
        assert_eq!((engine.engine, &*engine.data), (PersistenceEngine::SIP, b"a b@c".as_slice()));
    }

    #[test]
    fn a_mark_s_template_has_another_protocol() {
        let line = "IP  0A010002 0000 00000007 0000 0A02000C 0000 NONE            359";
        assert_eq!(parsed(line).protocol.protocol(), None);
    }

    #[test]
    fn what_is_no_connection_is_none() {
        for line in ["", "TCP", "TCP 0A01 C992 0A010001 0050 0A02000C 0050 ESTABLISHED 899"] {
            assert_eq!(Connection::parse(line.as_bytes()), None, "{line:?}");
        }
    }
}
