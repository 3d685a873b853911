//! A hundred reloads, while a client holds connections and opens new ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::Signal;
use steadfast_lab::{Advertisement, Frame, Host, Network, Topology, binary, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
/// What a loaded machine may need for an answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Three advertisements, one every two seconds: a backup would wait for longer.
const MASTER_DOWN: Duration = Duration::from_secs(6);
const RELOADS: u16 = 100;
const HELD: usize = 200;
const SERVICE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, 100)), 80);

fn network() -> Network {
    let web = |host: steadfast_lab::HostTopology, address| {
        host.link("eth0", "back", address).ip("route add default via 10.78.0.1")
    };
    Topology::new()
        .bridge("lan")
        .bridge("back")
        .host("client", |host| host.link("eth0", "lan", "10.77.0.9/24"))
        .host("director", |host| {
            host.sysctl("net.ipv4.ip_forward", "1").link("eth0", "lan", "10.77.0.1/24").link(
                "eth1",
                "back",
                "10.78.0.1/24",
            )
        })
        .host("web1", |host| web(host, "10.78.0.11/24"))
        .host("web2", |host| web(host, "10.78.0.12/24"))
        .host("web3", |host| web(host, "10.78.0.13/24"))
        .start()
        .unwrap()
}

/// Which servers there are and what they weigh, in the configuration of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Round(u16);

impl Round {
    /// The first two are always there; the third comes and goes.
    fn servers(self) -> Vec<(u8, u16)> {
        let mut servers = vec![(1, 1 + self.0 % 7), (2, 1 + self.0 % 5)];
        servers.extend(self.has_third().then_some((3, 2)));
        servers
    }

    fn has_third(self) -> bool {
        self.0.is_multiple_of(3)
    }

    fn configuration(self) -> String {
        let servers = self.servers().into_iter().map(|(number, weight)| {
            format!(
                "real_server 10.78.0.1{number} 80 {{\n weight {weight}\n TCP_CHECK {{\n \
                 connect_timeout 5\n }}\n }}\n"
            )
        });
        let servers: String = servers.collect();
        format!(
            "vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n advert_int 2\n \
             virtual_ipaddress {{\n 10.77.0.100\n }}\n}}\n\
             virtual_server 10.77.0.100 80 {{\n delay_loop 1\n lb_algo wrr\n lb_kind NAT\n \
             protocol TCP\n {servers} }}\n"
        )
    }

    fn is_in_place(self, director: &Host) -> bool {
        let shown = director.run("ipvsadm", ["-Sn"]).unwrap();
        let servers = self.servers();
        let listed = |(number, weight): &(u8, u16)| {
            shown.contains(&format!("-r 10.78.0.1{number}:80 -m -w {weight}\n"))
        };
        servers.iter().all(listed) && shown.matches("-r ").count() == servers.len()
    }
}

/// Tells each client its number, and then says again what it hears. Ends with the test.
fn serve(host: &Host, number: u8) {
    let address = SocketAddr::from(([0, 0, 0, 0], 80));
    let listener = host.enter(|| TcpListener::bind(address)).unwrap().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            // Clients come and go as they like.
            std::thread::spawn(move || echo(client?, number));
        }
    });
}

fn echo(mut client: TcpStream, number: u8) -> std::io::Result<()> {
    client.write_all(&[number])?;
    let mut byte = [0];
    while client.read(&mut byte)? == 1 {
        client.write_all(&byte)?;
    }
    Ok(())
}

/// A connection that the client holds.
struct Held {
    stream: TcpStream,
    server: u8,
}

impl Held {
    fn open(client: &Host) -> std::io::Result<Self> {
        let mut stream = client.enter(|| TcpStream::connect_timeout(&SERVICE, ANSWER)).unwrap()?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut server = [0];
        stream.read_exact(&mut server)?;
        Ok(Self { stream, server: server[0] })
    }

    /// The server answers.
    fn ask(&mut self, word: u8) -> std::io::Result<()> {
        self.stream.write_all(&[word])?;
        let mut answer = [0];
        self.stream.read_exact(&mut answer)?;
        assert_eq!(answer, [word]);
        Ok(())
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_hundred_reloads_cost_no_connection_through_servers_that_stay_and_no_advertisement() {
    let network = network();
    let (client, host) = (network.host("client").unwrap(), network.host("director").unwrap());
    for number in 1..=3 {
        serve(network.host(&format!("web{number}")).unwrap(), number);
    }
    let configuration = Round(0).configuration();
    let director =
        host.spawn_keepalived("director", binary("director").unwrap(), &configuration).unwrap();
    wait_until(PATIENCE, "the director serves", || {
        Round(0).is_in_place(host) && host.has_address("10.77.0.100").unwrap()
    })
    .unwrap();
    let capture = network.capture_only("lan", "vrrp").unwrap();
    let mut held: Vec<_> = (0..HELD).map(|_| Held::open(client).unwrap()).collect();
    // Those through the server that comes and goes may end when it goes.
    held.retain(|connection| connection.server != 3);

    for round in 1..=RELOADS {
        host.write("keepalived.conf", &Round(round).configuration()).unwrap();
        director.signal(Signal::HUP).unwrap();
        let new = Held::open(client);
        assert!(new.is_ok(), "round {round}: no new connection: {:?}", new.err());
        wait_until(PATIENCE, "the table is the new one", || Round(round).is_in_place(host))
            .unwrap();
        let position = usize::from(round) % held.len();
        let answered = held[position].ask(1);
        assert!(answered.is_ok(), "round {round}: a connection is lost: {answered:?}");
    }
    let lost = held.iter_mut().filter_map(|connection| connection.ask(2).err());
    assert_eq!(lost.map(|error| error.to_string()).collect::<Vec<_>>(), [""; 0]);
    let frames = capture.finish().unwrap().frames;
    let sent: Vec<_> = frames.iter().filter_map(Frame::advertisement).collect();
    let gap = Advertisement::longest_gap(&sent).unwrap();
    assert!(gap < MASTER_DOWN, "no advertisement for {gap:?}");
}
