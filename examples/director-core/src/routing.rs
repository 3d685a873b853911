//! Addresses, routes and rules that the kernel should hold besides those of virtual routers.

use std::collections::BTreeSet;

use steadfast_conf::Model;
use steadfast_conf::model::{Route, Rule, VirtualAddress};

/// What should be there. Addresses come first, since routes may need them, and rules last, so that
/// they lead to routes; all go in the opposite order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    /// `static_ipaddress`.
    pub addresses: Vec<VirtualAddress>,
    /// `static_routes`, and the `virtual_routes` of those that are MASTER.
    pub routes: Vec<Route>,
    /// `static_rules`, and the `virtual_rules` of those that are MASTER.
    pub rules: Vec<Rule>,
}

impl Routing {
    /// What a model asks for while the instances of these names are MASTER.
    ///
    /// ```
    /// use steadfast_conf::parse;
    /// use steadfast_director_core::routing::Routing;
    ///
    /// let model = parse("keepalived.conf", r#"
    /// static_routes { 198.51.100.0/24 via 192.0.2.1 }
    /// vrrp_instance WEB {
    ///     interface eth0
    ///     virtual_router_id 51
    ///     virtual_ipaddress { 192.0.2.10/24 }
    ///     virtual_routes { 203.0.113.0/24 via 192.0.2.254 src 192.0.2.10 }
    /// }
    /// "#).model.ok_or("it has errors")?;
    /// assert_eq!(Routing::of(&model, &[].into()).routes.len(), 1);
    /// assert_eq!(Routing::of(&model, &["WEB".to_owned()].into()).routes.len(), 2);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of(model: &Model, masters: &BTreeSet<String>) -> Self {
        let is_master = |name: &String| masters.contains(name);
        let masters = || model.instances.iter().filter(|instance| is_master(&instance.name));
        let routes = masters().flat_map(|instance| &instance.routes);
        let rules = masters().flat_map(|instance| &instance.rules);
        Self {
            addresses: model.static_addresses.clone(),
            routes: model.static_routes.iter().chain(routes).cloned().collect(),
            rules: model.static_rules.iter().chain(rules).cloned().collect(),
        }
    }

    /// Whether nothing should be there.
    pub fn is_empty(&self) -> bool {
        let Self { addresses, routes, rules } = self;
        addresses.is_empty() && routes.is_empty() && rules.is_empty()
    }
}
