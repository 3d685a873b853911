use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

mod builder;
mod error;

pub use builder::ConfigBuilder;
pub use error::ConfigError;

use super::{Destination, SendChecksum, VirtualAddresses};
use crate::packet::{Addresses, Authentication, DecodePolicy, Password};
use crate::{AdverInterval, Family, Priority, Version, Vrid};

/// What one virtual router is to be: valid by construction, made by [`Config::builder`].
///
/// ```
/// use steadfast_vrrp::router::{Config, VirtualAddresses};
/// use steadfast_vrrp::{Priority, Vrid};
///
/// let addresses = VirtualAddresses::new(["192.0.2.100".parse()?])?;
/// let config = Config::builder(Vrid::new(51)?, addresses)
///     .priority(Priority::new(150)?)
///     .preempt(false)
///     .build()?;
/// assert_eq!(config.priority().get(), 150);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    vrid: Vrid,
    version: Version,
    addresses: VirtualAddresses,
    unadvertised_addresses: Vec<IpAddr>,
    priority: Priority,
    interval: AdverInterval,
    preempt: bool,
    preempt_delay: Duration,
    sync_group: bool,
    accept: bool,
    strict: bool,
    authentication: Authentication,
    header_key: Option<Password>,
    checksum: SendChecksum,
    decode_policy: DecodePolicy,
    destination: Destination,
    address_list_check: AddressListCheck,
    down_timer_adverts: u8,
    lower_prio_no_advert: bool,
    higher_prio_send_advert: bool,
    owner_ignore_adverts: bool,
    timer_expired_backup: Option<Priority>,
    announce: AnnounceSettings,
}

/// What to do with an advertisement whose addresses are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressListCheck {
    /// Report it once and go on, as RFC 9568 and keepalived do.
    #[default]
    Report,
    /// VRRPv2: discard it unless it comes from the owner, as RFC 3768 section 7.1 says.
    /// VRRPv3, which must not discard: report it.
    Discard,
    /// As report, but do not look again as long as the same router advertises: keepalived's
    /// `skip_check_adv_addr`.
    OncePerRouter,
}

/// How the addresses are announced to the neighbours: keepalived's `garp_*` options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnnounceSettings {
    /// Announcements of each address on becoming Active, back to back. Default 5.
    pub repeat: u8,
    /// After this time, as many again; zero: not again. Default 5 s.
    pub delay: Duration,
    /// Announce again this often while Active; zero: never. Default zero.
    pub refresh: Duration,
    /// Announcements of each address at a refresh. Default 1.
    pub refresh_repeat: u8,
    /// Announcements of each address on hearing a router of lower priority while Active.
    /// Default 5.
    pub lower_prio_repeat: u8,
    /// After this time, as many again; zero: not again. Default 5 s.
    pub lower_prio_delay: Duration,
}

impl Default for AnnounceSettings {
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_prio_repeat: 5,
            lower_prio_delay: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// Starts with the defaults of RFC 9568 (version 3, priority 100, one second, preemption)
    /// and of keepalived for what it adds.
    pub fn builder(vrid: Vrid, addresses: VirtualAddresses) -> ConfigBuilder {
        ConfigBuilder {
            config: Self {
                vrid,
                version: Version::V3,
                unadvertised_addresses: Vec::new(),
                priority: Priority::DEFAULT,
                interval: AdverInterval::DEFAULT,
                preempt: true,
                preempt_delay: Duration::ZERO,
                sync_group: false,
                accept: true,
                strict: false,
                authentication: Authentication::None,
                header_key: None,
                checksum: SendChecksum::default(),
                decode_policy: DecodePolicy::default(),
                destination: Destination::standard(addresses.family()),
                addresses,
                address_list_check: AddressListCheck::default(),
                down_timer_adverts: 3,
                lower_prio_no_advert: false,
                higher_prio_send_advert: false,
                owner_ignore_adverts: false,
                timer_expired_backup: None,
                announce: AnnounceSettings::default(),
            },
            accept: None,
        }
    }

    /// The virtual router identifier.
    pub fn vrid(&self) -> Vrid {
        self.vrid
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The family of the advertised addresses, and of the packets that carry them.
    pub fn family(&self) -> Family {
        self.addresses.family()
    }

    /// The advertised addresses.
    pub fn addresses(&self) -> &VirtualAddresses {
        &self.addresses
    }

    /// Addresses held and announced but not advertised.
    pub fn unadvertised_addresses(&self) -> &[IpAddr] {
        &self.unadvertised_addresses
    }

    /// All addresses an Active router holds: the advertised ones, then the others.
    pub fn held_addresses(&self) -> impl Iterator<Item = IpAddr> + Clone + '_ {
        self.addresses.iter().chain(self.unadvertised_addresses.iter().copied())
    }

    /// The configured priority, before tracking changes it.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Whether the router owns the addresses (priority 255).
    pub fn is_owner(&self) -> bool {
        self.priority.is_owner()
    }

    /// The advertisement interval.
    pub fn interval(&self) -> AdverInterval {
        self.interval
    }

    /// Whether the router takes over from an Active one of lower priority.
    pub fn preempt(&self) -> bool {
        self.preempt
    }

    /// How long a router of lower priority is left Active before it is preempted.
    pub fn preempt_delay(&self) -> Duration {
        self.preempt_delay
    }

    /// The authentication of VRRPv2.
    pub fn authentication(&self) -> Authentication {
        self.authentication
    }

    /// The key of the Authentication Header of VRRPv2, if advertisements have one.
    pub fn authentication_header(&self) -> Option<Password> {
        self.header_key
    }

    /// The checksum sent in VRRPv3 over IPv4.
    pub fn checksum(&self) -> SendChecksum {
        self.checksum
    }

    /// What is tolerated in received packets.
    pub fn decode_policy(&self) -> DecodePolicy {
        let no_addresses = self.addresses.iter().len() == 0;
        DecodePolicy { no_addresses, ..self.decode_policy }
    }

    /// Whether it is as strict as keepalived's `vrrp_strict`.
    pub fn strict(&self) -> bool {
        self.strict
    }

    /// Whether the owner discards what others advertise.
    pub fn owner_ignore_adverts(&self) -> bool {
        self.owner_ignore_adverts
    }

    /// The priority of the best other router, if an Active router that overslept its down interval
    /// steps down at once.
    pub fn timer_expired_backup(&self) -> Option<Priority> {
        self.timer_expired_backup
    }

    /// Whether the router is a member of a group.
    pub fn sync_group(&self) -> bool {
        self.sync_group
    }

    /// Whether packets to the addresses are accepted, unless by the owner, who always does.
    pub fn accept(&self) -> bool {
        self.accept
    }

    /// Where advertisements go, and whence they are taken.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// What is done about advertisements of other addresses.
    pub fn address_list_check(&self) -> AddressListCheck {
        self.address_list_check
    }

    /// How many advertisements must be missed before the Active router counts as down.
    pub fn down_timer_adverts(&self) -> u8 {
        self.down_timer_adverts
    }

    /// Whether an Active router stays silent on hearing one of lower priority.
    pub fn lower_prio_no_advert(&self) -> bool {
        self.lower_prio_no_advert
    }

    /// Whether an Active router sends a last advertisement on hearing one of higher priority.
    pub fn higher_prio_send_advert(&self) -> bool {
        self.higher_prio_send_advert
    }

    /// How addresses are announced.
    pub fn announce(&self) -> AnnounceSettings {
        self.announce
    }

    pub(super) fn advertised(&self) -> Addresses<'_> {
        self.addresses.as_addresses()
    }
}
