use std::io;
use std::net::SocketAddr;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError, PeerIncompatible};

use super::Fingerprint;
use crate::Failure;

/// How TLS with a server fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// Its certificate is not valid any more.
    #[error("the certificate has expired")]
    Expired,
    /// Its certificate is not valid yet, or our clock is wrong.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// Nobody who is trusted has signed its certificate.
    #[error("no trusted authority has signed the certificate")]
    UnknownIssuer,
    /// Its certificate is for somebody else.
    #[error("the certificate is for another name")]
    WrongName,
    /// Its certificate is not the one that it should be.
    #[error("expected the certificate {expected}, got {found}")]
    WrongCertificate {
        /// The right one.
        expected: Fingerprint,
        /// The one that came.
        found: Fingerprint,
    },
    /// Its certificate cannot be accepted for another reason.
    #[error("the certificate cannot be accepted: {0}")]
    Certificate(String),
    /// It breaks off and says why: we may not have what it wants, like a certificate of ours.
    #[error("the server breaks off: {0}")]
    Alert(String),
    /// It speaks TLS 1.1 or older.
    #[error("the server speaks only TLS older than 1.2, which this check does not")]
    OldVersion,
    /// It cannot speak HTTP/2.
    #[error("the server does not speak HTTP/2")]
    NoHttp2,
    /// It does not speak TLS, or none that we speak: that is 1.2 and 1.3, with forward secrecy.
    #[error("the server does not speak TLS as we do: {0}")]
    Protocol(String),
}

/// TLS that cannot be spoken as wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTls {
    /// Text that is no certificate in PEM.
    #[error("a certificate cannot be read: {0}")]
    Certificate(String),
    /// Text that is no private key in PEM.
    #[error("the private key cannot be read: {0}")]
    Key(String),
    /// A name that no server can have.
    #[error("{0:?} is no server name: use a host name, without a port")]
    ServerName(String),
    /// A certificate or key that does not fit.
    #[error("the certificate or key cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// What a failed handshake, or a connection that breaks later, says about the server.
pub(crate) fn classify(target: SocketAddr, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            return Failure::Reset(target);
        }
        io::ErrorKind::UnexpectedEof => return Failure::ClosedEarly(target),
        _ => {}
    }
    let failure = tls(&error).unwrap_or_else(|| TlsFailure::Protocol(error.to_string()));
    Failure::Tls(target, Box::new(failure))
}

/// What rustls says, if it is its error.
pub(crate) fn tls(error: &io::Error) -> Option<TlsFailure> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(error) => certificate(error),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => TlsFailure::OldVersion,
        rustls::Error::AlertReceived(alert) => TlsFailure::Alert(words(*alert)),
        error => TlsFailure::Protocol(error.to_string()),
    })
}

fn certificate(error: &CertificateError) -> TlsFailure {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        CertificateError::UnknownIssuer => TlsFailure::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<TlsFailure>() {
            Some(failure) => failure.clone(),
            None => TlsFailure::Certificate(other.0.to_string()),
        },
        error => TlsFailure::Certificate(error.to_string()),
    }
}

/// An alert by its name in RFC 8446, section 6, or its number.
fn words(alert: AlertDescription) -> String {
    if alert == AlertDescription::HandshakeFailure {
        return "HandshakeFailure (it wants a certificate of ours, or knows only key exchange without \
                forward secrecy)"
            .to_owned();
    }
    alert.as_str().map_or_else(|| format!("alert {}", u8::from(alert)), str::to_owned)
}
