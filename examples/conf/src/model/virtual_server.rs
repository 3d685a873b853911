use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use smallvec::SmallVec;

use super::{Checker, Connection, Frontend, Place, Probe, Script, Ssl};
use crate::Span;

/// `virtual_server { }`: one load-balanced service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualServer {
    /// What clients reach it by.
    pub frontend: Frontend,
    /// `protocol`; of marked packets it says nothing.
    pub protocol: Protocol,
    /// `lb_algo`.
    pub scheduler: Scheduler,
    /// `ops` and the scheduler's flags.
    pub flags: ServiceFlags,
    /// `persistence_timeout` and what belongs to it.
    pub persistence: Option<Persistence>,
    /// `quorum`: the sum of weights of living real servers from which the service is up.
    pub quorum: NonZeroU32,
    /// `hysteresis`: by how much the sum must pass the quorum; less than `quorum`.
    pub hysteresis: u32,
    /// `quorum_up`: run when the quorum is gained.
    pub quorum_up: Option<Box<Script>>,
    /// `quorum_down`: run when the quorum is lost.
    pub quorum_down: Option<Box<Script>>,
    /// `smtp_alert` here, or of `global_defs`: whether gain and loss of the quorum are mailed.
    pub smtp_alert: bool,
    /// `alpha`: real servers count as down until their checks say otherwise. Each
    /// [`CheckRules::alpha`](super::CheckRules::alpha) has it already.
    pub alpha: bool,
    /// `omega`: at the end, run the `down` scripts as if every server had failed.
    pub omega: bool,
    /// `ha_suspend`: servers are checked only while this machine has an address of the frontend.
    pub ha_suspend: bool,
    /// `sorry_server`: who answers while there is no quorum.
    pub sorry_server: Option<SorryServer>,
    /// `real_server`: at least one, each address and port once.
    pub real_servers: Vec<RealServer>,
    /// Where its address was written.
    pub span: Place,
}

impl VirtualServer {
    /// The scripts that it and its servers run on a change, and those that check the servers.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &Script> {
        let servers = self.real_servers.iter();
        let checks = servers.clone().flat_map(|server| &server.checkers);
        [&self.quorum_up, &self.quorum_down]
            .into_iter()
            .chain(servers.flat_map(|server| [&server.notify_up, &server.notify_down]))
            .filter_map(Option::as_deref)
            .chain(checks.filter_map(|check| check.probe.script()))
    }

    /// Where it names what is looked for on the machine: scripts, and files of TLS.
    pub(crate) fn looked_at(&self) -> impl Iterator<Item = Span> {
        let checks = self.real_servers.iter().flat_map(|server| &server.checkers);
        let with_files = checks.filter(|check| match &check.probe {
            Probe::Http(http) => http.tls.as_deref().is_some_and(|ssl| *ssl != Ssl::default()),
            _ => false,
        });
        let places = self.scripts().map(|script| script.span);
        places.chain(with_files.map(|check| check.span)).map(Span::from)
    }

    /// Takes out the scripts that are not to be run, and the checks that would run them.
    pub(super) fn retain_scripts(&mut self, keep: impl Fn(&Script) -> bool) {
        for server in &mut self.real_servers {
            server.checkers.retain(|check| check.probe.script().is_none_or(&keep));
        }
        let servers = self.real_servers.iter_mut();
        let servers = servers.flat_map(|server| [&mut server.notify_up, &mut server.notify_down]);
        for script in [&mut self.quorum_up, &mut self.quorum_down].into_iter().chain(servers) {
            script.take_if(|script| !keep(script));
        }
    }
}

/// `real_server IP PORT { }`: one server behind a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// The server's address.
    pub address: IpAddr,
    /// The server's port; the service's own unless it is NAT. Of a group it is what the server is called,
    /// and where packets go with NAT alone: else to the port of whatever address. Zero: that of whatever
    /// address of a group, or of the packets with a mark.
    pub port: u16,
    /// `weight`: its share of the connections; zero for no new ones.
    pub weight: u16,
    /// `lvs_method`, otherwise the service's.
    pub forward: Forward,
    /// `uthreshold`: connections from which it gets no new ones; zero for no limit.
    pub upper_threshold: u32,
    /// `lthreshold`: connections below which it gets new ones again; zero: three quarters of the upper one.
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: a failed server stays in the table with weight zero, so that its
    /// connections and persistence are kept.
    pub inhibit_on_failure: bool,
    /// `notify_up`: run when it comes up.
    pub notify_up: Option<Box<Script>>,
    /// `notify_down`: run when it goes down.
    pub notify_down: Option<Box<Script>>,
    /// `smtp_alert` here, or of `global_defs`, otherwise true: whether it is mailed that it comes up or
    /// goes down.
    pub smtp_alert: bool,
    /// All must succeed for the server to be up. None: it is always up.
    /// Most have one.
    pub checkers: SmallVec<[Checker; 1]>,
    /// Where its address was written.
    pub span: Place,
}

impl RealServer {
    /// Where a checker of this server connects to.
    #[must_use]
    pub fn target(&self, connection: &Connection) -> SocketAddr {
        let address = connection.address.unwrap_or(self.address);
        SocketAddr::new(address, connection.port.unwrap_or(self.port))
    }
}

