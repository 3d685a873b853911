//! VRRP instances of the configuration as instances of the driver.

use std::net::IpAddr;

use steadfast_conf::Model;
use steadfast_conf::model::{self, VrrpInstance};
use steadfast_director_core::instances::InstanceState;
use steadfast_director_core::vrrp::{InstanceError, config};
use steadfast_vrrp::router::{Event, State};
use steadfast_vrrp_linux::{Destination, Instance, Notice, NoticeKind, VirtualAddress};

/// All instances of a model.
pub(crate) fn instances(model: &Model) -> Result<Vec<Instance>, InstanceError> {
    model.instances.iter().map(instance).collect()
}

fn instance(instance: &VrrpInstance) -> Result<Instance, InstanceError> {
    let addresses = instance.addresses.iter().chain(&instance.excluded_addresses);
    Ok(Instance {
        name: instance.name.clone(),
        interface: instance.interface.clone(),
        config: config(instance)?,
        addresses: addresses.map(address).collect(),
        destination: Destination::Multicast(instance.multicast_group.into()),
        source: instance.source_address.map(Into::into),
        track_interface: instance.track_primary,
    })
}

fn address(address: &model::VirtualAddress) -> VirtualAddress {
    VirtualAddress {
        address: address.address,
        prefix_len: address.prefix_len,
        interface: Some(address.interface.clone()),
        broadcast: address.broadcast,
        scope: address.scope,
        label: address.label.clone(),
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

/// A notice as a line for the log, and whether somebody should look at it.
pub(crate) fn line(notice: &Notice) -> (bool, String) {
    let name = &notice.instance;
    let (serious, text) = match &notice.kind {
        NoticeKind::Event(event) => describe(event),
        NoticeKind::AddressAdded(address) => (false, added("added", *address)),
        NoticeKind::AddressRemoved(address) => (false, added("removed", *address)),
        NoticeKind::AddressLost(address) => {
            (true, format!("{address} was taken away by somebody else, putting it back"))
        }
        NoticeKind::Discarded { source, reason } => {
            (true, format!("discarded a packet from {source}: {reason}"))
        }
        NoticeKind::Failed(error) => (true, error.to_string()),
        other => (false, format!("{other:?}")),
    };
    (serious, if name.is_empty() { text } else { format!("({name}) {text}") })
}

fn added(how: &str, address: IpAddr) -> String {
    format!("{address} {how}")
}

fn describe(event: &Event) -> (bool, String) {
    match event {
        Event::StateChange(change) => {
            let to = match keepalived_state(change.to) {
                Some(state) => format!("Entering {state} STATE"),
                None => "Stopped".to_owned(),
            };
            (false, format!("{to}: {}", change.reason))
        }
        Event::PriorityChange { from, to } => {
            (false, format!("Changing effective priority from {from} to {to}"))
        }
        Event::Overslept { by, state } => {
            (true, format!("woke {by:?} late in state {state}: listening before acting"))
        }
        Event::LowerPriorityPeer { peer } => {
            (false, format!("{peer} should have yielded to us: asserting ourselves"))
        }
        Event::AddressListDiffers { peer } => {
            (true, format!("{peer} advertises other addresses than configured here"))
        }
        Event::IntervalDiffers { peer, theirs, ours } => {
            (true, format!("{peer} advertises every {theirs}, configured here is {ours}"))
        }
        Event::OwnerConflict { peer } => {
            (true, format!("{peer} advertises addresses that are ours as their owner"))
        }
        other => (false, format!("{other:?}")),
    }
}
