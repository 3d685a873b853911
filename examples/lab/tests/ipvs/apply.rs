//! What was applied is what the kernel has.

use std::net::Ipv4Addr;
use std::time::Duration;

use steadfast_ipvs::{
    Change, Destination, DestinationKey, Entry, Error, Failure, Family, ForwardMethod, Persistence,
    Plan, Protocol, Scheduler, Service, ServiceKey, Table, Tunnel, Weight,
};

use crate::{apply, connect, entry, key, one_host, run, server, with_servers};

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

/// Every scheduler with every method, over TCP and UDP, with and without persistence.
fn varied_table() -> Table {
    let mut table = Table::default();
    let mut port = 1000;
    for scheduler in SCHEDULERS {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for persistent in [false, true] {
                let address = Ipv4Addr::new(10, 0, 0, 100).into();
                let mut service = Service::new(scheduler);
                if persistent {
                    let netmask = Persistence::whole_address(Family::Ipv4);
                    let timeout = Duration::from_secs(60);
                    service.persistence = Some(Persistence::new(timeout, netmask).unwrap());
                }
                let key = ServiceKey::Address { protocol, address, port };
                let servers: Vec<_> = (10..)
                    .zip(METHODS)
                    .map(|(last, method)| (last, method, u16::from(last)))
                    .collect();
                table.insert(with_servers(Entry::new(key, service).unwrap(), &servers));
                port += 1;
            }
        }
    }
    table
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
fn what_is_read_beside_a_known_table_is_what_the_kernel_has() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let desired = varied_table();
        apply(&mut client, &desired).await;
        let direct = ForwardMethod::DirectRoute;
        let mut known = desired.clone();
        for key in desired.iter().map(Entry::key).take(2) {
            known.insert(entry(*key, Scheduler::SH, &[(10, direct, 0)]));
        }
        assert_eq!(client.table_beside(&known).await.unwrap(), desired);
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
        let servers = [(10, direct, 0), (20, direct, 7)];
        let other = Table::from_iter([entry(key(1000), Scheduler::SH, &servers)]);
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
        let table = Table::from_iter([entry(key(80), Scheduler::WRR, &servers)]);
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
    let netmask = Persistence::whole_address(Family::Ipv4);
    let persistence = Some(Persistence::new(Duration::from_secs(90), netmask).unwrap());
    let service = Service { persistence, ..Service::new(Scheduler::SH) };
    let servers = [(10, ForwardMethod::Masquerade, 5)];
    let entry = with_servers(Entry::new(key, service).unwrap(), &servers);
    assert_eq!(found, Table::from_iter([entry]));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_refused_change_is_named_and_does_not_stop_the_others() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let unknown = Service::new("nosuch".parse().unwrap());
        let multicast = DestinationKey { address: Ipv4Addr::new(224, 0, 0, 1).into(), port: 81 };
        let direct = Destination::new(ForwardMethod::DirectRoute, Weight::from(1));
        let changes = [
            Change::AddService(key(80), unknown),
            Change::AddService(key(81), Service::new(Scheduler::RR)),
            Change::AddDestination(key(81), multicast, direct),
            Change::AddDestination(key(81), DestinationKey { port: 81, ..server(10) }, direct),
        ];
        let applied = client.apply(&Plan::from_iter(changes)).await.unwrap();

        let said: Vec<_> = applied.failed.iter().map(|failed| failed.error.to_string()).collect();
        let at: Vec<_> = applied.failed.iter().map(|failed| failed.position).collect();
        assert_eq!(at, [0, 2], "{said:?}");
        assert!(said[0].contains("this kernel has no scheduler nosuch"));
        assert!(said[1].starts_with("destination 224.0.0.1:81 of 10.0.0.100:81/tcp"));
        assert_eq!(applied.made, 2);
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_second_service_and_a_missing_one_are_told_apart() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let table = Table::from_iter([entry(key(80), Scheduler::RR, &[])]);
        let plan = Table::default().diff(&table, |_| true);
        assert!(client.apply(&plan).await.unwrap().failed.is_empty());

        let again = client.apply(&plan).await.unwrap().failed;
        assert!(
            matches!(again[..], [Failure { error: Error::ServiceExists(at), .. }] if at == key(80))
        );

        let removal = table.diff(&Table::default(), |_| true);
        assert!(client.apply(&removal).await.unwrap().failed.is_empty());
        let missing = client.apply(&removal).await.unwrap().failed;
        assert!(matches!(
            missing[..],
            [Failure { error: Error::NoSuchService(at), .. }] if at == key(80)
        ));
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn more_changes_than_one_batch_are_all_made() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let services = (1..=300).map(|port| {
            entry(key(port), Scheduler::WLC, &[(10, ForwardMethod::DirectRoute, port)])
        });
        let desired = Table::from_iter(services);
        apply(&mut client, &desired).await;
        assert_eq!(client.table().await.unwrap(), desired);
    });
}
