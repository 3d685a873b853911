//! A second director takes over, and connections go on.

use std::time::Duration;

use steadfast_ipvs::{
    ConnectionTable, Protocol, Scheduler, SyncDaemon, SyncRole, SyncThreshold, Sysctls,
};
use steadfast_lab::wait_until;

use crate::lan::{Lan, VIRTUAL, all_by_nat, at, plain, service};

const V4: &str = VIRTUAL[0];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_nat_connection_goes_on_through_the_director_that_was_told_of_it() {
    let lan = Lan::start();
    let key = service(Protocol::Tcp, V4, 1000);
    for (director, role) in [("d1", SyncRole::Master), ("d2", SyncRole::Backup)] {
        lan.balance_on(director, key, plain(Scheduler::RR), &all_by_nat("10.2.0."));
        let sync_threshold = Some(SyncThreshold { threshold: 1, period: 2 });
        let settings = Sysctls { sync_threshold, ..Sysctls::default() };
        settings.write_in_netns(lan.host(director).namespace_path()).unwrap();
        let daemon = SyncDaemon::new(role, "eth1".parse().unwrap());
        crate::run(async {
            lan.director(director).await.start_sync_daemon(&daemon).await.unwrap();
        });
    }
    let mut held = lan.hold(at(V4, 1000), 1).remove(0);
    let server = held.server.clone();
    wait_until(Duration::from_secs(20), "the second director knows the connection", || {
        let talks = held.talk().is_ok_and(|answer| answer == server);
        let table = ConnectionTable::in_netns(lan.host("d2").namespace_path()).unwrap();
        let mut established = table.map(Result::unwrap).filter(|found| {
            found.virtual_address == at(V4, 1000) && found.state.name() == "ESTABLISHED"
        });
        talks && established.next().is_some()
    })
    .unwrap();

    lan.host("c").run("ip", ["route", "replace", "10.9.0.0/24", "via", "10.1.0.3"]).unwrap();
    for name in crate::lan::SERVERS {
        let words = ["route", "replace", "default", "via", "10.2.0.3", "table", "100"];
        lan.host(name).run("ip", words).unwrap();
    }
    crate::run(async { lan.director("d1").await.flush().await.unwrap() });
    for _ in 0..3 {
        assert_eq!(held.talk().unwrap(), server);
    }
}
