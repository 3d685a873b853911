//! A client, two directors and three servers, and what they say to each other.
//!
//! The virtual addresses are reached by way of the first director. A server answers by way of that
//! director, as NAT wants it, but for an IPv4 virtual address straight to the client: a director
//! takes packets that come from its own address for forged.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol as Transport, Socket, Type};
use steadfast_ipvs::{
    Change, Client, Destination, DestinationKey, ForwardMethod, Plan, Protocol, Scheduler, Service,
    ServiceKey, Weight,
};
use steadfast_lab::{Host, HostTopology, Network, Topology};

use crate::run;
use crate::servers::Servers;

pub(crate) const SERVERS: [&str; 3] = ["s1", "s2", "s3"];
pub(crate) const VIRTUAL: [&str; 2] = ["10.9.0.100", "fd09::100"];
/// The client's own addresses.
pub(crate) const CLIENT: [&str; 2] = ["10.1.0.2", "fd01::2"];
/// The clients of the network beside: any address in them.
const CLIENTS_V4: [&str; 2] = ["10.1.1.0/24", "10.1.2.0/24"];
const CLIENTS_V6: [&str; 2] = ["fd11:1::/64", "fd11:2::/64"];
/// The port that servers listen on, beside that of direct routing and tunnels.
pub(crate) const PORT: u16 = 8080;
pub(crate) const DIRECT_PORT: u16 = 80;

const PATIENCE: Duration = Duration::from_secs(20);
/// Traffic has timers: these networks share a processor badly.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) struct Lan {
    servers: Servers,
    network: Network,
    // Given back when the network is gone.
    _alone: MutexGuard<'static, ()>,
}

fn lan_addresses(host: HostTopology, links: &[(&str, &str)]) -> HostTopology {
    links.iter().fold(host, |host, (link, address)| {
        host.sysctl(&format!("net.ipv6.conf.{link}.accept_dad"), "0")
            .ip(&format!("addr add {address}/64 dev {link}"))
    })
}

fn client(host: HostTopology) -> HostTopology {
    let host = host.link("eth0", "outside", "10.1.0.2/24").sysctl("net.ipv6.ip_nonlocal_bind", "1");
    let host = lan_addresses(host, &[("eth0", "fd01::2")]);
    let host = host.ip("route add 10.9.0.0/24 via 10.1.0.1").ip("route add fd09::/64 via fd01::1");
    CLIENTS_V4
        .iter()
        .chain(&CLIENTS_V6)
        .fold(host, |host, clients| host.ip(&format!("route add local {clients} dev lo")))
}

fn director(host: HostTopology, last: u8) -> HostTopology {
    let host = host
        .link("eth0", "outside", &format!("10.1.0.{last}/24"))
        .link("eth1", "inside", &format!("10.2.0.{last}/24"))
        .sysctl("net.ipv4.ip_forward", "1")
        .sysctl("net.ipv4.conf.all.send_redirects", "0")
        .sysctl("net.ipv6.conf.all.forwarding", "1");
    let (outside, inside) = (format!("fd01::{last}"), format!("fd02::{last}"));
    let host = lan_addresses(host, &[("eth0", &outside), ("eth1", &inside)]);
    let host = CLIENTS_V6.iter().fold(virtual_addresses(host), |host, clients| {
        host.ip(&format!("route add {clients} via fd01::2"))
    });
    clients_v4(host)
}

fn clients_v4(host: HostTopology) -> HostTopology {
    CLIENTS_V4
        .iter()
        .fold(host, |host, clients| host.ip(&format!("route add {clients} via 10.1.0.2")))
}

fn virtual_addresses(host: HostTopology) -> HostTopology {
    host.ip("addr add 10.9.0.100/32 dev lo").ip("addr add fd09::100/128 dev lo")
}

