use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use thiserror::Error;

use super::VirtualAddresses;
use crate::packet::{Addresses, Authentication, ChecksumForm, ChecksumPolicy, DecodePolicy};
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
    authentication: Authentication,
    checksum: ChecksumForm,
    decode_policy: DecodePolicy,
    address_list_check: AddressListCheck,
    down_timer_adverts: u8,
    lower_prio_no_advert: bool,
    higher_prio_send_advert: bool,
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
    /// Do not look.
    Skip,
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
                addresses,
                unadvertised_addresses: Vec::new(),
                priority: Priority::DEFAULT,
                interval: AdverInterval::DEFAULT,
                preempt: true,
                preempt_delay: Duration::ZERO,
                authentication: Authentication::None,
                checksum: ChecksumForm::default(),
                decode_policy: DecodePolicy::default(),
                address_list_check: AddressListCheck::default(),
                down_timer_adverts: 3,
                lower_prio_no_advert: false,
                higher_prio_send_advert: false,
                announce: AnnounceSettings::default(),
            },
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

    /// The checksum sent in VRRPv3 over IPv4.
    pub fn checksum(&self) -> ChecksumForm {
        self.checksum
    }

    /// What is tolerated in received packets.
    pub fn decode_policy(&self) -> DecodePolicy {
        self.decode_policy
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

/// Makes a [`Config`].
#[derive(Debug, Clone)]
#[must_use = "call build to get the configuration"]
pub struct ConfigBuilder {
    config: Config,
}

impl ConfigBuilder {
    /// The protocol version. Default VRRPv3.
    pub fn version(mut self, version: Version) -> Self {
        self.config.version = version;
        self
    }

    /// Addresses to hold and announce but not to advertise, of either family
    /// (keepalived's `virtual_ipaddress_excluded`). Default none.
    pub fn unadvertised_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.config.unadvertised_addresses = addresses.into_iter().collect();
        self
    }

    /// The priority. [`Priority::OWNER`] makes the router the owner. Default 100.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.config.priority = priority;
        self
    }

    /// The advertisement interval; it must [fit](AdverInterval::fits) the version. Default 1 s.
    pub fn interval(mut self, interval: AdverInterval) -> Self {
        self.config.interval = interval;
        self
    }

    /// Whether to take over from an Active router of lower priority. Default true.
    pub fn preempt(mut self, preempt: bool) -> Self {
        self.config.preempt = preempt;
        self
    }

    /// How long to let a router of lower priority be Active before preempting it; counts from
    /// its first advertisement, does not delay taking over from one that fell silent.
    /// Default zero.
    pub fn preempt_delay(mut self, delay: Duration) -> Self {
        self.config.preempt_delay = delay;
        self
    }

    /// The authentication of VRRPv2. Default none.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.config.authentication = authentication;
        self
    }

    /// The checksum to send in VRRPv3 over IPv4. Default with pseudo-header, as keepalived.
    pub fn checksum(mut self, form: ChecksumForm) -> Self {
        self.config.checksum = form;
        self
    }

    /// The checksums to accept in VRRPv3 over IPv4. Default either.
    pub fn checksum_policy(mut self, policy: ChecksumPolicy) -> Self {
        self.config.decode_policy.checksum = policy;
        self
    }

    /// Over IPv6, whether the first address must be link-local, here and in received
    /// advertisements. The standard says so; keepalived insists only when told to be strict.
    /// Default true.
    pub fn link_local_first(mut self, required: bool) -> Self {
        self.config.decode_policy.link_local_first = required;
        self
    }

    /// What to do about advertisements of other addresses. Default report.
    pub fn address_list_check(mut self, check: AddressListCheck) -> Self {
        self.config.address_list_check = check;
        self
    }

    /// How many advertisements must be missed before the Active router counts as down, 1 to
    /// 100. The standard says 3, the default; all routers of the LAN should agree.
    pub fn down_timer_adverts(mut self, adverts: u8) -> Self {
        self.config.down_timer_adverts = adverts;
        self
    }

    /// Whether to stay silent, as RFC 3768 says, when as Active a router of lower priority is
    /// heard, instead of answering at once, as RFC 9568 says. Default false.
    pub fn lower_prio_no_advert(mut self, silent: bool) -> Self {
        self.config.lower_prio_no_advert = silent;
        self
    }

    /// Whether to send a last advertisement when as Active a router of higher priority is
    /// heard, so that it announces its addresses again. Default false.
    pub fn higher_prio_send_advert(mut self, send: bool) -> Self {
        self.config.higher_prio_send_advert = send;
        self
    }

    /// How addresses are announced to the neighbours.
    pub fn announce(mut self, settings: AnnounceSettings) -> Self {
        self.config.announce = settings;
        self
    }

    /// Checks that it all goes together.
    pub fn build(self) -> Result<Config, ConfigError> {
        let config = self.config;
        let version = config.version;
        if version == Version::V2 && config.family() == Family::Ipv6 {
            return Err(ConfigError::Version2OverIpv6);
        }
        if !config.interval.fits(version) {
            return Err(ConfigError::Interval { version, interval: config.interval });
        }
        if version == Version::V3 && config.authentication != Authentication::None {
            return Err(ConfigError::AuthenticationInVersion3);
        }
        if let Authentication::Other(number) = config.authentication {
            return Err(ConfigError::AuthenticationType { number });
        }
        if config.is_owner() && !config.preempt {
            return Err(ConfigError::OwnerMustPreempt);
        }
        if !config.preempt && !config.preempt_delay.is_zero() {
            return Err(ConfigError::PreemptDelayWithoutPreempt);
        }
        if !(1..=100).contains(&config.down_timer_adverts) {
            return Err(ConfigError::DownTimerAdverts { adverts: config.down_timer_adverts });
        }
        if config.decode_policy.link_local_first
            && let Some(address) = config.addresses.first_not_link_local()
        {
            return Err(ConfigError::FirstAddress { address });
        }
        let mut others = config.unadvertised_addresses.iter().enumerate();
        let duplicate = others.find(|(index, address)| {
            config.advertised().contains(**address)
                || config
                    .unadvertised_addresses
                    .iter()
                    .take(*index)
                    .any(|earlier| earlier == *address)
        });
        if let Some((_, address)) = duplicate {
            return Err(ConfigError::DuplicateAddress { address: *address });
        }
        Ok(config)
    }
}

