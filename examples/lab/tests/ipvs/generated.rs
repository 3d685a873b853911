//! Plans between generated tables, on the kernel.

use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use steadfast_ipvs::{
    Destination, DestinationKey, Entry, ForwardMethod, Netmask, Persistence, Scheduler, Service,
    ServiceFlags, ServiceKey, Table, Thresholds, Tunnel, TunnelChecksum, Weight,
};

use crate::{connect, one_host, run};

/// Few, because another scheduler takes the kernel some milliseconds.
const CASES: u32 = 30;

fn destination() -> impl Strategy<Value = Destination> {
    let checksum = TunnelChecksum::Computed;
    let forward = prop::sample::select(vec![
        ForwardMethod::Masquerade,
        ForwardMethod::DirectRoute,
        ForwardMethod::Tunnel(Tunnel::Ipip),
        ForwardMethod::Tunnel(Tunnel::Gre { checksum }),
    ]);
    (forward, 0u16..4, 0u32..3).prop_map(|(forward, weight, lower)| {
        let thresholds = Thresholds::new(lower * 2, lower).unwrap();
        Destination { thresholds, ..Destination::new(forward, Weight::from(weight)) }
    })
}

fn service() -> impl Strategy<Value = Service> {
    let schedulers = vec![Scheduler::RR, Scheduler::WLC, Scheduler::MH, Scheduler::SH];
    let persistence = (1u64..100, 8u32..=32).prop_map(|(seconds, prefix)| {
        let mask = Ipv4Addr::from(u32::MAX << (32 - prefix));
        Persistence::new(Duration::from_secs(seconds), Netmask::V4(mask)).unwrap()
    });
    (prop::sample::select(schedulers), any::<bool>(), prop::option::of(persistence)).prop_map(
        |(scheduler, scheduler_1, persistence)| Service {
            scheduler,
            flags: ServiceFlags { scheduler_1, ..ServiceFlags::default() },
            persistence,
            engine: None,
        },
    )
}

fn table() -> impl Strategy<Value = Table> {
    let destinations = prop::collection::btree_map(10u8..15, destination(), 0..5);
    let services = prop::collection::btree_map(1u16..6, (service(), destinations), 0..6);
    services.prop_map(|services| {
        services
            .into_iter()
            .map(|(port, (how, servers))| {
                let key = ServiceKey::tcp(Ipv4Addr::new(10, 0, 0, 100), port);
                let mut entry = Entry::new(key, how).unwrap();
                for (last, destination) in servers {
                    let address = Ipv4Addr::new(10, 0, 0, last).into();
                    entry.insert(DestinationKey { address, port }, destination).unwrap();
                }
                entry
            })
            .collect()
    })
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_plan_makes_the_kernel_s_table_the_desired_one_and_then_has_nothing_to_do() {
    let network = one_host();
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let tested = runner.run(&table(), |desired| {
        run(async {
            // From what the case before has left.
            let mut client = connect(&network).await;
            crate::apply(&mut client, &desired).await;
            let found = client.table().await.unwrap();
            prop_assert_eq!(&found, &desired);
            prop_assert!(found.diff(&desired, |_| true).is_empty());
            Ok(())
        })
    });
    tested.unwrap();
}
