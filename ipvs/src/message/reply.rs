//! Replies, as in `linux/netlink.h`, `linux/genetlink.h` and `linux/ip_vs.h`.

use super::attribute::attributes;
use super::{destination, service};
use crate::model::{Destination, DestinationKey, Family, Service, ServiceKey};

const NETLINK_HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const GENL_ID_CTRL: u16 = 0x10;

const CTRL_ATTR_FAMILY_ID: u16 = 1;
const ATTR_SERVICE: u16 = 1;
const ATTR_DEST: u16 = 2;

/// One message from the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A request was carried out, or refused with an error number (positive).
    Result {
        /// Which request.
        sequence: u32,
        /// 0, or the error number.
        errno: i32,
    },
    /// A listing is complete, or ended with an error number.
    Done {
        /// Which request.
        sequence: u32,
        /// 0, or the error number.
        errno: i32,
    },
    /// A service of a listing.
    Service(ServiceKey, Service),
    /// A destination of a listing.
    Destination(DestinationKey, Destination),
    /// The number of the IPVS family.
    Family(u16),
    /// Something that this crate does not know.
    Unknown,
}

/// The messages in a datagram, up to the first that is not whole. `family` is that of the service
/// whose destinations are listed; old kernels do not say a destination's own.
pub fn replies(mut bytes: &[u8], family: Family) -> impl Iterator<Item = Reply> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let sequence = u32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?);
        let payload = bytes.get(NETLINK_HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(read(kind, sequence, payload, family))
    })
}

fn read(kind: u16, sequence: u32, payload: &[u8], family: Family) -> Reply {
    let errno = || {
        let number = payload.first_chunk().copied().map_or(0, i32::from_ne_bytes);
        number.saturating_neg()
    };
    match kind {
        NLMSG_ERROR => return Reply::Result { sequence, errno: errno() },
        NLMSG_DONE => return Reply::Done { sequence, errno: errno() },
        _ => {}
    }
    let Some(body) = payload.get(GENERIC_HEADER..) else { return Reply::Unknown };
    let find = |kind| attributes(body).find(|attribute| attribute.kind == kind);
    if kind == GENL_ID_CTRL {
        let id = find(CTRL_ATTR_FAMILY_ID).and_then(|id| id.u16());
        return id.map_or(Reply::Unknown, Reply::Family);
    }
    if let Some(nest) = find(ATTR_DEST) {
        let read = destination::read(nest.value, family);
        return read.map_or(Reply::Unknown, |(key, found)| Reply::Destination(key, found));
    }
    let read = find(ATTR_SERVICE).and_then(|nest| service::read(nest.value));
    read.map_or(Reply::Unknown, |(key, found)| Reply::Service(key, found))
}
