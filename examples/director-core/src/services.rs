//! The virtual servers: from what checks find to which server takes traffic.

mod reconcile;
mod suspension;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use smallvec::SmallVec;
use steadfast_conf::model::{Checker, RealServer, Script, SorryServer, VirtualServer};

use crate::names::{name, server_name};
use crate::notify::check_text;
use crate::pool::{Health, Listed, Member, Pool, QuorumChange, Rules, Standby};
use crate::status::{ServerStatus, ServiceStatus};

pub use reconcile::{Checks, Found};
pub use suspension::Suspension;

/// A check of a server, for as long as neither changes: a reload leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckId {
    /// Of all services that ever were.
    service: u32,
    /// Of all checks that the service ever had.
    number: u32,
}

/// What a check finds out about a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the server is well.
    pub up: bool,
    /// The weight that it should have, as far as this check is concerned.
    pub weight: AskedWeight,
}

/// A weight that a check asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AskedWeight {
    /// The configured one.
    #[default]
    Configured,
    /// This one (`misc_dynamic`).
    Exactly(u32),
    /// The configured one and so much (`FILE_CHECK`).
    More(i32),
}

impl AskedWeight {
    /// The difference to the configured weight.
    fn change(self, configured: u16) -> i64 {
        match self {
            Self::Configured => 0,
            Self::Exactly(weight) => i64::from(weight) - i64::from(configured),
            Self::More(change) => i64::from(change),
        }
    }
}

/// Something worth a line in the log, and perhaps a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// A server came up or went down.
    Server {
        /// The server, in words.
        server: String,
        /// Its service, in words.
        service: String,
        /// Up, or down.
        up: bool,
        /// `notify_up` or `notify_down`.
        script: Option<Script>,
    },
    /// A check of a server came to another judgement.
    Check {
        /// The server, in words.
        server: String,
        /// Its service, in words.
        service: String,
        /// What the check found, in keepalived's words.
        text: &'static str,
        /// What the server is now: up, or down.
        up: bool,
        /// Whether that has changed.
        changed: bool,
        /// Whether it may be mailed.
        alert: bool,
    },
    /// A service gained or lost its quorum.
    Quorum {
        /// The service in words.
        service: String,
        /// What happened.
        change: QuorumChange,
        /// The quorum that is needed.
        quorum: u32,
        /// By how much it must be passed.
        hysteresis: u32,
        /// Whether nothing was known of the service before.
        at_start: bool,
        /// `quorum_up` or `quorum_down`.
        script: Option<Script>,
        /// Whether it is mailed.
        alert: bool,
    },
}

/// All virtual servers of a model, and what is known of their servers.
#[derive(Debug, Default)]
pub struct Services {
    services: Vec<Service>,
    /// The position of each service, by its number.
    positions: HashMap<u32, usize>,
    services_ever: u32,
    /// Positions of services whose table entries may be other than they were.
    touched: BTreeSet<usize>,
    /// The addresses that this machine has.
    held: HashSet<IpAddr>,
    /// The checks that are known to pause.
    suspended: HashSet<CheckId>,
    /// What services were that are another now, or no more, since that was asked the last time.
    former: Vec<Arc<VirtualServer>>,
}

#[derive(Debug)]
struct Service {
    numbers: Numbers,
    model: Arc<VirtualServer>,
    servers: Vec<Server>,
    pool: Pool,
}

/// The number of a service, and of its checks.
#[derive(Debug)]
struct Numbers {
    service: u32,
    checks_ever: u32,
}

#[derive(Debug)]
struct Server {
    /// One for each of the model's checkers; most have one.
    checks: SmallVec<[Check; 1]>,
    /// What an earlier run had left of it.
    found: Found,
}

#[derive(Debug, Clone, Copy)]
struct Check {
    number: u32,
    health: Health,
    weight: AskedWeight,
}

impl Services {
    /// A check came to a judgement, or asks for another weight.
    pub fn handle_check(&mut self, id: CheckId, judgement: Judgement) -> Vec<Occurrence> {
        let Some(&at) = self.positions.get(&id.service) else { return Vec::new() };
        let Some(service) = self.services.get_mut(at) else { return Vec::new() };
        let Some((server, check)) = service.place(id) else { return Vec::new() };
        self.touched.insert(at);
        service.handle_check(server, check, judgement)
    }

