use std::fmt;

use super::{Persistence, PersistenceEngine, Scheduler};

/// How a service treats its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Service {
    /// How servers are chosen.
    pub scheduler: Scheduler,
    /// Options of the service and its scheduler.
    pub flags: ServiceFlags,
    /// Whether clients stay with their server.
    pub persistence: Option<Persistence>,
    /// What tells a client's connections apart by the content of their packets, so that each stays
    /// with its server by itself. Also without persistence it can take for the service's what its
    /// servers begin (`ip_vs_pe_sip`, since Linux 4.7).
    pub engine: Option<PersistenceEngine>,
}

impl Service {
    /// A service without persistence and options.
    pub fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, flags: ServiceFlags::default(), persistence: None, engine: None }
    }
}

/// Options of a service, as `IP_VS_SVC_F_*` of the kernel's `linux/ip_vs.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ServiceFlags {
    /// Each packet is scheduled by itself.
    pub one_packet: bool,
    /// `sh-fallback`, `mh-fallback`.
    pub scheduler_1: bool,
    /// `sh-port`, `mh-port`.
    pub scheduler_2: bool,
    /// No scheduler of the kernel uses it.
    pub scheduler_3: bool,
}

impl ServiceFlags {
    /// The names of those that are set, as ipvsadm has them.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let flags = [
            (self.scheduler_1, "flag-1"),
            (self.scheduler_2, "flag-2"),
            (self.scheduler_3, "flag-3"),
            (self.one_packet, "ops"),
        ];
        flags.into_iter().filter_map(|(set, name)| set.then_some(name))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheduler, flags, persistence, engine } = self;
        scheduler.fmt(f)?;
        for name in flags.names() {
            write!(f, " {name}")?;
        }
        if let Some(persistence) = persistence {
            write!(f, " {persistence}")?;
        }
        match engine {
            Some(engine) => write!(f, " pe {engine}"),
            None => Ok(()),
        }
    }
}
