//! `ha_suspend`: servers are checked only where clients come to their service.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use steadfast_conf::model::{Frontend, GroupMember, VirtualServer};

use super::{CheckId, Services};
use crate::names::name;

/// Checks of one service that pause, or go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Their service, in words.
    pub service: String,
    /// Whether they pause: what is known of their servers stays.
    pub suspended: bool,
    /// The checks, and after how long each may go on.
    pub checks: Vec<(CheckId, Duration)>,
}

impl Services {
    /// This machine has these addresses now, and no others. Before that is first said, it has none.
    pub fn handle_addresses(&mut self, held: HashSet<IpAddr>) {
        self.held = held;
    }

    /// Whether a check pauses, as far as was asked.
    pub fn is_suspended(&self, id: CheckId) -> bool {
        self.suspended.contains(&id)
    }

    /// What pauses, or goes on, since this was asked the last time. Checks start unpaused.
    pub fn take_suspensions(&mut self) -> Vec<Suspension> {
        let before = std::mem::take(&mut self.suspended);
        let mut suspensions = Vec::new();
        for service in &self.services {
            let suspended = service.model.ha_suspend && !is_here(&service.model, &self.held);
            if !suspended && before.is_empty() {
                continue;
            }
            let mut changed = Vec::new();
            for (server, model) in service.servers.iter().zip(&service.model.real_servers) {
                for (check, checker) in server.checks.iter().zip(&model.checkers) {
                    let id = service.numbers.id(check);
                    if suspended {
                        self.suspended.insert(id);
                    }
                    if suspended != before.contains(&id) {
                        changed.push((id, checker.rules.warmup));
                    }
                }
            }
            if !changed.is_empty() {
                let service = name(&service.model);
                suspensions.push(Suspension { service, suspended, checks: changed });
            }
        }
        suspensions
    }
}

/// Whether clients may come here: of a group it is enough that one address is.
fn is_here(service: &VirtualServer, held: &HashSet<IpAddr>) -> bool {
    match &service.frontend {
        Frontend::Address { address, .. } => held.contains(address),
        Frontend::Group { members, .. } => members.iter().any(|member| match member {
            GroupMember::Addresses(range) => {
                range.addresses().any(|address| held.contains(&address))
            }
            GroupMember::FirewallMark(_) => false,
        }),
        // Marked packets have no address of their own.
        Frontend::FirewallMark(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use steadfast_conf::{Model, Style};

    use super::*;
    use crate::services::{Checks, Found};

    const HERE: [IpAddr; 1] = [IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 102))];

    fn model(frontend: &str, more: &str) -> Model {
        let text = format!(
            "virtual_server_group G {{\n 192.0.2.101-103 80\n}}\n\
             virtual_server {frontend} {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n {more}\n \
             real_server 10.0.0.1 80 {{ TCP_CHECK {{ warmup 3 }} }}\n}}"
        );
        let loaded = steadfast_conf::parse("test.conf", &text);
        let shown = loaded.render(Style::Plain);
        loaded.model.unwrap_or_else(|| panic!("{shown}"))
    }

    fn reconcile(services: &mut Services, model: &Model) -> Checks {
        services.reconcile(model, |_, _| Found::Nothing).0
    }

    /// What pauses and goes on, without words.
    fn taken(services: &mut Services) -> Vec<(bool, Vec<(CheckId, Duration)>)> {
        let taken = services.take_suspensions().into_iter();
        taken.map(|suspension| (suspension.suspended, suspension.checks)).collect()
    }

    #[test]
    fn checks_pause_while_the_address_of_their_service_is_not_here() {
        for frontend in ["192.0.2.102 80", "group G"] {
            let mut services = Services::default();
            let checks = reconcile(&mut services, &model(frontend, "ha_suspend"));
            let check = vec![(checks.started[0], Duration::from_secs(3))];
            assert_eq!(taken(&mut services), [(true, check.clone())]);
            assert_eq!(taken(&mut services), [], "it is said once");
            services.handle_addresses(HERE.into());
            assert_eq!(taken(&mut services), [(false, check.clone())]);
            services.handle_addresses(HashSet::new());
            assert_eq!(taken(&mut services), [(true, check)]);
        }
    }

    #[test]
    fn without_ha_suspend_checks_do_not_care_where_addresses_are() {
        let mut services = Services::default();
        reconcile(&mut services, &model("192.0.2.102 80", ""));
        assert_eq!(taken(&mut services), []);
        services.handle_addresses(HERE.into());
        assert_eq!(taken(&mut services), []);
    }

    #[test]
    fn checks_go_on_when_a_reload_takes_ha_suspend_away() {
        let mut services = Services::default();
        let checks = reconcile(&mut services, &model("192.0.2.102 80", "ha_suspend"));
        taken(&mut services);
        reconcile(&mut services, &model("192.0.2.102 80", ""));
        assert_eq!(
            taken(&mut services),
            [(false, vec![(checks.started[0], Duration::from_secs(3))])]
        );
    }

    #[test]
    fn a_check_that_comes_with_a_reload_pauses_like_the_others() {
        let mut services = Services::default();
        let model = model("192.0.2.102 80", "ha_suspend");
        reconcile(&mut services, &model);
        taken(&mut services);
        let mut more = model.clone();
        let mut server = more.virtual_servers[0].real_servers[0].clone();
        server.port = 81;
        Arc::make_mut(&mut more.virtual_servers[0]).real_servers.push(server);
        let new = reconcile(&mut services, &more).started[0];
        assert_eq!(taken(&mut services), [(true, vec![(new, Duration::from_secs(3))])]);
    }
}
