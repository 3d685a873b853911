//! One life of another implementation's router, and what is on the wire of it.

use steadfast_vrrp::packet::{Authentication, ChecksumForm, Format, Password};
use steadfast_vrrp::router::{Destination, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Priority, Vrid};

use crate::frame::Packet;

pub(crate) const IPV4: [&str; 2] = ["192.0.2.100", "192.0.2.101"];
pub(crate) const IPV6: [&str; 2] = ["fe80::100", "2001:db8::100"];

/// A router was alone, became Active, and was told to stop. The frames are whole, from their
/// Ethernet headers on, in hexadecimal.
pub(crate) struct Session {
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    pub(crate) centis: u16,
    pub(crate) addresses: [&'static str; 2],
    pub(crate) dialect: Dialect,
    /// The first advertisement.
    pub(crate) advertisement: &'static str,
    /// The last one.
    pub(crate) goodbye: &'static str,
    /// What it told the neighbours of each address.
    pub(crate) announcements: [&'static str; 2],
}

pub(crate) enum Dialect {
    V2,
    V2Password,
    V2AuthenticationHeader,
    V3,
}

impl Session {
    pub(crate) fn format(&self) -> Format {
        let v2 = |authentication| Format::V2 { authentication };
        match self.dialect {
            Dialect::V2 => v2(Authentication::None),
            Dialect::V2Password => {
                v2(Authentication::SimplePassword(Password::new(b"secret").unwrap()))
            }
            Dialect::V2AuthenticationHeader => v2(Authentication::AuthenticationHeader),
            // Neither knows the other form.
            Dialect::V3 => Format::V3 { checksum: ChecksumForm::PseudoHeader },
        }
    }

    pub(crate) fn interval(&self) -> AdverInterval {
        AdverInterval::from_centis(self.centis).unwrap()
    }

    /// Our router of the same virtual router, with a lower priority.
    pub(crate) fn our_config(&self) -> Config {
        let format = self.format();
        let addresses = self.addresses.iter().map(|address| address.parse().unwrap());
        let addresses = VirtualAddresses::new(addresses).unwrap();
        let builder = Config::builder(Vrid::new(self.vrid).unwrap(), addresses)
            .version(format.version())
            .priority(Priority::new(50).unwrap())
            .interval(self.interval())
            .destination(match Packet::of_vrrp(self.advertisement) {
                Packet { destination, .. } if destination.is_multicast() => {
                    Destination::Multicast(destination)
                }
                Packet { source, .. } => Destination::unicast([source]),
            });
        let builder = match format {
            Format::V2 { authentication } => builder.authentication(authentication),
            Format::V3 { .. } => builder,
        };
        builder.build().unwrap()
    }
}
