//! The network, the web servers and the directors of the demo.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use md5::{Digest, Md5};
use steadfast_lab::{LabError, Network, Process, Topology, wait_until};

/// How packets get from the director to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Forwarding {
    /// Direct routing: the server answers the client itself, on the same network.
    Dr,
    /// Address translation: the director is the servers' gateway.
    Nat,
    /// IP-in-IP tunnels to the servers.
    Tun,
}

impl std::fmt::Display for Forwarding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dr => "dr",
            Self::Nat => "nat",
            Self::Tun => "tun",
        })
    }
}

pub(crate) const VIRTUAL_ADDRESS: &str = "192.168.21.155";
pub(crate) const CLIENT: &str = "client";
pub(crate) const DIRECTORS: [&str; 2] = ["d1", "d2"];
/// Name, last byte of the address, weight.
pub(crate) const SERVERS: [(&str, u8, u32); 3] =
    [("web1", 108, 3), ("web2", 109, 2), ("web3", 110, 1)];
const DIRECTOR_ADDRESSES: [u8; 2] = [11, 12];
/// The servers' gateway where addresses are translated: it moves along with the virtual address.
const INNER_GATEWAY: &str = "192.168.2.254";
/// What the checker asks for, and what it expects to get.
const HEALTHY: &str = "all is well\n";
const WEB_PORT: u16 = 80;
/// What the directors' processes and logs are called.
const DIRECTOR: &str = "director";

/// Everything that runs in the demo.
#[derive(Debug)]
pub(crate) struct Scene {
    // Programs end before the network they run in.
    programs: BTreeMap<String, Process>,
    pub(crate) network: Network,
    /// The program that is shown: ours, or one with the same command line and configuration.
    director: PathBuf,
    forwarding: Forwarding,
}

impl Scene {
    /// Builds the network and starts the web servers; the directors are not running yet.
    pub(crate) fn new(forwarding: Forwarding, director: PathBuf) -> Result<Self, LabError> {
        let network = topology(forwarding).start()?;
        let mut scene = Self { programs: BTreeMap::new(), network, director, forwarding };
        for (name, _, _) in SERVERS {
            let host = scene.network.host(name)?;
            host.write("index.html", &format!("{name}\n"))?;
            host.write("healthcheck", HEALTHY)?;
            scene.start_server(name)?;
        }
        Ok(scene)
    }

    pub(crate) fn start_director(&mut self, name: &str) -> Result<(), LabError> {
        let host = self.network.host(name)?;
        let configuration = configuration(self.forwarding, name);
        let process = host.spawn_keepalived(DIRECTOR, &self.director, &configuration)?;
        self.programs.insert(name.to_owned(), process);
        Ok(())
    }

    pub(crate) fn start_server(&mut self, name: &str) -> Result<(), LabError> {
        let host = self.network.host(name)?;
        let folder = host.folder().display();
        let process = host.spawn_nginx(&format!("listen {WEB_PORT}; root {folder};"))?;
        wait_until(Duration::from_secs(5), format!("nginx listens on {name}"), || {
            let address = (std::net::Ipv4Addr::LOCALHOST, WEB_PORT).into();
            let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1));
            host.enter(connect).is_ok_and(|connected| connected.is_ok())
        })?;
        self.programs.insert(name.to_owned(), process);
        Ok(())
    }

    /// The program of that host; taken out, since what is asked for is its end.
    pub(crate) fn take(&mut self, name: &str) -> Result<Process, LabError> {
        self.programs
            .remove(name)
            .ok_or_else(|| LabError::NoSuchHost(format!("{name}, with a running program")))
    }

    /// What the director of that host has printed, in earlier runs as well.
    pub(crate) fn director_log(&self, name: &str) -> Result<String, LabError> {
        let path = self.network.host(name)?.folder().join(format!("{name}-{DIRECTOR}.log"));
        // Before its first start there is no log.
        Ok(std::fs::read_to_string(path).unwrap_or_default())
    }

    /// A sick server goes on answering, but its health page says something else.
    pub(crate) fn make_server_sick(&self, name: &str, sick: bool) -> Result<(), LabError> {
        let page = if sick { "the disk is full\n" } else { HEALTHY };
        self.network.host(name)?.write("healthcheck", page).map(drop)
    }
}

