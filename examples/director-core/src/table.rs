//! The IPVS table that the kernel should have.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use steadfast_conf::Model;
use steadfast_conf::model::{
    Forward, PersistenceMask, Protocol, RealServer, ServiceFlags, SorryServer, Tunnel,
    TunnelChecksum, VirtualServer,
};
use steadfast_ipvs::{
    self as ipvs, Destination, DestinationKey, Entry, ForwardMethod, InvalidPersistence,
    InvalidScheduler, InvalidThresholds, InvalidWeight, Netmask, Persistence, Scheduler, Service,
    ServiceKey, Table, Thresholds, Weight,
};

use crate::services::{Services, name, server_name};

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
}

/// The services of a model: those that are ours in the kernel's table.
pub fn keys(model: &Model) -> BTreeSet<ServiceKey> {
    model.virtual_servers.iter().map(key).collect()
}

/// Whether the kernel's table lists a server with weight.
pub fn serves(table: &Table, service: &VirtualServer, server: &RealServer) -> bool {
    let entry = table.services.get(&key(service));
    let found = entry.and_then(|entry| entry.destinations.get(&server_key(server)));
    found.is_some_and(|found| found.weight > Weight::ZERO)
}

/// The table that the kernel should have, as things are.
///
/// # Errors
///
/// When the kernel's model has a rule that the configuration's own checks do not have.
pub fn desired(services: &Services) -> Result<Table, TableError> {
    let mut table = Table::default();
    for (model, listed) in services.listed() {
        let failed = |reason| TableError { object: name(model), reason };
        let mut entry = Entry::new(service(model).map_err(failed)?);
        for (server, weight) in model.real_servers.iter().zip(listed.members) {
            let Some(weight) = weight else { continue };
            let failed = |reason| {
                let object = format!("{} of {}", server_name(model, server), name(model));
                TableError { object, reason }
            };
            let destination = destination(server, weight).map_err(failed)?;
            entry.destinations.insert(server_key(server), destination);
        }
        if let (Some(sorry), Some(weight)) = (&model.sorry_server, listed.sorry) {
            let destination = sorry_destination(sorry, weight).map_err(failed)?;
            let key = DestinationKey { address: sorry.address, port: sorry.port };
            entry.destinations.insert(key, destination);
        }
        table.services.insert(key(model), entry);
    }
    Ok(table)
}

fn key(service: &VirtualServer) -> ServiceKey {
    let protocol = match service.protocol {
        Protocol::Tcp => ipvs::Protocol::Tcp,
        Protocol::Udp => ipvs::Protocol::Udp,
        Protocol::Sctp => ipvs::Protocol::Sctp,
    };
    ServiceKey::Address { protocol, address: service.address, port: service.port }
}

fn server_key(server: &RealServer) -> DestinationKey {
    DestinationKey { address: server.address, port: server.port }
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
    Ok(Service {
        scheduler: model.scheduler.name().parse::<Scheduler>()?,
        flags: ipvs::ServiceFlags {
            one_packet,
            scheduler_1: flag_1,
            scheduler_2: flag_2,
            scheduler_3: flag_3,
        },
        persistence: persistence.transpose()?,
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
    use crate::services::CheckId;

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

    fn services() -> Services {
        let loaded = steadfast_conf::parse("test.conf", TEXT);
        let model = loaded.model.as_ref().unwrap_or_else(|| {
            panic!("{}", loaded.render(steadfast_conf::Style::Plain));
        });
        let mut services = Services::new(model, |_, _| false);
        services.handle_startup();
        services
    }

    fn listed(services: &Services) -> Vec<String> {
        let table = desired(services).unwrap();
        let (_, entry) = table.services.first_key_value().unwrap();
        let servers = entry.destinations.iter();
        servers.map(|(key, destination)| format!("{key} {destination}")).collect()
    }

    fn down(services: &mut Services, server: usize) {
        services.handle_check(CheckId { service: 0, server, check: 0 }, false);
    }

    #[test]
    fn a_service_is_as_configured() {
        let table = desired(&services()).unwrap();
        let (key, entry) = table.services.first_key_value().unwrap();
        assert_eq!(key.to_string(), "192.0.2.100:80/tcp");
        assert_eq!(entry.service.to_string(), "wrr persistent 60");
    }

    #[test]
    fn servers_that_are_up_are_listed_with_their_weights() {
        let expected = ["192.0.2.1:80 Route, weight 3", "192.0.2.2:80 Route, weight 2"];
        assert_eq!(listed(&services()), expected);
    }

    #[test]
    fn a_failed_server_leaves_and_an_inhibited_one_gets_weight_0() {
        let mut services = services();
        down(&mut services, 1);
        let expected = ["192.0.2.1:80 Route, weight 3", "192.0.2.2:80 Route, weight 0"];
        assert_eq!(listed(&services), expected);
    }

    #[test]
    fn the_sorry_server_steps_in_when_all_have_failed() {
        let mut services = services();
        down(&mut services, 0);
        down(&mut services, 1);
        let expected = ["127.0.0.1:80 Route, weight 1", "192.0.2.2:80 Route, weight 0"];
        assert_eq!(listed(&services), expected);
    }
}
