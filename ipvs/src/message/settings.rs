//! `IPVS_CMD_ATTR_TIMEOUT_*` and `IPVS_INFO_ATTR_*` of `linux/ip_vs.h`.

use super::attribute::{Attributes, Writer};
use crate::model::{Info, Timeouts, Version};

const TIMEOUT_TCP: u16 = 4;
const TIMEOUT_TCP_FIN: u16 = 5;
const TIMEOUT_UDP: u16 = 6;

const VERSION: u16 = 1;
const CONN_TAB_SIZE: u16 = 2;

pub(super) fn write_timeouts(to: &mut Writer<'_>, timeouts: &Timeouts) {
    let [tcp, tcp_fin, udp] = timeouts.seconds();
    to.u32(TIMEOUT_TCP, tcp);
    to.u32(TIMEOUT_TCP_FIN, tcp_fin);
    to.u32(TIMEOUT_UDP, udp);
}

pub(super) fn read_timeouts(attributes: &Attributes<'_>) -> Option<Timeouts> {
    let seconds = |kind| attributes.find(kind)?.u32();
    let (tcp, tcp_fin) = (seconds(TIMEOUT_TCP)?, seconds(TIMEOUT_TCP_FIN)?);
    Some(Timeouts::as_found([tcp, tcp_fin, seconds(TIMEOUT_UDP)?]))
}

pub(super) fn read_info(attributes: &Attributes<'_>) -> Option<Info> {
    // NVERSION(version) of the header: three bytes.
    let [_, major, minor, patch] = attributes.find(VERSION)?.u32()?.to_be_bytes();
    let connection_table_size = attributes.find(CONN_TAB_SIZE)?.u32()?;
    Some(Info { version: Version { major, minor, patch }, connection_table_size })
}
