//! The IPVS client on a real kernel, beside the real ipvsadm.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::net::Ipv4Addr;
use std::time::Duration;

use steadfast_ipvs::{
    Change, Client, Destination, DestinationKey, Entry, Error, Family, ForwardMethod, Persistence,
    Plan, Protocol, Scheduler, Service, ServiceKey, Table, Tunnel, Weight,
};
use steadfast_lab::{Network, Topology};

const SCHEDULERS: [Scheduler; 10] = [
    Scheduler::RR,
    Scheduler::WRR,
    Scheduler::LC,
    Scheduler::WLC,
    Scheduler::SED,
    Scheduler::NQ,
    Scheduler::DH,
    Scheduler::SH,
    Scheduler::LBLC,
    Scheduler::LBLCR,
];
const METHODS: [ForwardMethod; 3] =
    [ForwardMethod::Masquerade, ForwardMethod::DirectRoute, ForwardMethod::Tunnel(Tunnel::Ipip)];

fn one_host() -> Network {
    let topology = Topology::new().bridge("lan");
    topology.host("a", |host| host.link("eth0", "lan", "10.0.0.1/24")).start().unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn connect(network: &Network) -> Client {
    Client::in_netns(&network.host("a").unwrap().namespace_path()).await.unwrap()
}

fn key(port: u16) -> ServiceKey {
    ServiceKey::tcp(Ipv4Addr::new(10, 0, 0, 100), port)
}

fn server(last: u8) -> DestinationKey {
    DestinationKey { address: Ipv4Addr::new(10, 0, 0, last).into(), port: 80 }
}

fn entry(scheduler: Scheduler, servers: &[(u8, ForwardMethod, u16)]) -> Entry {
    let mut entry = Entry::new(Service::new(scheduler));
    let servers = servers.iter().map(|(last, forward, weight)| {
        (server(*last), Destination::new(*forward, Weight::from(*weight)))
    });
    entry.destinations.extend(servers);
    entry
}

/// Every scheduler with every method, over TCP and UDP, with and without persistence.
fn varied_table() -> Table {
    let mut table = Table::default();
    let mut port = 1000;
    for scheduler in SCHEDULERS {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for persistent in [false, true] {
                let address = Ipv4Addr::new(10, 0, 0, 100).into();
                let mut entry = entry(scheduler, &[]);
                if persistent {
                    let netmask = Persistence::whole_address(Family::Ipv4);
                    let timeout = Duration::from_secs(60);
                    entry.service.persistence = Some(Persistence::new(timeout, netmask).unwrap());
                }
                for (last, method) in (10..).zip(METHODS) {
                    let destination = Destination::new(method, Weight::from(u16::from(last)));
                    entry.destinations.insert(server(last), destination);
                }
                table.services.insert(ServiceKey::Address { protocol, address, port }, entry);
                port += 1;
            }
        }
    }
    table
}

