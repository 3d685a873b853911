//! `IPVS_DAEMON_ATTR_*` of `linux/ip_vs.h`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16};

use super::attribute::{Attributes, Writer};
use crate::model::{MulticastGroup, SyncDaemon, SyncRole};

const STATE: u16 = 1;
const MCAST_IFN: u16 = 2;
const SYNC_ID: u16 = 3;
const SYNC_MAXLEN: u16 = 4;
const MCAST_GROUP: u16 = 5;
const MCAST_GROUP6: u16 = 6;
const MCAST_PORT: u16 = 7;
const MCAST_TTL: u16 = 8;

const MASTER: u32 = 1;
const BACKUP: u32 = 2;

pub(super) fn write_role(to: &mut Writer<'_>, role: SyncRole) {
    to.u32(
        STATE,
        match role {
            SyncRole::Master => MASTER,
            SyncRole::Backup => BACKUP,
        },
    );
}

pub(super) fn write(to: &mut Writer<'_>, daemon: &SyncDaemon) {
    write_role(to, daemon.role);
    to.string(MCAST_IFN, daemon.interface.name());
    to.u32(SYNC_ID, u32::from(daemon.sync_id));
    if let Some(length) = daemon.max_length {
        to.u16(SYNC_MAXLEN, length.get());
    }
    match daemon.group.map(MulticastGroup::address) {
        Some(IpAddr::V4(group)) => to.bytes(MCAST_GROUP, &group.octets()),
        Some(IpAddr::V6(group)) => to.bytes(MCAST_GROUP6, &group.octets()),
        None => {}
    }
    if let Some(port) = daemon.port {
        // Of all ports this one alone is in the machine's own order.
        to.u16(MCAST_PORT, port.get());
    }
    if let Some(ttl) = daemon.ttl {
        to.u8(MCAST_TTL, ttl.get());
    }
}

pub(super) fn read(bytes: &[u8]) -> Option<SyncDaemon> {
    let attributes = Attributes::read(bytes);
    let find = |kind| attributes.find(kind);
    let v4 = || Some(Ipv4Addr::from(*find(MCAST_GROUP)?.value.first_chunk::<4>()?).into());
    let v6 = || Some(Ipv6Addr::from(*find(MCAST_GROUP6)?.value.first_chunk::<16>()?).into());
    Some(SyncDaemon {
        role: match find(STATE)?.u32()? {
            MASTER => SyncRole::Master,
            BACKUP => SyncRole::Backup,
            _ => return None,
        },
        interface: find(MCAST_IFN)?.string()?.parse().ok()?,
        // Eight bits on the wire between directors; the kernel takes more and cuts them off.
        sync_id: find(SYNC_ID)?.u32()?.to_le_bytes()[0],
        max_length: find(SYNC_MAXLEN).and_then(|found| NonZeroU16::new(found.u16()?)),
        group: v4().or_else(v6).and_then(|group: IpAddr| MulticastGroup::new(group).ok()),
        port: find(MCAST_PORT).and_then(|found| NonZeroU16::new(found.u16()?)),
        ttl: find(MCAST_TTL).and_then(|found| NonZeroU8::new(found.u8()?)),
    })
}
