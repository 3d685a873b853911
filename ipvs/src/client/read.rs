//! Listings.
//!
//! The kernel lists by position, a page at a time, and does not say when the table changed between
//! two pages: then entries are missing or there twice (`net/netfilter/ipvs/ip_vs_ctl.c`,
//! `ip_vs_genl_dump_services`, `ip_vs_genl_dump_dests`). One page by itself is right.

use std::collections::HashSet;
use std::hash::Hash;
use std::io;

use super::error::{listing, operation};
use super::{Client, Error};
use crate::message::{Reply, Request, replies};
use crate::model::{
    DestinationKey, DestinationStatus, Entry, Service, ServiceKey, ServiceStatus, Stats,
    SyncDaemon, Table,
};

const ESRCH: i32 = 3;

/// So often something is read until it has not changed meanwhile.
const READINGS: usize = 8;

/// What the kernel listed, in how many pages.
struct Listing<T> {
    items: Vec<T>,
    pages: usize,
}

impl Client {
    /// Reads the whole table.
    ///
    /// What changes while it is read is read again; the table of each service is as it was at one
    /// moment. Services of kinds that this crate does not know, of protocols other than TCP, UDP
    /// and SCTP, are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Listing`], [`Error::Permission`], or [`Error::Unsettled`] when it kept changing.
    pub async fn table(&mut self) -> Result<Table, Error> {
        self.table_beside(&Table::default()).await
    }

