use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{ForwardMethod, Netmask, Persistence, Tunnel, TunnelChecksum};

fn service(port: u16) -> ServiceKey {
    ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), port)
}

fn server(last: u8) -> DestinationKey {
    DestinationKey { address: Ipv4Addr::new(192, 0, 2, last).into(), port: 8080 }
}

fn destination(weight: u16) -> Destination {
    Destination::new(ForwardMethod::Masquerade, Weight::from(weight))
}

/// Last byte of the address, and weight.
type Server = (u8, u16);

fn table(services: &[(u16, Scheduler, &[Server])]) -> Table {
    services.iter().map(|(port, scheduler, servers)| entry(*port, *scheduler, servers)).collect()
}

fn entry(port: u16, scheduler: Scheduler, servers: &[Server]) -> Entry {
    let mut entry = Entry::new(service(port), Service::new(scheduler)).unwrap();
    for (last, weight) in servers {
        entry.insert(server(*last), destination(*weight)).unwrap();
    }
    entry
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
            "add destination 192.0.2.1:8080 (Masq, weight 3) to 192.0.2.100:80/tcp",
        ]
    );
}

#[test]
fn another_weight_is_an_edit_in_place() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3)])]);
    let to = table(&[(80, Scheduler::WRR, &[(1, 0)])]);
    assert_eq!(
        lines(&from, &to),
        ["change destination 192.0.2.1:8080 of 192.0.2.100:80/tcp to Masq, weight 0"]
    );
}

#[test]
fn a_replacement_is_there_before_what_it_replaces_goes() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3)])]);
    let to = table(&[(80, Scheduler::WRR, &[(2, 3)])]);
    assert_eq!(
        lines(&from, &to),
        [
            "add destination 192.0.2.2:8080 (Masq, weight 3) to 192.0.2.100:80/tcp",
            "remove destination 192.0.2.1:8080 from 192.0.2.100:80/tcp",
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

#[test]
fn weight_is_given_before_it_is_taken() {
    let from = table(&[(80, Scheduler::WRR, &[(1, 3), (2, 0)])]);
    let to = table(&[(80, Scheduler::WRR, &[(1, 0), (2, 3)])]);
    assert_eq!(
        lines(&from, &to),
        [
            "change destination 192.0.2.2:8080 of 192.0.2.100:80/tcp to Masq, weight 3",
            "change destination 192.0.2.1:8080 of 192.0.2.100:80/tcp to Masq, weight 0",
        ]
    );
}

#[test]
fn another_scheduler_keeps_nothing_else_waiting() {
    let from = table(&[(80, Scheduler::WRR, &[]), (81, Scheduler::RR, &[(1, 1)])]);
    let to = table(&[(80, Scheduler::RR, &[]), (81, Scheduler::RR, &[(1, 2)])]);
    assert_eq!(
        lines(&from, &to),
        [
            "change destination 192.0.2.1:8080 of 192.0.2.100:81/tcp to Masq, weight 2",
            "change service 192.0.2.100:80/tcp to rr",
        ]
    );
}

#[test]
fn a_new_service_gets_maglev_when_its_destinations_are_there() {
    let to = table(&[(80, Scheduler::MH, &[(1, 1), (2, 1)])]);
    assert_eq!(
        lines(&Table::default(), &to),
        [
            "add service 192.0.2.100:80/tcp (none)",
            "add destination 192.0.2.1:8080 (Masq, weight 1) to 192.0.2.100:80/tcp",
            "add destination 192.0.2.2:8080 (Masq, weight 1) to 192.0.2.100:80/tcp",
            "change service 192.0.2.100:80/tcp to mh",
        ]
    );
}

#[test]
fn another_tunnel_and_another_netmask_are_told_from_what_they_replace() {
    let tunnel = |tunnel| Destination::new(ForwardMethod::Tunnel(tunnel), Weight::from(1));
    let checksum = TunnelChecksum::Computed;
    assert_eq!(tunnel(Tunnel::Ipip).to_string(), "Tunnel ipip, weight 1");
    assert_eq!(tunnel(Tunnel::Gre { checksum }).to_string(), "Tunnel gre csum, weight 1");
    let netmask = Netmask::V4(Ipv4Addr::new(255, 255, 255, 0));
    let persistence = Persistence::new(Duration::from_secs(90), netmask).unwrap();
    let service = Service { persistence: Some(persistence), ..Service::new(Scheduler::RR) };
    assert_eq!(service.to_string(), "rr persistent 90 mask 255.255.255.0");
}

fn any_table() -> impl Strategy<Value = Table> {
    let servers = prop::collection::btree_map(1u8..6, 0u16..4, 0..5);
    let schedulers = vec![Scheduler::RR, Scheduler::WLC, Scheduler::MH];
    let entries = (prop::sample::select(schedulers), servers);
    prop::collection::btree_map(1u16..5, entries, 0..5).prop_map(|services| {
        let entries = services.into_iter().map(|(port, (scheduler, servers))| {
            entry(port, scheduler, &servers.into_iter().collect::<Vec<_>>())
        });
        entries.collect()
    })
}

fn has_weight(entry: &Entry) -> bool {
    entry.destinations().iter().any(|(_, found)| found.weight > Weight::ZERO)
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
    fn a_service_that_can_serve_before_and_after_can_on_the_way(
        from in any_table(), to in any_table()
    ) {
        let mut table = from.clone();
        for change in from.diff(&to, |_| true).changes() {
            change.apply(&mut table);
            for entry in table.iter() {
                let could = from.get(entry.key()).is_some_and(has_weight);
                let will = to.get(entry.key()).is_some_and(has_weight);
                prop_assert!(!(could && will) || has_weight(entry), "{change}");
            }
        }
    }
}
