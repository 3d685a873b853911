//! A server that goes lets its clients finish.

use std::time::Duration;

use steadfast_ipvs::{Drain, Drained, Error, Protocol, Scheduler, Weight};

use crate::lan::{Lan, VIRTUAL, at, nat, plain, service};

const V4: &str = VIRTUAL[0];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_destination_goes_when_its_connections_have_ended_or_time_is_up() {
    let lan = Lan::start();
    let key = service(Protocol::Tcp, V4, 1000);
    let servers = [nat("10.2.0.11", 1), nat("10.2.0.12", 1)];
    lan.balance(key, plain(Scheduler::RR), &servers);
    let held = lan.hold(at(V4, 1000), 2);
    let [first, second] = servers.map(|(server, _)| server);
    let interval = Duration::from_millis(20);
    let drain = |deadline| Drain { interval, ..Drain::new(deadline) };
    crate::run(async {
        let mut client = lan.director("d1").await;
        let late = client.drain(key, first, drain(Duration::from_millis(100))).await.unwrap();
        assert_eq!(late, Drained { active: 1, deadline_passed: true });
        let gone = client.drain(key, first, drain(Duration::ZERO)).await;
        assert!(matches!(gone, Err(Error::NoSuchDestination(..))), "{gone:?}");

        let minute = Duration::from_secs(60);
        let waiting = client.drain(key, second, drain(minute));
        assert!(tokio::time::timeout(Duration::from_secs(1), waiting).await.is_err());
        let (_, status) = client.destinations(&key).await.unwrap().remove(0);
        assert_eq!(status.destination.weight, Weight::ZERO);

        drop(held);
        let done = client.drain(key, second, drain(minute)).await.unwrap();
        assert_eq!(done, Drained { active: 0, deadline_passed: false });
        assert_eq!(client.destinations(&key).await.unwrap(), []);
    });
}
