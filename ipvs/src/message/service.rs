//! `IPVS_SVC_ATTR_*` of `linux/ip_vs.h`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use super::attribute::{Attributes, Writer};
use super::stats;
use crate::model::{
    Family, Netmask, Persistence, Protocol, Service, ServiceFlags, ServiceKey, Stats,
};

const AF: u16 = 1;
const PROTOCOL: u16 = 2;
const ADDR: u16 = 3;
const PORT: u16 = 4;
const FWMARK: u16 = 5;
const SCHED_NAME: u16 = 6;
const FLAGS: u16 = 7;
const TIMEOUT: u16 = 8;
const NETMASK: u16 = 9;
const PE_NAME: u16 = 11;
const STATS64: u16 = 12;

const PERSISTENT: u32 = 1;
const ONEPACKET: u32 = 4;
const SCHED1: u32 = 8;
const SCHED2: u32 = 0x10;
const SCHED3: u32 = 0x20;
/// The kernel leaves flags outside of it as they are.
const KNOWN_FLAGS: u32 = PERSISTENT | ONEPACKET | SCHED1 | SCHED2 | SCHED3;

pub(super) fn write_key(to: &mut Writer<'_>, key: &ServiceKey) {
    to.u16(AF, key.family().number());
    match key {
        ServiceKey::Address { protocol, address, port } => {
            to.u16(PROTOCOL, protocol.number());
            write_address(to, ADDR, *address);
            to.u16_be(PORT, *port);
        }
        ServiceKey::FirewallMark { mark, .. } => to.u32(FWMARK, mark.get()),
    }
}

pub(super) fn write_address(to: &mut Writer<'_>, kind: u16, address: IpAddr) {
    match address {
        IpAddr::V4(address) => to.bytes(kind, &address.octets()),
        IpAddr::V6(address) => to.bytes(kind, &address.octets()),
    }
}

pub(super) fn write(to: &mut Writer<'_>, key: &ServiceKey, service: &Service) {
    write_key(to, key);
    to.string(SCHED_NAME, service.scheduler.name());
    let mut flags_and_mask = [0; 8];
    let (flags_part, mask_part) = flags_and_mask.split_at_mut(4);
    flags_part.copy_from_slice(&flags(service).to_ne_bytes());
    mask_part.copy_from_slice(&KNOWN_FLAGS.to_ne_bytes());
    to.bytes(FLAGS, &flags_and_mask);
    let persistence = service.persistence.as_ref();
    to.u32(TIMEOUT, persistence.map_or(0, Persistence::seconds));
    let whole = Persistence::whole_address(key.family());
    match (key.family(), persistence.map_or(whole, Persistence::netmask)) {
        (Family::Ipv4, Netmask::V4(mask)) => to.bytes(NETMASK, &mask.octets()),
        (Family::Ipv6, Netmask::V6(prefix)) => to.u32(NETMASK, u32::from(prefix)),
        // The bytes of the one would be read as the other; without any the kernel refuses.
        (Family::Ipv4, Netmask::V6(_)) | (Family::Ipv6, Netmask::V4(_)) => {}
    }
    if let Some(engine) = service.engine {
        to.string(PE_NAME, engine.name());
    }
}

fn flags(service: &Service) -> u32 {
    let ServiceFlags { one_packet, scheduler_1, scheduler_2, scheduler_3 } = service.flags;
    [
        (service.persistence.is_some(), PERSISTENT),
        (one_packet, ONEPACKET),
        (scheduler_1, SCHED1),
        (scheduler_2, SCHED2),
        (scheduler_3, SCHED3),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(0, |all, (_, flag)| all | flag)
}

/// Reads a service; `None` when it is of a kind that this crate does not know.
pub(super) fn read(bytes: &[u8]) -> Option<(ServiceKey, Service, Stats)> {
    let attributes = Attributes::read(bytes);
    let find = |kind| attributes.find(kind);
    let family = Family::from_number(find(AF)?.u16()?)?;
    let mark = find(FWMARK).and_then(|mark| NonZeroU32::new(mark.u32()?));
    let key = match mark {
        Some(mark) => ServiceKey::FirewallMark { mark, family },
        None => ServiceKey::Address {
            protocol: Protocol::from_number(find(PROTOCOL)?.u16()?)?,
            address: read_address(family, find(ADDR)?.value)?,
            port: find(PORT)?.u16_be()?,
        },
    };
    let bits = find(FLAGS)?.u32()?;
    let is_set = |flag| bits & flag != 0;
    let persistence = if is_set(PERSISTENT) {
        let netmask = match family {
            Family::Ipv4 => Netmask::V4(Ipv4Addr::from(*find(NETMASK)?.value.first_chunk::<4>()?)),
            Family::Ipv6 => Netmask::V6(u8::try_from(find(NETMASK)?.u32()?).ok()?),
        };
        Some(Persistence::as_found(find(TIMEOUT)?.u32()?, netmask))
    } else {
        None
    };
    let service = Service {
        scheduler: find(SCHED_NAME)?.string()?.parse().ok()?,
        flags: ServiceFlags {
            one_packet: is_set(ONEPACKET),
            scheduler_1: is_set(SCHED1),
            scheduler_2: is_set(SCHED2),
            scheduler_3: is_set(SCHED3),
        },
        persistence,
        engine: find(PE_NAME).and_then(|name| name.string()?.parse().ok()),
    };
    let stats = find(STATS64).map(|nest| stats::read(nest.value)).unwrap_or_default();
    Some((key, service, stats))
}

pub(super) fn read_address(family: Family, bytes: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::Ipv4 => Ipv4Addr::from(*bytes.first_chunk::<4>()?).into(),
        Family::Ipv6 => Ipv6Addr::from(*bytes.first_chunk::<16>()?).into(),
    })
}
