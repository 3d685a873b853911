use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::{AdverInterval, Family, Priority, Vrid};

/// Choices read from the front of the bytes; zeros when they are at an end.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (taken, rest) = self.0.split_at(self.0.len().min(N));
        bytes[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        bytes
    }

    pub(crate) fn slice(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(self.0.len().min(length));
        self.0 = rest;
        taken
    }

    pub(crate) fn u8(&mut self) -> u8 {
        u8::from_be_bytes(self.bytes())
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.bytes())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    pub(crate) fn vrid(&mut self) -> Vrid {
        Vrid::new(self.u8().max(1)).expect("not 0")
    }

    pub(crate) fn priority(&mut self) -> Priority {
        Priority::new(self.u8().max(1)).expect("not 0")
    }

    pub(crate) fn interval(&mut self) -> AdverInterval {
        AdverInterval::from_centis(1 + self.u16() % 25_500).expect("within 1..=25500")
    }

    pub(crate) fn address(&mut self, family: Family) -> IpAddr {
        match family {
            Family::Ipv4 => Ipv4Addr::from(self.bytes::<4>()).into(),
            Family::Ipv6 => Ipv6Addr::from(self.bytes::<16>()).into(),
        }
    }
}
