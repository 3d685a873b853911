//! A host with a server on it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use steadfast_checkers::{Check, ConnectOptions, Failure, Outcome, TcpCheck};
use steadfast_lab::{Host, Network, Process, Topology, wait_until};

/// Long where the server is quick, so that a slow machine fails no test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Short where the server never ends.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(700);

pub(crate) struct Bed {
    network: Network,
    servers: Vec<Process>,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let topology = Topology::new().bridge("lan");
        let topology =
            topology.host("server", |host| host.link("eth0", "lan", "192.168.21.108/24"));
        Self { network: topology.start().unwrap(), servers: Vec::new() }
    }

    pub(crate) fn host(&self) -> &Host {
        self.network.host("server").unwrap()
    }

    /// Starts a server that accepts connections on these ports.
    pub(crate) fn start(
        &mut self,
        ports: &[u16],
        start: impl FnOnce(&Host) -> Process,
    ) -> &mut Self {
        let mut server = start(self.host());
        for port in ports {
            let check = TcpCheck::new(options(*port));
            wait_until(PATIENCE, format!("something listens on port {port}"), || {
                assert!(server.is_running(), "{}", server.log());
                self.judge(&check).is_pass()
            })
            .unwrap();
        }
        self.servers.push(server);
        self
    }

    /// Starts a program that accepts connections on these ports.
    pub(crate) fn program(
        &mut self,
        ports: &[u16],
        program: &str,
        arguments: &[&str],
    ) -> &mut Self {
        let name = Path::new(program).file_name().unwrap().to_str().unwrap();
        self.start(ports, |host| host.spawn(name, program, arguments).unwrap())
    }

    /// What a check says, made on the host itself.
    pub(crate) fn judge(&self, check: &impl Check) -> Outcome {
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        self.host().enter(|| runtime().block_on(check.check())).unwrap()
    }

    pub(crate) fn passes(&self, check: &impl Check) {
        let outcome = self.judge(check);
        assert!(outcome.is_pass(), "{outcome}");
    }

    /// How it fails, in one piece and in words.
    pub(crate) fn fails(&self, check: &impl Check) -> Failure {
        match self.judge(check) {
            Outcome::Fail(failure) => failure,
            other => panic!("{other}"),
        }
    }
}

/// Of a port of the host.
pub(crate) fn options(port: u16) -> ConnectOptions {
    ConnectOptions::new(SocketAddr::from(([192, 168, 21, 108], port))).timeout(PATIENCE)
}
