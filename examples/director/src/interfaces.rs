//! Looking whether the interfaces of a configuration are there before any is needed.

use std::collections::HashSet;

use nix::net::if_::if_nametoindex;
use steadfast_conf::model::VrrpInstance;
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
    let warning = |instance: &VrrpInstance, name: &str| {
        Diagnostic::new(
            Severity::Warning,
            instance.span,
            format!("this machine has no interface {name}"),
        )
    };
    let mut warnings = Vec::new();
    // Each once: who checks a configuration on another machine may lack them all.
    let mut said = HashSet::new();
    let mut is_missing = |name: &str| !is_there(name) && said.insert(name.to_owned());
    for instance in &model.instances {
        if let Some(own) = instance.interface.as_deref().filter(|name| is_missing(name)) {
            warnings.push(if model.global.dynamic_interfaces {
                warning(instance, own).label("in FAULT until it appears")
            } else {
                warning(instance, own)
                    .label("without it, this cannot be started")
                    .help("`dynamic_interfaces` in `global_defs` has it wait for the interface")
            });
        }
        for tracked in instance.tracking.interfaces.iter().filter(|it| is_missing(&it.name)) {
            warnings
                .push(warning(instance, &tracked.name).label("tracked here, as one that is down"));
        }
    }
    warnings
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
    fn each_interface_that_is_missing_is_said() {
        let tracked = warning("eth2", "tracked here, as one that is down");
        let own = warning("eth0", "without it, this cannot be started");
        assert_eq!(said(""), [own, tracked.clone()]);
        let own = warning("eth0", "in FAULT until it appears");
        assert_eq!(said("global_defs {\n dynamic_interfaces\n}"), [own, tracked]);
    }
}
