use core::net::IpAddr;
use core::time::Duration;

use super::{AddressListCheck, AnnounceSettings, Config, ConfigError};
use crate::packet::{Authentication, ChecksumPolicy, Password};
use crate::router::{Destination, SendChecksum};
use crate::{AdverInterval, Family, Priority, Version};

/// Makes a [`Config`].
#[derive(Debug, Clone)]
#[must_use = "call build to get the configuration"]
pub struct ConfigBuilder {
    pub(super) config: Config,
    pub(super) accept: Option<bool>,
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

    /// Whether the router is a member of a [`SyncGroup`](crate::group::SyncGroup), without whose
    /// word it does not start, recover or become Active. Default false.
    pub fn sync_group(mut self, member: bool) -> Self {
        self.config.sync_group = member;
        self
    }

    /// The authentication of VRRPv2. Default none.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.config.authentication = authentication;
        self.config.header_key = None;
        self
    }

    /// Has VRRPv2 authenticated with an [Authentication Header](crate::packet::ah) and this key:
    /// keepalived's `auth_type AH`. Default none.
    ///
    /// Then [`encode`](crate::VirtualRouter::encode) writes whole IPv4 packets, of protocol
    /// [51](crate::packet::ah::PROTOCOL), and what is received goes to
    /// [`handle_authenticated_packet`](crate::VirtualRouter::handle_authenticated_packet).
    pub fn authentication_header(mut self, key: Password) -> Self {
        self.config.authentication = Authentication::AuthenticationHeader;
        self.config.header_key = Some(key);
        self
    }

    /// The checksum to send in VRRPv3 over IPv4. Default with pseudo-header, as keepalived.
    pub fn checksum(mut self, checksum: impl Into<SendChecksum>) -> Self {
        self.config.checksum = checksum.into();
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

    /// Where advertisements go, and whence they are taken. Default the standard's group.
    pub fn destination(mut self, destination: Destination) -> Self {
        self.config.destination = destination;
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

    /// Whether the owner discards what others advertise, as RFC 3768 and RFC 5798 say, instead of
    /// settling with them who is Active, as RFC 9568 does (erratum 8298). Default false.
    pub fn owner_ignore_adverts(mut self, ignore: bool) -> Self {
        self.config.owner_ignore_adverts = ignore;
        self
    }

    /// For a router that does not preempt: as Active it becomes Backup at once when it was woken so
    /// late that a router of this priority may have taken over, instead of listening as Active first.
    /// keepalived takes 254 unless told otherwise. Default none.
    pub fn timer_expired_backup(mut self, best_other: Option<Priority>) -> Self {
        self.config.timer_expired_backup = best_other;
        self
    }

    /// How addresses are announced to the neighbours.
    pub fn announce(mut self, settings: AnnounceSettings) -> Self {
        self.config.announce = settings;
        self
    }

    /// Whether to accept packets to the addresses while Active without being their owner: the
    /// standard's Accept_Mode. Default as keepalived has it: true, but false in strict mode.
    pub fn accept(mut self, accept: bool) -> Self {
        self.accept = Some(accept);
        self
    }

    /// Whether to be as strict as keepalived's `vrrp_strict`, which is RFC 5798 to the letter: no
    /// unicast, no authentication, no preemption delay, three missed advertisements; no answer to
    /// a router of lower priority, by advertisement or announcement; and packets to the addresses
    /// are not accepted unless [`accept`](Self::accept) says so. Default false.
    pub fn strict(mut self, strict: bool) -> Self {
        self.config.strict = strict;
        self
    }

    /// Checks that it all goes together.
    pub fn build(self) -> Result<Config, ConfigError> {
        let Self { mut config, accept } = self;
        config.accept = accept.unwrap_or(!config.strict);
        if config.strict {
            check_strict(&config)?;
            config.lower_prio_no_advert = true;
            config.announce.lower_prio_repeat = 0;
        }
        check_version(&config)?;
        check_preemption(&config)?;
        if !(1..=100).contains(&config.down_timer_adverts) {
            return Err(ConfigError::DownTimerAdverts { adverts: config.down_timer_adverts });
        }
        check_addresses(&config)?;
        config.destination.validate(config.family())?;
        Ok(config)
    }
}

fn check_strict(config: &Config) -> Result<(), ConfigError> {
    let forbidden = [
        ("unicast", matches!(config.destination, Destination::Unicast { .. })),
        ("authentication", config.authentication != Authentication::None),
        ("a preemption delay", !config.preempt_delay.is_zero()),
        ("another number of missed advertisements than 3", config.down_timer_adverts != 3),
        (
            "IPv6 without a link-local address first",
            !config.decode_policy.link_local_first && config.family() == Family::Ipv6,
        ),
    ];
    match forbidden.into_iter().find(|(_, is_set)| *is_set) {
        Some((option, _)) => Err(ConfigError::Strict { option }),
        None => Ok(()),
    }
}

fn check_version(config: &Config) -> Result<(), ConfigError> {
    let version = config.version;
    if version == Version::V2 && config.family() == Family::Ipv6 {
        return Err(ConfigError::Version2OverIpv6);
    }
    if !config.interval.fits(version) {
        return Err(ConfigError::Interval { version, interval: config.interval });
    }
    match config.authentication {
        Authentication::None => Ok(()),
        _ if version == Version::V3 => Err(ConfigError::AuthenticationInVersion3),
        Authentication::SimplePassword(_) => Ok(()),
        Authentication::AuthenticationHeader if config.header_key.is_some() => Ok(()),
        other => Err(ConfigError::AuthenticationType { number: other.type_number() }),
    }
}

fn check_preemption(config: &Config) -> Result<(), ConfigError> {
    if config.is_owner() && !config.preempt {
        return Err(ConfigError::OwnerMustPreempt);
    }
    if config.owner_ignore_adverts && !config.is_owner() {
        return Err(ConfigError::OnlyOwnerIgnores);
    }
    if config.preempt && config.timer_expired_backup.is_some() {
        return Err(ConfigError::TimerExpiredWithPreempt);
    }
    if !config.preempt && !config.preempt_delay.is_zero() {
        return Err(ConfigError::PreemptDelayWithoutPreempt);
    }
    Ok(())
}

fn check_addresses(config: &Config) -> Result<(), ConfigError> {
    if config.decode_policy.link_local_first
        && let Some(address) = config.addresses.first_not_link_local()
    {
        return Err(ConfigError::FirstAddress { address });
    }
    let others = &config.unadvertised_addresses;
    let is_earlier = |(index, address): &(usize, &IpAddr)| {
        config.advertised().contains(**address)
            || others.iter().take(*index).any(|it| it == *address)
    };
    match others.iter().enumerate().find(is_earlier) {
        Some((_, address)) => Err(ConfigError::DuplicateAddress { address: *address }),
        None => Ok(()),
    }
}
