//! What a driver and its guard tell each other, each message one datagram of a sequenced socket
//! (unix(7)).
//!
//! Numbers are big-endian. A list or a text begins with its length, of four bytes. Driver and guard are
//! the same program; but an heir may be a newer one, and says which [`FORMAT`] it understands.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use steadfast_vrrp::packet::ah::SequenceNumber;
use steadfast_vrrp::{Family, Instant};

use crate::RealtimePriority;

/// To be changed whenever a message is.
pub(super) const FORMAT: u8 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// The first one of a driver that inherits nothing.
    Charge(Charge),
    /// The last will of a virtual router, in place of an earlier one. With it come the socket that
    /// receives for it, if it can be inherited, and that to send its packets on, if there are any.
    Will(Will),
    /// The virtual router of that instance is no more, in order.
    Forget(String),
    /// The driver ends in order: nothing is to be done.
    Goodbye,
    /// The first one of a driver that inherits, with the format that it understands.
    Heir(u8),
    /// To an heir: a virtual router that it may resume. With it comes the socket that received for it.
    Bequest(Bequest),
    /// To an heir: that was all.
    Complete,
    /// From an heir: all is in its hands now.
    Accepted,
}

/// How the guard is to do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    /// The process that it guards.
    pub(super) process: u32,
    /// How long to wait for a successor, and by what name that is known.
    pub(super) grace: Duration,
    pub(super) name: Option<String>,
    pub(super) realtime: Option<RealtimePriority>,
    pub(super) lock_memory: bool,
}

/// What is to be done for a virtual router if the driver dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Will {
    /// The instance's name.
    pub(super) instance: String,
    /// While it is Active.
    pub(super) packets: Vec<Packet>,
    pub(super) addresses: Vec<Removal>,
    /// While it is Active: what it is.
    pub(super) identity: Option<Identity>,
    /// Its packets' number, if they have an Authentication Header.
    pub(super) sequence: Option<SequenceNumber>,
}

/// By what an heir knows that a virtual router is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) interface: String,
    pub(crate) family: Family,
    pub(crate) vrid: u8,
}

/// A virtual router that was Active until the driver died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bequest {
    pub(super) instance: String,
    pub(super) identity: Identity,
    pub(super) active_until: Instant,
    pub(super) sequence: Option<SequenceNumber>,
}

/// A packet ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) destination: Destination,
    /// Behind the IP header, or the whole frame.
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    Ip(SocketAddr),
    /// The LAN of the interface of that index.
    Link(u32),
}

/// An address that is to go, with whatever prefix it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) interface: String,
    pub(super) address: IpAddr,
}

/// A message that no driver sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message that is not understood")]
pub(super) struct Malformed;

const CHARGE: u8 = 1;
const WILL: u8 = 2;
const FORGET: u8 = 3;
const GOODBYE: u8 = 4;
const HEIR: u8 = 5;
const BEQUEST: u8 = 6;
const COMPLETE: u8 = 7;
const ACCEPTED: u8 = 8;

const IPV4: u8 = 4;
const IPV6: u8 = 6;
const LINK: u8 = 0;

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::new());
        match self {
            Self::Charge(charge) => writer.charge(charge),
            Self::Will(will) => writer.will(will),
            Self::Forget(instance) => {
                writer.u8(FORGET);
                writer.bytes(instance.as_bytes());
            }
            Self::Goodbye => writer.u8(GOODBYE),
            Self::Heir(format) => {
                writer.u8(HEIR);
                writer.u8(*format);
            }
            Self::Bequest(Bequest { instance, identity, active_until, sequence }) => {
                writer.u8(BEQUEST);
                writer.bytes(instance.as_bytes());
                writer.identity(identity);
                writer.0.extend(active_until.as_nanos().to_be_bytes());
                writer.sequence(*sequence);
            }
            Self::Complete => writer.u8(COMPLETE),
            Self::Accepted => writer.u8(ACCEPTED),
        }
        writer.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        let message = match reader.u8()? {
            CHARGE => Self::Charge(reader.charge()?),
            WILL => Self::Will(reader.will()?),
            FORGET => Self::Forget(reader.text()?),
            GOODBYE => Self::Goodbye,
            HEIR => Self::Heir(reader.u8()?),
            BEQUEST => Self::Bequest(Bequest {
                instance: reader.text()?,
                identity: reader.identity()?,
                active_until: Instant::from_nanos(u64::from_be_bytes(reader.array()?)),
                sequence: reader.sequence()?,
            }),
            COMPLETE => Self::Complete,
            ACCEPTED => Self::Accepted,
            _ => return Err(Malformed),
        };
        if reader.0.is_empty() { Ok(message) } else { Err(Malformed) }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    fn u32(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        // More does not fit into a datagram: it is refused when it is sent.
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                self.u8(IPV4);
                self.0.extend(address.octets());
            }
            IpAddr::V6(address) => {
                self.u8(IPV6);
                self.0.extend(address.octets());
            }
        }
    }

    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Ip(address) => {
                self.address(address.ip());
                self.0.extend(address.port().to_be_bytes());
                self.u32(scope(address));
            }
            Destination::Link(index) => {
                self.u8(LINK);
                self.u32(index);
            }
        }
    }

    fn charge(&mut self, charge: &Charge) {
        self.u8(CHARGE);
        self.u32(charge.process);
        self.0.extend(charge.grace.as_secs().to_be_bytes());
        self.u32(charge.grace.subsec_nanos());
        self.list(charge.name.as_slice(), |writer, name| writer.bytes(name.as_bytes()));
        self.u8(charge.realtime.map_or(0, RealtimePriority::get));
        self.u8(u8::from(charge.lock_memory));
    }

    fn will(&mut self, will: &Will) {
        self.u8(WILL);
        self.bytes(will.instance.as_bytes());
        self.list(&will.packets, |writer, packet| {
            writer.destination(packet.destination);
            writer.bytes(&packet.bytes);
        });
        self.list(&will.addresses, |writer, removal| {
            writer.bytes(removal.interface.as_bytes());
            writer.address(removal.address);
        });
        self.list(will.identity.as_slice(), Self::identity);
        self.sequence(will.sequence);
    }

    fn sequence(&mut self, sequence: Option<SequenceNumber>) {
        self.list(sequence.as_slice(), |writer, sequence| writer.u32(sequence.get()));
    }

    fn identity(&mut self, Identity { interface, family, vrid }: &Identity) {
        self.bytes(interface.as_bytes());
        self.u8(match family {
            Family::Ipv4 => IPV4,
            Family::Ipv6 => IPV6,
        });
        self.u8(*vrid);
    }
}

