//! Replies, as in `linux/netlink.h`, `linux/genetlink.h` and `linux/ip_vs.h`.

use super::attribute::Attributes;
use super::{daemon, destination, service, settings};
use crate::model::{
    DestinationKey, DestinationStatus, Info, Service, ServiceKey, Stats, SyncDaemon, Timeouts,
};

const NETLINK_HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const GENL_ID_CTRL: u16 = 0x10;

const CTRL_ATTR_FAMILY_ID: u16 = 1;

const CMD_NEW_SERVICE: u8 = 1;
const CMD_NEW_DEST: u8 = 5;
const CMD_NEW_DAEMON: u8 = 9;
const CMD_SET_CONFIG: u8 = 12;
const CMD_SET_INFO: u8 = 14;

const ATTR_SERVICE: u16 = 1;
const ATTR_DEST: u16 = 2;
const ATTR_DAEMON: u16 = 3;

/// One message from the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The request that it answers.
    pub sequence: u32,
    /// What it says.
    pub reply: Reply,
}

/// What the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The request was carried out (0), or refused with an error number.
    Result(i32),
    /// A listing is complete (0), or ended with an error number.
    Done(i32),
    /// A service of a listing.
    Service(ServiceKey, Service, Stats),
    /// A destination of a listing.
    Destination(DestinationKey, DestinationStatus),
    /// A sync daemon of a listing.
    SyncDaemon(SyncDaemon),
    /// The timeouts of connections.
    Timeouts(Timeouts),
    /// Version and size.
    Info(Info),
    /// The number of the IPVS family.
    Family(u16),
    /// Something that this crate does not know.
    Unknown,
}

/// The messages in a datagram, up to the first that is not whole.
pub fn replies(mut bytes: &[u8]) -> impl Iterator<Item = Message> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let sequence = u32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?);
        let payload = bytes.get(NETLINK_HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message { sequence, reply: read(kind, payload).unwrap_or(Reply::Unknown) })
    })
}

fn read(kind: u16, payload: &[u8]) -> Option<Reply> {
    let errno = || Some(i32::from_ne_bytes(*payload.first_chunk()?).saturating_neg());
    match kind {
        NLMSG_ERROR => return errno().map(Reply::Result),
        NLMSG_DONE => return errno().map(Reply::Done),
        _ => {}
    }
    let (command, body) = (payload.first()?, payload.get(GENERIC_HEADER..)?);
    let attributes = Attributes::read(body);
    let find = |kind| attributes.find(kind);
    if kind == GENL_ID_CTRL {
        return find(CTRL_ATTR_FAMILY_ID)?.u16().map(Reply::Family);
    }
    match *command {
        CMD_NEW_SERVICE => {
            let (key, service, stats) = service::read(find(ATTR_SERVICE)?.value)?;
            Some(Reply::Service(key, service, stats))
        }
        CMD_NEW_DEST => {
            let (key, status) = destination::read(find(ATTR_DEST)?.value)?;
            Some(Reply::Destination(key, status))
        }
        CMD_NEW_DAEMON => daemon::read(find(ATTR_DAEMON)?.value).map(Reply::SyncDaemon),
        CMD_SET_CONFIG => settings::read_timeouts(&attributes).map(Reply::Timeouts),
        CMD_SET_INFO => settings::read_info(&attributes).map(Reply::Info),
        _ => None,
    }
}
