//! VRRP instances of the configuration as instances of the driver.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockaddrStorage;
use steadfast_conf::model::{
    self, ExtraGarp, GarpGroup, Global, Scheduling, SyncGroup, VrrpInstance,
};
use steadfast_conf::{Diagnostic, Loaded, Model, Severity};
use steadfast_director_core::notify::InstanceState;
use steadfast_director_core::vrrp::{InstanceError, config, link_delays};
use steadfast_vrrp::MacAddress;
use steadfast_vrrp::announce::Pace;
use steadfast_vrrp::router::{Counters, Event, State};
use steadfast_vrrp_linux::{
    AnnounceElsewhere, Instance, Nftables, Notice, NoticeKind, OtherInterfaces, PaceGroup,
    RealtimePriority, VirtualAddress, VirtualInterface, VirtualMac,
};

/// Why an instance cannot be one of the driver's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnfitInstance {
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("vrrp_instance {instance} names no interface, and none has {address}")]
    NoInterface { instance: String, address: String },
    #[error("vrrp_instance {instance}: there is no interface {interface}")]
    Missing { instance: String, interface: String },
    #[error("{what}: {source}")]
    System { what: &'static str, source: std::io::Error },
}

/// All instances of a model.
pub(crate) fn instances(model: &Model) -> Result<Vec<Instance>, UnfitInstance> {
    model.instances.iter().map(|one| instance(one, model)).collect()
}

/// Refuses instances that the configuration's own rules allow and the library's do not.
pub(crate) fn audit(loaded: &mut Loaded) {
    let Some(model) = &loaded.model else { return };
    let unfit = |one: &VrrpInstance| {
        let error = config(one, group_of(one, model).is_some()).err()?;
        let message = format!("this instance cannot be run: {}", error.reason);
        Some(Diagnostic::new(Severity::Error, one.span, message))
    };
    let errors = model.instances.iter().filter_map(unfit).collect();
    loaded.say(errors);
}

/// How fast announcements may follow each other.
pub(crate) fn pace(global: &Global) -> Pace {
    Pace { garp_interval: global.garp_interval, gna_interval: global.gna_interval }
}

/// The same on interfaces of a group.
pub(crate) fn pace_groups(groups: &[GarpGroup]) -> Vec<PaceGroup> {
    let group = |group: &GarpGroup| {
        let GarpGroup { interfaces, garp_interval, gna_interval } = group.clone();
        PaceGroup { interfaces, pace: Pace { garp_interval, gna_interval } }
    };
    groups.iter().map(group).collect()
}

/// For how long VRRP may not start yet. Who goes on for another has its addresses, and nobody
/// advertises until VRRP starts.
pub(crate) fn startup_delay(global: &Global, goes_on: bool) -> Duration {
    let up = u64::try_from(rustix::system::sysinfo().uptime).unwrap_or_default();
    let after_boot = global.delay_after_boot.saturating_sub(Duration::from_secs(up));
    if goes_on { after_boot } else { global.startup_delay.max(after_boot) }
}

/// Where packets to addresses that accept none are dropped.
pub(crate) fn nftables(global: &Global) -> Nftables {
    let model::Nftables { table, priority } = &global.nftables;
    Nftables { table: table.clone(), priority: *priority }
}

/// The priority of the thread that advertises.
pub(crate) fn realtime(global: &Global) -> Option<RealtimePriority> {
    match global.scheduling {
        Scheduling::Realtime(priority) => RealtimePriority::new(priority.get()).ok(),
        Scheduling::Ordinary => None,
    }
}

/// An instance of the driver. What is not written is asked of the kernel.
fn instance(instance: &VrrpInstance, model: &Model) -> Result<Instance, UnfitInstance> {
    let group = group_of(instance, model);
    let dynamic_interfaces = model.global.dynamic_interfaces;
    let interface = match (&instance.interface, instance.source_address) {
        (Some(interface), _) => {
            if !dynamic_interfaces {
                require(&instance.name, interface)?;
            }
            interface.clone()
        }
        (None, source) => interface_with(source)?.ok_or_else(|| UnfitInstance::NoInterface {
            instance: instance.name.clone(),
            address: source.map_or_else(|| "the source address".to_owned(), |it| it.to_string()),
        })?,
    };
    let addresses = instance.addresses.iter().chain(&instance.excluded_addresses);
    Ok(Instance {
        addresses: addresses.map(address).collect(),
        virtual_mac: instance.virtual_mac.as_ref().map(virtual_mac),
        virtual_interfaces: instance.virtual_interfaces.iter().map(virtual_interface).collect(),
        source: instance.source_address,
        sync_group: group.map(|group| group.name.clone()),
        track_interface: instance.track_primary,
        link_delays: link_delays(model, &interface),
        dynamic_interfaces,
        announce_elsewhere: instance.garp.extra.map(announce_elsewhere),
        ..Instance::new(&instance.name, &interface, config(instance, group.is_some())?)
    })
}