fn scope(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[number]| number)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    fn bool(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.u32()?).map_err(|_| Malformed)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        let length = self.length()?;
        self.take(length).map(<[u8]>::to_vec)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        // No item is empty, so a length that lies ends with the bytes.
        (0..self.length()?).map(|_| read(self)).collect()
    }

    /// A list of one at the most.
    fn option<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        let mut items = self.list(read)?;
        let item = items.pop();
        if items.is_empty() { Ok(item) } else { Err(Malformed) }
    }

    fn address(&mut self) -> Result<IpAddr, Malformed> {
        match self.u8()? {
            IPV4 => self.array::<4>().map(|octets| Ipv4Addr::from(octets).into()),
            IPV6 => self.array::<16>().map(|octets| Ipv6Addr::from(octets).into()),
            _ => Err(Malformed),
        }
    }

    fn charge(&mut self) -> Result<Charge, Malformed> {
        let process = self.u32()?;
        let (seconds, nanos) = (u64::from_be_bytes(self.array()?), self.u32()?);
        if nanos >= 1_000_000_000 {
            return Err(Malformed);
        }
        let name = self.option(Self::text)?;
        let realtime = match self.u8()? {
            0 => None,
            priority => Some(RealtimePriority::new(priority).map_err(|_| Malformed)?),
        };
        let grace = Duration::new(seconds, nanos);
        Ok(Charge { process, grace, name, realtime, lock_memory: self.bool()? })
    }

    fn will(&mut self) -> Result<Will, Malformed> {
        Ok(Will {
            instance: self.text()?,
            packets: self.list(Self::packet)?,
            addresses: self.list(Self::removal)?,
            identity: self.option(Self::identity)?,
            sequence: self.sequence()?,
        })
    }

    fn sequence(&mut self) -> Result<Option<SequenceNumber>, Malformed> {
        self.option(|reader| reader.u32().map(SequenceNumber::new))
    }

    fn identity(&mut self) -> Result<Identity, Malformed> {
        let interface = self.text()?;
        let family = match self.u8()? {
            IPV4 => Family::Ipv4,
            IPV6 => Family::Ipv6,
            _ => return Err(Malformed),
        };
        Ok(Identity { interface, family, vrid: self.u8()? })
    }

    fn packet(&mut self) -> Result<Packet, Malformed> {
        Ok(Packet { destination: self.destination()?, bytes: self.bytes()? })
    }

    fn destination(&mut self) -> Result<Destination, Malformed> {
        if self.0.first() == Some(&LINK) {
            self.u8()?;
            return Ok(Destination::Link(self.u32()?));
        }
        let address = self.address()?;
        let port = u16::from_be_bytes(self.array()?);
        let scope = self.u32()?;
        match address {
            IpAddr::V4(_) if scope != 0 => Err(Malformed),
            IpAddr::V4(_) => Ok(Destination::Ip(SocketAddr::new(address, port))),
            IpAddr::V6(address) => {
                Ok(Destination::Ip(SocketAddrV6::new(address, port, 0, scope).into()))
            }
        }
    }

    fn removal(&mut self) -> Result<Removal, Malformed> {
        Ok(Removal { interface: self.text()?, address: self.address()? })
    }
}

#[cfg(test)]
pub(super) mod tests;
