//! What an instance sends and listens on.

use crate::check::Entry;
use crate::model::VirtualAddress;

use super::super::{Context, address};
use super::Reader;

impl Reader<'_, '_> {
    /// `Some(None)` if the kernel is to be asked which interface has the source address.
    pub(super) fn interface(
        &self,
        has_unicast_source: bool,
        context: &mut Context<'_>,
    ) -> Option<Option<String>> {
        let Some(entry) = self.inside().get("interface") else {
            if has_unicast_source {
                return Some(self.vrf(context));
            }
            context
                .error(self.name, "`interface` is missing")
                .label("this `vrrp_instance` has none")
                .help("add `interface IF`; only unicast with `unicast_src_ip` can do without");
            return None;
        };
        let name = self.inside().text("interface")?;
        if let Some(vrf) = self.inside().get("vrf") {
            context
                .warning(vrf.span(), "`vrf` has no effect beside `interface`")
                .label("ignored, as keepalived does")
                .related(entry.span(), "this is in whichever VRF it is in");
        }
        if name == "lo" {
            context
                .error(entry.span(), "VRRP cannot run on the loopback interface")
                .help("name the interface the other routers are reached through");
        } else {
            address::expect_interface(&name, entry.span(), context);
        }
        Some(Some(name))
    }

    /// The device of a VRF: who is on it hears what comes in by any interface of that VRF, and sends by
    /// its routes.
    fn vrf(&self, context: &mut Context<'_>) -> Option<String> {
        let entry = self.vrf_alone()?;
        let name = self.inside().text("vrf")?;
        address::expect_interface(&name, entry.span(), context);
        if let Some(entry) = self.inside().get("use_vmac") {
            context
                .error(entry.span(), "a virtual MAC address needs an `interface` to be on")
                .label("a VRF is none");
        }
        Some(name)
    }

    fn vrf_alone(&self) -> Option<&Entry<'_>> {
        self.inside().get("vrf").filter(|_| !self.inside().has("interface"))
    }

    /// They can be meant so: all of the VRF can reach them, as those of a loopback interface.
    pub(super) fn warn_of_addresses_on_vrf(
        &self,
        addresses: [&[VirtualAddress]; 2],
        context: &mut Context<'_>,
    ) {
        let Some(vrf) = self.vrf_alone() else { return };
        for held in addresses.into_iter().flatten().filter(|held| held.interface.is_none()) {
            context
                .warning(held.span, format!("{} is for no interface of the VRF", held.address))
                .label("no neighbour is told of it")
                .related(vrf.span(), "it is on this device")
                .help("add `dev IF` after the address");
        }
    }
}