/// The driver says so too, but does not get to see an instance before it is known what that tracks.
fn require(instance: &str, interface: &str) -> Result<(), UnfitInstance> {
    match if_nametoindex(interface) {
        Ok(_) => Ok(()),
        Err(_) => Err(UnfitInstance::Missing {
            instance: instance.to_owned(),
            interface: interface.to_owned(),
        }),
    }
}

fn group_of<'a>(instance: &VrrpInstance, model: &'a Model) -> Option<&'a SyncGroup> {
    model.sync_groups.iter().find(|group| group.members.contains(&instance.name))
}

fn interface_with(source: Option<IpAddr>) -> Result<Option<String>, UnfitInstance> {
    let addresses = getifaddrs().map_err(|error| UnfitInstance::System {
        what: "asking the kernel about addresses",
        source: error.into(),
    })?;
    let has = |address: &SockaddrStorage| {
        let ipv4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        let ipv6 = address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip()));
        ipv4.or(ipv6) == source
    };
    let mut having = addresses.filter(|it| it.address.as_ref().is_some_and(has));
    Ok(having.next().map(|it| it.interface_name))
}

fn announce_elsewhere(extra: ExtraGarp) -> AnnounceElsewhere {
    let ExtraGarp { interval, all } = extra;
    let on = if all { OtherInterfaces::All } else { OtherInterfaces::VirtualMac };
    AnnounceElsewhere { interval, on }
}

fn virtual_mac(virtual_mac: &model::VirtualMac) -> VirtualMac {
    VirtualMac {
        interface: virtual_mac.interface.clone(),
        address: MacAddress(virtual_mac.address),
        xmit_base: virtual_mac.xmit_base,
    }
}

fn virtual_interface(made: &model::VirtualInterface) -> VirtualInterface {
    let model::VirtualInterface { interface, address, base } = made.clone();
    VirtualInterface { interface, address: MacAddress(address), base }
}

fn address(address: &model::VirtualAddress) -> VirtualAddress {
    VirtualAddress {
        address: address.address,
        prefix_len: address.prefix_len,
        interface: address.virtual_interface.clone().or_else(|| address.interface.clone()),
        peer: address.peer,
        broadcast: address.broadcast,
        scope: address.scope,
        label: address.label.clone(),
        preferred_lifetime: address.preferred_lifetime,
        detect_duplicates: address.detect_duplicates,
        home: address.home,
        manage_temporary: address.manage_temporary,
        autojoin: address.autojoin,
        prefix_route: address.prefix_route,
    }
}

/// A state in keepalived's words; `None` is before the start.
pub(crate) fn keepalived_state(state: State) -> Option<InstanceState> {
    match state {
        State::Active => Some(InstanceState::Master),
        State::Backup => Some(InstanceState::Backup),
        State::Fault => Some(InstanceState::Fault),
        State::Initialize => None,
    }
}

/// Counters by their names.
pub(crate) fn counters(counters: &Counters) -> BTreeMap<String, u64> {
    macro_rules! named {
        ($($name:ident)*) => { [$((stringify!($name), counters.$name)),*] };
    }
    let named = named! {
        master_transitions
        advertisement_rcvd
        advertisement_sent
        priority_zero_pkts_rcvd
        priority_zero_pkts_sent
        checksum_errors
        version_errors
        vrid_errors
        ip_ttl_errors
        interval_errors
        invalid_type_pkts_rcvd
        address_list_errors
        packet_length_errors
        invalid_auth_type
        auth_type_mismatch
        auth_failures
        family_errors
        destination_errors
        unknown_peers
        looped_back
        no_source_address
        overslept
        events_lost
    };
    named.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// A notice as a line for the log, and whether somebody should look at it.
pub(crate) fn line(notice: &Notice) -> (bool, String) {
    let name = &notice.instance;
    let (serious, text) = match &notice.kind {
        NoticeKind::Event(event) => (is_serious(event), event.to_string()),
        NoticeKind::AddressAdded(address) => (false, added("added", *address)),
        NoticeKind::AddressRemoved(address) => (false, added("removed", *address)),
        NoticeKind::AddressLost(address) => {
            (true, format!("{address} was taken away by somebody else"))
        }
        NoticeKind::Discarded { source, reason } => {
            (true, format!("discarded a packet from {source}: {reason}"))
        }
        NoticeKind::SyncGroup { group, change } => {
            return (false, format!("VRRP_Group({group}) {change}"));
        }
        NoticeKind::TableChanged(_) => (true, notice.kind.to_string()),
        NoticeKind::Failed(error) => (true, error.to_string()),
        other => (false, format!("{other:?}")),
    };
    (serious, if name.is_empty() { text } else { format!("({name}) {text}") })
}

fn added(how: &str, address: IpAddr) -> String {
    format!("{address} {how}")
}

/// Whether somebody should look at what the router says.
fn is_serious(event: &Event) -> bool {
    matches!(
        event,
        Event::Overslept { .. }
            | Event::AddressListDiffers { .. }
            | Event::IntervalDiffers { .. }
            | Event::OwnerConflict { .. }
    )
}
