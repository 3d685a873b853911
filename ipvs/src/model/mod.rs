//! What is in the kernel's table.

mod destination;
mod scheduler;
mod service;
mod table;

pub use destination::{
    Destination, DestinationKey, ForwardMethod, InvalidThresholds, InvalidWeight, Thresholds,
    Tunnel, TunnelChecksum, Weight,
};
pub use scheduler::{InvalidScheduler, Scheduler};
pub use service::{
    Family, InvalidPersistence, Netmask, Persistence, Protocol, Service, ServiceFlags, ServiceKey,
};
pub use table::{Entry, Table};
