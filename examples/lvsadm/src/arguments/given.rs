//! What the options of a command line say, collected in their order.

use std::net::IpAddr;
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};

use steadfast_ipvs::{Family, MulticastGroup, Netmask, Protocol, ServiceKey};

use super::address::{endpoint, inet_aton};
use super::number::{leading_number, number};
use super::options::Opt;
use super::rules::slot;
use super::words::Found;
use super::{LONGEST_TIMEOUT, UsageError, tunnel};
use crate::names::Names;

const DEFAULT_PERSISTENCE: u32 = 360;
/// The most that a UDP datagram over IPv4 carries.
const LONGEST_MESSAGE: u32 = 65535 - 20 - 8;
const LARGEST: u32 = i32::MAX as u32;

pub(super) struct Given<'a> {
    names: &'a dyn Names,
    /// The slots of the options, in the order of the words.
    options: Vec<Opt>,
    pub(super) service: Option<ServiceKey>,
    pub(super) scheduler: String,
    pub(super) scheduler_flags: String,
    /// Seconds.
    pub(super) persistence: Option<u32>,
    pub(super) netmask: Option<Netmask>,
    pub(super) engine: String,
    pub(super) server: Option<(IpAddr, Option<u16>)>,
    pub(super) forwarding: Forwarding,
    pub(super) tunnel: tunnel::Kind,
    pub(super) tunnel_port: Option<NonZeroU16>,
    pub(super) weight: u32,
    pub(super) upper_threshold: u32,
    pub(super) lower_threshold: u32,
    pub(super) interface: String,
    pub(super) sync_id: u8,
    pub(super) max_length: Option<NonZeroU16>,
    pub(super) group: Option<MulticastGroup>,
    pub(super) port: Option<NonZeroU16>,
    pub(super) ttl: Option<NonZeroU8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forwarding {
    DirectRoute,
    Tunnel,
    Masquerade,
}

impl<'a> Given<'a> {
    pub(super) fn new(names: &'a dyn Names) -> Self {
        Self {
            names,
            options: Vec::new(),
            service: None,
            scheduler: String::new(),
            scheduler_flags: String::new(),
            persistence: None,
            netmask: None,
            engine: String::new(),
            server: None,
            forwarding: Forwarding::DirectRoute,
            tunnel: tunnel::Kind::default(),
            tunnel_port: None,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
            interface: String::new(),
            sync_id: 0,
            max_length: None,
            group: None,
            port: None,
            ttl: None,
        }
    }

    pub(super) fn options(&self) -> &[Opt] {
        &self.options
    }

    pub(super) fn has(&self, option: Opt) -> bool {
        self.options.contains(&option)
    }

    pub(super) fn take(&mut self, Found { option, value, .. }: Found) -> Result<(), UsageError> {
        match option {
            Opt::Sort => return Ok(()),
            Opt::Ipv6 => return self.make_ipv6(),
            _ => {}
        }
        if self.has(slot(option)) {
            return Err(UsageError::Twice(option));
        }
        self.options.push(slot(option));
        let Some(text) = value else {
            self.take_plain(option);
            return Ok(());
        };
        match self.take_value(option, &text) {
            Some(()) => Ok(()),
            None => Err(UsageError::Value { option, text, expected: expected(option) }),
        }
    }

    /// ipvsadm forgets a netmask that stands before it.
    fn make_ipv6(&mut self) -> Result<(), UsageError> {
        let Some(ServiceKey::FirewallMark { family, .. }) = &mut self.service else {
            return Err(UsageError::Ipv6BeforeFwmark);
        };
        *family = Family::Ipv6;
        self.netmask = None;
        Ok(())
    }

    fn take_plain(&mut self, option: Opt) {
        match option {
            Opt::Persistent => self.persistence = Some(DEFAULT_PERSISTENCE),
            Opt::Ipip => self.forwarding = Forwarding::Tunnel,
            Opt::Masquerading => self.forwarding = Forwarding::Masquerade,
            _ => {}
        }
    }

