//! Servers that answer everybody with their name.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol as Transport, Socket, Type};
use steadfast_lab::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};

/// They end, and close all they have open, when this is dropped.
pub(crate) struct Servers(Runtime);

impl Servers {
    pub(crate) fn new() -> Self {
        Self(Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap())
    }

    /// Has a host answer over TCP and UDP.
    pub(crate) fn serve(&self, host: &Host, endpoints: &[SocketAddr], name: &'static str) {
        self.on(host, || {
            for endpoint in endpoints {
                listen(Transport::TCP, *endpoint, name);
                receive(*endpoint, name);
            }
        });
    }

    /// Has a host answer over SCTP.
    pub(crate) fn serve_sctp(&self, host: &Host, endpoints: &[SocketAddr], name: &'static str) {
        let listening = || endpoints.iter().for_each(|at| listen(Transport::SCTP, *at, name));
        self.on(host, listening);
    }

    /// Sockets are the host's where they are made, whoever uses them.
    fn on(&self, host: &Host, make_sockets: impl FnOnce() + Send) {
        let making = || {
            let _runtime = self.0.enter();
            make_sockets();
        };
        host.enter(making).unwrap();
    }
}

fn listen(transport: Transport, endpoint: SocketAddr, name: &'static str) {
    let domain = Domain::for_address(endpoint);
    let socket = Socket::new(domain, Type::STREAM, Some(transport)).unwrap();
    socket.bind(&endpoint.into()).unwrap();
    socket.listen(128).unwrap();
    socket.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(TcpListener::from(socket)).unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _client) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream, name));
        }
    });
}

async fn answer(mut stream: TcpStream, name: &str) {
    let mut question = [0; 1];
    while stream.read_exact(&mut question).await.is_ok() {
        if stream.write_all(name.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn receive(endpoint: SocketAddr, name: &'static str) {
    let socket = std::net::UdpSocket::bind(endpoint).unwrap();
    socket.set_nonblocking(true).unwrap();
    let socket = UdpSocket::from_std(socket).unwrap();
    tokio::spawn(async move {
        let mut question = [0; 1];
        while let Ok((_, client)) = socket.recv_from(&mut question).await {
            socket.send_to(name.as_bytes(), client).await.unwrap();
        }
    });
}
