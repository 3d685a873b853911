//! TCP_CHECK, and the connections that all probes make.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::server::{IMPATIENT, PATIENT, answering, failure, passes, server};
use steadfast_checkers::{Check, ConnectOptions, Failure, Origin, Outcome, TcpCheck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

async fn check(options: ConnectOptions) -> Outcome {
    TcpCheck::new(options.timeout(PATIENT)).check().await
}

/// An address where nobody listens.
async fn vacant() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_server_that_accepts_passes() {
    passes(check(ConnectOptions::new(answering(b"").await)).await);
}

#[tokio::test]
async fn an_ipv6_server_that_accepts_passes() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    passes(check(ConnectOptions::new(listener.local_addr().unwrap())).await);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let address = vacant().await;
    let failure = failure(check(ConnectOptions::new(address)).await);
    assert_eq!(failure.to_string(), format!("{address}: connection refused"));
}

#[tokio::test]
async fn a_connection_to_itself_is_no_server() {
    let address = vacant().await;
    let origin = Origin { bind: Some(address), ..Origin::default() };
    let options = ConnectOptions::new(address).origin(origin);
    let failure = failure(check(options).await);
    assert!(matches!(failure, Failure::Refused(_)), "{failure}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_fails_at_the_deadline() {
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    // Nobody accepts: once the backlog is full, the kernel answers no more.
    let mut filling = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(IMPATIENT, connect(address)).await {
        filling.push(stream);
    }
    let options = ConnectOptions::new(address).timeout(IMPATIENT);
    let failure = failure(TcpCheck::new(options).check().await);
    assert_eq!(failure.to_string(), format!("{address}: connect timed out after 300ms"));
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}

/// What a check says that waits whether the connection stays.
async fn settled<F, Fut>(serve: F) -> Outcome
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let options = ConnectOptions::new(server(serve).await).timeout(PATIENT);
    TcpCheck::new(options).settle(IMPATIENT).check().await
}

#[tokio::test]
async fn who_accepts_and_resets_at_once_fails_each_time_if_connections_must_settle() {
    for _ in 0..50 {
        let failure = failure(settled(|stream| async move { stream.set_zero_linger() }).await);
        assert!(matches!(failure, Failure::Reset(_)), "{failure}");
    }
}

#[tokio::test]
async fn who_accepts_and_closes_at_once_fails_if_connections_must_settle() {
    let failure = failure(settled(|_closed| async { Ok(()) }).await);
    assert!(matches!(failure, Failure::ClosedAtOnce(_)), "{failure}");
}

#[tokio::test]
async fn a_connection_that_stays_or_brings_something_has_settled() {
    let silent = |mut stream: TcpStream| async move { stream.read_u8().await.map(drop) };
    passes(settled(silent).await);
    let greeting = |mut stream: TcpStream| async move { stream.write_all(b"hello").await };
    passes(settled(greeting).await);
}

#[tokio::test]
async fn the_connection_is_closed_with_a_reset() {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let address = server(move |mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(stream.read_u8().await.unwrap_err().kind()).await.unwrap();
            Ok(())
        }
    });
    passes(check(ConnectOptions::new(address.await)).await);
    assert_eq!(told.recv().await, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn the_connection_comes_from_the_bound_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = Some("127.0.0.2:0".parse().unwrap());
    let origin = Origin { bind, ..Origin::default() };
    let options = ConnectOptions::new(listener.local_addr().unwrap()).origin(origin);
    passes(check(options).await);
    let (_, peer) = listener.accept().await.unwrap();
    assert_eq!(peer.ip(), IpAddr::from([127, 0, 0, 2]));
}

#[tokio::test]
async fn an_address_that_is_not_ours_to_bind_is_our_own_trouble() {
    let bind = Some("192.0.2.1:0".parse().unwrap());
    let origin = Origin { bind, ..Origin::default() };
    let options = ConnectOptions::new(answering(b"").await).origin(origin);
    let outcome = check(options).await;
    assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}

#[tokio::test]
async fn an_interface_that_does_not_exist_is_our_own_trouble() {
    let interface = Some("nosuch0".to_owned());
    let origin = Origin { interface, ..Origin::default() };
    let options = ConnectOptions::new(answering(b"").await).origin(origin);
    let outcome = check(options).await;
    assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome}");
}

#[tokio::test]
async fn a_timeout_beyond_the_clock_does_no_harm() {
    let options = ConnectOptions::new(answering(b"").await).timeout(Duration::MAX);
    passes(TcpCheck::new(options).check().await);
}
