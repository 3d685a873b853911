use super::{Destination, DestinationKey, Service, ServiceKey};

/// What has gone through a service or destination, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stats {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets from servers; none with direct routing and tunnels, which bypass the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes from servers.
    pub bytes_out: u64,
    /// The same per second, smoothed by the kernel over about eight seconds.
    pub rates: Rates,
}

/// Things per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rates {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets from servers.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes from servers.
    pub bytes_out: u64,
}

/// How many connections a destination has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Connections {
    /// Established.
    pub active: u32,
    /// In any other state.
    pub inactive: u32,
    /// Templates of persistence.
    pub persistent: u32,
}

/// A service as it is and what it has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// What identifies it.
    pub key: ServiceKey,
    /// How it treats its connections.
    pub service: Service,
    /// What has gone through it.
    pub stats: Stats,
    /// Its servers in the kernel's order, which is the last added first.
    pub destinations: Vec<(DestinationKey, DestinationStatus)>,
}

/// A destination as it is and what it has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestinationStatus {
    /// How it is used.
    pub destination: Destination,
    /// Its connections.
    pub connections: Connections,
    /// What has gone to it.
    pub stats: Stats,
}
