//! The table that drops what is for addresses that accept nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::message::{Attributes, Batch, Verb};
use crate::Nftables;

/// Elements with one request: the list is an attribute, and so is 64 KiB at the most.
const ELEMENTS: usize = 1000;
/// NF_INET_LOCAL_IN.
const LOCAL_IN: u32 = 1;
/// NFT_REG_VERDICT, NFT_REG_1.
const VERDICT: u32 = 0;
const REGISTER: u32 = 1;
const NF_DROP: u32 = 0;
const NF_ACCEPT: u32 = 1;
/// NFT_META_NFPROTO, NFT_META_L4PROTO.
const FAMILY: u32 = 15;
const PROTOCOL: u32 = 16;
/// NFT_PAYLOAD_NETWORK_HEADER, NFT_PAYLOAD_TRANSPORT_HEADER.
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;
/// Neighbour solicitation and advertisement (RFC 4861 sections 4.3, 4.4).
const NEIGHBOR_DISCOVERY: [u8; 2] = [135, 136];

const INPUT: &str = "input";

/// Addresses of one family, and how a packet says that it is for one.
struct Kind {
    set: &'static str,
    /// NFPROTO_*.
    family: u8,
    /// As `nft` has it: ipv4_addr, ipv6_addr.
    data_type: u32,
    length: u32,
    /// Where the destination is in the header.
    offset: u32,
    id: u32,
}

const IPV4: Kind = Kind { set: "ipv4", family: 2, data_type: 7, length: 4, offset: 16, id: 1 };
const IPV6: Kind = Kind { set: "ipv6", family: 10, data_type: 8, length: 16, offset: 24, id: 2 };

/// What makes the table drop packets to these addresses and no others, whatever it was before; without
/// any, there is none.
pub(super) fn table(settings: &Nftables, addresses: &BTreeSet<IpAddr>) -> Batch {
    let name = settings.table.as_str();
    let mut batch = Batch::begin();
    // So that it is there to be removed.
    batch.request(Verb::NewTable, |it| it.text(1, name));
    batch.request(Verb::DeleteTable, |it| it.text(1, name));
    if addresses.is_empty() {
        return batch;
    }
    batch.request(Verb::NewTable, |it| it.text(1, name));
    batch.request(Verb::NewChain, |it| {
        it.text(1, name);
        it.text(3, INPUT);
        it.nested(4, |hook| {
            hook.number(1, LOCAL_IN);
            hook.bytes(2, &settings.priority.to_be_bytes());
        });
        it.number(5, NF_ACCEPT);
        it.text(7, "filter");
    });
    for kind in NEIGHBOR_DISCOVERY {
        rule(&mut batch, name, |it| {
            compare_meta(it, FAMILY, IPV6.family);
            compare_meta(it, PROTOCOL, 58);
            load(it, TRANSPORT, 0, 1);
            compare(it, &[kind]);
            verdict(it, NF_ACCEPT);
        });
    }
    for kind in [IPV4, IPV6] {
        drop_kind(&mut batch, name, &kind, addresses);
    }
    batch
}

fn drop_kind(batch: &mut Batch, name: &str, kind: &Kind, addresses: &BTreeSet<IpAddr>) {
    let of_kind: Vec<_> = addresses
        .iter()
        .map(|address| match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        })
        .filter(|octets| u32::try_from(octets.len()) == Ok(kind.length))
        .collect();
    batch.request(Verb::NewSet, |it| {
        it.text(1, name);
        it.text(2, kind.set);
        it.number(3, 0);
        it.number(4, kind.data_type);
        it.number(5, kind.length);
        it.number(10, kind.id);
    });
    for some in of_kind.chunks(ELEMENTS) {
        batch.request(Verb::NewElements, |it| {
            it.text(1, name);
            it.text(2, kind.set);
            it.nested(3, |list| {
                for octets in some {
                    list.nested(1, |element| element.nested(1, |key| key.bytes(1, octets)));
                }
            });
        });
    }
    rule(batch, name, |it| {
        compare_meta(it, FAMILY, kind.family);
        load(it, NETWORK, kind.offset, kind.length);
        expression(it, "lookup", |lookup| {
            lookup.text(1, kind.set);
            lookup.number(2, REGISTER);
            lookup.number(4, kind.id);
        });
        verdict(it, NF_DROP);
    });
}

fn rule(batch: &mut Batch, name: &str, expressions: impl FnOnce(&mut Attributes<'_>)) {
    batch.request(Verb::NewRule, |it| {
        it.text(1, name);
        it.text(2, INPUT);
        it.nested(4, expressions);
    });
}

fn expression(it: &mut Attributes<'_>, name: &str, data: impl FnOnce(&mut Attributes<'_>)) {
    it.nested(1, |element| {
        element.text(1, name);
        element.nested(2, data);
    });
}

fn compare_meta(it: &mut Attributes<'_>, key: u32, value: u8) {
    expression(it, "meta", |meta| {
        meta.number(1, REGISTER);
        meta.number(2, key);
    });
    compare(it, &[value]);
}

fn load(it: &mut Attributes<'_>, base: u32, offset: u32, length: u32) {
    expression(it, "payload", |payload| {
        payload.number(1, REGISTER);
        payload.number(2, base);
        payload.number(3, offset);
        payload.number(4, length);
    });
}

fn compare(it: &mut Attributes<'_>, value: &[u8]) {
    expression(it, "cmp", |cmp| {
        cmp.number(1, REGISTER);
        // NFT_CMP_EQ.
        cmp.number(2, 0);
        cmp.nested(3, |data| data.bytes(1, value));
    });
}

fn verdict(it: &mut Attributes<'_>, code: u32) {
    expression(it, "immediate", |immediate| {
        immediate.number(1, VERDICT);
        immediate.nested(2, |data| data.nested(2, |verdict| verdict.number(1, code)));
    });
}
