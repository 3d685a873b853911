//! `IPVS_STATS_ATTR_*` of `linux/ip_vs.h`, as in the nests `STATS64` of services and destinations.

use super::attribute::Attributes;
use crate::model::{Rates, Stats};

const CONNS: u16 = 1;
const INPKTS: u16 = 2;
const OUTPKTS: u16 = 3;
const INBYTES: u16 = 4;
const OUTBYTES: u16 = 5;
const CPS: u16 = 6;
const INPPS: u16 = 7;
const OUTPPS: u16 = 8;
const INBPS: u16 = 9;
const OUTBPS: u16 = 10;

/// Reads counters; one that is not there is 0.
pub(super) fn read(nest: &[u8]) -> Stats {
    let attributes = Attributes::read(nest);
    let counter = |kind| attributes.find(kind).and_then(|found| found.u64()).unwrap_or(0);
    Stats {
        connections: counter(CONNS),
        packets_in: counter(INPKTS),
        packets_out: counter(OUTPKTS),
        bytes_in: counter(INBYTES),
        bytes_out: counter(OUTBYTES),
        rates: Rates {
            connections: counter(CPS),
            packets_in: counter(INPPS),
            packets_out: counter(OUTPPS),
            bytes_in: counter(INBPS),
            bytes_out: counter(OUTBPS),
        },
    }
}
