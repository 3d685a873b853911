//! Associations of SCTP.

use std::time::Duration;

use steadfast_ipvs::{ConnectionTable, Protocol, Scheduler};
use steadfast_lab::wait_until;

use crate::lan::{CLIENT, Lan, VIRTUAL, all_by_nat, at, plain, service, shares};

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn associations_are_shared_over_ipv4_and_ipv6() {
    let lan = Lan::start();
    lan.serve_sctp();
    for ((virtual_address, client), inside) in
        VIRTUAL.into_iter().zip(CLIENT).zip(["10.2.0.", "fd02::"])
    {
        let key = service(Protocol::Sctp, virtual_address, 1000);
        lan.balance(key, plain(Scheduler::WRR), &all_by_nat(inside));
        let held: Vec<_> =
            (0..6).map(|_| lan.associate(client, at(virtual_address, 1000))).collect();
        assert_eq!(shares(held.iter().map(|held| &held.server)), [1, 2, 3], "{key}");
        wait_until(Duration::from_secs(20), "all associations are established", || {
            let table = ConnectionTable::in_netns(lan.host("d1").namespace_path()).unwrap();
            let established = table.map(Result::unwrap).filter(|found| {
                found.protocol.protocol() == Some(Protocol::Sctp)
                    && found.virtual_address == at(virtual_address, 1000)
                    && found.state.name() == "ESTABLISHED"
            });
            established.count() == held.len()
        })
        .unwrap();
    }
}
