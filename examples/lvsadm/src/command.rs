//! What can be asked for.

use steadfast_ipvs::{Change, ServiceKey, SyncDaemon, SyncRole};

/// One command line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invocation {
    Help,
    Version,
    /// Commands come on standard input.
    Restore,
    Obey(Command),
}

/// What the kernel is asked to do or to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    List(List),
    ListConnections {
        numeric: bool,
        engine: bool,
        json: bool,
    },
    ListTimeouts {
        json: bool,
    },
    ListDaemons {
        json: bool,
    },
    Save {
        numeric: bool,
    },
    Clear,
    /// The counters of one service, or of all.
    Zero(Option<ServiceKey>),
    Change(Change),
    SetTimeouts(NewTimeouts),
    StartDaemon(SyncDaemon),
    StopDaemon(SyncRole),
}

/// How the table is to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct List {
    /// One service only.
    pub(crate) service: Option<ServiceKey>,
    pub(crate) columns: Columns,
    pub(crate) numeric: bool,
    /// Counters in full instead of in thousands and millions.
    pub(crate) exact: bool,
    /// As the kernel lists it instead of in order.
    pub(crate) unsorted: bool,
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Columns {
    #[default]
    Connections,
    TunnelInformation,
    Thresholds,
    PersistentConnections,
    Stats,
    Rate,
}

/// Timeouts in seconds; 0 leaves one as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewTimeouts {
    pub(crate) tcp: u32,
    pub(crate) tcp_fin: u32,
    pub(crate) udp: u32,
}