    /// The virtual servers that something happened to since this was asked the last time, and what
    /// the kernel should list for each.
    pub fn take_touched(&mut self) -> impl Iterator<Item = (&VirtualServer, Listed)> {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().filter_map(|at| self.services.get(at)).map(Service::listed)
    }

    /// What virtual servers were that are another now, or no more, since this was asked the last time.
    pub fn take_former(&mut self) -> Vec<Arc<VirtualServer>> {
        std::mem::take(&mut self.former)
    }

    /// What a check is, and of which server.
    pub fn checker(&self, id: CheckId) -> Option<(&RealServer, &Checker)> {
        let (service, server, check) = self.place(id)?;
        let server = service.model.real_servers.get(server)?;
        Some((server, server.checkers.get(check)?))
    }

    /// All checks: what they are, and of which servers.
    pub fn checkers(&self) -> impl Iterator<Item = (CheckId, (&RealServer, &Checker))> {
        self.services.iter().flat_map(|service| {
            let servers = service.servers.iter().zip(&service.model.real_servers);
            servers.flat_map(move |(server, model)| {
                let checks = server.checks.iter().zip(&model.checkers);
                checks.map(move |(check, checker)| (service.numbers.id(check), (model, checker)))
            })
        })
    }

    /// The service of a check, and the positions of its server and of itself.
    fn place(&self, id: CheckId) -> Option<(&Service, usize, usize)> {
        let service = self.services.get(*self.positions.get(&id.service)?)?;
        let (server, check) = service.place(id)?;
        Some((service, server, check))
    }

    /// The virtual servers, and what the kernel should list for each.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> impl Iterator<Item = (&VirtualServer, Listed)> {
        self.services.iter().map(Service::listed)
    }

    /// The server that a check is of, in words.
    pub fn name_of(&self, id: CheckId) -> String {
        let server = self.place(id).and_then(|(service, server, _)| {
            Some((&service.model, service.model.real_servers.get(server)?))
        });
        server.map_or_else(String::new, |(service, server)| {
            format!("{} of {}", server_name(service, server), name(service))
        })
    }

    /// How things stand, in the order of the file.
    pub fn status(&self) -> Vec<ServiceStatus> {
        self.services.iter().map(Service::status).collect()
    }

    /// What is told of services and servers that end although they are up, because the director
    /// does: only of those with `omega`. It is not mailed: keepalived does not live to do it.
    pub fn handle_end(&self) -> Vec<Occurrence> {
        let ending = self.services.iter().filter(|service| service.model.omega);
        ending.flat_map(Service::handle_end).collect()
    }
}

impl Service {
    fn place(&self, id: CheckId) -> Option<(usize, usize)> {
        self.servers.iter().enumerate().find_map(|(server_at, server)| {
            let check_at = server.checks.iter().position(|check| check.number == id.number)?;
            Some((server_at, check_at))
        })
    }

    fn handle_check(
        &mut self,
        server_at: usize,
        check_at: usize,
        judgement: Judgement,
    ) -> Vec<Occurrence> {
        let Some(server) = self.servers.get_mut(server_at) else { return Vec::new() };
        let before = server.health();
        let Some(check) = server.checks.get_mut(check_at) else { return Vec::new() };
        let judged = if judgement.up { Health::Up } else { Health::Down };
        let was = check.health;
        (check.health, check.weight) = (judged, judgement.weight);
        let after = server.health();
        let Some(model) = self.model.real_servers.get(server_at) else { return Vec::new() };
        let is_up = after == Health::Up;
        let is_news = |before, after| after != Health::Unknown && before != after;
        let changed = is_news(before, after);
        let server = changed.then(|| self.server_occurrence(model, is_up));
        let checker = model.checkers.get(check_at).filter(|_| is_news(was, judged));
        let check = checker.map(|checker| Occurrence::Check {
            server: server_name(&self.model, model),
            service: name(&self.model),
            text: check_text(&checker.probe, judgement.up),
            up: is_up,
            changed,
            alert: model.smtp_alert,
        });
        server.into_iter().chain(check).chain(self.update(false)).collect()
    }

    fn server_occurrence(&self, server: &RealServer, up: bool) -> Occurrence {
        let script = if up { &server.notify_up } else { &server.notify_down };
        Occurrence::Server {
            server: server_name(&self.model, server),
            service: name(&self.model),
            up,
            script: script.as_deref().cloned(),
        }
    }

