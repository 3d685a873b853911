//! `IPVS_SVC_ATTR_*` of `linux/ip_vs.h`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use super::attribute::{Writer, attributes};
use crate::model::{Family, Netmask, Persistence, Protocol, Service, ServiceFlags, ServiceKey};

const AF: u16 = 1;
const PROTOCOL: u16 = 2;
const ADDR: u16 = 3;
const PORT: u16 = 4;
const FWMARK: u16 = 5;
const SCHED_NAME: u16 = 6;
const FLAGS: u16 = 7;
const TIMEOUT: u16 = 8;
const NETMASK: u16 = 9;

const PERSISTENT: u32 = 1;
const ONEPACKET: u32 = 4;
const SCHED1: u32 = 8;
const SCHED2: u32 = 0x10;
const SCHED3: u32 = 0x20;

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
    // The kernel takes over the flags that the mask names.
    let flags = [flags(service), u32::MAX];
    let bytes: Vec<u8> = flags.iter().flat_map(|word| word.to_ne_bytes()).collect();
    to.bytes(FLAGS, &bytes);
    let persistence = &service.persistence;
    to.u32(TIMEOUT, persistence.as_ref().map_or(0, Persistence::seconds));
    let whole = Persistence::whole_address(key.family());
    match persistence.as_ref().map_or(whole, Persistence::netmask) {
        Netmask::V4(mask) => to.bytes(NETMASK, &mask.octets()),
        Netmask::V6(prefix) => to.u32(NETMASK, u32::from(prefix)),
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
pub(super) fn read(bytes: &[u8]) -> Option<(ServiceKey, Service)> {
    let find = |kind| attributes(bytes).find(|attribute| attribute.kind == kind);
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
    let persistence = is_set(PERSISTENT).then(|| {
        let netmask = match family {
            Family::Ipv4 => Netmask::V4(Ipv4Addr::from(*find(NETMASK)?.value.first_chunk::<4>()?)),
            Family::Ipv6 => Netmask::V6(u8::try_from(find(NETMASK)?.u32()?).ok()?),
        };
        Some(Persistence::as_found(find(TIMEOUT)?.u32()?, netmask))
    });
    let service = Service {
        scheduler: find(SCHED_NAME)?.string()?.parse().ok()?,
        flags: ServiceFlags {
            one_packet: is_set(ONEPACKET),
            scheduler_1: is_set(SCHED1),
            scheduler_2: is_set(SCHED2),
            scheduler_3: is_set(SCHED3),
        },
        persistence: persistence.flatten(),
    };
    Some((key, service))
}

pub(super) fn read_address(family: Family, bytes: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::Ipv4 => Ipv4Addr::from(*bytes.first_chunk::<4>()?).into(),
        Family::Ipv6 => Ipv6Addr::from(*bytes.first_chunk::<16>()?).into(),
    })
}
