use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};

use crate::hexadecimal;

/// What a handshake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsReport {
    /// How long it took.
    pub handshake: Duration,
    /// Which TLS is spoken.
    pub version: Option<TlsVersion>,
    /// The cipher suite, by its name in IANA's list.
    pub cipher_suite: Option<&'static str>,
    /// Until when the server's certificate is valid; `None` if it cannot be read.
    pub expires: Option<SystemTime>,
    /// Which certificate the server has.
    pub certificate: Option<Fingerprint>,
}

impl TlsReport {
    pub(super) fn of(handshake: Duration, connection: &ClientConnection) -> Self {
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        Self {
            handshake,
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
                Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
                _ => None,
            },
            cipher_suite: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str()),
            expires: certificate.and_then(|certificate| expires(certificate)),
            certificate: certificate.map(|certificate| Fingerprint::of(certificate)),
        }
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

fn expires(certificate: &[u8]) -> Option<SystemTime> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    match u64::try_from(seconds) {
        Ok(seconds) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
    }
}

/// The SHA-256 sum of a certificate, as `openssl x509 -fingerprint -sha256` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    pub(super) fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

/// Not 32 pairs of hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits, with or without colons, not {0:?}")]
pub struct InvalidFingerprint(String);

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.chars().filter(|character| *character != ':');
        hexadecimal::bytes(digits).map(Self).ok_or_else(|| InvalidFingerprint(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            let colon = if position == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_printed_as_openssl_does_and_read_with_or_without_colons() {
        let fingerprint = Fingerprint::of(b"");
        let printed = "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:\
                       27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
        assert_eq!(fingerprint.to_string(), printed);
        assert_eq!(printed.parse(), Ok(fingerprint));
        assert_eq!(printed.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
    }

    #[test]
    fn anything_but_64_hexadecimal_digits_is_no_fingerprint() {
        for text in ["", "E3:B0", &"g".repeat(64), &"0".repeat(65)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
