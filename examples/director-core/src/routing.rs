//! Addresses, routes and rules that the kernel should hold besides those of virtual routers.

use std::collections::BTreeMap;

use steadfast_conf::Model;
use steadfast_conf::model::{Route, Rule, VirtualAddress, VrrpInstance};

use crate::notify::InstanceState;

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
    /// What is not made, but stays where it is: a process that died may have left it for an instance
    /// that goes on as MASTER as soon as all that it tracks is known.
    pub undecided: Undecided,
}

/// The `virtual_routes` and `virtual_rules` of instances that have not entered a state yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undecided {
    /// `virtual_routes`.
    pub routes: Vec<Route>,
    /// `virtual_rules`.
    pub rules: Vec<Rule>,
}

impl Routing {
    /// What a model asks for while its instances are in these states, as far as they have entered one.
    ///
    /// ```
    /// use steadfast_conf::parse;
    /// use steadfast_director_core::notify::InstanceState;
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
    /// let in_state = |state| Routing::of(&model, &[("WEB".to_owned(), state)].into());
    /// assert_eq!(in_state(InstanceState::Backup).routes.len(), 1);
    /// assert_eq!(in_state(InstanceState::Master).routes.len(), 2);
    ///
    /// let at_first = Routing::of(&model, &[].into());
    /// assert_eq!((at_first.routes.len(), at_first.undecided.routes.len()), (1, 1));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of(model: &Model, states: &BTreeMap<String, InstanceState>) -> Self {
        let instances_in = |state: Option<InstanceState>| {
            let is_in = move |it: &&VrrpInstance| states.get(&it.name).copied() == state;
            model.instances.iter().filter(is_in)
        };
        let routes_in = |state| instances_in(state).flat_map(|instance| &instance.routes);
        let rules_in = |state| instances_in(state).flat_map(|instance| &instance.rules);
        let master = Some(InstanceState::Master);
        Self {
            addresses: model.static_addresses.clone(),
            routes: model.static_routes.iter().chain(routes_in(master)).cloned().collect(),
            rules: model.static_rules.iter().chain(rules_in(master)).cloned().collect(),
            undecided: Undecided {
                routes: routes_in(None).cloned().collect(),
                rules: rules_in(None).cloned().collect(),
            },
        }
    }

    /// Whether nothing should be there.
    pub fn is_empty(&self) -> bool {
        let Self { addresses, routes, rules, undecided: _ } = self;
        addresses.is_empty() && routes.is_empty() && rules.is_empty()
    }
}