fn server(host: HostTopology, last: u8) -> HostTopology {
    let host = host
        .link("eth0", "inside", &format!("10.2.0.{last}/24"))
        .link("eth1", "outside", &format!("10.1.0.{last}/24"))
        .sysctl("net.ipv4.conf.all.arp_ignore", "1")
        .sysctl("net.ipv4.conf.all.arp_announce", "2")
        .sysctl("net.ipv4.conf.all.rp_filter", "0")
        .sysctl("net.ipv4.conf.default.rp_filter", "0");
    let host = lan_addresses(host, &[("eth0", &format!("fd02::{last}"))]);
    let host = virtual_addresses(host)
        .ip("rule add from 10.2.0.0/24 lookup 100")
        .ip("route add default via 10.2.0.1 table 100")
        .ip("route add default via fd02::1")
        .ip(&format!("link add ipip type ipip local 10.2.0.{last}"))
        .ip(&format!("link add gre type gre local 10.2.0.{last}"))
        .ip(&format!("link add ip6tnl type ip6tnl local fd02::{last} mode any"))
        .ip(&format!("link add sit type sit local 10.2.0.{last}"))
        .ip("fou add port 6080 gue");
    let host = ["ipip", "gre", "ip6tnl", "sit"]
        .iter()
        .fold(host, |host, tunnel| host.ip(&format!("link set {tunnel} up")));
    clients_v4(host)
}

/// Whether the kernel has that module, which is loaded by this. What the kernel loads others with
/// knows where it is.
pub(crate) fn has_module(name: &str) -> bool {
    let modprobe = std::fs::read_to_string("/proc/sys/kernel/modprobe").unwrap();
    Command::new(modprobe.trim()).args(["--quiet", name]).status().unwrap().success()
}

impl Lan {
    pub(crate) fn start() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // The kernel does not load it by itself.
        assert!(has_module("fou"));
        let topology = Topology::new()
            .bridge("outside")
            .bridge("inside")
            .host("c", client)
            .host("d1", |host| director(host, 1))
            .host("d2", |host| director(host, 3));
        let topology = SERVERS.iter().zip(11..).fold(topology, |topology, (name, last)| {
            topology.host(name, |host| server(host, last))
        });
        let (servers, network) = (Servers::new(), topology.start().unwrap());
        for name in SERVERS.iter().chain(&["d1"]) {
            servers.serve(network.host(name).unwrap(), &endpoints(name), name);
        }
        Self { servers, network, _alone: alone }
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        self.network.host(name).unwrap()
    }

    pub(crate) async fn director(&self, name: &str) -> Client {
        Client::in_netns(&self.host(name).namespace_path()).await.unwrap()
    }

    /// Makes a service on the first director.
    pub(crate) fn balance(&self, service: ServiceKey, how: Service, servers: &[Server]) {
        self.balance_on("d1", service, how, servers);
    }

    pub(crate) fn balance_on(
        &self,
        director: &str,
        service: ServiceKey,
        how: Service,
        servers: &[Server],
    ) {
        let added = servers
            .iter()
            .map(|(server, destination)| Change::AddDestination(service, *server, *destination));
        let plan: Plan = [Change::AddService(service, how)].into_iter().chain(added).collect();
        run(async {
            let applied = self.director(director).await.apply(&plan).await.unwrap();
            assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        });
    }

    /// Opens connections from the client's own address, and keeps them.
    pub(crate) fn hold(&self, to: SocketAddr, connections: usize) -> Vec<Held> {
        let opened =
            || (0..connections).map(|_| Held::open(Transport::TCP, None, to).unwrap()).collect();
        self.host("c").enter(opened).unwrap()
    }

    /// Which server answers a connection from that address.
    pub(crate) fn ask_from(&self, from: &str, to: SocketAddr) -> String {
        let from = from.parse().unwrap();
        let asking = || Held::open(Transport::TCP, Some(from), to);
        self.host("c").enter(asking).unwrap().unwrap().server
    }

    /// Which server answers that datagram.
    pub(crate) fn ask_with(&self, question: &[u8], from: &str, to: SocketAddr) -> String {
        let asking = || ask_udp(question, at(from, 0), to);
        self.host("c").enter(asking).unwrap().unwrap()
    }

    /// Opens an association of SCTP, and keeps it.
    pub(crate) fn associate(&self, from: &str, to: SocketAddr) -> Held {
        let from = Some(from.parse().unwrap());
        self.host("c").enter(|| Held::open(Transport::SCTP, from, to)).unwrap().unwrap()
    }

    /// Has the servers answer over SCTP too.
    pub(crate) fn serve_sctp(&self) {
        for name in SERVERS {
            let endpoints = own_addresses(name).map(|address| at(&address, PORT));
            self.servers.serve_sctp(self.host(name), &endpoints, name);
        }
    }

    /// Which server answers, over that protocol.
    pub(crate) fn ask(&self, protocol: Protocol, to: SocketAddr) -> io::Result<String> {
        let asking = || match protocol {
            Protocol::Udp => {
                let any = if to.is_ipv4() { at("0.0.0.0", 0) } else { at("::", 0) };
                ask_udp(b"?", any, to)
            }
            Protocol::Tcp => Held::open(Transport::TCP, None, to).map(|held| held.server),
            Protocol::Sctp => Held::open(Transport::SCTP, None, to).map(|held| held.server),
        };
        self.host("c").enter(asking).unwrap()
    }
}