    /// Nothing if the value is none of the option's.
    fn take_value(&mut self, option: Opt, text: &str) -> Option<()> {
        match option {
            Opt::TcpService => self.take_service(Protocol::Tcp, text)?,
            Opt::UdpService => self.take_service(Protocol::Udp, text)?,
            Opt::SctpService => self.take_service(Protocol::Sctp, text)?,
            Opt::FwmarkService => {
                let mark = NonZeroU32::new(number(text, 1..=u32::MAX)?)?;
                self.service = Some(ServiceKey::FirewallMark { mark, family: Family::Ipv4 });
            }
            Opt::Scheduler => text.clone_into(&mut self.scheduler),
            Opt::SchedulerFlags => text.clone_into(&mut self.scheduler_flags),
            Opt::Persistent => self.persistence = Some(number(text, 1..=LONGEST_TIMEOUT)?),
            Opt::Netmask => self.netmask = Some(self.netmask_of(text)?),
            Opt::PersistenceEngine => text.clone_into(&mut self.engine),
            Opt::RealServer => self.server = Some(endpoint(text, self.protocol(), self.names)?),
            Opt::TunnelType => self.tunnel = tunnel::Kind::from_name(text)?,
            Opt::TunnelPort => self.tunnel_port = Some(NonZeroU16::new(narrow(text, 1..=65535)?)?),
            Opt::Weight => self.weight = number(text, 0..=LARGEST)?,
            Opt::UpperThreshold => self.upper_threshold = number(text, 0..=LARGEST)?,
            Opt::LowerThreshold => self.lower_threshold = number(text, 0..=LARGEST)?,
            Opt::SyncId => self.sync_id = narrow(text, 0..=255)?,
            Opt::SyncMaxLength => {
                self.max_length = Some(NonZeroU16::new(narrow(text, 1..=LONGEST_MESSAGE)?)?);
            }
            Opt::MulticastInterface => text.clone_into(&mut self.interface),
            Opt::MulticastGroup => {
                self.group = Some(MulticastGroup::new(text.parse::<IpAddr>().ok()?).ok()?);
            }
            Opt::MulticastPort => self.port = Some(NonZeroU16::new(narrow(text, 1..=65535)?)?),
            Opt::MulticastTtl => self.ttl = Some(NonZeroU8::new(narrow(text, 1..=255)?)?),
            _ => {}
        }
        Some(())
    }

    /// ipvsadm forgets a netmask that stands before an IPv6 address.
    fn take_service(&mut self, protocol: Protocol, text: &str) -> Option<()> {
        let (address, port) = endpoint(text, Some(protocol), self.names)?;
        if address.is_ipv6() {
            self.netmask = None;
        }
        self.service =
            Some(ServiceKey::Address { protocol, address, port: port.unwrap_or_default() });
        Some(())
    }

    /// Ports of servers behind a firewall mark have the names of TCP.
    fn protocol(&self) -> Option<Protocol> {
        self.service.map(|service| match service {
            ServiceKey::Address { protocol, .. } => protocol,
            ServiceKey::FirewallMark { .. } => Protocol::Tcp,
        })
    }

    fn netmask_of(&self, text: &str) -> Option<Netmask> {
        match self.service.as_ref().map(ServiceKey::family) {
            Some(Family::Ipv6) => {
                let prefix = leading_number(text).filter(|prefix| (1..=128).contains(prefix))?;
                Some(Netmask::V6(u8::try_from(prefix).ok()?))
            }
            _ => inet_aton(text).map(Netmask::V4),
        }
    }
}

fn narrow<T: TryFrom<u32>>(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<T> {
    T::try_from(number(text, range)?).ok()
}

/// What the value of an option must be.
fn expected(option: Opt) -> &'static str {
    match option {
        Opt::TcpService | Opt::UdpService | Opt::SctpService | Opt::RealServer => {
            "HOST[:PORT] or [IPV6]:PORT of known names or numbers"
        }
        Opt::FwmarkService => "a firewall mark: a number above 0",
        Opt::Persistent => "a number of seconds from 1 to 2678400 (31 days)",
        Opt::Netmask => "a netmask as 255.255.255.0, or of IPv6 a prefix length from 1 to 128",
        Opt::TunnelType => "ipip, gue or gre",
        Opt::TunnelPort | Opt::MulticastPort => "a number from 1 to 65535",
        Opt::Weight | Opt::UpperThreshold | Opt::LowerThreshold => "a number up to 2147483647",
        Opt::SyncId => "a number from 0 to 255",
        Opt::SyncMaxLength => "a number from 1 to 65507",
        Opt::MulticastGroup => "a multicast address",
        Opt::MulticastTtl => "a number from 1 to 255",
        _ => "a value of this option",
    }
}
