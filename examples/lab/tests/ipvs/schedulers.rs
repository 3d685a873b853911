//! Every scheduler carries traffic, and shares it as it says it does.

use std::collections::BTreeSet;

use steadfast_ipvs::{Error, Protocol, Scheduler};

use crate::lan::{Lan, SERVERS, VIRTUAL, all_by_nat, at, has_module, plain, service, shares};

const V4: &str = VIRTUAL[0];

/// So many connections are held by each server, with weights 1, 2 and 3.
const HELD: [(Scheduler, usize, [usize; 3]); 8] = [
    (Scheduler::RR, 12, [4, 4, 4]),
    (Scheduler::WRR, 12, [2, 4, 6]),
    (Scheduler::LC, 12, [4, 4, 4]),
    (Scheduler::WLC, 12, [2, 4, 6]),
    // Where the wait is shortest, with the new connection counted.
    (Scheduler::SED, 3, [0, 1, 2]),
    // Who has nothing to do comes first.
    (Scheduler::NQ, 3, [1, 1, 1]),
    (Scheduler::FO, 6, [0, 0, 6]),
    // One more than its weight, then the next.
    (Scheduler::OVF, 9, [2, 3, 4]),
];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn connections_are_shared_by_weight_and_load() {
    let lan = Lan::start();
    for ((scheduler, connections, expected), port) in HELD.into_iter().zip(1000..) {
        lan.balance(service(Protocol::Tcp, V4, port), plain(scheduler), &all_by_nat("10.2.0."));
        let held = lan.hold(at(V4, port), connections);
        assert_eq!(shares(held.iter().map(|held| &held.server)), expected, "{scheduler}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn hashes_keep_a_client_or_a_destination_on_its_server() {
    let lan = Lan::start();
    let clients: Vec<_> = (1..=40).map(|last| format!("10.1.1.{last}")).collect();
    for (scheduler, port) in [Scheduler::SH, Scheduler::MH, Scheduler::DH].into_iter().zip(1000..) {
        let how = plain(scheduler);
        lan.balance(service(Protocol::Tcp, V4, port), how, &all_by_nat("10.2.0."));
        let ask = || -> Vec<_> {
            clients.iter().map(|client| lan.ask_from(client, at(V4, port))).collect()
        };
        let (first, second) = (ask(), ask());
        assert_eq!(first, second, "{scheduler}");
        let used: BTreeSet<_> = first.iter().collect();
        let expected = if scheduler == Scheduler::DH { 1 } else { SERVERS.len() };
        assert_eq!(used.len(), expected, "{scheduler}: {used:?}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn maglev_and_source_hashing_share_clients_by_weight() {
    let lan = Lan::start();
    let clients = (1..=100).map(|last| format!("10.1.1.{last}"));
    for (scheduler, port) in [Scheduler::MH, Scheduler::SH].into_iter().zip(1000..) {
        let how = plain(scheduler);
        lan.balance(service(Protocol::Tcp, V4, port), how, &all_by_nat("10.2.0."));
        let shares = shares(clients.clone().map(|client| lan.ask_from(&client, at(V4, port))));
        // Hashes have no seed: the same clients get the same servers in each run.
        for (share, weight) in shares.into_iter().zip(1..) {
            let fair = 100 * weight / 6;
            assert!(share.abs_diff(fair) <= 12, "{scheduler}: {shares:?}");
        }
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn twos_takes_the_less_loaded_of_two_where_the_kernel_has_it() {
    let lan = Lan::start();
    let key = service(Protocol::Tcp, V4, 1000);
    if !has_module("ip_vs_twos") {
        let refused = crate::run(async {
            lan.director("d1").await.add_service(key, plain(Scheduler::TWOS)).await
        });
        assert!(matches!(refused, Err(Error::NoSuchScheduler(..))), "{refused:?}");
        return;
    }
    lan.balance(key, plain(Scheduler::TWOS), &all_by_nat("10.2.0."));
    let held = lan.hold(at(V4, 1000), 30);
    let shares = shares(held.iter().map(|held| &held.server));
    assert!(shares[0] < shares[2], "{shares:?}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn locality_keeps_a_destination_on_its_server_until_that_is_overloaded() {
    let lan = Lan::start();
    for (scheduler, port) in [Scheduler::LBLC, Scheduler::LBLCR].into_iter().zip(1000..) {
        let how = plain(scheduler);
        lan.balance(service(Protocol::Tcp, V4, port), how, &all_by_nat("10.2.0."));
        let ask = || lan.ask(Protocol::Tcp, at(V4, port)).unwrap();
        let used: BTreeSet<_> = (0..4).map(|_| ask()).collect();
        assert_eq!(used.len(), 1, "{scheduler}: {used:?}");
        let held = lan.hold(at(V4, port), 12);
        let used: BTreeSet<_> = held.iter().map(|held| &held.server).collect();
        assert!(used.len() > 1, "{scheduler}: {used:?}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn every_scheduler_carries_tcp_and_udp_over_ipv4_and_ipv6() {
    let lan = Lan::start();
    let hashes = [Scheduler::SH, Scheduler::MH, Scheduler::DH, Scheduler::LBLC, Scheduler::LBLCR];
    let all = HELD.into_iter().map(|(scheduler, ..)| scheduler).chain(hashes);
    for (scheduler, port) in all.zip(1000..) {
        for (virtual_address, inside) in VIRTUAL.into_iter().zip(["10.2.0.", "fd02::"]) {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let key = service(protocol, virtual_address, port);
                lan.balance(key, plain(scheduler), &all_by_nat(inside));
                let answer = lan.ask(protocol, at(virtual_address, port));
                assert!(answer.is_ok(), "{key} {scheduler}: {answer:?}");
            }
        }
    }
}
