//! Requests, as in `linux/ip_vs.h` and `linux/genetlink.h`.

use super::attribute::Writer;
use super::{daemon, destination, service, settings};
use crate::model::{
    Destination, DestinationKey, Service, ServiceKey, SyncDaemon, SyncRole, Timeouts,
};

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;

const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const FAMILY_NAME: &str = "IPVS";
const VERSION: u8 = 1;

const ATTR_SERVICE: u16 = 1;
const ATTR_DEST: u16 = 2;
const ATTR_DAEMON: u16 = 3;

/// What is asked of the kernel's load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// `IPVS_CMD_NEW_SERVICE`.
    NewService(&'a ServiceKey, &'a Service),
    /// `IPVS_CMD_SET_SERVICE`.
    SetService(&'a ServiceKey, &'a Service),
    /// `IPVS_CMD_DEL_SERVICE`; its destinations go with it.
    DeleteService(&'a ServiceKey),
    /// `IPVS_CMD_GET_SERVICE` for one service.
    GetService(&'a ServiceKey),
    /// `IPVS_CMD_GET_SERVICE` for all services.
    DumpServices,
    /// `IPVS_CMD_NEW_DEST`.
    NewDestination(&'a ServiceKey, &'a DestinationKey, &'a Destination),
    /// `IPVS_CMD_SET_DEST`; replaces all that can be set.
    SetDestination(&'a ServiceKey, &'a DestinationKey, &'a Destination),
    /// `IPVS_CMD_DEL_DEST`.
    DeleteDestination(&'a ServiceKey, &'a DestinationKey),
    /// `IPVS_CMD_GET_DEST` for all destinations of a service.
    DumpDestinations(&'a ServiceKey),
    /// `IPVS_CMD_NEW_DAEMON`.
    NewSyncDaemon(&'a SyncDaemon),
    /// `IPVS_CMD_DEL_DAEMON`.
    DeleteSyncDaemon(SyncRole),
    /// `IPVS_CMD_GET_DAEMON`, for both.
    DumpSyncDaemons,
    /// `IPVS_CMD_SET_CONFIG`.
    SetTimeouts(&'a Timeouts),
    /// `IPVS_CMD_GET_CONFIG`.
    GetTimeouts,
    /// `IPVS_CMD_GET_INFO`.
    GetInfo,
    /// `IPVS_CMD_ZERO`: counters of a service and its destinations, or of all.
    Zero(Option<&'a ServiceKey>),
    /// `IPVS_CMD_FLUSH`: removes all services.
    Flush,
}

/// What the envelope of a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The number that the kernel has given to the IPVS family.
    pub family: u16,
    /// What answers refer to.
    pub sequence: u32,
    /// Whether success is to be answered too; failure always is.
    pub acknowledge: bool,
}

impl Request<'_> {
    const fn command(&self) -> u8 {
        match self {
            Self::NewService(..) => 1,
            Self::SetService(..) => 2,
            Self::DeleteService(_) => 3,
            Self::GetService(_) | Self::DumpServices => 4,
            Self::NewDestination(..) => 5,
            Self::SetDestination(..) => 6,
            Self::DeleteDestination(..) => 7,
            Self::DumpDestinations(_) => 8,
            Self::NewSyncDaemon(_) => 9,
            Self::DeleteSyncDaemon(_) => 10,
            Self::DumpSyncDaemons => 11,
            Self::SetTimeouts(_) => 12,
            Self::GetTimeouts => 13,
            Self::GetInfo => 15,
            Self::Zero(_) => 16,
            Self::Flush => 17,
        }
    }

    /// Appends the request.
    pub fn encode(&self, header: Header, buffer: &mut Vec<u8>) {
        let asks = match self {
            Self::DumpServices | Self::DumpDestinations(_) | Self::DumpSyncDaemons => NLM_F_DUMP,
            // Answered with what is asked for.
            Self::GetService(_) | Self::GetTimeouts | Self::GetInfo => 0,
            _ if header.acknowledge => NLM_F_ACK,
            _ => 0,
        };
        message(header.family, asks, header.sequence, self.command(), buffer, |to| match self {
            Self::NewService(key, new) | Self::SetService(key, new) => {
                to.nested(ATTR_SERVICE, |to| service::write(to, key, new));
            }
            Self::DeleteService(key)
            | Self::GetService(key)
            | Self::DumpDestinations(key)
            | Self::Zero(Some(key)) => {
                to.nested(ATTR_SERVICE, |to| service::write_key(to, key));
            }
            Self::SetTimeouts(timeouts) => settings::write_timeouts(to, timeouts),
            Self::NewSyncDaemon(new) => to.nested(ATTR_DAEMON, |to| daemon::write(to, new)),
            Self::DeleteSyncDaemon(role) => {
                to.nested(ATTR_DAEMON, |to| daemon::write_role(to, *role));
            }
            Self::DumpServices
            | Self::DumpSyncDaemons
            | Self::GetTimeouts
            | Self::GetInfo
            | Self::Zero(None)
            | Self::Flush => {}
            Self::NewDestination(key, server, new) | Self::SetDestination(key, server, new) => {
                to.nested(ATTR_SERVICE, |to| service::write_key(to, key));
                to.nested(ATTR_DEST, |to| destination::write(to, server, new));
            }
            Self::DeleteDestination(key, server) => {
                to.nested(ATTR_SERVICE, |to| service::write_key(to, key));
                to.nested(ATTR_DEST, |to| destination::write_key(to, server));
            }
        });
    }
}

/// Appends the question which number the kernel has given to the IPVS family; asking it makes a
/// kernel with modules load `ip_vs`.
pub fn family_request(sequence: u32, buffer: &mut Vec<u8>) {
    message(GENL_ID_CTRL, 0, sequence, CTRL_CMD_GETFAMILY, buffer, |to| {
        to.string(CTRL_ATTR_FAMILY_NAME, FAMILY_NAME);
    });
}

fn message(
    kind: u16,
    flags: u16,
    sequence: u32,
    command: u8,
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut Writer<'_>),
) {
    let begin = buffer.len();
    buffer.extend(0u32.to_ne_bytes());
    buffer.extend(kind.to_ne_bytes());
    buffer.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    buffer.extend(sequence.to_ne_bytes());
    buffer.extend(0u32.to_ne_bytes());
    buffer.extend([command, VERSION, 0, 0]);
    write(&mut Writer(buffer));
    let length = u32::try_from(buffer.len().saturating_sub(begin)).unwrap_or(u32::MAX);
    if let Some(field) = buffer.get_mut(begin..).and_then(|rest| rest.first_chunk_mut()) {
        *field = length.to_ne_bytes();
    }
}
