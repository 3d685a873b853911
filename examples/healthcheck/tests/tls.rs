//! What is said of a server's certificate.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

/// The URL of a page whose server has a certificate until the beginning of that year.
fn page(year: i32) -> String {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(["www.example.org".to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(2000, 1, 1);
    parameters.not_after = date_time_ymd(year, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = Stream::new(&mut connection, &mut client);
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nwell\n").unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
    });
    format!("https://{address}/")
}

fn healthcheck(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_healthcheck")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn its_end_is_in_the_json_in_seconds_since_1970() {
    let said: Value = serde_json::from_str(&healthcheck(&["--json", "http", &page(2040)])).unwrap();
    assert_eq!(said["tls"]["expires"], 2_208_988_800_u64);
    assert_eq!(said["tls"]["version"], "TLS 1.3");
    assert_eq!(said["verdict"], "pass");
}

#[test]
fn that_it_has_expired_is_said_though_it_is_not_verified() {
    let said = healthcheck(&["http", &page(2001)]);
    assert!(said.starts_with("pass") && said.contains("certificate expired"), "{said}");
    let said: Value = serde_json::from_str(&healthcheck(&["--json", "http", &page(2001)])).unwrap();
    assert_eq!(said["tls"]["expires"], 978_307_200_u64);
}
