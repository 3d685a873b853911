//! What cannot hold together although each part could.

use std::net::IpAddr;

use crate::model::{Model, VirtualAddress, VirtualServer, VrrpInstance};
use crate::{Diagnostic, Diagnostics, Severity};

use super::address::not_a_host;

pub(super) fn check(model: &Model, diagnostics: &mut Diagnostics) {
    for (index, instance) in model.instances.iter().enumerate() {
        for earlier in model.instances.iter().take(index) {
            same_router(earlier, instance, diagnostics);
            same_address(earlier, instance, diagnostics);
        }
    }
    for (index, service) in model.virtual_servers.iter().enumerate() {
        let key = |service: &VirtualServer| (service.address, service.port, service.protocol);
        let earlier = model.virtual_servers.iter().take(index).find(|s| key(s) == key(service));
        if let Some(earlier) = earlier {
            let message = format!("there is another service {} {}", service.address, service.port);
            diagnostics.push(
                Diagnostic::new(Severity::Error, service.span, message)
                    .related(earlier.span, "the other one")
                    .help("put all real servers into one virtual_server"),
            );
        }
        broadcast_service(model, service, diagnostics);
    }
}

fn same_router(one: &VrrpInstance, other: &VrrpInstance, diagnostics: &mut Diagnostics) {
    if (one.vrid, &one.interface) == (other.vrid, &other.interface) {
        diagnostics.push(
            Diagnostic::new(
                Severity::Error,
                other.span,
                format!("virtual_router_id {} is used twice on {}", one.vrid, one.interface),
            )
            .label("used here")
            .related(one.span, "and here")
            .help("give each instance on an interface its own virtual_router_id"),
        );
    }
}

fn same_address(one: &VrrpInstance, other: &VrrpInstance, diagnostics: &mut Diagnostics) {
    for address in all_addresses(other) {
        let same = |candidate: &&VirtualAddress| {
            candidate.address == address.address && candidate.interface == address.interface
        };
        if let Some(earlier) = all_addresses(one).find(same) {
            diagnostics.push(
                Diagnostic::new(
                    Severity::Error,
                    address.span,
                    format!("{} belongs to two instances", address.address),
                )
                .label(format!("here to `{}`", other.name))
                .related(earlier.span, format!("here to `{}`", one.name)),
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
