//! Looking whether the interfaces of a configuration are there before any is needed.

use std::collections::HashSet;

use nix::net::if_::if_nametoindex;
use steadfast_conf::model::{Place, VrrpInstance};
use steadfast_conf::{Diagnostic, Loaded, Model, Severity};

/// Warns of what an instance needs and this machine does not have.
pub(crate) fn audit(loaded: &mut Loaded) {
    let Some(model) = &loaded.model else { return };
    // Only those of our own network namespace are seen from here.
    if model.process.net_namespace.is_some() {
        return;
    }
    let warnings = missing(model, |name| if_nametoindex(name).is_ok());
    loaded.say(warnings);
}

fn missing(model: &Model, is_there: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let warning = |place: Place, name: &str| {
        Diagnostic::new(Severity::Warning, place, format!("this machine has no interface {name}"))
    };
    let needed = |place: Place, name: &str, waits: &str| {
        if model.global.dynamic_interfaces {
            return warning(place, name).label(waits);
        }
        warning(place, name)
            .label("without it, this cannot be started")
            .help("`dynamic_interfaces` in `global_defs` has it wait for the interface")
    };
    let mut warnings = Vec::new();
    // Each once: who checks a configuration on another machine may lack them all. The director makes
    // some itself.
    let mut said: HashSet<String> = model.instances.iter().flat_map(made).collect();
    let mut is_missing = |name: &str| !is_there(name) && said.insert(name.to_owned());
    for instance in &model.instances {
        if let Some(own) = instance.interface.as_deref().filter(|name| is_missing(name)) {
            warnings.push(needed(instance.span, own, "in FAULT until it appears"));
        }
        for tracked in instance.tracking.interfaces.iter().filter(|it| is_missing(&it.name)) {
            let tracked = warning(instance.span, &tracked.name);
            warnings.push(tracked.label("tracked here, as one that is down"));
        }
        for address in instance.addresses.iter().chain(&instance.excluded_addresses) {
            let other = address.interface.as_deref().filter(|name| is_missing(name));
            let waits = "the address is not there until it appears";
            warnings.extend(other.map(|name| needed(address.span, name, waits)));
        }
    }
    let addresses = model.static_addresses.iter();
    let addresses = addresses.filter_map(|it| Some((it.span, it.interface.as_deref()?)));
    let routes = model.instances.iter().flat_map(|instance| &instance.routes);
    let routes = routes.chain(&model.static_routes).flat_map(|route| {
        let hops = route.next_hops.iter().map(|hop| &hop.interface);
        let names = hops.chain([&route.interface]).filter_map(Option::as_deref);
        names.map(|name| (route.span, name))
    });
    for (place, name) in addresses.chain(routes).filter(|(_, name)| is_missing(name)) {
        warnings.push(warning(place, name).label("not set until it appears"));
    }
    warnings
}

/// The interfaces that are made for an instance.
fn made(instance: &VrrpInstance) -> impl Iterator<Item = String> {
    let own = instance.virtual_mac.iter().map(|virtual_mac| &virtual_mac.interface);
    let others = instance.virtual_interfaces.iter().map(|other| &other.interface);
    own.chain(others).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(globals: &str) -> Vec<(String, String)> {
        let text = format!(
            "{globals}\nvrrp_instance A {{\n interface eth0\n virtual_router_id 5\n \
             no_virtual_ipaddress\n track_interface {{\n  eth1\n  eth2\n }}\n}}\n"
        );
        let model = steadfast_conf::parse("test.conf", &text).model.unwrap();
        let missing = missing(&model, |name| name == "eth1");
        missing.into_iter().map(|it| (it.message, it.label)).collect()
    }

    fn warning(interface: &str, label: &str) -> (String, String) {
        (format!("this machine has no interface {interface}"), label.to_owned())
    }

    #[test]
    fn what_is_on_an_interface_that_is_missing_is_said() {
        let text = |globals: &str| {
            format!(
                "{globals}\nvrrp_instance A {{\n interface eth1\n virtual_router_id 5\n \
                 use_vmac made\n virtual_ipaddress {{\n  192.0.2.1 dev eth3\n }}\n \
                 virtual_routes {{\n  192.0.2.0/24 dev eth4\n  198.51.100.0/24 dev made\n }}\n}}\n\
                 static_ipaddress {{\n 192.0.2.2 dev eth5\n}}\n\
                 static_routes {{\n 203.0.113.0/24 nexthop dev eth6 nexthop dev eth1\n}}\n"
            )
        };
        let said = |globals: &str| {
            let model = steadfast_conf::parse("test.conf", &text(globals)).model.unwrap();
            let missing = missing(&model, |name| name == "eth1");
            missing.into_iter().map(|it| (it.message, it.label)).collect::<Vec<_>>()
        };
        let set = ["eth5", "eth4", "eth6"].map(|name| warning(name, "not set until it appears"));
        let address = warning("eth3", "without it, this cannot be started");
        assert_eq!(said(""), [vec![address], set.to_vec()].concat());
        let address = warning("eth3", "the address is not there until it appears");
        let globals = "global_defs {\n dynamic_interfaces\n}";
        assert_eq!(said(globals), [vec![address], set.to_vec()].concat());
    }

    #[test]
    fn each_interface_that_is_missing_is_said() {
        let tracked = warning("eth2", "tracked here, as one that is down");
        let own = warning("eth0", "without it, this cannot be started");
        assert_eq!(said(""), [own, tracked.clone()]);
        let own = warning("eth0", "in FAULT until it appears");
        assert_eq!(said("global_defs {\n dynamic_interfaces\n}"), [own, tracked]);
    }
}