async fn apply(client: &mut Client, desired: &Table) -> Plan {
    let plan = client.table().await.unwrap().diff(desired, |_| true);
    let applied = client.apply(&plan).await.unwrap();
    assert!(applied.failed.is_empty(), "{:?}", applied.failed);
    assert_eq!(applied.made, plan.changes().len());
    plan
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_kernel_has_what_was_applied_and_a_second_diff_is_empty() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let desired = varied_table();
        apply(&mut client, &desired).await;
        let found = client.table().await.unwrap();
        assert_eq!(found, desired);
        assert!(found.diff(&desired, |_| true).is_empty());
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_table_is_edited_and_emptied_by_plans() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        apply(&mut client, &varied_table()).await;
        let direct = ForwardMethod::DirectRoute;
        let mut other = Table::default();
        other.services.insert(key(1000), entry(Scheduler::SH, &[(10, direct, 0), (20, direct, 7)]));
        apply(&mut client, &other).await;
        assert_eq!(client.table().await.unwrap(), other);
        apply(&mut client, &Table::default()).await;
        assert_eq!(client.table().await.unwrap(), Table::default());
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn ipvsadm_shows_what_was_applied() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let [nat, direct, tunnel] = METHODS;
        let servers = [(10, nat, 1), (11, direct, 2), (12, tunnel, 3)];
        let table = Table { services: [(key(80), entry(Scheduler::WRR, &servers))].into() };
        apply(&mut client, &table).await;
    });
    let shown = network.host("a").unwrap().run("ipvsadm", ["-Sn"]).unwrap();
    assert_eq!(
        shown,
        "-A -t 10.0.0.100:80 -s wrr\n\
         -a -t 10.0.0.100:80 -r 10.0.0.10:80 -m -w 1\n\
         -a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 2\n\
         -a -t 10.0.0.100:80 -r 10.0.0.12:80 -i -w 3 --tun-type ipip\n"
    );
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_ipvsadm_made_is_read() {
    let network = one_host();
    let host = network.host("a").unwrap();
    host.run("ipvsadm", ["-A", "-u", "10.0.0.100:53", "-s", "sh", "-p", "90"]).unwrap();
    host.run("ipvsadm", ["-a", "-u", "10.0.0.100:53", "-r", "10.0.0.10", "-m", "-w", "5"]).unwrap();
    let found = run(async { connect(&network).await.table().await.unwrap() });

    let key = ServiceKey::udp(Ipv4Addr::new(10, 0, 0, 100), 53);
    let mut entry = entry(Scheduler::SH, &[]);
    let netmask = Persistence::whole_address(Family::Ipv4);
    entry.service.persistence = Some(Persistence::new(Duration::from_secs(90), netmask).unwrap());
    entry.destinations.insert(
        DestinationKey { port: 53, ..server(10) },
        Destination::new(ForwardMethod::Masquerade, Weight::from(5)),
    );
    assert_eq!(found, Table { services: [(key, entry)].into() });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_refused_change_is_named_and_does_not_stop_the_others() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let mut wrong = entry("nosuch".parse().unwrap(), &[]);
        wrong.service.scheduler = "nosuch".parse().unwrap();
        let multicast = DestinationKey { address: Ipv4Addr::new(224, 0, 0, 1).into(), port: 80 };
        let mut right = entry(Scheduler::RR, &[(10, ForwardMethod::DirectRoute, 1)]);
        right
            .destinations
            .insert(multicast, Destination::new(ForwardMethod::DirectRoute, Weight::from(1)));
        let desired = Table { services: [(key(80), wrong), (key(81), right)].into() };
        let plan = Table::default().diff(&desired, |_| true);
        let applied = client.apply(&plan).await.unwrap();

        let mut said: Vec<_> = applied.failed.iter().map(|(_, error)| error.to_string()).collect();
        said.sort();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("destination 224.0.0.1:80 of 10.0.0.100:81/tcp is refused"));
        assert!(said[1].contains("this kernel has no scheduler nosuch"));
        assert_eq!(applied.made, 2);
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_second_service_and_a_missing_one_are_told_apart() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let table = Table { services: [(key(80), entry(Scheduler::RR, &[]))].into() };
        let plan = Table::default().diff(&table, |_| true);
        assert!(client.apply(&plan).await.unwrap().failed.is_empty());

        let again = client.apply(&plan).await.unwrap().failed;
        assert!(
            matches!(again[..], [(Change::AddService(..), Error::ServiceExists(at))] if at == key(80))
        );

        let removal = table.diff(&Table::default(), |_| true);
        assert!(client.apply(&removal).await.unwrap().failed.is_empty());
        let missing = client.apply(&removal).await.unwrap().failed;
        assert!(matches!(missing[..], [(_, Error::NoSuchService(at))] if at == key(80)));
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn more_changes_than_one_batch_are_all_made() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let services = (1..=300).map(|port| {
            (key(port), entry(Scheduler::WLC, &[(10, ForwardMethod::DirectRoute, port)]))
        });
        let desired = Table { services: services.collect() };
        apply(&mut client, &desired).await;
        assert_eq!(client.table().await.unwrap(), desired);
    });
}
