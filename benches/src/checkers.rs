//! Health checks of a server on the loopback interface, which is a process of its own.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::{
    BoxCheck, Check, ConnectOptions, Monitor, MonitorOptions, Policy, TcpCheck,
};
use tokio::runtime::{Builder, Runtime};

/// An answer to each request, from a thread that ends with the process.
///
/// # Errors
///
/// What the system says of a socket.
pub fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || listener.incoming().for_each(|client| drop(client.map(answer))));
    Ok(address)
}

fn answer(mut client: impl Read + Write) -> io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            length => request.extend(buffer.iter().take(length)),
        }
    }
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwell\n")
}

/// Somebody who checks a server.
#[derive(Debug)]
pub struct Checker {
    runtime: Runtime,
    connect: ConnectOptions,
}

impl Checker {
    /// Checks that server.
    pub fn new(server: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { runtime, connect: ConnectOptions::new(server) }
    }

    /// So many TCP checks, one after another.
    pub fn tcp(&self, times: u64) {
        self.check(&TcpCheck::new(self.connect.clone()), times);
    }

    /// So many HTTP checks, one after another.
    pub fn http(&self, times: u64) {
        self.check(&self.page(), times);
    }

    /// So many HTTP checks that a monitor makes, one after another.
    pub fn monitor(&self, times: u64) {
        self.runtime.block_on(async {
            let options = MonitorOptions { every_attempt: true, ..MonitorOptions::default() };
            let (monitor, mut events) = Monitor::new(options);
            let policy = Policy::every(Duration::ZERO);
            monitor.add((), BoxCheck::new(self.page()), policy, Duration::ZERO);
            for _ in 0..times {
                let event = events.next().await.expect("the monitor is there");
                assert!(event.outcome.is_pass(), "{}", event.outcome);
            }
        });
    }

    fn page(&self) -> HttpGet {
        HttpGet::new(self.connect.clone(), [Url::new("/")]).version(HttpVersion::Http11)
    }

    fn check(&self, check: &impl Check, times: u64) {
        self.runtime.block_on(async {
            for _ in 0..times {
                let outcome = check.check().await;
                assert!(outcome.is_pass(), "{outcome}");
            }
        });
    }
}
