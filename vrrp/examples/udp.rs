//! Two routers of one virtual router, in one program, that advertise to each other over UDP on the
//! loopback interface, where no privilege is needed. The better one becomes Active, gives up, and
//! the other takes its place.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the driver, which has the sockets, clocks and threads"
)]

use std::error::Error;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant as Clock};

use steadfast_vrrp::packet::{MAX_LEN, TTL};
use steadfast_vrrp::router::{Destination, Received, State, Transmit, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Instant, Priority, VirtualRouter, Vrid};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let first = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0))?;
    let second = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 3), 0))?;
    first.connect(second.local_addr()?)?;
    second.connect(first.local_addr()?)?;

    let other = thread::spawn(move || Node::new(second, 100)?.run_until(State::Active));
    let mut node = Node::new(first, 200)?;
    node.run_until(State::Active)?;
    node.router.handle_shutdown(node.now());
    node.carry_out()?;
    other.join().map_err(|_| "the second router panicked")?
}

/// A router and what it needs of the world: a socket and a clock.
struct Node {
    router: VirtualRouter,
    socket: UdpSocket,
    address: IpAddr,
    peer: IpAddr,
    started: Clock,
    installed: bool,
}

impl Node {
    fn new(socket: UdpSocket, priority: u8) -> Result<Self> {
        let (address, peer) = (socket.local_addr()?.ip(), socket.peer_addr()?.ip());
        let addresses = VirtualAddresses::new(["192.0.2.100".parse()?])?;
        let config = Config::builder(Vrid::new(51)?, addresses)
            .priority(Priority::new(priority)?)
            .interval(AdverInterval::from_centis(5)?)
            .destination(Destination::unicast([peer]))
            .build()?;
        let mut router = VirtualRouter::new(config);
        router.set_source(Some(address));
        Ok(Self { router, socket, address, peer, started: Clock::now(), installed: false })
    }

    /// One monotonic clock for all times that the router is told.
    fn now(&self) -> Instant {
        Instant::from_nanos(0) + self.started.elapsed()
    }

    fn run_until(&mut self, state: State) -> Result<()> {
        self.router.handle_startup(self.now());
        while self.router.state() != state {
            self.carry_out()?;
            self.wait()?;
            // All that has arrived, and only then the time: what lies unread is no silence.
            while self.receive()? {}
            self.router.handle_timeout(self.now());
        }
        self.carry_out()
    }

    /// What the router says, and what it wants done.
    fn carry_out(&mut self) -> Result<()> {
        while let Some(event) = self.router.poll_event() {
            println!("{}: {event}", self.address);
        }
        if self.router.holds_addresses() != self.installed {
            self.installed = self.router.holds_addresses();
            // Here a driver adds the addresses to the interface, or removes them.
            if self.installed {
                self.router.handle_addresses_installed(self.now());
            }
        }
        while let Some(transmit) = self.router.poll_transmit() {
            let Transmit::Advertisement(advertise) = transmit else {
                // Here a driver sends a gratuitous ARP.
                continue;
            };
            let carrier = advertise.carrier(self.peer).ok_or("the peer is of another family")?;
            let mut buffer = [0; MAX_LEN];
            let length = self.router.encode(&advertise, carrier, &mut buffer)?;
            let message = buffer.get(..length).unwrap_or_default();
            // A peer that is gone is no reason to stop.
            let _unreachable = self.socket.send(message);
        }
        Ok(())
    }

    /// Sleeps until the router wants to be woken or a packet is there.
    fn wait(&self) -> Result<()> {
        let left = match self.router.poll_timeout() {
            Some(timeout) => timeout.at.duration_since(self.now()),
            None => Duration::from_secs(1),
        };
        // A socket does not know a timeout of zero.
        self.socket.set_read_timeout(Some(left.max(Duration::from_micros(1))))?;
        self.socket.set_nonblocking(false)?;
        let _nothing_came = self.socket.peek(&mut [0; 1]);
        self.socket.set_nonblocking(true)?;
        Ok(())
    }

    /// Hands one packet to the router; false if there is none.
    fn receive(&mut self) -> Result<bool> {
        let mut buffer = [0; MAX_LEN];
        let length = match self.socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            // So much for what we sent to a peer that is gone.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        let (source, destination) = (self.peer, self.address);
        let now = self.now();
        let received = Received { arrival: now, source, destination, hop_limit: TTL };
        let message = buffer.get(..length).unwrap_or_default();
        if let Err(refused) = self.router.handle_packet(now, &received, message) {
            eprintln!("{}: discarded a packet from {source}: {refused}", self.address);
        }
        Ok(true)
    }
}
