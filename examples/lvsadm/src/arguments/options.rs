//! The options: their letters, their names, and whether a value belongs to them.

/// An option or command of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opt {
    AddService,
    EditService,
    DeleteService,
    Clear,
    AddServer,
    EditServer,
    DeleteServer,
    List,
    Save,
    Restore,
    Zero,
    Set,
    StartDaemon,
    StopDaemon,
    Help,
    Version,
    TcpService,
    UdpService,
    SctpService,
    FwmarkService,
    Ipv6,
    Scheduler,
    Persistent,
    Netmask,
    PersistenceEngine,
    SchedulerFlags,
    OnePacket,
    RealServer,
    Gatewaying,
    Ipip,
    Masquerading,
    TunnelType,
    TunnelPort,
    TunnelNoChecksum,
    TunnelChecksum,
    TunnelRemoteChecksum,
    Weight,
    UpperThreshold,
    LowerThreshold,
    Numeric,
    Connection,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Exact,
    Thresholds,
    PersistentConnections,
    TunnelInformation,
    Sort,
    NoSort,
    Json,
    SyncId,
    SyncMaxLength,
    MulticastInterface,
    MulticastGroup,
    MulticastPort,
    MulticastTtl,
}

/// Whether an option has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Required,
    /// Attached, or the next word unless that begins with a hyphen.
    Optional,
}

type Row = (Option<char>, &'static str, Opt, Value);

const OPTIONS: [Row; 59] = {
    use Value::{None as No, Optional, Required};
    [
        (Some('A'), "add-service", Opt::AddService, No),
        (Some('E'), "edit-service", Opt::EditService, No),
        (Some('D'), "delete-service", Opt::DeleteService, No),
        (Some('C'), "clear", Opt::Clear, No),
        (Some('a'), "add-server", Opt::AddServer, No),
        (Some('e'), "edit-server", Opt::EditServer, No),
        (Some('d'), "delete-server", Opt::DeleteServer, No),
        (Some('L'), "list", Opt::List, No),
        (Some('l'), "list", Opt::List, No),
        (Some('S'), "save", Opt::Save, No),
        (Some('R'), "restore", Opt::Restore, No),
        (Some('Z'), "zero", Opt::Zero, No),
        (None, "set", Opt::Set, No),
        (None, "start-daemon", Opt::StartDaemon, Required),
        (None, "stop-daemon", Opt::StopDaemon, Required),
        (Some('h'), "help", Opt::Help, No),
        (Some('v'), "version", Opt::Version, No),
        (Some('t'), "tcp-service", Opt::TcpService, Required),
        (Some('u'), "udp-service", Opt::UdpService, Required),
        (None, "sctp-service", Opt::SctpService, Required),
        (Some('f'), "fwmark-service", Opt::FwmarkService, Required),
        (Some('6'), "ipv6", Opt::Ipv6, No),
        (Some('s'), "scheduler", Opt::Scheduler, Required),
        (Some('p'), "persistent", Opt::Persistent, Optional),
        (Some('M'), "netmask", Opt::Netmask, Required),
        (None, "pe", Opt::PersistenceEngine, Required),
        (Some('b'), "sched-flags", Opt::SchedulerFlags, Required),
        (Some('o'), "ops", Opt::OnePacket, No),
        (Some('r'), "real-server", Opt::RealServer, Required),
        (Some('g'), "gatewaying", Opt::Gatewaying, No),
        (Some('i'), "ipip", Opt::Ipip, No),
        (Some('m'), "masquerading", Opt::Masquerading, No),
        (None, "tun-type", Opt::TunnelType, Required),
        (None, "tun-port", Opt::TunnelPort, Required),
        (None, "tun-nocsum", Opt::TunnelNoChecksum, No),
        (None, "tun-csum", Opt::TunnelChecksum, No),
        (None, "tun-remcsum", Opt::TunnelRemoteChecksum, No),
        (Some('w'), "weight", Opt::Weight, Required),
        (Some('x'), "u-threshold", Opt::UpperThreshold, Required),
        (Some('y'), "l-threshold", Opt::LowerThreshold, Required),
        (Some('n'), "numeric", Opt::Numeric, No),
        (Some('c'), "connection", Opt::Connection, No),
        (None, "timeout", Opt::Timeout, No),
        (None, "daemon", Opt::Daemon, No),
        (None, "stats", Opt::Stats, No),
        (None, "rate", Opt::Rate, No),
        (Some('X'), "exact", Opt::Exact, No),
        (None, "thresholds", Opt::Thresholds, No),
        (None, "persistent-conn", Opt::PersistentConnections, No),
        (None, "tun-info", Opt::TunnelInformation, No),
        (None, "sort", Opt::Sort, No),
        (None, "nosort", Opt::NoSort, No),
        (None, "json", Opt::Json, No),
        (None, "syncid", Opt::SyncId, Required),
        (None, "sync-maxlen", Opt::SyncMaxLength, Required),
        (None, "mcast-interface", Opt::MulticastInterface, Required),
        (None, "mcast-group", Opt::MulticastGroup, Required),
        (None, "mcast-port", Opt::MulticastPort, Required),
        (None, "mcast-ttl", Opt::MulticastTtl, Required),
    ]
};

pub(super) fn short(letter: char) -> Option<Opt> {
    find(|(short, ..)| *short == Some(letter)).map(|(_, _, option, _)| *option)
}

pub(super) fn long(name: &str) -> Option<Opt> {
    find(|(_, long, ..)| *long == name).map(|(_, _, option, _)| *option)
}

fn find(matches: impl Fn(&&Row) -> bool) -> Option<&'static Row> {
    OPTIONS.iter().find(matches)
}

impl Opt {
    pub(super) fn value(self) -> Value {
        find(|(_, _, option, _)| *option == self).map_or(Value::None, |(.., value)| *value)
    }

    /// Its long name, for messages.
    pub(super) fn name(self) -> &'static str {
        find(|(_, _, option, _)| *option == self).map_or("", |(_, name, ..)| name)
    }
}
