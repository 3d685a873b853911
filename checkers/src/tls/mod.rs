//! TLS for checks: whom to trust, and what came of a handshake.

mod failure;
mod report;
mod stream;
mod verify;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub use self::failure::{InvalidTls, TlsFailure};
pub use self::report::{Fingerprint, InvalidFingerprint, TlsReport, TlsVersion};

pub(crate) use self::failure::tls as broken;
pub(crate) use self::stream::TlsStream;
use self::verify::{AnyName, Anyone, Pinned};
use crate::connect::ConnectError;
use crate::{ConnectOptions, Failure};

/// Whose certificates are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Trust {
    /// Anybody's, be it expired, for another name or damaged: the server speaks TLS, and that is
    /// all that is asked. As keepalived's SSL_GET.
    #[default]
    Anyone,
    /// One that these authorities have signed, directly or not, for the server's name, and that is
    /// valid now. Certificates in PEM.
    Authorities(Vec<u8>),
    /// The same, but for whatever name: servers are checked by their addresses, which are rarely in
    /// a certificate.
    AuthoritiesForAnyName(Vec<u8>),
    /// Exactly this one, whatever it says.
    Certificate(Fingerprint),
}

/// How to speak TLS.
///
/// ```
/// use steadfast_checkers::tls::{Tls, TlsOptions, Trust};
///
/// # fn example(authority: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::new(TlsOptions {
///     trust: Trust::Authorities(authority),
///     server_name: Some("www.example.org".to_owned()),
///     ..TlsOptions::default()
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TlsOptions {
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// The name that the server is told (SNI), and that its certificate must be for if names
    /// matter; `None` tells it none, and its certificate must be for its address.
    pub server_name: Option<String>,
    /// Who we say that we are, if the server asks.
    pub identity: Option<Identity>,
    /// Data that ends without the server saying so is an error and not its end (`tls_compliant`).
    pub compliant: bool,
}

/// A certificate of ours.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The certificate, and those that lead to its authority, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("key", &"withheld").finish_non_exhaustive()
    }
}

/// TLS as a client, made ready. Cheap to clone: checks with the same options should share one.
#[derive(Clone)]
pub struct Tls {
    options: Arc<TlsOptions>,
    name: Option<ServerName<'static>>,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Makes it ready.
    ///
    /// # Errors
    ///
    /// [`InvalidTls`] when a certificate, a key or the server's name cannot be used.
    pub fn new(options: TlsOptions) -> Result<Self, InvalidTls> {
        let name = options.server_name.clone().map(|name| {
            ServerName::try_from(name.clone()).map_err(|_| InvalidTls::ServerName(name))
        });
        let name = name.transpose()?;
        let provider = Arc::new(default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(InvalidTls::Unusable)?;
        let builder = match &options.trust {
            Trust::Anyone => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone::new()))
            }
            Trust::Certificate(fingerprint) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned::new(*fingerprint, provider))),
            Trust::Authorities(pem) => builder.with_root_certificates(roots(pem)?),
            Trust::AuthoritiesForAnyName(pem) => {
                let verifier = AnyName::new(roots(pem)?, provider)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match &options.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::from_pem_slice(&identity.key);
                let key = key.map_err(|error| InvalidTls::Key(error.to_string()))?;
                let chain = certificates(&identity.certificates)?;
                builder.with_client_auth_cert(chain, key).map_err(InvalidTls::Unusable)?
            }
        };
        // A resumed session tells nothing about the server's certificate.
        config.resumption = Resumption::disabled();
        Ok(Self { options: Arc::new(options), name, config: Arc::new(config) })
    }

    /// Shakes hands; `http2` offers HTTP/2 and nothing else.
    pub(crate) async fn connect(
        &self,
        options: &ConnectOptions,
        stream: TcpStream,
        deadline: Instant,
        http2: bool,
    ) -> Result<(TlsStream, TlsReport), ConnectError> {
        let begin = Instant::now();
        let name = self.name.clone().unwrap_or_else(|| address(options.target));
        let protocols = if http2 { vec![b"h2".to_vec()] } else { Vec::new() };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let handshake = connector.with_alpn(protocols).connect(name, stream);
        let stream = match timeout_at(deadline, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failure::classify(options.target, error).into()),
            Err(_) => {
                return Err(Failure::HandshakeTimedOut(options.target, options.timeout).into());
            }
        };
        let report = TlsReport::of(begin.elapsed(), stream.get_ref().1);
        if http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Failure::Tls(options.target, Box::new(TlsFailure::NoHttp2)).into());
        }
        Ok((TlsStream::new(stream, self.options.compliant), report))
    }
}

/// An address is never told as a name (RFC 6066, section 3).
fn address(target: SocketAddr) -> ServerName<'static> {
    ServerName::IpAddress(target.ip().into())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, InvalidTls> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(InvalidTls::Unusable)?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| InvalidTls::Certificate(error.to_string()))?;
    if certificates.is_empty() {
        return Err(InvalidTls::Certificate("there is none".to_owned()));
    }
    Ok(certificates)
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Certificates are long, and checks of one program rarely differ in them.
        let TlsOptions { server_name, compliant, .. } = &*self.options;
        (server_name, compliant).hash(state);
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_with_the_reason() {
        let trust = Trust::Authorities(b"nothing of that kind".to_vec());
        let error = Tls::new(TlsOptions { trust, ..TlsOptions::default() }).unwrap_err();
        assert_eq!(error.to_string(), "a certificate cannot be read: there is none");
    }

    #[test]
    fn a_name_with_a_port_is_refused() {
        let server_name = Some("www.example.org:443".to_owned());
        let error = Tls::new(TlsOptions { server_name, ..TlsOptions::default() }).unwrap_err();
        assert!(matches!(error, InvalidTls::ServerName(_)), "{error}");
    }

    #[test]
    fn a_private_key_is_not_shown() {
        let identity = Identity { certificates: Vec::new(), key: b"secret".to_vec() };
        assert!(!format!("{identity:?}").contains("115"), "{identity:?}");
    }
}