fn topology(forwarding: Forwarding) -> Topology {
    let mut topology = Topology::new()
        .bridge("lan")
        .host(CLIENT, |host| host.link("eth0", "lan", "192.168.21.10/24"));
    if forwarding == Forwarding::Nat {
        topology = topology.bridge("inner");
    }
    for (name, last) in DIRECTORS.iter().zip(DIRECTOR_ADDRESSES) {
        topology = topology.host(name, |host| {
            let host = host.sysctl("net.ipv4.ip_forward", "1").link(
                "eth0",
                "lan",
                &format!("192.168.21.{last}/24"),
            );
            match forwarding {
                Forwarding::Nat => host.link("eth1", "inner", &format!("192.168.2.{last}/24")),
                Forwarding::Dr | Forwarding::Tun => host,
            }
        });
    }
    for (name, last, _) in SERVERS {
        let address = format!("{}/24", server_address(forwarding, last));
        topology = topology.host(name, |host| {
            // A server that carries the virtual address must not say so on the network.
            let quiet = host
                .sysctl("net.ipv4.conf.all.arp_ignore", "1")
                .sysctl("net.ipv4.conf.all.arp_announce", "2");
            match forwarding {
                Forwarding::Dr => quiet
                    .link("eth0", "lan", &address)
                    .ip(&format!("addr add {VIRTUAL_ADDRESS}/32 dev lo")),
                Forwarding::Nat => quiet
                    .link("eth0", "inner", &address)
                    .ip(&format!("route add default via {INNER_GATEWAY}")),
                Forwarding::Tun => DIRECTOR_ADDRESSES.iter().fold(
                    quiet
                        .sysctl("net.ipv4.conf.all.rp_filter", "0")
                        .sysctl("net.ipv4.conf.default.rp_filter", "0")
                        .link("eth0", "lan", &address)
                        .ip(&format!("addr add {VIRTUAL_ADDRESS}/32 dev lo")),
                    |host, director| {
                        let (far, near) = (format!("192.168.21.{director}"), last);
                        host.ip(&format!(
                            "link add tun{director} type ipip remote {far} local 192.168.21.{near}"
                        ))
                        .ip(&format!("link set tun{director} up"))
                    },
                ),
            }
        });
    }
    topology
}

pub(crate) fn server_address(forwarding: Forwarding, last: u8) -> String {
    match forwarding {
        Forwarding::Dr | Forwarding::Tun => format!("192.168.21.{last}"),
        Forwarding::Nat => format!("192.168.2.{last}"),
    }
}

/// A configuration as people publish it, with this network's addresses and shorter intervals.
fn configuration(forwarding: Forwarding, director: &str) -> String {
    let first = DIRECTORS.first().is_some_and(|first| *first == director);
    let (state, priority) = if first { ("MASTER", 100) } else { ("BACKUP", 99) };
    let (kind, gateway) = match forwarding {
        Forwarding::Dr => ("DR", String::new()),
        Forwarding::Tun => ("TUN", String::new()),
        Forwarding::Nat => (
            "NAT",
            format!("        {INNER_GATEWAY}/24 dev eth1                 # the servers' gateway\n"),
        ),
    };
    let mut text = format!(
        r#"! Configuration File for keepalived

global_defs {{
    router_id {director}
}}

vrrp_instance VI_1 {{
    state {state}
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    authentication {{
        auth_type PASS
        auth_pass 2222
    }}
    virtual_ipaddress {{
        {VIRTUAL_ADDRESS}
{gateway}    }}
}}

virtual_server {VIRTUAL_ADDRESS} 80 {{
    delay_loop 1
    lb_algo wrr
    lb_kind {kind}
    protocol TCP
    alpha                           # a server joins once it has passed its check
"#
    );
    let digest = digest(HEALTHY);
    for (_, last, weight) in SERVERS {
        let address = server_address(forwarding, last);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"    real_server {address} 80 {{
        weight {weight}
        HTTP_GET {{
            url {{
                path "/healthcheck"
                digest {digest}
                status_code 200
            }}
            connect_timeout 1
            nb_get_retry 1
            delay_before_retry 1
            warmup 0
        }}
    }}
"#
        );
    }
    text + "}\n"
}

fn digest(page: &str) -> String {
    Md5::digest(page.as_bytes())
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
