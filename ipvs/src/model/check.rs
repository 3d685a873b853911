//! What the kernel would refuse, or take for something else, in services and destinations together
//! with their keys.

use std::net::{IpAddr, Ipv4Addr};

use super::{Destination, DestinationKey, Family, ForwardMethod, Service, ServiceKey};

/// A service that the kernel would refuse or that could not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidService {
    /// A netmask of IPv4 for a service over IPv6, or the other way round.
    #[error("service {0}: the netmask of its persistence is of the other address family")]
    NetmaskFamily(ServiceKey),
    /// Port 0 stands for all ports; without persistence the connections of one client, say to the
    /// two ports of FTP, would go to different servers.
    #[error("service {0}: a service for all ports (port 0) needs persistence")]
    AllPortsWithoutPersistence(ServiceKey),
}

impl Service {
    pub(crate) fn check(&self, key: &ServiceKey) -> Result<(), InvalidService> {
        if self.persistence.is_some_and(|found| found.netmask().family() != key.family()) {
            return Err(InvalidService::NetmaskFamily(*key));
        }
        let all_ports = matches!(key, ServiceKey::Address { port: 0, .. });
        if all_ports && self.persistence.is_none() {
            return Err(InvalidService::AllPortsWithoutPersistence(*key));
        }
        Ok(())
    }
}

/// A destination that the kernel would refuse or that could not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDestination {
    /// Direct routing and tunnels leave the packet, and so its port, as it is.
    #[error(
        "destination {destination} of {service}: with direct routing and tunnels its port must be \
         the service's, {port}"
    )]
    Port {
        /// Of which service.
        service: ServiceKey,
        /// Which destination.
        destination: DestinationKey,
        /// The service's port.
        port: u16,
    },
    /// Only a tunnel carries IPv4 over IPv6, or the other way round.
    #[error(
        "destination {destination} of {service}: an address of the other family needs a tunnel"
    )]
    Family {
        /// Of which service.
        service: ServiceKey,
        /// Which destination.
        destination: DestinationKey,
    },
    /// Nobody can be sent to there.
    #[error("destination {destination} of {service}: its address is not unicast")]
    NotUnicast {
        /// Of which service.
        service: ServiceKey,
        /// Which destination.
        destination: DestinationKey,
    },
}

impl Destination {
    pub(crate) fn check(
        &self,
        service: &ServiceKey,
        key: &DestinationKey,
    ) -> Result<(), InvalidDestination> {
        let (service, destination) = (*service, *key);
        if !is_unicast(key.address) {
            return Err(InvalidDestination::NotUnicast { service, destination });
        }
        let tunnel = matches!(self.forward, ForwardMethod::Tunnel(_));
        if !tunnel && Family::of(key.address) != service.family() {
            return Err(InvalidDestination::Family { service, destination });
        }
        match service {
            ServiceKey::Address { port, .. }
                if (tunnel || self.forward == ForwardMethod::DirectRoute) && port != key.port =>
            {
                Err(InvalidDestination::Port { service, destination, port })
            }
            _ => Ok(()),
        }
    }
}

fn is_unicast(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast() && address != Ipv4Addr::BROADCAST
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;
    use std::time::Duration;

    use super::*;
    use crate::model::{Entry, Netmask, Persistence, Scheduler, Tunnel, Weight};

    const VIRTUAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

    fn entry() -> Entry {
        Entry::new(ServiceKey::tcp(VIRTUAL, 80), Service::new(Scheduler::RR)).unwrap()
    }

    fn insert(forward: ForwardMethod, address: impl Into<IpAddr>, port: u16) -> Option<String> {
        let key = DestinationKey { address: address.into(), port };
        let destination = Destination::new(forward, Weight::from(1));
        entry().insert(key, destination).err().map(|error| error.to_string())
    }

    fn persistent(netmask: Netmask) -> Service {
        let persistence = Persistence::new(Duration::from_secs(60), netmask).unwrap();
        Service { persistence: Some(persistence), ..Service::new(Scheduler::RR) }
    }

    #[test]
    fn a_netmask_is_of_the_service_s_family() {
        let key = ServiceKey::tcp(Ipv6Addr::LOCALHOST, 80);
        let service = persistent(Netmask::V4(Ipv4Addr::BROADCAST));
        assert_eq!(Entry::new(key, service), Err(InvalidService::NetmaskFamily(key)));
    }

    #[test]
    fn all_ports_need_persistence() {
        let key = ServiceKey::tcp(VIRTUAL, 0);
        let plain = Entry::new(key, Service::new(Scheduler::RR));
        assert_eq!(plain, Err(InvalidService::AllPortsWithoutPersistence(key)));
        assert!(Entry::new(key, persistent(Netmask::V4(Ipv4Addr::BROADCAST))).is_ok());
    }

    #[test]
    fn only_nat_has_a_port_of_its_own() {
        let server = Ipv4Addr::new(192, 0, 2, 1);
        assert_eq!(insert(ForwardMethod::Masquerade, server, 8080), None);
        for forward in [ForwardMethod::DirectRoute, ForwardMethod::Tunnel(Tunnel::Ipip)] {
            assert_eq!(insert(forward, server, 80), None);
            let error = insert(forward, server, 8080).unwrap();
            assert!(error.ends_with("its port must be the service's, 80"), "{error}");
        }
    }

    #[test]
    fn only_a_tunnel_leads_to_the_other_family() {
        assert_eq!(insert(ForwardMethod::Tunnel(Tunnel::Ipip), Ipv6Addr::LOCALHOST, 80), None);
        let error = insert(ForwardMethod::Masquerade, Ipv6Addr::LOCALHOST, 80).unwrap();
        assert!(error.ends_with("of the other family needs a tunnel"), "{error}");
    }

    #[test]
    fn a_destination_is_unicast() {
        let multicast = Ipv4Addr::new(224, 0, 0, 1);
        for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, multicast] {
            let error = insert(ForwardMethod::Masquerade, address, 80).unwrap();
            assert!(error.ends_with("not unicast"), "{error}");
        }
    }
}
