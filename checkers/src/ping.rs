//! PING_CHECK: an echo request is answered.

use std::net::{IpAddr, SocketAddr};

use socket2::{Protocol, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;
use crate::nonce::nonce;
use crate::{Check, ConnectOptions, Failure, LocalError, Outcome, Report};

/// PING_CHECK: the server answers an echo request, over ICMP or ICMPv6.
///
/// It uses a ping socket where the system lets us (`net.ipv4.ping_group_range`), else a raw one,
/// which needs `CAP_NET_RAW`. Nothing of the system is changed for it. The port of the target means
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PingCheck {
    connect: ConnectOptions,
}

/// RFC 792 and RFC 4443: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
const PAYLOAD: usize = 56;
/// An answer, with the largest IPv4 header before it.
const ANSWER: usize = 60 + HEADER + PAYLOAD;

impl PingCheck {
    /// Asks that server.
    pub fn new(connect: ConnectOptions) -> Self {
        let target = match connect.target {
            SocketAddr::V4(target) => SocketAddr::new(IpAddr::V4(*target.ip()), 0),
            // Its scope says which link it is on.
            SocketAddr::V6(mut target) => {
                target.set_port(0);
                target.into()
            }
        };
        Self { connect: ConnectOptions { target, ..connect } }
    }

    async fn attempt(&self, begin: Instant) -> Result<Report, ConnectError> {
        let deadline = self.connect.deadline(begin);
        let (socket, kind) = self.socket()?;
        let failed = |error| self.connect.classify(error);
        let echo = Echo::next(self.connect.target.is_ipv4(), kind);
        socket.send(&echo.request()).await.map_err(failed)?;
        let answered = async {
            let mut buffer = [0; ANSWER];
            loop {
                let length = socket.recv(&mut buffer).await.map_err(failed)?;
                if echo.is_answered_by(buffer.get(..length).unwrap_or_default()) {
                    return Ok(begin.elapsed());
                }
            }
        };
        match timeout_at(deadline, answered).await {
            Ok(answered) => {
                answered.map(|total| Report { first_byte: Some(total), total, ..Report::default() })
            }
            Err(_) => {
                let (target, timeout) = (self.connect.target, self.connect.timeout);
                Err(Failure::AnswerTimedOut(target, timeout).into())
            }
        }
    }

    /// A ping socket, or a raw one.
    fn socket(&self) -> Result<(UdpSocket, Kind), ConnectError> {
        let protocol =
            if self.connect.target.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
        match self.connect.datagram_socket(Type::DGRAM, protocol) {
            Err(ConnectError::Local(LocalError::Socket { source, .. }))
                if is_forbidden(&source) =>
            {
                Ok((self.connect.datagram_socket(Type::RAW, protocol)?, Kind::Raw))
            }
            other => Ok((other?, Kind::Ping)),
        }
    }
}

/// The kernel gives a ping socket an identifier and only valid answers to it; a raw one whatever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ping,
    Raw,
}

fn is_forbidden(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EPROTONOSUPPORT))
}

impl Check for PingCheck {
    async fn check(&self) -> Outcome {
        match self.attempt(Instant::now()).await {
            Ok(report) => Outcome::Pass(report),
            Err(error) => error.into(),
        }
    }
}

/// An echo request, told from all others of ours by what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Echo {
    ipv4: bool,
    kind: Kind,
    nonce: u64,
}

impl Echo {
    fn next(ipv4: bool, kind: Kind) -> Self {
        Self { ipv4, kind, nonce: nonce() }
    }

    const fn types(self) -> (u8, u8) {
        if self.ipv4 { (8, 0) } else { (128, 129) }
    }

    fn payload(self) -> [u8; PAYLOAD] {
        let mut payload = [0; PAYLOAD];
        for place in payload.chunks_exact_mut(8) {
            place.copy_from_slice(&self.nonce.to_be_bytes());
        }
        payload
    }

    const fn identifier_and_sequence(self) -> ([u8; 2], [u8; 2]) {
        let [.., a, b, c, d] = self.nonce.to_be_bytes();
        ([a, b], [c, d])
    }

