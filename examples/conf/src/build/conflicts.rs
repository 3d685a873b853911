//! What cannot hold together although each part could.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::{Model, VirtualAddress, VirtualServer, VrrpInstance};
use crate::{Diagnostic, Diagnostics, Severity, Span};

use super::address::not_a_host;

pub(super) fn check(model: &Model, diagnostics: &mut Diagnostics) {
    same_router(model, diagnostics);
    same_address(model, diagnostics);
    same_service(model, diagnostics);
    for service in &model.virtual_servers {
        broadcast_service(model, service, diagnostics);
    }
}

fn same_router(model: &Model, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<_, &VrrpInstance> = HashMap::new();
    for instance in &model.instances {
        let VrrpInstance { vrid, interface, span, .. } = instance;
        if let Some(earlier) = seen.insert((vrid, interface), instance) {
            let message = format!("virtual_router_id {vrid} is used twice on {interface}");
            diagnostics.push(
                Diagnostic::new(Severity::Error, *span, message)
                    .label("used here")
                    .related(earlier.span, "and here")
                    .help("give each instance on an interface its own virtual_router_id"),
            );
        }
    }
}

fn same_address(model: &Model, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<_, (&VrrpInstance, Span)> = HashMap::new();
    for instance in &model.instances {
        for VirtualAddress { address, interface, span, .. } in all_addresses(instance) {
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

fn same_service(model: &Model, diagnostics: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for VirtualServer { address, port, protocol, span, .. } in &model.virtual_servers {
        if let Some(earlier) = seen.insert((address, port, protocol), *span) {
            let message = format!("there is another service {address} {port}");
            diagnostics.push(
                Diagnostic::new(Severity::Error, *span, message)
                    .related(earlier, "the other one")
                    .help("put all real servers into one virtual_server"),
            );
        }
    }
}

fn all_addresses(instance: &VrrpInstance) -> impl Iterator<Item = &VirtualAddress> {
    instance.addresses.iter().chain(&instance.excluded_addresses)
}

/// A service on an address that is no host's in the network it is given as a virtual address.
fn broadcast_service(model: &Model, service: &VirtualServer, diagnostics: &mut Diagnostics) {
    let IpAddr::V4(address) = service.address else { return };
    let network = model.instances.iter().flat_map(all_addresses).find_map(|virtual_address| {
        let IpAddr::V4(held) = virtual_address.address else { return None };
        let shift = 32_u32.checked_sub(virtual_address.prefix_len.into())?;
        let prefix = |ip: std::net::Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
        if prefix(held) != prefix(address) {
            return None;
        }
        not_a_host(address, virtual_address.prefix_len).map(|what| (what, virtual_address))
    });
    if let Some((what, virtual_address)) = network {
        diagnostics.push(
            Diagnostic::new(
                Severity::Error,
                service.span,
                format!("{address} is not a host address"),
            )
            .label(format!("this is the {what}"))
            .related(
                virtual_address.span,
                format!("of this network of length {}", virtual_address.prefix_len),
            )
            .help("balance on an address that a machine can have"),
        );
    }
}