/// `sorry_server IP PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SorryServer {
    /// The server's address.
    pub address: IpAddr,
    /// The server's port; the service's own if none was given, or unless it is NAT.
    pub port: u16,
    /// `sorry_server_lvs_method`, otherwise the service's.
    pub forward: Forward,
    /// `sorry_server_inhibit`: as [`RealServer::inhibit_on_failure`].
    pub inhibit: bool,
    /// Where its address was written.
    pub span: Place,
}

/// `protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// `TCP`.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
}

/// `lb_algo`: the kernel's scheduler for new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheduler {
    /// `rr`: one after the other.
    RoundRobin,
    /// `wrr`: one after the other, by weight.
    WeightedRoundRobin,
    /// `lc`: to whom has the fewest connections.
    LeastConnection,
    /// `wlc`: to whom has the fewest connections, by weight.
    WeightedLeastConnection,
    /// `lblc`: least connections, a destination staying with its server.
    LocalityBasedLeastConnection,
    /// `lblcr`: the same, with a set of servers for each destination.
    LocalityBasedLeastConnectionWithReplication,
    /// `sh`: by hash of the source address.
    SourceHashing,
    /// `mh`: by Maglev hash of the source address.
    MaglevHashing,
    /// `dh`: by hash of the destination address.
    DestinationHashing,
    /// `fo`: to the available server of greatest weight.
    WeightedFailover,
    /// `ovf`: to the server of greatest weight until it is full.
    WeightedOverflow,
    /// `sed`: shortest expected delay.
    ShortestExpectedDelay,
    /// `nq`: an idle server if there is one, else shortest expected delay.
    NeverQueue,
    /// `twos`: the better of two chosen at random.
    PowerOfTwo,
}

impl Scheduler {
    /// All schedulers by the name that keepalived, ipvsadm and the kernel give them.
    pub const ALL: [(&'static str, Self); 14] = [
        ("rr", Self::RoundRobin),
        ("wrr", Self::WeightedRoundRobin),
        ("lc", Self::LeastConnection),
        ("wlc", Self::WeightedLeastConnection),
        ("lblc", Self::LocalityBasedLeastConnection),
        ("lblcr", Self::LocalityBasedLeastConnectionWithReplication),
        ("sh", Self::SourceHashing),
        ("mh", Self::MaglevHashing),
        ("dh", Self::DestinationHashing),
        ("fo", Self::WeightedFailover),
        ("ovf", Self::WeightedOverflow),
        ("sed", Self::ShortestExpectedDelay),
        ("nq", Self::NeverQueue),
        ("twos", Self::PowerOfTwo),
    ];

    /// The kernel's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, scheduler)| *scheduler == self).map_or("", |(name, _)| name)
    }
}

/// `lb_kind`: how packets reach the real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forward {
    /// `NAT`: the director rewrites addresses; answers come back through it.
    Nat,
    /// `DR`: to the server's link-layer address; answers go straight to the client.
    DirectRouting,
    /// `TUN`: wrapped in a tunnel; answers go straight to the client.
    Tunnel(Tunnel),
}

/// The kind of tunnel of `lb_kind TUN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tunnel {
    /// `type ipip`, the default.
    Ipip,
    /// `type gue port N`.
    Gue {
        /// UDP port the real server listens on.
        port: u16,
        /// Checksum of the outer header.
        checksum: TunnelChecksum,
    },
    /// `type gre`; never with [`TunnelChecksum::Remote`].
    Gre {
        /// Checksum of the outer header.
        checksum: TunnelChecksum,
    },
}

/// `nocsum`, `csum`, `remcsum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TunnelChecksum {
    /// `nocsum`: none.
    #[default]
    None,
    /// `csum`: computed by the director.
    Computed,
    /// `remcsum`: offloaded to the receiver.
    Remote,
}

/// `ops` and the flags a scheduler understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ServiceFlags {
    /// `ops`: each UDP packet is scheduled by itself.
    pub one_packet: bool,
    /// `flag-1`; also `sh-fallback` and `mh-fallback`: choose another server if the hashed one is unavailable.
    pub flag_1: bool,
    /// `flag-2`; also `sh-port` and `mh-port`: hash the source port too.
    pub flag_2: bool,
    /// `flag-3`.
    pub flag_3: bool,
}

/// `persistence_timeout`, `persistence_granularity`, `persistence_engine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Persistence {
    /// How long a client stays with its server after its last connection.
    pub timeout: Duration,
    /// Clients that agree in these bits of their address count as one; of the family of the service.
    pub granularity: PersistenceMask,
    /// `persistence_engine`: what else than addresses clients are told apart by.
    pub engine: Option<PersistenceEngine>,
}

/// `persistence_engine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PersistenceEngine {
    /// `sip`: by the Call-ID of SIP.
    Sip,
}

/// Which part of a client's address persistence looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersistenceMask {
    /// The bits of an IPv4 address; not necessarily one run.
    V4(Ipv4Addr),
    /// The first bits of an IPv6 address: 1 to 128.
    V6(u8),
}
