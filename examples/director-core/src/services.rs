//! The virtual servers: from what checks find to which server takes traffic.

use steadfast_conf::Model;
use steadfast_conf::model::{RealServer, Script, SorryServer, VirtualServer};

use crate::pool::{Health, Listed, Member, Pool, QuorumChange, Rules, Standby};

/// Which check: of which server of which virtual server, all by position in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckId {
    /// Position in [`Model::virtual_servers`].
    pub service: usize,
    /// Position in [`VirtualServer::real_servers`].
    pub server: usize,
    /// Position in [`RealServer::checkers`].
    pub check: usize,
}

/// Something worth a line in the log, and perhaps a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// A server came up or went down.
    Server {
        /// The service and the server, in words.
        name: String,
        /// Up, or down.
        up: bool,
        /// `notify_up` or `notify_down`.
        script: Option<Script>,
    },
    /// A service gained or lost its quorum.
    Quorum {
        /// The service in words.
        name: String,
        /// What happened.
        change: QuorumChange,
        /// The quorum that is needed.
        quorum: u32,
        /// `quorum_up` or `quorum_down`.
        script: Option<Script>,
    },
}

/// All virtual servers of a model, and what is known of their servers.
#[derive(Debug)]
pub struct Services {
    services: Vec<Service>,
}

#[derive(Debug)]
struct Service {
    model: VirtualServer,
    servers: Vec<Server>,
    pool: Pool,
}

#[derive(Debug)]
struct Server {
    /// One for each check.
    checks: Vec<Health>,
    in_place: bool,
}

impl Services {
    /// Nothing has been checked yet. `in_place` says which servers the kernel lists with weight:
    /// left by an earlier run, they serve on until checks of this run have judged them.
    pub fn new(model: &Model, in_place: impl Fn(&VirtualServer, &RealServer) -> bool) -> Self {
        let services = model.virtual_servers.iter().map(|model| {
            let servers = model.real_servers.iter().map(|server| Server {
                checks: server.checkers.iter().map(|check| untried(check.alpha)).collect(),
                in_place: in_place(model, server),
            });
            Service {
                servers: servers.collect(),
                pool: Pool::new(rules(model)),
                model: model.clone(),
            }
        });
        Self { services: services.collect() }
    }

    /// Looks at the pools for the first time: those whose servers count as up until checked have
    /// their quorum at once.
    pub fn handle_startup(&mut self) -> Vec<Occurrence> {
        self.services.iter_mut().filter_map(Service::update).collect()
    }

    /// A check came to a judgement.
    pub fn handle_check(&mut self, id: CheckId, up: bool) -> Vec<Occurrence> {
        self.services.get_mut(id.service).map_or_else(Vec::new, |s| s.handle_check(id, up))
    }

    /// The virtual servers, and what the kernel should list for each.
    pub fn listed(&self) -> impl Iterator<Item = (&VirtualServer, Listed)> {
        self.services
            .iter()
            .map(|service| (&service.model, service.pool.listed(&service.members())))
    }

    /// The server that a check is of, in words.
    pub fn name_of(&self, id: CheckId) -> String {
        let service = self.services.get(id.service).map(|service| &service.model);
        let server = service.and_then(|s| Some((s, s.real_servers.get(id.server)?)));
        server.map_or_else(String::new, |(service, server)| {
            format!("{} of {}", server_name(service, server), name(service))
        })
    }

    /// The scripts of services and servers that end although they are up, because the director
    /// does: only of those with `omega`.
    pub fn omega_scripts(&self) -> Vec<Script> {
        let ending = self.services.iter().filter(|service| service.model.omega);
        ending
            .flat_map(|service| {
                let up = service.members().into_iter().zip(&service.model.real_servers);
                let servers = up
                    .filter(|(member, _)| member.health == Health::Up)
                    .filter_map(|(_, server)| server.notify_down.clone());
                let quorum = service.pool.has_quorum().then(|| service.model.quorum_down.clone());
                servers.chain(quorum.flatten()).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Service {
    fn handle_check(&mut self, id: CheckId, up: bool) -> Vec<Occurrence> {
        let Some(server) = self.servers.get_mut(id.server) else { return Vec::new() };
        let before = server.health();
        if let Some(check) = server.checks.get_mut(id.check) {
            *check = if up { Health::Up } else { Health::Down };
        }
        let after = server.health();
        let Some(model) = self.model.real_servers.get(id.server) else { return Vec::new() };
        let changed = (before != after && after != Health::Unknown).then(|| {
            let up = after == Health::Up;
            let script = if up { &model.notify_up } else { &model.notify_down };
            let name = format!("{} of {}", server_name(&self.model, model), name(&self.model));
            Occurrence::Server { name, up, script: script.clone() }
        });
        changed.into_iter().chain(self.update()).collect()
    }

    fn update(&mut self) -> Option<Occurrence> {
        let change = self.pool.update(&self.members())?;
        let model = &self.model;
        let script = if change.has_quorum { &model.quorum_up } else { &model.quorum_down };
        Some(Occurrence::Quorum {
            name: name(model),
            change,
            quorum: model.quorum.get(),
            script: script.clone(),
        })
    }

    fn members(&self) -> Vec<Member> {
        let pairs = self.servers.iter().zip(&self.model.real_servers);
        let member = |(server, model): (&Server, &RealServer)| Member {
            weight: u32::from(model.weight),
            on_failure: standby(model.inhibit_on_failure),
            health: server.health(),
            in_place: server.in_place,
        };
        pairs.map(member).collect()
    }
}

impl Server {
    /// All checks must find it well; without any it is.
    fn health(&self) -> Health {
        if self.checks.contains(&Health::Down) {
            Health::Down
        } else if self.checks.contains(&Health::Unknown) {
            Health::Unknown
        } else {
            Health::Up
        }
    }
}

fn untried(alpha: bool) -> Health {
    if alpha { Health::Unknown } else { Health::Up }
}

fn standby(inhibit: bool) -> Standby {
    if inhibit { Standby::Inhibited } else { Standby::Removed }
}

fn rules(model: &VirtualServer) -> Rules {
    let sorry = |sorry: &SorryServer| standby(sorry.inhibit);
    Rules {
        quorum: model.quorum.get(),
        hysteresis: model.hysteresis,
        sorry: model.sorry_server.as_ref().map(sorry),
    }
}

/// A virtual server as keepalived's messages name it: `[192.0.2.1]:tcp:80`.
pub fn name(service: &VirtualServer) -> String {
    named(service.address, service.protocol, service.port)
}

/// A real server as keepalived's messages name it.
pub fn server_name(service: &VirtualServer, server: &RealServer) -> String {
    named(server.address, service.protocol, server.port)
}

fn named(
    address: std::net::IpAddr,
    protocol: steadfast_conf::model::Protocol,
    port: u16,
) -> String {
    use steadfast_conf::model::Protocol;
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    format!("[{address}]:{protocol}:{port}")
}
