use std::collections::BTreeMap;

use super::{Destination, DestinationKey, Service, ServiceKey};

/// The services of a network namespace and their destinations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The services.
    pub services: BTreeMap<ServiceKey, Entry>,
}

/// A service and its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How it treats its connections.
    pub service: Service,
    /// Its servers.
    pub destinations: BTreeMap<DestinationKey, Destination>,
}

impl Entry {
    /// A service without destinations.
    pub fn new(service: Service) -> Self {
        Self { service, destinations: BTreeMap::new() }
    }
}
