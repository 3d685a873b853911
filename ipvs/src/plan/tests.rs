use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::model::{ForwardMethod, Scheduler, Weight};

fn service(port: u16) -> ServiceKey {
    ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), port)
}

fn server(last: u8) -> DestinationKey {
    DestinationKey { address: Ipv4Addr::new(192, 0, 2, last).into(), port: 80 }
}

fn destination(weight: u16) -> Destination {
    Destination::new(ForwardMethod::DirectRoute, Weight::from(weight))
}

/// Last byte of the address, and weight.
type Server = (u8, u16);

fn table(services: &[(u16, Scheduler, &[Server])]) -> Table {
    let mut table = Table::default();
    for (port, scheduler, servers) in services {
        let mut entry = Entry::new(Service::new(*scheduler));
        let servers = servers.iter().map(|(last, weight)| (server(*last), destination(*weight)));
        entry.destinations.extend(servers);
        table.services.insert(service(*port), entry);
    }
    table
}

fn lines(from: &Table, to: &Table) -> Vec<String> {
    from.diff(to, |_| true).to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_service_comes_before_its_destinations() {
    let to = table(&[(80, Scheduler::WRR, &[(1, 3)])]);
    assert_eq!(
        lines(&Table::default(), &to),
        [
            "add service 192.0.2.100:80/tcp (wrr)",
            "add destination 192.0.2.1:80 (Route, weight 3) to 192.0.2.100:80/tcp",
        ]
    );
}

#[test]
fn another_weight_is_an_edit_in_place() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3)])]);
    let to = table(&[(80, Scheduler::WRR, &[(1, 0)])]);
    assert_eq!(
        lines(&from, &to),
        ["change destination 192.0.2.1:80 of 192.0.2.100:80/tcp to Route, weight 0"]
    );
}

#[test]
fn a_replacement_is_there_before_what_it_replaces_goes() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3)])]);
    let to = table(&[(80, Scheduler::WRR, &[(2, 3)])]);
    assert_eq!(
        lines(&from, &to),
        [
            "add destination 192.0.2.2:80 (Route, weight 3) to 192.0.2.100:80/tcp",
            "remove destination 192.0.2.1:80 from 192.0.2.100:80/tcp",
        ]
    );
}

#[test]
fn a_removed_service_takes_its_destinations_along() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3), (2, 3)])]);
    assert_eq!(lines(&from, &Table::default()), ["remove service 192.0.2.100:80/tcp"]);
}

#[test]
fn a_service_of_somebody_else_is_left_alone() {
    let from = table(&[(80, Scheduler::WRR, &[]), (81, Scheduler::RR, &[])]);
    let plan = from.diff(&Table::default(), |key| *key == service(80));
    assert_eq!(plan.changes(), [Change::DeleteService(service(80))]);
}

fn any_table() -> impl Strategy<Value = Table> {
    let servers = prop::collection::btree_map(0u8..5, 0u16..4, 0..5);
    let entry = (prop::sample::select(vec![Scheduler::RR, Scheduler::WLC]), servers);
    prop::collection::btree_map(1u16..5, entry, 0..5).prop_map(|services| {
        let mut table = Table::default();
        for (port, (scheduler, servers)) in services {
            let mut entry = Entry::new(Service::new(scheduler));
            let servers = servers.into_iter().map(|(last, w)| (server(last), destination(w)));
            entry.destinations.extend(servers);
            table.services.insert(service(port), entry);
        }
        table
    })
}

proptest! {
    #[test]
    fn a_plan_leads_to_the_desired_table(from in any_table(), to in any_table()) {
        let mut table = from.clone();
        table.apply(&from.diff(&to, |_| true));
        prop_assert_eq!(table, to);
    }

    #[test]
    fn a_plan_that_has_been_applied_leaves_nothing_to_do(from in any_table(), to in any_table()) {
        let mut table = from.clone();
        table.apply(&from.diff(&to, |_| true));
        prop_assert!(table.diff(&to, |_| true).is_empty());
    }

    #[test]
    fn no_service_is_left_without_destinations_on_the_way(from in any_table(), to in any_table()) {
        let mut table = from.clone();
        for change in from.diff(&to, |_| true).changes() {
            change.apply(&mut table);
            for (key, entry) in &table.services {
                let had = from.services.get(key).is_some_and(|entry| !entry.destinations.is_empty());
                let gets = to.services.get(key).is_none_or(|entry| !entry.destinations.is_empty());
                prop_assert!(!(had && gets && entry.destinations.is_empty()));
            }
        }
    }
}
