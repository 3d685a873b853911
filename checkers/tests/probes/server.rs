//! Servers that send literal bytes, and what a check says of them.

use std::net::SocketAddr;
use std::time::Duration;

use steadfast_checkers::{Failure, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long where the server is quick, so that a slow machine fails no test.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// Short where the server never ends.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(300);

/// A server that does the same with every connection.
pub(crate) async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A server that reads a request and answers with these bytes.
pub(crate) async fn answering(answer: &'static [u8]) -> SocketAddr {
    server(move |mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(answer).await?;
        stream.shutdown().await
    })
    .await
}

pub(crate) async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(request).unwrap())
}

pub(crate) fn passes(outcome: Outcome) {
    assert!(outcome.is_pass(), "{outcome}");
}

pub(crate) fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Fail(failure) => failure,
        other => panic!("{other}"),
    }
}
