//! What is in the kernel's table.

#[cfg(test)]
pub(crate) mod arbitrary;
mod check;
mod daemon;
mod destination;
mod forward;
mod key;
mod name;
mod persistence;
mod scheduler;
mod service;
mod settings;
mod status;
mod table;

pub use check::{InvalidDestination, InvalidService};
pub use daemon::{Interface, InvalidInterface, MulticastGroup, NotMulticast, SyncDaemon, SyncRole};
pub use destination::{
    Destination, DestinationKey, InvalidThresholds, InvalidWeight, Thresholds, Weight,
};
pub use forward::{ForwardMethod, Tunnel, TunnelChecksum, UnknownForward};
pub use key::{Family, Protocol, ServiceKey};
pub(crate) use name::Name;
pub use persistence::{
    InvalidPersistence, InvalidPersistenceEngine, Netmask, Persistence, PersistenceEngine,
};
pub use scheduler::{InvalidScheduler, Scheduler};
pub use service::{Service, ServiceFlags};
pub use settings::{Info, InvalidTimeout, Timeouts, Version};
pub use status::{Connections, DestinationStatus, Rates, ServiceStatus, Stats};
pub use table::{Entry, Table};
