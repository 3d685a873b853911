use std::net::IpAddr;
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};

/// The `lvs_…` of `global_defs`: what holds for the kernel's load balancer as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lvs {
    /// `lvs_timeouts`: how long connections are remembered.
    pub timeouts: LvsTimeouts,
    /// `lvs_sync_daemon`: how connections are told to another machine.
    pub sync_daemon: Option<LvsSyncDaemon>,
    /// `lvs_flush`: services of others are removed at the start.
    pub flush: bool,
    /// `lvs_flush_on_stop`: services of others are removed at the end.
    pub flush_on_stop: bool,
}

/// `lvs_timeouts`, in seconds; `None` is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LvsTimeouts {
    /// `tcp`: of TCP connections.
    pub tcp: Option<NonZeroU32>,
    /// `tcpfin`: of TCP connections that are ending.
    pub tcp_fin: Option<NonZeroU32>,
    /// `udp`: between two UDP packets.
    pub udp: Option<NonZeroU32>,
}

/// `lvs_sync_daemon`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LvsSyncDaemon {
    /// The interface that connections are told over.
    pub interface: String,
    /// The instance whose state decides: connections are told while it is MASTER, else listened to.
    /// `None`: both, always.
    pub instance: Option<String>,
    /// `id`: the same on all machines that belong together; the instance's `virtual_router_id` if
    /// none is given, or 0.
    pub id: u8,
    /// `maxlen`: the longest message; `None`: what fits into a packet of the interface.
    pub max_length: Option<NonZeroU16>,
    /// `port`; `None`: the kernel's, 8848.
    pub port: Option<NonZeroU16>,
    /// `ttl` of the packets; `None`: the kernel's, 1.
    pub ttl: Option<NonZeroU8>,
    /// `group`: the multicast group; `None`: the kernel's, 224.0.0.81.
    pub group: Option<IpAddr>,
}

impl LvsSyncDaemon {
    /// One that always tells and listens, and is otherwise as the kernel has it.
    pub(crate) fn on(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            instance: None,
            id: 0,
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        }
    }
}
