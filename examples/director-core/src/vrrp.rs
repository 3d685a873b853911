//! From a configured VRRP instance to the configuration of a virtual router.

use std::collections::HashSet;

use steadfast_conf::Model;
use steadfast_conf::model::{self, Garp, VrrpInstance, VrrpVersion};
use steadfast_vrrp::debounce::Delays;
use steadfast_vrrp::packet::{Authentication, ChecksumForm, InvalidPassword, Password};
use steadfast_vrrp::router::{
    AddressListCheck, AnnounceSettings, ConfigError, Destination, InvalidAddresses, UnicastPeer,
    VirtualAddresses,
};
use steadfast_vrrp::{
    AdverInterval, Config, Family, InvalidInterval, InvalidPriority, InvalidVrid, Priority,
    Version, Vrid,
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

/// The configuration of the virtual router that an instance describes, and whether it is in a group.
///
/// # Errors
///
/// When the library has a rule that the configuration's own checks do not have.
pub fn config(instance: &VrrpInstance, in_group: bool) -> Result<Config, InstanceError> {
    build(instance, in_group)
        .map_err(|reason| InstanceError { instance: instance.name.clone(), reason })
}

/// How long a change of an interface's link has to last until it counts.
pub fn link_delays(model: &Model, interface: &str) -> Delays {
    let delays = model.link_delays.iter().find(|delays| delays.interface == interface);
    delays.map_or_else(Delays::default, |it| Delays { down: it.down, up: it.up })
}

fn build(instance: &VrrpInstance, in_group: bool) -> Result<Config, Reason> {
    let addresses = instance.addresses.iter().map(|address| address.address);
    // One that is on several interfaces is one to the virtual router.
    let mut known: HashSet<_> = addresses.clone().collect();
    let excluded = instance.excluded_addresses.iter().map(|address| address.address);
    let excluded = excluded.filter(|address| known.insert(*address));
    let vrid = Vrid::new(instance.vrid.get())?;
    let addresses = if instance.addresses.is_empty() {
        VirtualAddresses::none(match instance.family {
            model::Family::Ipv4 => Family::Ipv4,
            model::Family::Ipv6 => Family::Ipv6,
        })
    } else {
        VirtualAddresses::new(addresses)?
    };
    let builder = Config::builder(vrid, addresses)
        .destination(destination(&instance.destination))
        // Only strict mode makes keepalived insist.
        .link_local_first(instance.strict)
        .unadvertised_addresses(excluded)
        .version(match instance.version {
            VrrpVersion::V2 => Version::V2,
            VrrpVersion::V3 => Version::V3,
        })
        .priority(Priority::new(instance.priority.get())?)
        .interval(AdverInterval::try_from(instance.advert_interval)?)
        .preempt(instance.preempt)
        .sync_group(in_group)
        .accept(instance.accept)
        .preempt_delay(instance.preempt_delay)
        .checksum(if instance.v3_checksum_as_v2 {
            ChecksumForm::MessageOnly
        } else {
            ChecksumForm::PseudoHeader
        })
        .address_list_check(if instance.skip_check_adv_addr {
            AddressListCheck::OncePerRouter
        } else {
            AddressListCheck::Report
        })
        .down_timer_adverts(instance.down_timer_adverts)
        .lower_prio_no_advert(instance.lower_prio_no_advert)
        .higher_prio_send_advert(instance.higher_prio_send_advert)
        .owner_ignore_adverts(instance.owner_ignore_adverts)
        .announce(announce(&instance.garp));
    let builder = match &instance.auth {
        Some(model::Authentication::Password(password)) => builder
            .authentication(Authentication::SimplePassword(Password::new(&password.bytes())?)),
        Some(model::Authentication::Header(key)) => {
            builder.authentication_header(Password::new(&key.bytes())?)
        }
        None => builder,
    };
    Ok(builder.build()?)
}

fn destination(destination: &model::Destination) -> Destination {
    match destination {
        model::Destination::Multicast(group) | model::Destination::NoPeer(group) => {
            Destination::Multicast(*group)
        }
        model::Destination::Unicast { peers, ttl, check_source } => Destination::Unicast {
            peers: peers
                .iter()
                .map(|peer| UnicastPeer {
                    address: peer.address,
                    min_ttl: peer.min_ttl,
                    max_ttl: peer.max_ttl,
                })
                .collect(),
            ttl: *ttl,
            check_source: *check_source,
        },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_on_several_interfaces_is_one_of_the_virtual_router() {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 5\n \
                    virtual_ipaddress {\n  192.0.2.1\n }\n virtual_ipaddress_excluded {\n  \
                    192.0.2.1 dev eth1\n  192.0.2.2\n  192.0.2.2 dev eth1\n }\n}\n";
        let model = steadfast_conf::parse("t.conf", text).model.unwrap();
        let config = config(&model.instances[0], false).unwrap();
        let held: Vec<_> = config.held_addresses().map(|address| address.to_string()).collect();
        assert_eq!(held, ["192.0.2.1", "192.0.2.2"]);
    }

    #[test]
    fn an_instance_without_addresses_is_a_virtual_router_of_its_family() {
        for (line, family) in [("", Family::Ipv4), ("native_ipv6", Family::Ipv6)] {
            let text = format!(
                "vrrp_instance A {{\n interface eth0\n virtual_router_id 5\n \
                 no_virtual_ipaddress\n {line}\n}}\n"
            );
            let model = steadfast_conf::parse("t.conf", &text).model.unwrap();
            let config = config(&model.instances[0], false).unwrap();
            assert_eq!((config.family(), config.held_addresses().count()), (family, 0));
        }
    }
}
