//! SSL_GET against TLS servers of our own, with certificates of every kind.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::tls::{Identity, Tls, TlsFailure, TlsOptions, TlsVersion, Trust};
use steadfast_checkers::{Check, ConnectOptions, Failure, Outcome, Report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::server::{IMPATIENT, PATIENT, failure, server};

const NAME: &str = "www.example.org";

/// An authority, and a certificate that it has signed for the name.
struct Certificates {
    authority: rcgen::Certificate,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

fn certificates(change: impl FnOnce(&mut CertificateParams)) -> Certificates {
    let mut of_authority = CertificateParams::new([]).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = of_authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(of_authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new([NAME.to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(2000, 1, 1);
    parameters.not_after = date_time_ymd(2100, 1, 1);
    change(&mut parameters);
    let certificate = parameters.signed_by(&key, &issuer).unwrap();
    Certificates { authority, certificate, key }
}

/// A page over TLS 1.2 and 1.3; with `client`, only for who has a certificate of that authority.
async fn page(own: &Certificates, client: Option<&Certificates>) -> SocketAddr {
    serve(own, client, true).await
}

async fn serve(own: &Certificates, client: Option<&Certificates>, takes_leave: bool) -> SocketAddr {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS12, &TLS13])
        .unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.authority.der().clone()).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_slice(own.key.serialize_pem().as_bytes()).unwrap();
    let config = builder.with_single_cert(vec![own.certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await?);
            }
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nwell\n").await?;
            stream.flush().await?;
            if takes_leave { stream.shutdown().await } else { stream.get_mut().0.shutdown().await }
        }
    })
    .await
}

async fn get(address: SocketAddr, options: TlsOptions) -> Outcome {
    let connect = ConnectOptions::new(address).timeout(PATIENT);
    // Of `well\n`.
    let page = Url::new("/").digest("1b42a11f5f647e53d20da8c8f57a9f02".parse().unwrap());
    HttpGet::new(connect, [page]).tls(Tls::new(options).unwrap()).check().await
}

fn report(outcome: Outcome) -> Report {
    match outcome {
        Outcome::Pass(report) => report,
        other => panic!("{other}"),
    }
}

fn tls_failure(outcome: Outcome) -> TlsFailure {
    match failure(outcome) {
        Failure::Tls(_, failure) => *failure,
        other => panic!("{other}"),
    }
}

fn by_name(authority: &Certificates) -> TlsOptions {
    TlsOptions {
        trust: Trust::Authorities(authority.authority.pem().into_bytes()),
        server_name: Some(NAME.to_owned()),
        ..TlsOptions::default()
    }
}

#[tokio::test]
async fn by_default_any_certificate_will_do() {
    let expired = certificates(|parameters| parameters.not_after = date_time_ymd(2001, 1, 1));
    report(get(page(&expired, None).await, TlsOptions::default()).await);
}