/// Why settings do not make a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// VRRPv2 has no IPv6.
    #[error("VRRPv2 has no IPv6 addresses: use version 3")]
    Version2OverIpv6,
    /// The version cannot express the interval.
    #[error(
        "{version} cannot advertise every {interval}: VRRPv2 has whole seconds up to 255, \
         VRRPv3 0.01 to 40.95 s"
    )]
    Interval {
        /// The configured version.
        version: Version,
        /// The configured interval.
        interval: AdverInterval,
    },
    /// VRRPv3 has no authentication (RFC 9568 section 9).
    #[error("VRRPv3 has no authentication: remove it or use version 2")]
    AuthenticationInVersion3,
    /// An authentication type that cannot be configured.
    #[error("authentication type {number} is not supported: use none, password or AH")]
    AuthenticationType {
        /// The type.
        number: u8,
    },
    /// The owner of the addresses always takes them.
    #[error("priority 255 always preempts: lower it or allow preemption")]
    OwnerMustPreempt,
    /// A delay of something that never happens.
    #[error("a preemption delay is of no use without preemption")]
    PreemptDelayWithoutPreempt,
    /// Out of range.
    #[error("{adverts} missed advertisements as the down limit: 1 to 100 are allowed")]
    DownTimerAdverts {
        /// The configured number.
        adverts: u8,
    },
    /// Over IPv6 the first address must be link-local (RFC 9568 section 5.2.9).
    #[error("first address {address} is not link-local: put a link-local address before it")]
    FirstAddress {
        /// The first address.
        address: IpAddr,
    },
    /// An unadvertised address that is already in one of the lists.
    #[error("{address} is given twice")]
    DuplicateAddress {
        /// The address.
        address: IpAddr,
    },
}
