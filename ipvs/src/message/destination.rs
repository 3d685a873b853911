//! `IPVS_DEST_ATTR_*` of `linux/ip_vs.h`.

use std::num::NonZeroU16;

use super::attribute::{Writer, attributes};
use super::service::{read_address, write_address};
use crate::model::{
    Destination, DestinationKey, Family, ForwardMethod, Thresholds, Tunnel, TunnelChecksum, Weight,
};

const ADDR: u16 = 1;
const PORT: u16 = 2;
const FWD_METHOD: u16 = 3;
const WEIGHT: u16 = 4;
const U_THRESH: u16 = 5;
const L_THRESH: u16 = 6;
const ADDR_FAMILY: u16 = 11;
const TUN_TYPE: u16 = 13;
const TUN_PORT: u16 = 14;
const TUN_FLAGS: u16 = 15;

const METHOD: u32 = 7;
const MASQ: u32 = 0;
const LOCALNODE: u32 = 1;
const TUNNEL: u32 = 2;
const DROUTE: u32 = 3;
const BYPASS: u32 = 4;

const IPIP: u8 = 0;
const GUE: u8 = 1;
const GRE: u8 = 2;

pub(super) fn write_key(to: &mut Writer<'_>, key: &DestinationKey) {
    write_address(to, ADDR, key.address);
    to.u16_be(PORT, key.port);
    // Before Linux 3.18 there was none, and it is the service's then.
    to.u16(ADDR_FAMILY, Family::of(key.address).number());
}

pub(super) fn write(to: &mut Writer<'_>, key: &DestinationKey, destination: &Destination) {
    write_key(to, key);
    let method = match destination.forward {
        ForwardMethod::Masquerade => MASQ,
        ForwardMethod::LocalNode => LOCALNODE,
        ForwardMethod::Tunnel(_) => TUNNEL,
        ForwardMethod::DirectRoute => DROUTE,
        ForwardMethod::Bypass => BYPASS,
    };
    to.u32(FWD_METHOD, method);
    to.u32(WEIGHT, destination.weight.get());
    to.u32(U_THRESH, destination.thresholds.upper());
    to.u32(L_THRESH, destination.thresholds.lower());
    if let ForwardMethod::Tunnel(tunnel) = destination.forward {
        write_tunnel(to, tunnel);
    }
}

fn write_tunnel(to: &mut Writer<'_>, tunnel: Tunnel) {
    let (kind, port, checksum) = match tunnel {
        Tunnel::Ipip => (IPIP, 0, TunnelChecksum::None),
        Tunnel::Gue { port, checksum } => (GUE, port.get(), checksum),
        Tunnel::Gre { checksum } => (GRE, 0, checksum),
    };
    to.u8(TUN_TYPE, kind);
    to.u16_be(TUN_PORT, port);
    let flags = match checksum {
        TunnelChecksum::None => 0,
        TunnelChecksum::Computed => 1,
        TunnelChecksum::Remote => 2,
    };
    to.u16(TUN_FLAGS, flags);
}

/// Reads a destination of a service of that family; `None` when it is of a kind that this crate
/// does not know.
pub(super) fn read(bytes: &[u8], family: Family) -> Option<(DestinationKey, Destination)> {
    let find = |kind| attributes(bytes).find(|attribute| attribute.kind == kind);
    let own = find(ADDR_FAMILY).and_then(|own| Family::from_number(own.u16()?));
    let address = read_address(own.unwrap_or(family), find(ADDR)?.value)?;
    let key = DestinationKey { address, port: find(PORT)?.u16_be()? };
    let forward = match find(FWD_METHOD)?.u32()? & METHOD {
        MASQ => ForwardMethod::Masquerade,
        LOCALNODE => ForwardMethod::LocalNode,
        TUNNEL => ForwardMethod::Tunnel(read_tunnel(bytes)?),
        DROUTE => ForwardMethod::DirectRoute,
        BYPASS => ForwardMethod::Bypass,
        _ => return None,
    };
    let destination = Destination {
        forward,
        weight: Weight::new(find(WEIGHT)?.u32()?).ok()?,
        thresholds: Thresholds::new(find(U_THRESH)?.u32()?, find(L_THRESH)?.u32()?).ok()?,
    };
    Some((key, destination))
}

fn read_tunnel(bytes: &[u8]) -> Option<Tunnel> {
    let find = |kind| attributes(bytes).find(|attribute| attribute.kind == kind);
    // Before Linux 5.2 there was only one kind, and no attribute.
    let kind = find(TUN_TYPE).and_then(|kind| kind.u8()).unwrap_or(IPIP);
    let checksum = match find(TUN_FLAGS).and_then(|flags| flags.u16()).unwrap_or(0) {
        0 => TunnelChecksum::None,
        1 => TunnelChecksum::Computed,
        2 => TunnelChecksum::Remote,
        _ => return None,
    };
    Some(match kind {
        IPIP => Tunnel::Ipip,
        GUE => Tunnel::Gue { port: NonZeroU16::new(find(TUN_PORT)?.u16_be()?)?, checksum },
        GRE => Tunnel::Gre { checksum },
        _ => return None,
    })
}
