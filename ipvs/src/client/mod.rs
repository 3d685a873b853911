//! Talking to the kernel.

mod error;
mod socket;

use std::io;
use std::path::Path;

pub use error::Error;
use error::refused;
use socket::Socket;

use crate::message::{Reply, Request, family_request, replies};
use crate::model::{Destination, DestinationKey, Entry, Family, Service, ServiceKey, Table};
use crate::plan::{Change, Plan};

/// So many changes go to the kernel at once: more bring nothing, and their answers might not fit into
/// the socket's buffer.
const BATCH: usize = 64;
/// So often a table is read until two readings agree.
const READINGS: usize = 5;
const ENOENT: i32 = 2;
const EPERM: i32 = 1;

/// A connection to the load balancer of one network namespace.
///
/// A call that is dropped before it is done leaves answers behind; they are recognised by their
/// sequence number and passed over.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    family: u16,
    sequence: u32,
}

/// What became of a plan.
#[derive(Debug)]
#[must_use = "changes may have failed"]
pub struct Applied {
    /// How many changes were made.
    pub made: usize,
    /// Those that were refused, and why.
    pub failed: Vec<(Change, Error)>,
}

impl Client {
    /// Connects to the network namespace of the calling thread. On a kernel with modules, `ip_vs` is
    /// loaded by that.
    ///
    /// # Errors
    ///
    /// [`Error::NoIpvs`], [`Error::Permission`], or [`Error::Socket`].
    pub async fn connect() -> Result<Self, Error> {
        Self::over(Socket::open()).await
    }

    /// Connects to another network namespace: a file such as `/run/netns/NAME` or
    /// `/proc/PID/ns/net`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn in_netns(path: &Path) -> Result<Self, Error> {
        Self::over(Socket::open_in(path)).await
    }

    async fn over(socket: io::Result<Socket>) -> Result<Self, Error> {
        let failed = |source| Error::Socket { what: "connecting to the kernel", source };
        let mut client = Self { socket: socket.map_err(failed)?, family: 0, sequence: 0 };
        let mut request = Vec::new();
        family_request(client.next_sequence(), &mut request);
        client.socket.send(&request).await.map_err(failed)?;
        loop {
            let answer = client.socket.receive().await.map_err(failed)?;
            let answers: Vec<_> = replies(answer, Family::Ipv4).collect();
            for reply in answers {
                match reply {
                    Reply::Family(family) => return Ok(Self { family, ..client }),
                    Reply::Result { errno: ENOENT, .. } => return Err(Error::NoIpvs),
                    Reply::Result { errno, .. } if errno != 0 => {
                        return Err(failed(io::Error::from_raw_os_error(errno)));
                    }
                    _ => {}
                }
            }
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Reads the whole table.
    ///
    /// The kernel lists by position and does not say when the table changed meanwhile, so it is read
    /// again until two readings agree. Services and destinations of kinds that this crate does not
    /// know are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Listing`], [`Error::Permission`], or [`Error::Unsettled`] when no two readings
    /// agree.
    pub async fn table(&mut self) -> Result<Table, Error> {
        let mut last = self.read_table().await?;
        for _ in 1..READINGS {
            let again = self.read_table().await?;
            if again == last {
                return Ok(last);
            }
            last = again;
        }
        Err(Error::Unsettled)
    }

    async fn read_table(&mut self) -> Result<Table, Error> {
        let mut table = Table::default();
        for (key, service) in self.services().await? {
            let mut entry = Entry::new(service);
            entry.destinations.extend(self.destinations(&key).await?);
            table.services.insert(key, entry);
        }
        Ok(table)
    }

    async fn services(&mut self) -> Result<Vec<(ServiceKey, Service)>, Error> {
        let listed = self.list(Request::DumpServices, Family::Ipv4).await;
        let listed = listed.map_err(|source| listing("services".to_owned(), source))?;
        let service = |reply| match reply {
            Reply::Service(key, service) => Some((key, service)),
            _ => None,
        };
        Ok(listed.into_iter().filter_map(service).collect())
    }

    async fn destinations(
        &mut self,
        key: &ServiceKey,
    ) -> Result<Vec<(DestinationKey, Destination)>, Error> {
        let listed = self.list(Request::DumpDestinations(key), key.family()).await;
        let listed = listed.map_err(|source| listing(format!("destinations of {key}"), source))?;
        let destination = |reply| match reply {
            Reply::Destination(key, destination) => Some((key, destination)),
            _ => None,
        };
        Ok(listed.into_iter().filter_map(destination).collect())
    }

    async fn list(&mut self, request: Request<'_>, family: Family) -> io::Result<Vec<Reply>> {
        let asked = self.next_sequence();
        let mut bytes = Vec::new();
        request.encode(self.family, asked, &mut bytes);
        self.socket.send(&bytes).await?;
        let mut listed = Vec::new();
        loop {
            for reply in replies(self.socket.receive().await?, family) {
                match reply {
                    Reply::Done { sequence, errno } | Reply::Result { sequence, errno }
                        if sequence == asked =>
                    {
                        return match errno {
                            0 => Ok(listed),
                            errno => Err(io::Error::from_raw_os_error(errno)),
                        };
                    }
                    other => listed.push(other),
                }
            }
        }
    }

    /// Makes the changes of a plan, in its order and many at a time. A change that is refused does
    /// not keep those after it from being made.
    ///
    /// # Errors
    ///
    /// [`Error::Socket`] when the kernel cannot be reached; then some changes may have been made.
    pub async fn apply(&mut self, plan: &Plan) -> Result<Applied, Error> {
        let mut applied = Applied { made: 0, failed: Vec::new() };
        for batch in plan.changes().chunks(BATCH) {
            self.apply_batch(batch, &mut applied).await?;
        }
        Ok(applied)
    }

    async fn apply_batch(&mut self, batch: &[Change], applied: &mut Applied) -> Result<(), Error> {
        let failed = |source| Error::Socket { what: "changing the kernel's table", source };
        let mut bytes = Vec::new();
        let mut waiting = Vec::with_capacity(batch.len());
        for change in batch {
            let sequence = self.next_sequence();
            request(change).encode(self.family, sequence, &mut bytes);
            waiting.push((sequence, change));
        }
        self.socket.send(&bytes).await.map_err(failed)?;
        while !waiting.is_empty() {
            for reply in replies(self.socket.receive().await.map_err(failed)?, Family::Ipv4) {
                let Reply::Result { sequence, errno } = reply else { continue };
                let Some(at) = waiting.iter().position(|(asked, _)| *asked == sequence) else {
                    continue;
                };
                let (_, change) = waiting.remove(at);
                match errno {
                    0 => applied.made = applied.made.saturating_add(1),
                    errno => applied.failed.push((change.clone(), refused(change, errno))),
                }
            }
        }
        Ok(())
    }
}

fn request(change: &Change) -> Request<'_> {
    match change {
        Change::AddService(key, service) => Request::NewService(key, service),
        Change::EditService(key, service) => Request::SetService(key, service),
        Change::AddDestination(key, server, new) => Request::NewDestination(key, server, new),
        Change::EditDestination(key, server, new) => Request::SetDestination(key, server, new),
        Change::DeleteDestination(key, server) => Request::DeleteDestination(key, server),
        Change::DeleteService(key) => Request::DeleteService(key),
    }
}

fn listing(what: String, source: io::Error) -> Error {
    if source.raw_os_error() == Some(EPERM) {
        return Error::Permission;
    }
    Error::Listing { what, source }
}
