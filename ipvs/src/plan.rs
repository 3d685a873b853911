//! From the table that is to the table that should be.

use std::fmt;

use crate::model::{Destination, DestinationKey, Entry, Service, ServiceKey, Table};

/// One change to the kernel's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A service that is not there yet.
    AddService(ServiceKey, Service),
    /// Another scheduler, other flags or persistence.
    EditService(ServiceKey, Service),
    /// A destination that is not there yet.
    AddDestination(ServiceKey, DestinationKey, Destination),
    /// Another weight, forwarding method or other limits.
    EditDestination(ServiceKey, DestinationKey, Destination),
    /// A destination that should not be there.
    DeleteDestination(ServiceKey, DestinationKey),
    /// A service that should not be there; its destinations go with it.
    DeleteService(ServiceKey),
}

impl Change {
    /// The service that is changed, or whose destination is.
    pub const fn service(&self) -> &ServiceKey {
        match self {
            Self::AddService(key, _)
            | Self::EditService(key, _)
            | Self::AddDestination(key, ..)
            | Self::EditDestination(key, ..)
            | Self::DeleteDestination(key, _)
            | Self::DeleteService(key) => key,
        }
    }

    fn apply(&self, table: &mut Table) {
        match self {
            Self::AddService(key, service) => {
                table.services.insert(*key, Entry::new(service.clone()));
            }
            Self::EditService(key, service) => {
                if let Some(entry) = table.services.get_mut(key) {
                    entry.service = service.clone();
                }
            }
            Self::AddDestination(key, server, destination)
            | Self::EditDestination(key, server, destination) => {
                if let Some(entry) = table.services.get_mut(key) {
                    entry.destinations.insert(*server, *destination);
                }
            }
            Self::DeleteDestination(key, server) => {
                if let Some(entry) = table.services.get_mut(key) {
                    entry.destinations.remove(server);
                }
            }
            Self::DeleteService(key) => {
                table.services.remove(key);
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddService(key, service) => write!(f, "add service {key} ({service})"),
            Self::EditService(key, service) => write!(f, "change service {key} to {service}"),
            Self::AddDestination(key, server, new) => {
                write!(f, "add destination {server} ({new}) to {key}")
            }
            Self::EditDestination(key, server, new) => {
                write!(f, "change destination {server} of {key} to {new}")
            }
            Self::DeleteDestination(key, server) => {
                write!(f, "remove destination {server} from {key}")
            }
            Self::DeleteService(key) => write!(f, "remove service {key}"),
        }
    }
}

/// The changes that lead from one table to another, in an order in which no service is without
/// destinations when it need not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan(Vec<Change>);

impl Plan {
    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes in order.
    pub fn changes(&self) -> &[Change] {
        &self.0
    }
}

impl fmt::Display for Plan {
    /// A line for each change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl Table {
    /// What to change to get the desired table. Services that `owns` denies, and that are not
    /// desired, are somebody else's and left alone.
    ///
    /// Removing a server before its replacement is there would leave a service without any, so
    /// additions come first.
    #[must_use]
    pub fn diff(&self, desired: &Self, owns: impl Fn(&ServiceKey) -> bool) -> Plan {
        let (mut services, mut additions, mut edits, mut removals) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (key, wanted) in &desired.services {
            let found = self.services.get(key);
            match found {
                None => services.push(Change::AddService(*key, wanted.service.clone())),
                Some(found) if found.service != wanted.service => {
                    services.push(Change::EditService(*key, wanted.service.clone()));
                }
                Some(_) => {}
            }
            for (server, destination) in &wanted.destinations {
                match found.and_then(|found| found.destinations.get(server)) {
                    None => additions.push(Change::AddDestination(*key, *server, *destination)),
                    Some(found) if found != destination => {
                        edits.push(Change::EditDestination(*key, *server, *destination));
                    }
                    Some(_) => {}
                }
            }
            let listed = found.into_iter().flat_map(|found| found.destinations.keys());
            let surplus = listed.filter(|server| !wanted.destinations.contains_key(server));
            removals.extend(surplus.map(|server| Change::DeleteDestination(*key, *server)));
        }
        let ours = self.services.keys().filter(|key| owns(key));
        let surplus = ours.filter(|key| !desired.services.contains_key(key));
        removals.extend(surplus.map(|key| Change::DeleteService(*key)));
        Plan([services, additions, edits, removals].concat())
    }

    /// Makes the changes of a plan, as the kernel would.
    pub fn apply(&mut self, plan: &Plan) {
        for change in &plan.0 {
            change.apply(self);
        }
    }
}

#[cfg(test)]
mod tests;
