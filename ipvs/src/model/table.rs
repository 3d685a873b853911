use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Destination, DestinationKey, InvalidDestination, InvalidService, Service, ServiceKey};

/// The services of a network namespace and their destinations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    services: BTreeMap<ServiceKey, Entry>,
}

impl Table {
    /// Puts a service in, and gives back the one of the same key that was there.
    pub fn insert(&mut self, entry: Entry) -> Option<Entry> {
        self.services.insert(entry.key, entry.without_spare_room())
    }

    /// Takes a service out.
    pub fn remove(&mut self, key: &ServiceKey) -> Option<Entry> {
        self.services.remove(key)
    }

    /// The service of that key.
    pub fn get(&self, key: &ServiceKey) -> Option<&Entry> {
        self.services.get(key)
    }

    /// The service of that key, to change it.
    pub fn get_mut(&mut self, key: &ServiceKey) -> Option<&mut Entry> {
        self.services.get_mut(key)
    }

    /// The services in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.services.values()
    }

    /// Has the services that are the same in another table in common with it: they take memory once, and
    /// no time to compare.
    pub fn share(&mut self, other: &Self) {
        for entry in self.services.values_mut() {
            if let Some(same) = other.same(entry) {
                *entry = same.clone();
            }
        }
    }

    /// A service that is the same in here.
    pub(crate) fn same(&self, entry: &Entry) -> Option<&Entry> {
        self.get(&entry.key).filter(|same| *same == entry)
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there is no service.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}

impl FromIterator<Entry> for Table {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        Self {
            services: entries
                .into_iter()
                .map(|entry| (entry.key, entry.without_spare_room()))
                .collect(),
        }
    }
}

/// A service and its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    key: ServiceKey,
    service: Service,
    /// In the order of their keys. Clones have them in common: the same service is in several tables as a
    /// rule.
    destinations: Arc<Vec<(DestinationKey, Destination)>>,
}

impl Entry {
    /// A service without destinations.
    ///
    /// # Errors
    ///
    /// [`InvalidService`] when a service of that key cannot be so.
    pub fn new(key: ServiceKey, service: Service) -> Result<Self, InvalidService> {
        service.check(&key)?;
        Ok(Self::as_found(key, service, Vec::new()))
    }

    /// Puts a destination in, or makes the one of the same key as given.
    ///
    /// # Errors
    ///
    /// [`InvalidDestination`] when a destination of that key cannot be so, or not behind this
    /// service.
    pub fn insert(
        &mut self,
        key: DestinationKey,
        destination: Destination,
    ) -> Result<(), InvalidDestination> {
        destination.check(&self.key, &key)?;
        self.set_destination(key, destination);
        Ok(())
    }

    /// Takes a destination out.
    pub fn remove(&mut self, key: &DestinationKey) -> Option<Destination> {
        let at = self.position(key).ok()?;
        Some(Arc::make_mut(&mut self.destinations).remove(at).1)
    }

    /// What identifies the service.
    pub const fn key(&self) -> &ServiceKey {
        &self.key
    }

    /// How it treats its connections.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Its servers, in the order of their keys.
    pub fn destinations(&self) -> &[(DestinationKey, Destination)] {
        &self.destinations
    }

    /// The server of that key.
    pub fn destination(&self, key: &DestinationKey) -> Option<&Destination> {
        let (_, destination) = self.destinations.get(self.position(key).ok()?)?;
        Some(destination)
    }

    /// The kernel does not hold its other users to our rules.
    pub(crate) fn as_found(
        key: ServiceKey,
        service: Service,
        mut destinations: Vec<(DestinationKey, Destination)>,
    ) -> Self {
        destinations.sort_unstable_by_key(|(key, _)| *key);
        destinations.dedup_by_key(|(key, _)| *key);
        Self { key, service, destinations: Arc::new(destinations) }
    }

    pub(crate) fn set_service(&mut self, service: Service) {
        self.service = service;
    }

    pub(crate) fn set_destination(&mut self, key: DestinationKey, destination: Destination) {
        let position = self.position(&key);
        let destinations = Arc::make_mut(&mut self.destinations);
        match position {
            Ok(at) => {
                if let Some(known) = destinations.get_mut(at) {
                    known.1 = destination;
                }
            }
            Err(at) => destinations.insert(at, (key, destination)),
        }
    }

    /// There may be very many services.
    fn without_spare_room(mut self) -> Self {
        if let Some(destinations) = Arc::get_mut(&mut self.destinations) {
            destinations.shrink_to_fit();
        }
        self
    }

    /// Where the server of that key is, or else would be.
    fn position(&self, key: &DestinationKey) -> Result<usize, usize> {
        self.destinations.binary_search_by_key(key, |(key, _)| *key)
    }
}
