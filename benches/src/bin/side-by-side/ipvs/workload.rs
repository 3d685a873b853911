use steadfast_benches::ipvs::table;
use steadfast_ipvs::{ServiceKey, Table, Weight};

/// A table, and the same with 1 % of its destinations changed.
pub(super) struct Workload {
    pub(super) table: Table,
    pub(super) changed: Table,
}

impl Workload {
    pub(super) fn new(services: u32, destinations: u32) -> Self {
        let same = |_: u32| Weight::from(5);
        let changed = |number: u32| Weight::from(if number.is_multiple_of(100) { 6 } else { 5 });
        Self {
            table: table(services, destinations, same),
            changed: table(services, destinations, changed),
        }
    }

    /// The rules that make the table, as `ipvsadm -R` reads them.
    pub(super) fn rules(&self) -> String {
        let mut rules = String::new();
        for entry in self.table.iter() {
            let name = name(entry.key());
            rules += &format!("-A -t {name} -s {}\n", entry.service().scheduler);
            for (server, destination) in entry.destinations() {
                rules += &format!("-a -t {name} -r {server} -m -w {}\n", destination.weight);
            }
        }
        rules
    }

    /// The rules that change the destinations.
    pub(super) fn change_rules(&self) -> String {
        let mut rules = String::new();
        for change in self.table.diff(&self.changed, |_| true).changes() {
            if let steadfast_ipvs::Change::EditDestination(key, server, new) = change {
                rules += &format!("-e -t {} -r {server} -m -w {}\n", name(key), new.weight);
            }
        }
        rules
    }
}

fn name(key: &ServiceKey) -> String {
    match key {
        ServiceKey::Address { address, port, .. } => format!("{address}:{port}"),
        ServiceKey::FirewallMark { mark, .. } => mark.to_string(),
    }
}
