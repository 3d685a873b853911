use std::fmt;
use std::time::Duration;

/// After how long without a packet connections are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeouts {
    tcp: u32,
    tcp_fin: u32,
    udp: u32,
}

/// A timeout that the kernel would refuse or take for "as before".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a timeout must be 1 to 21474836 whole seconds, not {0:?}")]
pub struct InvalidTimeout(Duration);

impl Timeouts {
    /// Of established TCP connections, of TCP connections that are being closed, and of UDP.
    ///
    /// # Errors
    ///
    /// [`InvalidTimeout`] unless each is 1 to 21 474 836 whole seconds: the kernel counts them in
    /// ticks, in a signed number, and there are at least a hundred ticks in a second. A kernel with
    /// more takes less: one with a thousand up to 2 147 483 seconds.
    pub fn new(tcp: Duration, tcp_fin: Duration, udp: Duration) -> Result<Self, InvalidTimeout> {
        Ok(Self { tcp: seconds(tcp)?, tcp_fin: seconds(tcp_fin)?, udp: seconds(udp)? })
    }

    /// Of established TCP connections; the kernel begins with 15 minutes.
    pub const fn tcp(&self) -> Duration {
        Duration::from_secs(self.tcp as u64)
    }

    /// Of TCP connections that are being closed; the kernel begins with 2 minutes.
    pub const fn tcp_fin(&self) -> Duration {
        Duration::from_secs(self.tcp_fin as u64)
    }

    /// Of UDP; the kernel begins with 5 minutes.
    pub const fn udp(&self) -> Duration {
        Duration::from_secs(self.udp as u64)
    }

    pub(crate) const fn seconds(&self) -> [u32; 3] {
        [self.tcp, self.tcp_fin, self.udp]
    }

    /// A kernel with fewer ticks in a second would take more than [`new`](Self::new).
    pub(crate) const fn as_found([tcp, tcp_fin, udp]: [u32; 3]) -> Self {
        Self { tcp, tcp_fin, udp }
    }
}

impl fmt::Display for Timeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp {} s, tcpfin {} s, udp {} s", self.tcp, self.tcp_fin, self.udp)
    }
}

fn seconds(timeout: Duration) -> Result<u32, InvalidTimeout> {
    const LONGEST: u32 = i32::MAX as u32 / 100;
    match u32::try_from(timeout.as_secs()) {
        Ok(seconds @ 1..=LONGEST) if timeout.subsec_nanos() == 0 => Ok(seconds),
        _ => Err(InvalidTimeout(timeout)),
    }
}

/// What the kernel says of its load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Info {
    /// Its version.
    pub version: Version,
    /// The size of the table of connections; since Linux 7.1 it grows.
    pub connection_table_size: u32,
}

/// The version of the kernel's load balancer; 1.2.1 since 2008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
    /// Patch.
    pub patch: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
