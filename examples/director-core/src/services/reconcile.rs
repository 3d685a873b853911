//! From one model to the next: what was known of services, servers and checks goes on.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use steadfast_conf::Model;
use steadfast_conf::model::{Checker, Frontend, Protocol, RealServer, VirtualServer};

use super::{AskedWeight, Check, CheckId, Numbers, Occurrence, Server, Service, Services, rules};
use crate::pool::{Health, Pool};

/// What another model means for the checks that run.
#[derive(Debug, Default)]
pub struct Checks {
    /// Checks to be started.
    pub started: Vec<CheckId>,
    /// Checks that go on at other times.
    pub retimed: Vec<CheckId>,
    /// Checks to be ended.
    pub ended: Vec<CheckId>,
}

/// What an earlier run left of a server in the kernel's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Its service is not in there.
    Nothing,
    /// Its service is, but the server is not listed: it was down, most likely.
    Waiting,
    /// It is listed, and gets no new connections: those that it has go on.
    Idle,
    /// It is listed with weight, or with the weight 0 that it is to have.
    Serving,
}

impl Services {
    /// Takes over a model, the first or another. Services are known by their address, protocol and
    /// port, servers by their address and port, checks by all that they are: what was known before
    /// goes on as it was. `found` says what an earlier run left of a server in the kernel:
    /// it serves on, or waits, until checks of this run have judged it.
    ///
    /// Says what it means for the checks, which services gained or lost their quorum, those whose
    /// servers count as up until checked at once, and what goes down with its leaving the model.
    pub fn reconcile(
        &mut self,
        model: &Model,
        found: impl Fn(&VirtualServer, &RealServer) -> Found,
    ) -> (Checks, Vec<Occurrence>) {
        let mut former: Vec<_> = std::mem::take(&mut self.services).into_iter().map(Some).collect();
        let formerly_touched = std::mem::take(&mut self.touched);
        let positions: HashMap<_, _> = former
            .iter()
            .enumerate()
            .filter_map(|(at, service)| Some((identity(&service.as_ref()?.model), at)))
            .collect();
        let (mut checks, mut occurrences) = (Checks::default(), Vec::new());
        let servers_are_told = model.global.rs_init_notifies;
        for (at, model) in model.virtual_servers.iter().enumerate() {
            let before = positions.get(&identity(model)).copied();
            let former = before.and_then(|before| Some((before, former.get_mut(before)?.take()?)));
            let service = match former {
                Some((before, former)) if former.model == *model => {
                    if formerly_touched.contains(&before) {
                        self.touched.insert(at);
                    }
                    Service { model: Arc::clone(model), ..former }
                }
                other => {
                    let (service, told) = match other {
                        Some((_, former)) => self.change(former, model, &found, &mut checks),
                        None => self.begin(model, &found, servers_are_told, &mut checks),
                    };
                    occurrences.extend(told);
                    self.touched.insert(at);
                    service
                }
            };
            self.services.push(service);
        }
        for gone in former.into_iter().flatten() {
            occurrences.extend(gone.handle_end());
            checks.ended.extend(gone.check_ids());
            self.former.push(gone.model);
        }
        let services = self.services.iter().enumerate();
        self.positions = services.map(|(at, service)| (service.numbers.service, at)).collect();
        (checks, occurrences)
    }

    /// A service that was not there before.
    fn begin(
        &mut self,
        model: &Arc<VirtualServer>,
        found: impl Fn(&VirtualServer, &RealServer) -> Found,
        servers_are_told: bool,
        checks: &mut Checks,
    ) -> (Service, Vec<Occurrence>) {
        let mut numbers = Numbers { service: self.services_ever, checks_ever: 0 };
        self.services_ever += 1;
        let begin = |server| numbers.begin_server(server, found(model, server), checks);
        let servers: Vec<_> = model.real_servers.iter().map(begin).collect();
        // A server does not serve beside a sorry server.
        let serves = |(server, model): (&Server, &RealServer)| {
            server.found == Found::Serving && model.weight > 0
        };
        let any_serves = servers.iter().zip(&model.real_servers).any(serves);
        let pool = Pool::new(rules(model), any_serves && model.sorry_server.is_some());
        let mut service = Service { numbers, model: Arc::clone(model), servers, pool };
        let told = service.handle_start(servers_are_told);
        (service, told)
    }

