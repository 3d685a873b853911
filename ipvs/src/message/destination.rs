//! `IPVS_DEST_ATTR_*` of `linux/ip_vs.h`.

use std::num::NonZeroU16;

use super::attribute::{Attributes, Writer};
use super::service::{read_address, write_address};
use super::stats;
use crate::model::{
    Connections, Destination, DestinationKey, DestinationStatus, Family, ForwardMethod, Thresholds,
    Tunnel, TunnelChecksum, UnknownForward, Weight,
};

const ADDR: u16 = 1;
const PORT: u16 = 2;
const FWD_METHOD: u16 = 3;
const WEIGHT: u16 = 4;
const U_THRESH: u16 = 5;
const L_THRESH: u16 = 6;
const ACTIVE_CONNS: u16 = 7;
const INACT_CONNS: u16 = 8;
const PERSIST_CONNS: u16 = 9;
const ADDR_FAMILY: u16 = 11;
const STATS64: u16 = 12;
const TUN_TYPE: u16 = 13;
const TUN_PORT: u16 = 14;
const TUN_FLAGS: u16 = 15;

const METHOD: u32 = 7;
const MASQ: u32 = 0;
const LOCALNODE: u32 = 1;
const TUNNEL: u32 = UnknownForward::TUNNEL;
const DROUTE: u32 = 3;
const BYPASS: u32 = 4;

const IPIP: u8 = 0;
const GUE: u8 = 1;
const GRE: u8 = 2;

const NOCSUM: u16 = 0;
const CSUM: u16 = 1;
const REMCSUM: u16 = 2;

pub(super) fn write_key(to: &mut Writer<'_>, key: &DestinationKey) {
    write_address(to, ADDR, key.address);
    to.u16_be(PORT, key.port);
    to.u16(ADDR_FAMILY, Family::of(key.address).number());
}

pub(super) fn write(to: &mut Writer<'_>, key: &DestinationKey, destination: &Destination) {
    write_key(to, key);
    let plain = |method| UnknownForward { method, tunnel: IPIP, port: 0, flags: 0 };
    let raw = match destination.forward {
        ForwardMethod::Masquerade => plain(MASQ),
        ForwardMethod::LocalNode => plain(LOCALNODE),
        ForwardMethod::Tunnel(tunnel) => raw_tunnel(tunnel),
        ForwardMethod::DirectRoute => plain(DROUTE),
        ForwardMethod::Bypass => plain(BYPASS),
        ForwardMethod::Unknown(raw) => raw,
    };
    to.u32(FWD_METHOD, raw.method);
    to.u32(WEIGHT, destination.weight.get());
    to.u32(U_THRESH, destination.thresholds.upper());
    to.u32(L_THRESH, destination.thresholds.lower());
    to.u8(TUN_TYPE, raw.tunnel);
    to.u16_be(TUN_PORT, raw.port);
    to.u16(TUN_FLAGS, raw.flags);
}

fn raw_tunnel(kind: Tunnel) -> UnknownForward {
    let (tunnel, port, checksum) = match kind {
        Tunnel::Ipip => (IPIP, 0, TunnelChecksum::None),
        Tunnel::Gue { port, checksum } => (GUE, port.get(), checksum),
        Tunnel::Gre { checksum } => (GRE, 0, checksum),
    };
    let flags = match checksum {
        TunnelChecksum::None => NOCSUM,
        TunnelChecksum::Computed => CSUM,
        TunnelChecksum::Remote => REMCSUM,
    };
    UnknownForward { method: TUNNEL, tunnel, port, flags }
}

/// Reads a destination; `None` when it is of a kind that this crate does not know.
pub(super) fn read(bytes: &[u8]) -> Option<(DestinationKey, DestinationStatus)> {
    let attributes = Attributes::read(bytes);
    let find = |kind| attributes.find(kind);
    let family = Family::from_number(find(ADDR_FAMILY)?.u16()?)?;
    let address = read_address(family, find(ADDR)?.value)?;
    let key = DestinationKey { address, port: find(PORT)?.u16_be()? };
    let destination = Destination {
        forward: read_forward(&attributes)?,
        weight: Weight::new(find(WEIGHT)?.u32()?).ok()?,
        thresholds: Thresholds::as_found(find(U_THRESH)?.u32()?, find(L_THRESH)?.u32()?),
    };
    let count = |kind| find(kind).and_then(|count| count.u32()).unwrap_or(0);
    let connections = Connections {
        active: count(ACTIVE_CONNS),
        inactive: count(INACT_CONNS),
        persistent: count(PERSIST_CONNS),
    };
    let stats = find(STATS64).map(|nest| stats::read(nest.value)).unwrap_or_default();
    Some((key, DestinationStatus { destination, connections, stats }))
}

fn read_forward(attributes: &Attributes<'_>) -> Option<ForwardMethod> {
    let find = |kind| attributes.find(kind);
    let raw = UnknownForward {
        method: find(FWD_METHOD)?.u32()? & METHOD,
        // Before Linux 5.2 there was only one kind of tunnel, and no attribute.
        tunnel: find(TUN_TYPE).and_then(|kind| kind.u8()).unwrap_or(IPIP),
        port: find(TUN_PORT).and_then(|port| port.u16_be()).unwrap_or(0),
        flags: find(TUN_FLAGS).and_then(|flags| flags.u16()).unwrap_or(NOCSUM),
    };
    Some(match raw.method {
        MASQ => ForwardMethod::Masquerade,
        LOCALNODE => ForwardMethod::LocalNode,
        TUNNEL => read_tunnel(raw).map_or(ForwardMethod::Unknown(raw), ForwardMethod::Tunnel),
        DROUTE => ForwardMethod::DirectRoute,
        BYPASS => ForwardMethod::Bypass,
        _ => ForwardMethod::Unknown(raw),
    })
}

fn read_tunnel(raw: UnknownForward) -> Option<Tunnel> {
    let checksum = match raw.flags {
        NOCSUM => TunnelChecksum::None,
        CSUM => TunnelChecksum::Computed,
        REMCSUM => TunnelChecksum::Remote,
        _ => return None,
    };
    match raw.tunnel {
        IPIP => Some(Tunnel::Ipip),
        GUE => Some(Tunnel::Gue { port: NonZeroU16::new(raw.port)?, checksum }),
        GRE => Some(Tunnel::Gre { checksum }),
        _ => None,
    }
}