    /// Servers that count as up until they are checked are up from the start.
    fn handle_start(&mut self, servers_are_told: bool) -> Vec<Occurrence> {
        let members = self.members().into_iter().zip(&self.model.real_servers);
        let up = members.filter(|(member, _)| servers_are_told && member.health == Health::Up);
        let servers: Vec<_> = up.map(|(_, model)| self.server_occurrence(model, true)).collect();
        let quorum = self.update(true).or_else(|| {
            // keepalived's rule: who waits for servers behind a sorry server has lost the quorum.
            let down = !self.pool.has_quorum() && self.model.sorry_server.is_some();
            let weight = self.pool.weight(&self.members());
            let change = QuorumChange { has_quorum: false, weight };
            down.then(|| self.quorum_occurrence(change, true, self.model.smtp_alert))
        });
        servers.into_iter().chain(quorum).collect()
    }

    fn handle_end(&self) -> Vec<Occurrence> {
        let members = self.members().into_iter().zip(&self.model.real_servers);
        let up = members.filter(|(member, _)| member.health == Health::Up);
        let servers = up.map(|(_, model)| self.server_occurrence(model, false));
        let lost = QuorumChange { has_quorum: false, weight: 0 };
        let quorum = self.pool.has_quorum().then(|| self.quorum_occurrence(lost, false, false));
        servers.chain(quorum).collect()
    }

    fn update(&mut self, at_start: bool) -> Option<Occurrence> {
        let change = self.pool.update(&self.members())?;
        Some(self.quorum_occurrence(change, at_start, self.model.smtp_alert))
    }

    fn quorum_occurrence(&self, change: QuorumChange, at_start: bool, alert: bool) -> Occurrence {
        let model = &self.model;
        let script = if change.has_quorum { &model.quorum_up } else { &model.quorum_down };
        Occurrence::Quorum {
            service: name(model),
            change,
            quorum: model.quorum.get(),
            hysteresis: model.hysteresis,
            at_start,
            script: script.as_deref().cloned(),
            alert,
        }
    }

    fn listed(&self) -> (&VirtualServer, Listed) {
        (&self.model, self.pool.listed(&self.members()))
    }

    fn status(&self) -> ServiceStatus {
        let members = self.members();
        let Listed { members: listed, sorry } = self.pool.listed(&members);
        let servers = self.model.real_servers.iter().zip(members).zip(listed);
        let servers = servers.map(|((server, member), listed)| ServerStatus {
            name: server_name(&self.model, server),
            health: member.health,
            weight: member.weight,
            listed,
        });
        ServiceStatus {
            name: name(&self.model),
            has_quorum: self.pool.has_quorum(),
            quorum: self.model.quorum.get(),
            sorry_server_serves: sorry.is_some_and(|weight| weight > 0),
            servers: servers.collect(),
        }
    }

    fn members(&self) -> Vec<Member> {
        let pairs = self.servers.iter().zip(&self.model.real_servers);
        let member = |(server, model): (&Server, &RealServer)| {
            let health = server.health();
            // Until it is judged it keeps the connections that it was left with.
            let keeps = health == Health::Unknown && server.found == Found::Idle;
            Member {
                weight: server.weight(model.weight),
                on_failure: standby(model.inhibit_on_failure || keeps),
                health,
                in_place: server.found == Found::Serving,
            }
        };
        pairs.map(member).collect()
    }
}

impl Numbers {
    fn id(&self, check: &Check) -> CheckId {
        CheckId { service: self.service, number: check.number }
    }
}

impl Server {
    /// The configured weight and what all checks make of it, within keepalived's bounds.
    fn weight(&self, configured: u16) -> u32 {
        let changes = self.checks.iter().map(|check| check.weight.change(configured));
        let sum = changes.fold(i64::from(configured), i64::saturating_add);
        u32::from(u16::try_from(sum.max(0)).unwrap_or(u16::MAX))
    }

    /// All checks must find it well; without any it is.
    fn health(&self) -> Health {
        let any = |health| self.checks.iter().any(|check| check.health == health);
        if any(Health::Down) {
            Health::Down
        } else if any(Health::Unknown) {
            Health::Unknown
        } else {
            Health::Up
        }
    }
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

#[cfg(test)]
mod tests;
