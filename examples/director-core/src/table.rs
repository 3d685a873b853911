//! The IPVS table that the kernel should have.

use std::collections::HashSet;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;

use steadfast_conf::Model;
use steadfast_conf::model::{
    Family, FirewallMark, Forward, Frontend, GroupMember, PersistenceEngine, PersistenceMask,
    Protocol, RealServer, ServiceFlags, SorryServer, Tunnel, TunnelChecksum, VirtualServer,
};
use steadfast_ipvs::{
    self as ipvs, Destination, DestinationKey, Entry, ForwardMethod, InvalidDestination,
    InvalidPersistence, InvalidScheduler, InvalidService, InvalidThresholds, InvalidWeight,
    Netmask, Persistence, Scheduler, Service, ServiceKey, Table, Thresholds, Weight,
};

use crate::names::{name, server_name};
use crate::pool::Listed;
use crate::services::{Found, Services};

/// A virtual or real server that the kernel's table cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("{object}: {reason}")]
pub struct TableError {
    /// Which one.
    pub object: String,
    /// Why not.
    pub reason: Reason,
}

/// Why something cannot be in the kernel's table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// `lb_algo`.
    #[error(transparent)]
    Scheduler(#[from] InvalidScheduler),
    /// `persistence_timeout`, `persistence_granularity`.
    #[error(transparent)]
    Persistence(#[from] InvalidPersistence),
    /// `weight`.
    #[error(transparent)]
    Weight(#[from] InvalidWeight),
    /// `uthreshold`, `lthreshold`.
    #[error(transparent)]
    Thresholds(#[from] InvalidThresholds),
    /// `lb_kind TUN type gue port`.
    #[error("a GUE tunnel needs a port other than 0")]
    TunnelPort,
    /// The service with its address and port.
    #[error(transparent)]
    Service(#[from] InvalidService),
    /// The server with its address and port.
    #[error(transparent)]
    Destination(#[from] InvalidDestination),
}

/// What the kernel's table has of a server.
pub fn found(table: &Table, service: &VirtualServer, server: &RealServer) -> Found {
    let keys = keys(service);
    let mut entries = keys.iter().filter_map(|key| Some((key, table.get(key)?))).peekable();
    if entries.peek().is_none() {
        return Found::Nothing;
    }
    let weights = entries.filter_map(|(key, entry)| {
        let at = destination_key(server.address, server.port, server.forward, key);
        Some(entry.destination(&at)?.weight)
    });
    match weights.max() {
        None => Found::Waiting,
        Some(Weight::ZERO) if server.weight > 0 => Found::Idle,
        Some(_) => Found::Serving,
    }
}

/// The services of a model that the kernel's table cannot hold, and why. It can hold those that are
/// shared with the current model.
pub fn unfit<'m>(model: &'m Model, current: &Model) -> Vec<(&'m VirtualServer, TableError)> {
    let held: HashSet<_> = current.virtual_servers.iter().map(Arc::as_ptr).collect();
    let new = model.virtual_servers.iter().filter(|service| !held.contains(&Arc::as_ptr(service)));
    new.filter_map(|service| Some((&**service, fits(service).err()?))).collect()
}

/// Whether the table can hold a service, whichever of its servers are to be in there.
fn fits(service: &VirtualServer) -> Result<(), TableError> {
    let members = service.real_servers.iter().map(|server| Some(server.weight.into())).collect();
    entries(service, &Listed { members, sorry: Some(1) }).map(drop)
}

/// What of the kernel's table may be other than it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Services that should not be there any more.
    pub gone: Vec<ServiceKey>,
    /// Services that should be like this.
    pub entries: Vec<Entry>,
}

/// What of that table may have changed since this was asked the last time.
///
/// # Errors
///
/// When the kernel's model has a rule that the configuration's own checks do not have.
pub fn touched(services: &mut Services) -> Result<Touched, TableError> {
    let former = services.take_former();
    let touched: Result<Vec<_>, _> =
        services.take_touched().map(|(model, listed)| entries(model, &listed)).collect();
    let entries: Vec<_> = touched?.into_iter().flatten().collect();
    let there: HashSet<_> = entries.iter().map(|entry| *entry.key()).collect();
    let gone = former.iter().flat_map(|model| keys(model)).filter(|key| !there.contains(key));
    Ok(Touched { gone: gone.collect(), entries })
}

/// One for each address or mark of a virtual server.
fn entries(model: &VirtualServer, listed: &Listed) -> Result<Vec<Entry>, TableError> {
    let failed = |reason| TableError { object: name(model), reason };
    let service = service(model).map_err(failed)?;
    let mut servers = Vec::with_capacity(model.real_servers.len());
    for (server, weight) in model.real_servers.iter().zip(&listed.members) {
        let Some(weight) = weight else { continue };
        let failed = |reason| {
            let object = format!("{} of {}", server_name(model, server), name(model));
            TableError { object, reason }
        };
        servers.push((server, destination(server, *weight).map_err(failed)?));
    }
    let sorry = model.sorry_server.as_ref().zip(listed.sorry).map(|(sorry, weight)| {
        sorry_destination(sorry, weight).map_err(failed).map(|destination| (sorry, destination))
    });
    let sorry = sorry.transpose()?;
    let entry = |key| {
        let mut entry = Entry::new(key, service.clone()).map_err(|error| failed(error.into()))?;
        for (server, destination) in &servers {
            let at = destination_key(server.address, server.port, server.forward, &key);
            let failed = |reason| {
                let object = format!("{} of {}", server_name(model, server), name(model));
                TableError { object, reason }
            };
            entry.insert(at, *destination).map_err(|error| failed(error.into()))?;
        }
        if let Some((sorry, destination)) = sorry {
            let at = destination_key(sorry.address, sorry.port, sorry.forward, &key);
            // It may be one of the servers: while it waits as a sorry server, it is one of them.
            if destination.weight > Weight::ZERO || entry.destination(&at).is_none() {
                entry.insert(at, destination).map_err(|error| failed(error.into()))?;
            }
        }
        Ok(entry)
    };
    keys(model).into_iter().map(entry).collect()
}

/// Only NAT can change the port of a packet.
fn destination_key(
    address: IpAddr,
    port: u16,
    forward: Forward,
    service: &ServiceKey,
) -> DestinationKey {
    let port = match (forward, service) {
        (Forward::Nat, _) if port != 0 => port,
        (_, ServiceKey::Address { port, .. }) => *port,
        (_, ServiceKey::FirewallMark { .. }) => 0,
    };
    DestinationKey { address, port }
}

/// What the kernel knows a virtual server by: of a group, each address and mark, once.
pub fn keys(service: &VirtualServer) -> Vec<ServiceKey> {
    let protocol = match service.protocol {
        Protocol::Tcp => ipvs::Protocol::Tcp,
        Protocol::Udp => ipvs::Protocol::Udp,
        Protocol::Sctp => ipvs::Protocol::Sctp,
    };
    let address = |address, port| ServiceKey::Address { protocol, address, port };
    let mark = |&FirewallMark { mark, family }: &FirewallMark| ServiceKey::FirewallMark {
        mark,
        family: match family {
            Family::Ipv4 => ipvs::Family::Ipv4,
            Family::Ipv6 => ipvs::Family::Ipv6,
        },
    };
    match &service.frontend {
        Frontend::Address { address: at, port } => vec![address(*at, *port)],
        Frontend::FirewallMark(found) => vec![mark(found)],
        Frontend::Group { members, .. } => {
            let mut keys = Vec::new();
            for member in members {
                match member {
                    GroupMember::FirewallMark(found) => keys.push(mark(found)),
                    GroupMember::Addresses(range) => {
                        keys.extend(range.addresses().map(|at| address(at, range.port())));
                    }
                }
            }
            let mut seen = HashSet::with_capacity(keys.len());
            keys.retain(|key| seen.insert(*key));
            keys
        }
    }
}

fn service(model: &VirtualServer) -> Result<Service, Reason> {
    let ServiceFlags { one_packet, flag_1, flag_2, flag_3 } = model.flags;
    let persistence = model.persistence.map(|persistence| {
        let netmask = match persistence.granularity {
            PersistenceMask::V4(mask) => Netmask::V4(mask),
            PersistenceMask::V6(prefix) => Netmask::V6(prefix),
        };
        Persistence::new(persistence.timeout, netmask)
    });
    let engine = model.persistence.and_then(|persistence| persistence.engine);
    Ok(Service {
        scheduler: model.scheduler.name().parse::<Scheduler>()?,
        flags: ipvs::ServiceFlags {
            one_packet,
            scheduler_1: flag_1,
            scheduler_2: flag_2,
            scheduler_3: flag_3,
        },
        persistence: persistence.transpose()?,
        engine: match engine {
            Some(PersistenceEngine::Sip) => Some(ipvs::PersistenceEngine::SIP),
            Some(_) | None => None,
        },
    })
}

fn destination(server: &RealServer, weight: u32) -> Result<Destination, Reason> {
    Ok(Destination {
        forward: forward(server.forward)?,
        weight: Weight::new(weight)?,
        thresholds: Thresholds::new(server.upper_threshold, server.lower_threshold)?,
    })
}

fn sorry_destination(sorry: &SorryServer, weight: u32) -> Result<Destination, Reason> {
    Ok(Destination::new(forward(sorry.forward)?, Weight::new(weight)?))
}

fn forward(method: Forward) -> Result<ForwardMethod, Reason> {
    let checksum = |checksum| match checksum {
        TunnelChecksum::None => ipvs::TunnelChecksum::None,
        TunnelChecksum::Computed => ipvs::TunnelChecksum::Computed,
        TunnelChecksum::Remote => ipvs::TunnelChecksum::Remote,
    };
    Ok(match method {
        Forward::Nat => ForwardMethod::Masquerade,
        Forward::DirectRouting => ForwardMethod::DirectRoute,
        Forward::Tunnel(Tunnel::Ipip) => ForwardMethod::Tunnel(ipvs::Tunnel::Ipip),
        Forward::Tunnel(Tunnel::Gue { port, checksum: kind }) => {
            let port = NonZeroU16::new(port).ok_or(Reason::TunnelPort)?;
            ForwardMethod::Tunnel(ipvs::Tunnel::Gue { port, checksum: checksum(kind) })
        }
        Forward::Tunnel(Tunnel::Gre { checksum: kind }) => {
            ForwardMethod::Tunnel(ipvs::Tunnel::Gre { checksum: checksum(kind) })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::{AskedWeight, Checks, Found, Judgement};

    const TEXT: &str = "
        virtual_server 192.0.2.100 80 {
            lb_algo wrr
            lb_kind DR
            protocol TCP
            persistence_timeout 60
            sorry_server 127.0.0.1 80
            real_server 192.0.2.1 80 {
                weight 3
                TCP_CHECK { connect_timeout 1 }
            }
            real_server 192.0.2.2 80 {
                weight 2
                inhibit_on_failure
                TCP_CHECK { connect_timeout 1 }
            }
        }
    ";

    fn services() -> (Services, Checks) {
        services_of(TEXT)
    }

    /// The table that the kernel should have, as things are.
    fn desired(services: &Services) -> Result<Table, TableError> {
        let listed = services.listed().map(|(model, listed)| entries(model, &listed));
        Ok(listed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn services_of(text: &str) -> (Services, Checks) {
        let loaded = steadfast_conf::parse("test.conf", text);
        let model = loaded.model.as_ref().unwrap_or_else(|| {
            panic!("{}", loaded.render(steadfast_conf::Style::Plain));
        });
        let mut services = Services::default();
        let (checks, _) = services.reconcile(model, |_, _| Found::Nothing);
        (services, checks)
    }

    fn listed(services: &Services) -> Vec<String> {
        let table = desired(services).unwrap();
        let servers = table.iter().next().unwrap().destinations().iter();
        servers.map(|(key, destination)| format!("{key} {destination}")).collect()
    }

    fn down(services: &mut Services, checks: &Checks, server: usize) {
        services.handle_check(
            checks.started[server],
            Judgement { up: false, weight: AskedWeight::Configured },
        );
    }

    #[test]
    fn a_service_is_as_configured() {
        let table = desired(&services().0).unwrap();
        let entry = table.iter().next().unwrap();
        assert_eq!(entry.key().to_string(), "192.0.2.100:80/tcp");
        assert_eq!(entry.service().to_string(), "wrr persistent 60");
    }

    #[test]
    fn servers_that_are_up_are_listed_with_their_weights() {
        let expected = ["192.0.2.1:80 Route, weight 3", "192.0.2.2:80 Route, weight 2"];
        assert_eq!(listed(&services().0), expected);
    }

    #[test]
    fn a_failed_server_leaves_and_an_inhibited_one_gets_weight_0() {
        let (mut services, checks) = services();
        down(&mut services, &checks, 1);
        let expected = ["192.0.2.1:80 Route, weight 3", "192.0.2.2:80 Route, weight 0"];
        assert_eq!(listed(&services), expected);
    }

    #[test]
    fn the_sorry_server_steps_in_when_all_have_failed() {
        let (mut services, checks) = services();
        down(&mut services, &checks, 0);
        down(&mut services, &checks, 1);
        let expected = ["127.0.0.1:80 Route, weight 1", "192.0.2.2:80 Route, weight 0"];
        assert_eq!(listed(&services), expected);
    }

    #[test]
    fn a_server_is_found_as_an_earlier_run_left_it() {
        let found_for = |listed: &str, weight: &str| {
            let model = |weight| {
                let text = TEXT.replace("weight 3", weight);
                steadfast_conf::parse("test.conf", &text).model.unwrap()
            };
            let mut services = Services::default();
            services.reconcile(&model(listed), |_, _| Found::Nothing);
            let service = &model(weight).virtual_servers[0];
            found(&desired(&services).unwrap(), service, &service.real_servers[0])
        };
        assert_eq!(found_for("weight 3", "weight 3"), Found::Serving);
        assert_eq!(found_for("weight 0", "weight 3"), Found::Idle);
        assert_eq!(found_for("weight 0", "weight 0"), Found::Serving, "it drains");
    }

    #[test]
    fn a_sorry_server_that_waits_is_as_good_a_server_as_any_other() {
        let text = TEXT.replace(
            "sorry_server 127.0.0.1 80",
            "sorry_server 192.0.2.1 80\nsorry_server_inhibit",
        );
        let (mut services, checks) = services_of(&text);
        let expected = ["192.0.2.1:80 Route, weight 3", "192.0.2.2:80 Route, weight 2"];
        assert_eq!(listed(&services), expected);
        down(&mut services, &checks, 0);
        down(&mut services, &checks, 1);
        let expected = ["192.0.2.1:80 Route, weight 1", "192.0.2.2:80 Route, weight 0"];
        assert_eq!(listed(&services), expected);
    }

    #[test]
    fn a_sorry_server_that_the_table_cannot_hold_is_refused_although_it_waits() {
        let text = TEXT.replace("127.0.0.1", "224.0.0.1");
        let model = steadfast_conf::parse("test.conf", &text).model.unwrap();
        let refused = unfit(&model, &Model::default()).remove(0).1.to_string();
        assert!(refused.ends_with("its address is not unicast"), "{refused}");
        assert!(unfit(&model, &model).is_empty(), "it is not looked at again");
    }

    fn table(text: &str) -> Vec<String> {
        let model = steadfast_conf::parse("test.conf", text).model.unwrap();
        let mut services = Services::default();
        services.reconcile(&model, |_, _| Found::Nothing);
        let table = desired(&services).unwrap();
        let lines = table.iter().flat_map(|entry| {
            let servers = entry.destinations().iter();
            servers.map(move |(server, _)| format!("{} -> {server}", entry.key()))
        });
        lines.collect()
    }

    const GROUP: &str = "
        virtual_server_group web {
            192.0.2.100-101 80
            192.0.2.100 81
            fwmark 7
        }
        virtual_server group web {
            lb_algo rr
            lb_kind DR
            protocol TCP
            real_server 192.0.2.1 { }
        }
    ";

    #[test]
    fn a_group_is_a_service_for_each_of_its_addresses_and_marks() {
        let expected = [
            "192.0.2.100:80/tcp -> 192.0.2.1:80",
            "192.0.2.100:81/tcp -> 192.0.2.1:81",
            "192.0.2.101:80/tcp -> 192.0.2.1:80",
            "fwmark 7 -> 192.0.2.1:0",
        ];
        assert_eq!(table(GROUP), expected);
    }

    #[test]
    fn what_the_lines_of_a_group_repeat_is_one_service() {
        let text = GROUP.replace("fwmark 7", "fwmark 7\nfwmark 7\n192.0.2.100/30 80");
        let mut services = services_of(&text).0;
        let entries = touched(&mut services).unwrap().entries;
        let keys: Vec<_> = entries.iter().map(|entry| entry.key().to_string()).collect();
        let expected = [
            "192.0.2.100:80/tcp",
            "192.0.2.101:80/tcp",
            "192.0.2.100:81/tcp",
            "192.0.2.102:80/tcp",
            "192.0.2.103:80/tcp",
            "fwmark 7",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn nat_takes_all_addresses_of_a_group_to_the_port_of_a_server() {
        let text = GROUP.replace("DR", "NAT").replace("192.0.2.1 {", "192.0.2.1 8080 {");
        assert!(table(&text).iter().all(|line| line.ends_with("-> 192.0.2.1:8080")));
    }

    #[test]
    fn addresses_that_leave_a_group_with_a_reload_are_gone() {
        let model = |text: &str| steadfast_conf::parse("test.conf", text).model.unwrap();
        let mut services = Services::default();
        services.reconcile(&model(GROUP), |_, _| Found::Nothing);
        assert_eq!(touched(&mut services).unwrap().gone, []);
        let fewer = GROUP.replace("192.0.2.100-101 80", "192.0.2.101 80");
        services.reconcile(&model(&fewer), |_, _| Found::Nothing);
        let Touched { gone, entries } = touched(&mut services).unwrap();
        let gone: Vec<_> = gone.iter().map(ToString::to_string).collect();
        assert_eq!((gone, entries.len()), (vec!["192.0.2.100:80/tcp".to_owned()], 3));
        services.reconcile(&Model::default(), |_, _| Found::Nothing);
        let Touched { gone, entries } = touched(&mut services).unwrap();
        assert_eq!((gone.len(), entries.len()), (3, 0));
    }
}
