//! From a configured VRRP instance to the configuration of a virtual router.

use steadfast_conf::model::{Garp, VrrpInstance, VrrpVersion};
use steadfast_vrrp::packet::{Authentication, ChecksumForm, InvalidPassword, Password};
use steadfast_vrrp::router::{
    AddressListCheck, AnnounceSettings, ConfigError, InvalidAddresses, VirtualAddresses,
};
use steadfast_vrrp::{
    AdverInterval, Config, InvalidInterval, InvalidPriority, InvalidVrid, Priority, Version, Vrid,
};

/// Why an instance of the configuration cannot be a virtual router.
#[derive(Debug, thiserror::Error)]
#[error("vrrp_instance {instance}: {reason}")]
pub struct InstanceError {
    /// The instance.
    pub instance: String,
    /// What is in the way.
    pub reason: Reason,
}

/// What keeps an instance from being a virtual router.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// `virtual_router_id`.
    #[error(transparent)]
    Vrid(#[from] InvalidVrid),
    /// `priority`.
    #[error(transparent)]
    Priority(#[from] InvalidPriority),
    /// `advert_int`.
    #[error(transparent)]
    Interval(#[from] InvalidInterval),
    /// `auth_pass`.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// `virtual_ipaddress`.
    #[error(transparent)]
    Addresses(#[from] InvalidAddresses),
    /// What does not go together.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The configuration of the virtual router that an instance describes.
///
/// # Errors
///
/// When the library has a rule that the configuration's own checks do not have.
pub fn config(instance: &VrrpInstance) -> Result<Config, InstanceError> {
    build(instance).map_err(|reason| InstanceError { instance: instance.name.clone(), reason })
}

fn build(instance: &VrrpInstance) -> Result<Config, Reason> {
    let addresses = instance.addresses.iter().map(|address| address.address);
    let excluded = instance.excluded_addresses.iter().map(|address| address.address);
    let vrid = Vrid::new(instance.vrid.get())?;
    let builder = Config::builder(vrid, VirtualAddresses::new(addresses)?)
        .unadvertised_addresses(excluded)
        .version(match instance.version {
            VrrpVersion::V2 => Version::V2,
            VrrpVersion::V3 => Version::V3,
        })
        .priority(Priority::new(instance.priority.get())?)
        .interval(AdverInterval::try_from(instance.advert_interval)?)
        .preempt(instance.preempt)
        .preempt_delay(instance.preempt_delay)
        .checksum(if instance.v3_checksum_as_v2 {
            ChecksumForm::MessageOnly
        } else {
            ChecksumForm::PseudoHeader
        })
        .address_list_check(if instance.skip_check_adv_addr {
            AddressListCheck::Skip
        } else {
            AddressListCheck::Report
        })
        .down_timer_adverts(instance.down_timer_adverts)
        .lower_prio_no_advert(instance.lower_prio_no_advert)
        .higher_prio_send_advert(instance.higher_prio_send_advert)
        .announce(announce(&instance.garp));
    let builder = match &instance.auth {
        Some(password) => builder
            .authentication(Authentication::SimplePassword(Password::new(&password.bytes())?)),
        None => builder,
    };
    Ok(builder.build()?)
}

fn announce(garp: &Garp) -> AnnounceSettings {
    let count = |repeat: u32| u8::try_from(repeat).unwrap_or(u8::MAX);
    AnnounceSettings {
        repeat: count(garp.master_repeat),
        delay: garp.master_delay,
        refresh: garp.master_refresh,
        refresh_repeat: count(garp.master_refresh_repeat),
        lower_prio_repeat: count(garp.lower_prio_repeat),
        lower_prio_delay: garp.lower_prio_delay,
    }
}