    /// A service that is another than it was.
    fn change(
        &mut self,
        former: Service,
        model: &Arc<VirtualServer>,
        found: impl Fn(&VirtualServer, &RealServer) -> Found,
        checks: &mut Checks,
    ) -> (Service, Vec<Occurrence>) {
        let former_checks = former.check_ids();
        let Service { mut numbers, model: former, servers, mut pool } = former;
        pool.set_rules(rules(model));
        let known = former.real_servers.iter().zip(servers);
        let mut known: HashMap<_, _> =
            known.map(|(model, server)| (server_key(model), (model, server))).collect();
        let servers =
            model.real_servers.iter().map(|server| match known.remove(&server_key(server)) {
                Some((former, known)) => numbers.change_server(former, &known, server, checks),
                None => numbers.begin_server(server, found(model, server), checks),
            });
        let servers = servers.collect();
        let mut service = Service { numbers, model: Arc::clone(model), servers, pool };
        checks.ended.extend(former_checks.difference(&service.check_ids()));

        let gone = known.into_values().filter(|(_, server)| server.health() == Health::Up);
        let mut told: Vec<_> =
            gone.map(|(model, _)| service.server_occurrence(model, false)).collect();
        told.extend(service.update(false));
        self.former.push(former);
        (service, told)
    }
}

impl Numbers {
    fn begin_server(&mut self, model: &RealServer, found: Found, checks: &mut Checks) -> Server {
        let begin =
            |checker: &Checker| self.begin_check(untried(checker.rules.alpha, found), checks);
        Server { checks: model.checkers.iter().map(begin).collect(), found }
    }

    /// What a server was found to be it stays until a check that is new says otherwise.
    fn change_server(
        &mut self,
        former: &RealServer,
        known: &Server,
        model: &RealServer,
        checks: &mut Checks,
    ) -> Server {
        let mut kept: Vec<_> = former.checkers.iter().zip(&known.checks).collect();
        let health = known.health();
        let change = |checker: &Checker| {
            let same = |(former, _): &(&Checker, _)| former.probe == checker.probe;
            let Some(at) = kept.iter().position(same) else {
                return self.begin_check(health, checks);
            };
            let (former, check) = kept.swap_remove(at);
            if former != checker {
                checks.retimed.push(self.id(check));
            }
            *check
        };
        Server { checks: model.checkers.iter().map(change).collect(), found: known.found }
    }

    fn begin_check(&mut self, health: Health, checks: &mut Checks) -> Check {
        let check = Check { number: self.checks_ever, health, weight: AskedWeight::Configured };
        self.checks_ever += 1;
        checks.started.push(self.id(&check));
        check
    }
}

impl Service {
    fn check_ids(&self) -> BTreeSet<CheckId> {
        let checks = self.servers.iter().flat_map(|server| &server.checks);
        checks.map(|check| self.numbers.id(check)).collect()
    }
}

fn server_key(server: &RealServer) -> (IpAddr, u16) {
    (server.address, server.port)
}

fn untried(alpha: bool, found: Found) -> Health {
    match found {
        Found::Nothing | Found::Serving if !alpha => Health::Up,
        _ => Health::Unknown,
    }
}

/// What a virtual server is known by from one model to the next: of a group only the name.
fn identity(service: &VirtualServer) -> (Frontend, Protocol) {
    let frontend = match &service.frontend {
        Frontend::Group { name, .. } => Frontend::Group { name: name.clone(), members: Vec::new() },
        other => other.clone(),
    };
    (frontend, service.protocol)
}
