//! What cannot hold together although each part could.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;

use crate::model::{
    Destination, FirewallMark, Frontend, GroupMember, Model, Place, Protocol, VirtualAddress,
    VirtualServer, VrrpInstance,
};
use crate::{Diagnostic, Diagnostics, Severity, Span};

use super::address::not_a_host;

/// The services stand at these places. One that is shared with an earlier model knows only where it
/// stood then.
pub(super) fn check(model: &mut Model, places: &[Span], diagnostics: &mut Diagnostics) {
    same_router(model, diagnostics);
    same_address(model, diagnostics);
    for (service, &place) in model.virtual_servers.iter().zip(places) {
        broadcast_service(model, service, place, diagnostics);
    }
    same_service(model, places, diagnostics);
}

fn same_router(model: &Model, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<_, Vec<&VrrpInstance>> = HashMap::new();
    for instance in &model.instances {
        let VrrpInstance { vrid, interface, family, span, .. } = instance;
        let on_interface = seen.entry((vrid, interface, family)).or_default();
        if let (Some(interface), Some(earlier)) =
            (interface, on_interface.iter().find(|earlier| hear_the_same(earlier, instance)))
        {
            let message = format!("virtual_router_id {vrid} is used twice on {interface}");
            diagnostics.push(
                Diagnostic::new(Severity::Error, *span, message)
                    .label("used here")
                    .related(earlier.span, "and here")
                    .help("give each instance on an interface its own virtual_router_id"),
            );
        }
        on_interface.push(instance);
    }
}

/// Whether a packet may be for both.
fn hear_the_same(one: &VrrpInstance, other: &VrrpInstance) -> bool {
    match (&one.destination, &other.destination) {
        (Destination::Unicast { peers, .. }, Destination::Unicast { peers: others, .. }) => {
            peers.iter().any(|peer| others.iter().any(|other| other.address == peer.address))
        }
        (Destination::Unicast { .. }, _) | (_, Destination::Unicast { .. }) => false,
        _ => true,
    }
}

fn same_address(model: &Model, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<_, (&VrrpInstance, Place)> = HashMap::new();
    for instance in &model.instances {
        for held in all_addresses(instance) {
            let VirtualAddress { address, span, .. } = held;
            let interface = instance.interface_of(held);
            if let Some((earlier, place)) = seen.insert((address, interface), (instance, *span)) {
                let message = format!("{address} belongs to two instances");
                diagnostics.push(
                    Diagnostic::new(Severity::Error, *span, message)
                        .label(format!("here to `{}`", instance.name))
                        .related(place, format!("here to `{}`", earlier.name)),
                );
            }
        }
    }
}

/// What of a service the kernel can have only once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Served {
    Address(IpAddr, u16, Protocol),
    Mark(FirewallMark),
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, port, _) => write!(f, "{address} {port}"),
            Self::Mark(FirewallMark { mark, .. }) => write!(f, "fwmark {mark}"),
        }
    }
}

fn served(service: &VirtualServer) -> Vec<Served> {
    let protocol = service.protocol;
    match &service.frontend {
        Frontend::Address { address, port } => vec![Served::Address(*address, *port, protocol)],
        Frontend::FirewallMark(mark) => vec![Served::Mark(*mark)],
        Frontend::Group { members, .. } => members
            .iter()
            .flat_map(|member| -> Box<dyn Iterator<Item = Served>> {
                match member {
                    GroupMember::FirewallMark(mark) => Box::new([Served::Mark(*mark)].into_iter()),
                    GroupMember::Addresses(range) => {
                        let port = range.port();
                        let served = move |address| Served::Address(address, port, protocol);
                        Box::new(range.addresses().map(served))
                    }
                }
            })
            .collect(),
    }
}

/// A file that is included twice has equal services, of which one is enough. Of others, keepalived puts
/// all servers into one entry, and what one takes out of there is gone for the other.
fn same_service(model: &mut Model, places: &[Span], diagnostics: &mut Diagnostics) {
    let mut seen = HashMap::new();
    let mut repeated = HashSet::new();
    for (at, (service, &place)) in model.virtual_servers.iter().zip(places).enumerate() {
        let twice = served(service).into_iter().find_map(|served| {
            let (first, earlier, there) = *seen.entry(served).or_insert((at, service, place));
            (first != at).then_some((served, earlier, there))
        });
        let Some((served, earlier, there)) = twice else { continue };
        let diagnostic = if earlier == service {
            repeated.insert(at);
            Diagnostic::new(Severity::Warning, place, format!("service {served} is there twice"))
                .label("ignored: it says the same again")
                .related(there, "this one counts")
        } else {
            Diagnostic::new(Severity::Error, place, format!("there is another service {served}"))
                .related(there, "the other one")
                .help("put all real servers into one virtual_server")
        };
        diagnostics.push(diagnostic);
    }
    let mut at = 0..;
    model.virtual_servers.retain(|_| at.next().is_none_or(|at| !repeated.contains(&at)));
}

fn all_addresses(instance: &VrrpInstance) -> impl Iterator<Item = &VirtualAddress> {
    instance.addresses.iter().chain(&instance.excluded_addresses)
}

/// A service on an address that is no host's in the network it is given as a virtual address.
fn broadcast_service(
    model: &Model,
    service: &VirtualServer,
    place: Span,
    diagnostics: &mut Diagnostics,
) {
    let Frontend::Address { address: IpAddr::V4(address), .. } = service.frontend else { return };
    let network = model.instances.iter().flat_map(all_addresses).find_map(|virtual_address| {
        let IpAddr::V4(held) = virtual_address.address else { return None };
        let shift = 32_u32.checked_sub(virtual_address.prefix_len.into())?;
        let prefix = |ip: std::net::Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
        if prefix(held) != prefix(address) {
            return None;
        }
        not_a_host(address.into(), virtual_address.prefix_len).map(|what| (what, virtual_address))
    });
    if let Some((what, virtual_address)) = network {
        diagnostics.push(
            Diagnostic::new(Severity::Error, place, format!("{address} is not a host address"))
                .label(format!("this is the {what}"))
                .related(
                    virtual_address.span,
                    format!("of this network of length {}", virtual_address.prefix_len),
                )
                .help("balance on an address that a machine can have"),
        );
    }
}
