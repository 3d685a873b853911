//! A table of the kernel's load balancer, and the messages that carry it.

use std::net::Ipv4Addr;

use steadfast_ipvs::message::{Header, Reply, Request, replies};
use steadfast_ipvs::{
    Destination, DestinationKey, Entry, ForwardMethod, Scheduler, Service, ServiceKey, Table,
    Weight,
};

/// TCP services with as many destinations each by NAT; `weight` gets the destination's number.
pub fn table(services: u32, destinations: u32, weight: impl Fn(u32) -> Weight) -> Table {
    let mut table = Table::default();
    let mut numbers = 0..;
    for service in 0..services {
        let key = ServiceKey::tcp(Ipv4Addr::from(0x0a40_0000 | service), 80);
        let mut entry = Entry::new(key, Service::new(Scheduler::WLC)).expect("it has a port");
        for (destination, number) in (0..destinations).zip(&mut numbers) {
            let address = Ipv4Addr::from(0x0a80_0000 | (service << 4) | destination);
            let server = DestinationKey { address: address.into(), port: 8080 };
            let destination = Destination::new(ForwardMethod::Masquerade, weight(number));
            entry.insert(server, destination).expect("it is unicast and of the same family");
        }
        table.insert(entry);
    }
    table
}

/// The request that adds a destination.
#[derive(Debug)]
pub struct Addition {
    service: ServiceKey,
    server: DestinationKey,
    destination: Destination,
}

impl Default for Addition {
    fn default() -> Self {
        Self {
            service: ServiceKey::tcp(Ipv4Addr::new(10, 64, 0, 1), 80),
            server: DestinationKey { address: Ipv4Addr::new(10, 128, 0, 1).into(), port: 8080 },
            destination: Destination::new(ForwardMethod::Masquerade, Weight::from(5)),
        }
    }
}

impl Addition {
    /// Encodes it into `buffer`, which is emptied first.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        let header = Header { family: 34, sequence: 1, acknowledge: false };
        Request::NewDestination(&self.service, &self.server, &self.destination)
            .encode(header, buffer);
    }
}

/// A destination as the kernel lists it.
#[derive(Debug)]
pub struct Listed {
    bytes: Vec<u8>,
}

impl Default for Listed {
    /// The types in the order of `ip_vs_genl_fill_dest` in `net/netfilter/ipvs/ip_vs_ctl.c`.
    fn default() -> Self {
        let address = [10, 128, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut to = Vec::new();
        attribute(1, &address, &mut to);
        attribute(2, &8080u16.to_be_bytes(), &mut to);
        attribute(3, &0u32.to_ne_bytes(), &mut to);
        attribute(4, &5u32.to_ne_bytes(), &mut to);
        attribute(13, &[0], &mut to);
        attribute(14, &0u16.to_be_bytes(), &mut to);
        attribute(15, &0u16.to_ne_bytes(), &mut to);
        for kind in 5..=9 {
            attribute(kind, &0u32.to_ne_bytes(), &mut to);
        }
        attribute(11, &2u16.to_ne_bytes(), &mut to);
        let (mut stats, mut stats64) = (Vec::new(), Vec::new());
        for kind in 1..=10 {
            let count = u64::from(kind);
            match kind {
                4 | 5 => attribute(kind, &count.to_ne_bytes(), &mut stats),
                _ => attribute(kind, &u32::from(kind).to_ne_bytes(), &mut stats),
            }
            attribute(kind, &count.to_ne_bytes(), &mut stats64);
        }
        attribute(10, &stats, &mut to);
        attribute(12, &stats64, &mut to);
        let mut nest = Vec::new();
        attribute(2, &to, &mut nest);

        let length = u32::try_from(20 + nest.len()).expect("some hundred bytes");
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(34u16.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend([5, 1, 0, 0]);
        bytes.extend(nest);
        Self { bytes }
    }
}

impl Listed {
    /// Decodes it.
    pub fn decode(&self) -> Reply {
        let message = replies(&self.bytes).next().expect("there is one");
        assert!(matches!(message.reply, Reply::Destination(..)), "{message:?}");
        message.reply
    }
}

fn attribute(kind: u16, value: &[u8], to: &mut Vec<u8>) {
    let length = u16::try_from(4 + value.len()).expect("some hundred bytes");
    to.extend(length.to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(value);
    to.resize(to.len().next_multiple_of(4), 0);
}
