//! From the collected options to a command.

use std::time::Duration;

use steadfast_ipvs::{
    Change, Destination, DestinationKey, Family, ForwardMethod, Persistence, PersistenceEngine,
    Protocol, Scheduler, Service, ServiceFlags, ServiceKey, SyncDaemon, SyncRole, Thresholds,
    Weight,
};

use super::given::{Forwarding, Given};
use super::options::Opt;
use super::{UsageError, tunnel};
use crate::command::{Columns, Command, List};

const DEFAULT_INTERFACE: &str = "eth0";

impl Given<'_> {
    pub(super) fn list(&self) -> Command {
        let (numeric, json) = (self.has(Opt::Numeric), self.has(Opt::Json));
        if self.has(Opt::Connection) {
            let engine = self.has(Opt::PersistentConnections);
            return Command::ListConnections { numeric, engine, json };
        }
        if self.has(Opt::Timeout) {
            return Command::ListTimeouts { json };
        }
        if self.has(Opt::Daemon) {
            return Command::ListDaemons { json };
        }
        let columns = [
            (Opt::Stats, Columns::Stats),
            (Opt::Rate, Columns::Rate),
            (Opt::Thresholds, Columns::Thresholds),
            (Opt::PersistentConnections, Columns::PersistentConnections),
            (Opt::TunnelInformation, Columns::TunnelInformation),
        ];
        let columns = columns.into_iter().find(|(option, _)| self.has(*option));
        Command::List(List {
            service: self.service,
            columns: columns.map(|(_, columns)| columns).unwrap_or_default(),
            numeric,
            exact: self.has(Opt::Exact),
            unsorted: self.has(Opt::NoSort),
            json,
        })
    }

    pub(super) fn daemon(&self, role: SyncRole) -> Result<SyncDaemon, UsageError> {
        let interface = match self.interface.as_str() {
            "" => DEFAULT_INTERFACE,
            name => name,
        };
        let Self { sync_id, max_length, group, port, ttl, .. } = *self;
        let interface = interface.parse()?;
        Ok(SyncDaemon { role, interface, sync_id, max_length, group, port, ttl })
    }

    pub(super) fn change(&self, command: Opt) -> Result<Change, UsageError> {
        let missing = "a service (-t, -u, --sctp-service or -f)";
        let key = self.service.ok_or(UsageError::Missing { missing, command })?;
        match command {
            Opt::AddService => return Ok(Change::AddService(key, self.new_service(&key)?)),
            Opt::EditService => return Ok(Change::EditService(key, self.new_service(&key)?)),
            Opt::DeleteService => return Ok(Change::DeleteService(key)),
            _ => {}
        }
        let missing = "a server (-r)";
        let (address, port) = self.server.ok_or(UsageError::Missing { missing, command })?;
        let service_port = match key {
            ServiceKey::Address { port, .. } => Some(port),
            ServiceKey::FirewallMark { .. } => None,
        };
        let port = port.or(service_port).unwrap_or_default();
        if command == Opt::DeleteServer {
            return Ok(Change::DeleteDestination(key, DestinationKey { address, port }));
        }
        if Family::of(address) != key.family() && self.forwarding != Forwarding::Tunnel {
            return Err(UsageError::OtherFamily);
        }
        // Without translation packets keep their port.
        let port = match self.forwarding {
            Forwarding::Masquerade => port,
            Forwarding::DirectRoute | Forwarding::Tunnel => service_port.unwrap_or(port),
        };
        let server = DestinationKey { address, port };
        let destination = self.destination()?;
        Ok(match command {
            Opt::EditServer => Change::EditDestination(key, server, destination),
            _ => Change::AddDestination(key, server, destination),
        })
    }

    fn new_service(&self, key: &ServiceKey) -> Result<Service, UsageError> {
        let mut service = Service::new(self.scheduler()?);
        service.flags = self.flags(&service.scheduler)?;
        service.persistence = self.persistence(key.family())?;
        service.engine = self.engine()?;
        if let ServiceKey::Address { protocol, port, .. } = key {
            if *port == 0 && service.persistence.is_none() {
                return Err(UsageError::PortZero);
            }
            if service.flags.one_packet && *protocol != Protocol::Udp {
                return Err(UsageError::OnePacketWithoutUdp);
            }
        }
        Ok(service)
    }

    fn scheduler(&self) -> Result<Scheduler, UsageError> {
        match self.scheduler.as_str() {
            "" => Ok(Scheduler::WLC),
            name => Ok(name.parse()?),
        }
    }

    fn flags(&self, scheduler: &Scheduler) -> Result<ServiceFlags, UsageError> {
        let one_packet = self.has(Opt::OnePacket);
        let mut flags = ServiceFlags { one_packet, ..ServiceFlags::default() };
        for name in self.scheduler_flags.split(',').filter(|name| !name.is_empty()) {
            let (of, flag) = match name {
                "flag-1" => (None, &mut flags.scheduler_1),
                "flag-2" => (None, &mut flags.scheduler_2),
                "flag-3" => (None, &mut flags.scheduler_3),
                "sh-fallback" => (Some(Scheduler::SH), &mut flags.scheduler_1),
                "sh-port" => (Some(Scheduler::SH), &mut flags.scheduler_2),
                "mh-fallback" => (Some(Scheduler::MH), &mut flags.scheduler_1),
                "mh-port" => (Some(Scheduler::MH), &mut flags.scheduler_2),
                _ => return Err(UsageError::UnknownFlag(name.to_owned())),
            };
            if of.is_some_and(|of| of != *scheduler) {
                return Err(UsageError::FlagOfOtherScheduler(name.to_owned()));
            }
            *flag = true;
        }
        Ok(flags)
    }

    fn persistence(&self, family: Family) -> Result<Option<Persistence>, UsageError> {
        let Some(seconds) = self.persistence else { return Ok(None) };
        let netmask = self.netmask.unwrap_or_else(|| Persistence::whole_address(family));
        Ok(Some(Persistence::new(Duration::from_secs(seconds.into()), netmask)?))
    }

    fn engine(&self) -> Result<Option<PersistenceEngine>, UsageError> {
        match self.engine.as_str() {
            "" => Ok(None),
            name => Ok(Some(name.parse()?)),
        }
    }

    fn destination(&self) -> Result<Destination, UsageError> {
        let mut destination = Destination::new(self.forward()?, Weight::new(self.weight)?);
        destination.thresholds = Thresholds::new(self.upper_threshold, self.lower_threshold)?;
        Ok(destination)
    }

    fn forward(&self) -> Result<ForwardMethod, UsageError> {
        if self.forwarding != Forwarding::Tunnel
            && self.options().iter().any(|option| tunnel::is_option(*option))
        {
            return Err(UsageError::TunnelOptionsWithoutTunnel);
        }
        Ok(match self.forwarding {
            Forwarding::DirectRoute => ForwardMethod::DirectRoute,
            Forwarding::Masquerade => ForwardMethod::Masquerade,
            Forwarding::Tunnel => ForwardMethod::Tunnel(tunnel::tunnel(
                self.tunnel,
                self.tunnel_port,
                self.options(),
            )?),
        })
    }
}