    /// As [`table`](Self::table). Services that are the same in a table that is known already are shared
    /// with that, so that they take no memory, as by [`Table::share`].
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table).
    pub async fn table_beside(&mut self, known: &Table) -> Result<Table, Error> {
        let keep = |status| {
            let entry = entry(status);
            known.same(&entry).cloned().unwrap_or(entry)
        };
        Ok(self.read(keep).await?.into_iter().collect())
    }

    /// Reads the whole table with counters and connections, in the kernel's order.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table).
    pub async fn services(&mut self) -> Result<Vec<ServiceStatus>, Error> {
        self.read(|status| status).await
    }

    /// Reads all services without their destinations, in the kernel's order: cheap, where there are
    /// very many destinations.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table).
    pub async fn list_services(&mut self) -> Result<Vec<(ServiceKey, Service, Stats)>, Error> {
        let listed = self.list_until_same(&Request::DumpServices, service, |(key, ..)| *key).await;
        listed.map_err(|error| listing("services".to_owned(), error))?.ok_or(Error::Unsettled)
    }

    /// Reads all services; of each, only what is to be kept of it stays in memory.
    async fn read<T>(&mut self, keep: impl Fn(ServiceStatus) -> T) -> Result<Vec<T>, Error> {
        let mut listed = self.dump_services().await?;
        for _ in 0..READINGS {
            let keys: Vec<_> = listed.iter().map(|(key, ..)| *key).collect();
            let mut services = Vec::with_capacity(listed.len());
            for (key, service, stats) in listed {
                let destinations = self.destinations(&key).await?;
                services.push(keep(ServiceStatus { key, service, stats, destinations }));
            }
            // A service that went meanwhile has an empty list of destinations, and no error.
            listed = self.dump_services().await?;
            let same = keys.iter().eq(listed.iter().map(|(key, ..)| key));
            if same && all_differ(&keys) {
                return Ok(services);
            }
        }
        Err(Error::Unsettled)
    }

    /// Reads one service with its destinations, counters and connections.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], or as [`table`](Self::table).
    pub async fn service(&mut self, key: &ServiceKey) -> Result<ServiceStatus, Error> {
        let failed = |source: io::Error| match source.raw_os_error() {
            Some(ESRCH) => Error::NoSuchService(*key),
            _ => listing(format!("service {key}"), source),
        };
        // The destinations first: had the service gone meanwhile, there would be none.
        let destinations = self.destinations(key).await?;
        match self.ask(&Request::GetService(key)).await.map_err(failed)? {
            Reply::Service(key, service, stats) => {
                Ok(ServiceStatus { key, service, stats, destinations })
            }
            _ => Err(failed(super::unexpected())),
        }
    }

    /// Reads the destinations of a service with counters and connections, in the kernel's order. A
    /// service that is not there has none.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table).
    pub async fn destinations(
        &mut self,
        key: &ServiceKey,
    ) -> Result<Vec<(DestinationKey, DestinationStatus)>, Error> {
        let destination = |reply| match reply {
            Reply::Destination(key, status) => Some((key, status)),
            _ => None,
        };
        let request = Request::DumpDestinations(key);
        let listed = self.list_until_same(&request, destination, |(key, _)| *key).await;
        listed
            .map_err(|error| listing(format!("destinations of {key}"), error))?
            .ok_or(Error::Unsettled)
    }

    /// Reads one destination of a service with its counters and connections.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDestination`], also when there is no such service, or as
    /// [`table`](Self::table).
    pub async fn destination(
        &mut self,
        key: &ServiceKey,
        server: &DestinationKey,
    ) -> Result<DestinationStatus, Error> {
        // The kernel tells of one only among all.
        let mut listed = self.destinations(key).await?.into_iter();
        let found = listed.find_map(|(found, status)| (found == *server).then_some(status));
        found.ok_or(Error::NoSuchDestination(*key, *server))
    }

    /// The sync daemons that run, the master first.
    ///
    /// # Errors
    ///
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn sync_daemons(&mut self) -> Result<Vec<SyncDaemon>, Error> {
        let daemon = |reply| match reply {
            Reply::SyncDaemon(daemon) => Some(daemon),
            _ => None,
        };
        let listed = self.list(&Request::DumpSyncDaemons, daemon).await;
        Ok(listed.map_err(|error| operation("list the sync daemons", error))?.items)
    }

    async fn dump_services(&mut self) -> Result<Vec<(ServiceKey, Service, Stats)>, Error> {
        let listed = self.list(&Request::DumpServices, service).await;
        Ok(listed.map_err(|error| listing("services".to_owned(), error))?.items)
    }

    /// Lists again until nothing came or went between two pages; no items if that never was.
    async fn list_until_same<T, K: Eq + Hash>(
        &mut self,
        request: &Request<'_>,
        item: impl Fn(Reply) -> Option<T>,
        key: impl Fn(&T) -> K,
    ) -> io::Result<Option<Vec<T>>> {
        let mut last = self.list(request, &item).await?;
        for _ in 0..READINGS {
            if last.pages <= 1 {
                return Ok(Some(last.items));
            }
            let again = self.list(request, &item).await?;
            let keys =
                |listing: &Listing<T>| -> Vec<K> { listing.items.iter().map(&key).collect() };
            let (before, after) = (keys(&last), keys(&again));
            if before == after && all_differ(&after) {
                return Ok(Some(again.items));
            }
            last = again;
        }
        Ok(None)
    }

    async fn list<T>(
        &mut self,
        request: &Request<'_>,
        item: impl Fn(Reply) -> Option<T>,
    ) -> io::Result<Listing<T>> {
        let asked = self.send(request).await?;
        let mut listing = Listing { items: Vec::new(), pages: 0 };
        loop {
            let before = listing.items.len();
            for answer in replies(self.socket.receive().await?) {
                if answer.sequence != asked {
                    continue;
                }
                match answer.reply {
                    Reply::Done(0) => {
                        self.waiting = false;
                        return Ok(listing);
                    }
                    Reply::Done(errno) | Reply::Result(errno) => {
                        self.waiting = false;
                        return Err(io::Error::from_raw_os_error(errno));
                    }
                    reply => listing.items.extend(item(reply)),
                }
            }
            if listing.items.len() > before {
                listing.pages = listing.pages.saturating_add(1);
            }
        }
    }
}

fn all_differ<T: Eq + Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

fn service(reply: Reply) -> Option<(ServiceKey, Service, Stats)> {
    match reply {
        Reply::Service(key, service, stats) => Some((key, service, stats)),
        _ => None,
    }
}

fn entry(status: ServiceStatus) -> Entry {
    let destinations = status.destinations.into_iter().map(|(key, at)| (key, at.destination));
    Entry::as_found(status.key, status.service, destinations.collect())
}
