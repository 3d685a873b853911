//! Which options go with which command.

use super::UsageError;
use super::options::Opt;

/// Options of which a command line has one, under the name of the first.
pub(super) const SERVICE: Opt = Opt::TcpService;
pub(super) const FORWARDING: Opt = Opt::Gatewaying;

pub(super) fn slot(option: Opt) -> Opt {
    match option {
        Opt::UdpService | Opt::SctpService | Opt::FwmarkService => SERVICE,
        Opt::Ipip | Opt::Masquerading => FORWARDING,
        other => other,
    }
}

/// The slots that a command has, those that it cannot do without included.
fn allowed(command: Opt) -> &'static [Opt] {
    match command {
        Opt::AddService | Opt::EditService => &[
            SERVICE,
            Opt::Scheduler,
            Opt::Persistent,
            Opt::Netmask,
            Opt::PersistenceEngine,
            Opt::SchedulerFlags,
            Opt::OnePacket,
        ],
        Opt::AddServer | Opt::EditServer => &[
            SERVICE,
            Opt::RealServer,
            FORWARDING,
            Opt::Weight,
            Opt::UpperThreshold,
            Opt::LowerThreshold,
            Opt::TunnelType,
            Opt::TunnelPort,
            Opt::TunnelNoChecksum,
            Opt::TunnelChecksum,
            Opt::TunnelRemoteChecksum,
        ],
        Opt::DeleteServer => &[SERVICE, Opt::RealServer],
        Opt::DeleteService | Opt::Zero => &[SERVICE],
        Opt::List => &[
            SERVICE,
            Opt::Connection,
            Opt::Timeout,
            Opt::Daemon,
            Opt::Numeric,
            Opt::Stats,
            Opt::Rate,
            Opt::Exact,
            Opt::Thresholds,
            Opt::PersistentConnections,
            Opt::TunnelInformation,
            Opt::NoSort,
            Opt::Json,
            Opt::SyncId,
        ],
        Opt::Save => &[Opt::Numeric],
        Opt::StartDaemon => &[
            Opt::SyncId,
            Opt::SyncMaxLength,
            Opt::MulticastInterface,
            Opt::MulticastGroup,
            Opt::MulticastPort,
            Opt::MulticastTtl,
        ],
        Opt::StopDaemon => &[Opt::SyncId],
        _ => &[],
    }
}

/// Whether these options, by their slots, go with the command and with each other.
pub(super) fn check(command: Opt, given: &[Opt]) -> Result<(), UsageError> {
    let allowed = allowed(command);
    if let Some(option) = given.iter().find(|option| !allowed.contains(option)) {
        return Err(UsageError::Illegal { option: *option, command });
    }
    match command {
        Opt::List => check_list(given),
        _ => Ok(()),
    }
}

/// What a listing is of, and what cannot be seen in it.
fn check_list(given: &[Opt]) -> Result<(), UsageError> {
    let subjects = [SERVICE, Opt::Connection, Opt::Timeout, Opt::Daemon];
    let mut chosen = subjects.into_iter().filter(|it| given.contains(it));
    let subject = chosen.next();
    if let (Some(first), Some(second)) = (subject, chosen.next()) {
        return Err(UsageError::Conflict(first, second));
    }
    let senseless: &[Opt] = match subject {
        Some(Opt::Connection) => &[Opt::Stats, Opt::Rate, Opt::Thresholds],
        Some(Opt::Timeout | Opt::Daemon) => {
            &[Opt::Stats, Opt::Rate, Opt::Thresholds, Opt::PersistentConnections]
        }
        _ => &[],
    };
    match (subject, senseless.iter().find(|it| given.contains(it))) {
        (Some(subject), Some(option)) => Err(UsageError::Conflict(subject, *option)),
        _ => Ok(()),
    }
}