    /// The kernel fills in the checksum of ICMPv6 itself (RFC 3542, section 3.1).
    fn request(self) -> Vec<u8> {
        let (request, _) = self.types();
        let ([a, b], [c, d]) = self.identifier_and_sequence();
        let mut packet = Vec::with_capacity(HEADER + PAYLOAD);
        packet.extend([request, 0, 0, 0, a, b, c, d]);
        packet.extend(self.payload());
        let checksum = checksum(&packet).to_be_bytes();
        if let (true, Some(place)) = (self.ipv4, packet.get_mut(2..4)) {
            place.copy_from_slice(&checksum);
        }
        packet
    }

    /// A raw IPv4 socket gives the IP header too (raw(7)).
    fn is_answered_by(self, packet: &[u8]) -> bool {
        let (_, answer) = self.types();
        let message = match packet.first() {
            Some(first) if self.ipv4 && first >> 4 == 4 => {
                packet.get(usize::from(first & 0xf) * 4..).unwrap_or_default()
            }
            _ => packet,
        };
        let (identifier, sequence) = self.identifier_and_sequence();
        let Some((header, payload)) = message.split_first_chunk::<HEADER>() else { return false };
        let [kind, code, _, _, a, b, sequence_number @ ..] = *header;
        (kind, code) == (answer, 0)
            && (self.kind == Kind::Ping || [a, b] == identifier)
            && sequence_number == sequence
            && payload == self.payload()
            // That of ICMPv6 is the kernel's to check.
            && (!self.ipv4 || checksum(message) == 0)
    }
}

/// RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|word| match *word {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: Echo = Echo { ipv4: true, kind: Kind::Raw, nonce: 0x0102_0304_0506_0708 };

    /// The answer to it, changed.
    fn answer_to(echo: Echo, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut answer = echo.request();
        answer[0] = echo.types().1;
        change(&mut answer);
        if echo.ipv4 {
            answer[2..4].fill(0);
            let checksum = checksum(&answer).to_be_bytes();
            answer[2..4].copy_from_slice(&checksum);
        }
        answer
    }

    #[test]
    fn a_request_sums_up_to_nothing() {
        assert_eq!(checksum(&ECHO.request()), 0);
    }

    #[test]
    fn the_answer_is_known_with_and_without_an_ip_header() {
        let answer = answer_to(ECHO, |_| {});
        assert!(ECHO.is_answered_by(&answer));
        let mut with_header = vec![0x46; 24];
        with_header.extend(answer);
        assert!(ECHO.is_answered_by(&with_header));
    }

    #[test]
    fn an_answer_over_ipv6_is_known() {
        let echo = Echo { ipv4: false, ..ECHO };
        assert!(echo.is_answered_by(&answer_to(echo, |_| {})));
    }

    #[test]
    fn a_ping_socket_has_an_identifier_of_its_own() {
        let another = answer_to(ECHO, |answer| answer[4] ^= 0xff);
        assert!(!ECHO.is_answered_by(&another));
        assert!(Echo { kind: Kind::Ping, ..ECHO }.is_answered_by(&another));
    }

    #[test]
    fn answers_to_others_requests_are_not_ours() {
        let other = Echo { nonce: 7, ..ECHO };
        assert!(!ECHO.is_answered_by(&answer_to(other, |_| {})));
        assert!(!ECHO.is_answered_by(&ECHO.request()));
        for place in [1, 6, 7, 8, HEADER + PAYLOAD - 1] {
            let wrong = answer_to(ECHO, |answer| answer[place] ^= 1);
            assert!(!ECHO.is_answered_by(&wrong), "byte {place}");
        }
    }

    #[test]
    fn a_damaged_answer_is_none() {
        let answer = answer_to(ECHO, |_| {});
        for length in 0..answer.len() {
            assert!(!ECHO.is_answered_by(&answer[..length]));
        }
        let longer = answer_to(ECHO, |answer| answer.push(0));
        assert!(!ECHO.is_answered_by(&longer));
        let mut wrong_sum = answer;
        wrong_sum[2] ^= 1;
        assert!(!ECHO.is_answered_by(&wrong_sum));
    }
}