pub(crate) type Server = (DestinationKey, Destination);

/// A server with its address and port inside.
pub(crate) fn nat(address: &str, weight: u16) -> Server {
    let key = DestinationKey { address: address.parse().unwrap(), port: PORT };
    (key, Destination::new(ForwardMethod::Masquerade, Weight::from(weight)))
}

/// The three servers in that family by NAT, with weights 1, 2 and 3.
pub(crate) fn all_by_nat(family: &str) -> Vec<Server> {
    (1..=3).map(|number| nat(&format!("{family}{}", 10 + number), number)).collect()
}

pub(crate) fn service(protocol: Protocol, address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, address: address.parse().unwrap(), port }
}

pub(crate) fn plain(scheduler: Scheduler) -> Service {
    Service::new(scheduler)
}

pub(crate) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// How many of them each of the three servers has.
pub(crate) fn shares(answers: impl IntoIterator<Item = impl AsRef<str>>) -> [usize; 3] {
    let mut shares = [0; 3];
    for answer in answers {
        shares[SERVERS.iter().position(|name| *name == answer.as_ref()).unwrap()] += 1;
    }
    shares
}

/// An open connection.
pub(crate) struct Held {
    stream: TcpStream,
    /// Who answers it.
    pub(crate) server: String,
}

impl Held {
    fn open(transport: Transport, from: Option<IpAddr>, to: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(transport))?;
        if let Some(from) = from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        socket.connect_timeout(&to.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut held = Self { stream, server: String::new() };
        held.server = held.talk()?;
        Ok(held)
    }

    /// Says something, and gives back who answers.
    pub(crate) fn talk(&mut self) -> io::Result<String> {
        self.stream.write_all(b"?")?;
        let mut answer = [0; 2];
        self.stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn ask_udp(question: &[u8], from: SocketAddr, to: SocketAddr) -> io::Result<String> {
    let socket = UdpSocket::bind(from)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(to)?;
    socket.send(question)?;
    let mut answer = [0; 2];
    socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a host answers: on its own and on the virtual addresses.
fn endpoints(name: &str) -> Vec<SocketAddr> {
    let own = own_addresses(name);
    let addresses = own.iter().map(String::as_str).chain(VIRTUAL);
    addresses.flat_map(|address| [at(address, PORT), at(address, DIRECT_PORT)]).collect()
}

fn own_addresses(name: &str) -> [String; 2] {
    let last = SERVERS.iter().position(|server| *server == name).map_or(1, |at| at + 11);
    [format!("10.2.0.{last}"), format!("fd02::{last}")]
}
