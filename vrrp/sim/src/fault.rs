use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::Priority;

use crate::trace::Name;

/// Something that goes wrong, or that an operator does, and that ends some time later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// So many packets in a hundred are lost.
    Loss {
        /// 1 to 100.
        percent: u64,
    },
    /// Packets travel for up to this much longer, and overtake each other.
    Delay {
        /// The longest.
        longest: Duration,
    },
    /// So many packets in a hundred arrive twice.
    Duplication {
        /// 1 to 100.
        percent: u64,
    },
    /// One bit is flipped in so many packets in a hundred.
    Corruption {
        /// 1 to 100.
        percent: u64,
    },
    /// What one host sends, another does not get.
    Cut {
        /// The sender.
        from: u8,
        /// Who does not hear it.
        to: u8,
    },
    /// Nobody hears a host.
    Mute {
        /// The host.
        host: u8,
    },
    /// A host hears nobody.
    Deaf {
        /// The host.
        host: u8,
    },
    /// The network falls into two parts.
    Partition {
        /// A bit for each host of one part.
        part: u32,
    },
    /// A host's process is stopped; what arrives waits in its socket, or is lost.
    Pause {
        /// The host.
        host: u8,
        /// Whether it is the whole machine that stops, and its packets are lost.
        deaf: bool,
    },
    /// A host's process is killed, and started anew later.
    Crash {
        /// The host.
        host: u8,
    },
    /// A host's process is killed, and the one started in its place later resumes: what arrives
    /// meanwhile waits for it.
    Restart {
        /// The host.
        host: u8,
    },
    /// A router is shut down, and started again later.
    Shutdown {
        /// The host.
        host: u8,
    },
    /// Something a host tracks fails.
    Tracked {
        /// The host.
        host: u8,
    },
    /// The effective priority changes.
    Priority {
        /// The host.
        host: u8,
        /// What it changes to.
        to: Priority,
    },
    /// The interface's primary address changes.
    Address {
        /// The host.
        host: u8,
        /// The new one.
        to: IpAddr,
    },
    /// The interface loses its address, which is a fault of the router, and gets it back.
    NoAddress {
        /// The host.
        host: u8,
    },
    /// The configuration changes: priority, interval, preemption.
    Reconfiguration {
        /// The host.
        host: u8,
    },
    /// The clock runs at another rate.
    Drift {
        /// The host.
        host: u8,
        /// In microseconds a second.
        drift: i64,
    },
    /// Wake-ups come late.
    Lateness {
        /// The host.
        host: u8,
        /// By up to this much.
        longest: Duration,
    },
    /// Packets arrive that are not for this virtual router, or were forwarded, or are no packets.
    Noise {
        /// The host.
        host: u8,
    },
    /// The next advertisement of a host is lost to all.
    LostAdvertisement {
        /// The host.
        host: u8,
    },
}

impl Fault {
    /// What kind of fault it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Loss { .. } => "loss",
            Self::Delay { .. } => "delay and reordering",
            Self::Duplication { .. } => "duplication",
            Self::Corruption { .. } => "corruption",
            Self::Cut { .. } => "one-way cut between two",
            Self::Mute { .. } => "host heard by nobody",
            Self::Deaf { .. } => "host that hears nobody",
            Self::Partition { .. } => "partition",
            Self::Pause { deaf: false, .. } => "pause, packets wait",
            Self::Pause { deaf: true, .. } => "pause, packets are lost",
            Self::Crash { .. } => "crash",
            Self::Restart { .. } => "crash, and a successor that resumes",
            Self::Shutdown { .. } => "shutdown",
            Self::Tracked { .. } => "tracked object fails",
            Self::Priority { .. } => "priority change",
            Self::Address { .. } => "address change",
            Self::NoAddress { .. } => "address lost",
            Self::Reconfiguration { .. } => "reconfiguration",
            Self::Drift { .. } => "clock drift change",
            Self::Lateness { .. } => "late wake-ups",
            Self::Noise { .. } => "foreign and broken packets",
            Self::LostAdvertisement { .. } => "single advertisement lost",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Loss { percent }
            | Self::Duplication { percent }
            | Self::Corruption { percent } => write!(f, "{kind} {percent} %"),
            Self::Delay { longest } => write!(f, "{kind} up to {longest:?}"),
            Self::Cut { from, to } => write!(f, "{kind}: {} to {}", Name(*from), Name(*to)),
            Self::Partition { part } => {
                write!(f, "{kind}:")?;
                let hosts = (0..32).filter(|host| part & (1 << host) != 0);
                hosts.map(Name).try_for_each(|name| write!(f, " {name}"))
            }
            Self::Priority { host, to } => write!(f, "{}: {kind} to {to}", Name(*host)),
            Self::Address { host, to } => write!(f, "{}: {kind} to {to}", Name(*host)),
            Self::Drift { host, drift } => write!(f, "{}: {kind} to {drift} us/s", Name(*host)),
            Self::Lateness { host, longest } => {
                write!(f, "{}: {kind} up to {longest:?}", Name(*host))
            }
            Self::Mute { host }
            | Self::Deaf { host }
            | Self::Pause { host, .. }
            | Self::Crash { host }
            | Self::Restart { host }
            | Self::Shutdown { host }
            | Self::Tracked { host }
            | Self::NoAddress { host }
            | Self::Reconfiguration { host }
            | Self::Noise { host }
            | Self::LostAdvertisement { host } => write!(f, "{}: {kind}", Name(*host)),
        }
    }
}