#[tokio::test]
async fn what_was_negotiated_and_until_when_the_certificate_is_valid_are_reported() {
    let own = certificates(|_| {});
    let tls = report(get(page(&own, None).await, TlsOptions::default()).await).tls.unwrap();
    assert_eq!(tls.version, Some(TlsVersion::Tls13));
    assert!(tls.cipher_suite.unwrap().starts_with("TLS13_"), "{tls:?}");
    assert_eq!(tls.expires, Some(SystemTime::from(date_time_ymd(2100, 1, 1))));
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_the_name_passes() {
    let own = certificates(|_| {});
    report(get(page(&own, None).await, by_name(&own)).await);
}

#[tokio::test]
async fn a_certificate_of_another_authority_fails() {
    let own = certificates(|_| {});
    let outcome = get(page(&own, None).await, by_name(&certificates(|_| {}))).await;
    // Both authorities have the same name, so that what fails is the signature.
    let failure = tls_failure(outcome);
    let untrusted = matches!(failure, TlsFailure::UnknownIssuer | TlsFailure::Certificate(_));
    assert!(untrusted, "{failure}");
}

#[tokio::test]
async fn a_certificate_for_another_name_fails() {
    let own = certificates(|_| {});
    let options = TlsOptions { server_name: Some("example.net".to_owned()), ..by_name(&own) };
    assert_eq!(tls_failure(get(page(&own, None).await, options).await), TlsFailure::WrongName);
}

#[tokio::test]
async fn a_certificate_for_another_name_will_do_if_names_do_not_matter() {
    let own = certificates(|_| {});
    let trust = |of: &Certificates| Trust::AuthoritiesForAnyName(of.authority.pem().into_bytes());
    let options = TlsOptions { trust: trust(&own), ..TlsOptions::default() };
    report(get(page(&own, None).await, options).await);
    let options = TlsOptions { trust: trust(&certificates(|_| {})), ..TlsOptions::default() };
    let failure = tls_failure(get(page(&own, None).await, options).await);
    assert!(matches!(failure, TlsFailure::UnknownIssuer | TlsFailure::Certificate(_)), "{failure}");
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_not_valid_yet_fails() {
    let expired = certificates(|parameters| parameters.not_after = date_time_ymd(2001, 1, 1));
    let outcome = get(page(&expired, None).await, by_name(&expired)).await;
    assert_eq!(tls_failure(outcome), TlsFailure::Expired);
    let early = certificates(|parameters| parameters.not_before = date_time_ymd(2099, 1, 1));
    let outcome = get(page(&early, None).await, by_name(&early)).await;
    assert_eq!(tls_failure(outcome), TlsFailure::NotYetValid);
}

#[tokio::test]
async fn exactly_one_certificate_can_be_accepted_whatever_it_says() {
    let expired = certificates(|parameters| parameters.not_after = date_time_ymd(2001, 1, 1));
    let address = page(&expired, None).await;
    let tls = report(get(address, TlsOptions::default()).await).tls.unwrap();
    let pinned = |trust| TlsOptions { trust, ..TlsOptions::default() };
    report(get(address, pinned(Trust::Certificate(tls.certificate.unwrap()))).await);
    let other = page(&certificates(|_| {}), None).await;
    let outcome = get(other, pinned(Trust::Certificate(tls.certificate.unwrap()))).await;
    let failure = tls_failure(outcome);
    assert!(matches!(failure, TlsFailure::WrongCertificate { .. }), "{failure}");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_ours_gets_it() {
    let (own, client) = (certificates(|_| {}), certificates(|_| {}));
    let identity = Identity {
        certificates: client.certificate.pem().into_bytes(),
        key: client.key.serialize_pem().into_bytes(),
    };
    let options = TlsOptions { identity: Some(identity), ..TlsOptions::default() };
    report(get(page(&own, Some(&client)).await, options).await);
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_that_we_do_not_have_fails_with_its_words() {
    let (own, client) = (certificates(|_| {}), certificates(|_| {}));
    let failure = tls_failure(get(page(&own, Some(&client)).await, TlsOptions::default()).await);
    assert!(matches!(failure, TlsFailure::Alert(_)), "{failure}");
}

#[tokio::test]
async fn an_end_without_leave_is_an_end_unless_it_must_be_compliant() {
    let own = certificates(|_| {});
    let address = serve(&own, None, false).await;
    report(get(address, TlsOptions::default()).await);
    let compliant = TlsOptions { compliant: true, ..TlsOptions::default() };
    let failure = failure(get(address, compliant).await);
    assert!(matches!(failure, Failure::ClosedEarly(_)), "{failure}");
}

#[tokio::test]
async fn a_server_without_tls_fails_as_that() {
    let address =
        server(|mut stream| async move { stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await })
            .await;
    let failure = tls_failure(get(address, TlsOptions::default()).await);
    assert!(matches!(failure, TlsFailure::Protocol(_)), "{failure}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_fails_at_the_deadline() {
    let address = server(|stream| async {
        let _open = stream;
        std::future::pending().await
    });
    let connect = ConnectOptions::new(address.await).timeout(IMPATIENT);
    let tls = Tls::new(TlsOptions::default()).unwrap();
    let failure = failure(HttpGet::new(connect, [Url::new("/")]).tls(tls).check().await);
    assert!(matches!(failure, Failure::HandshakeTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn a_server_that_cannot_speak_http2_fails_as_that() {
    let own = certificates(|_| {});
    let connect = ConnectOptions::new(page(&own, None).await).timeout(PATIENT);
    let check = HttpGet::new(connect, [Url::new("/")])
        .tls(Tls::new(TlsOptions::default()).unwrap())
        .version(HttpVersion::Http2);
    assert_eq!(tls_failure(check.check().await), TlsFailure::NoHttp2);
}
