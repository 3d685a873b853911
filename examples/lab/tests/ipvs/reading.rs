//! Listings while the table changes, and calls that are dropped.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use steadfast_ipvs::{
    Destination, Error, ForwardMethod, Scheduler, Service, ServiceKey, Table, Weight,
};

use crate::{connect, entry, key, one_host, run, server};

const STABLE: std::ops::RangeInclusive<u16> = 1000..=1149;
const PASSING: std::ops::RangeInclusive<u16> = 2000..=2029;

fn stable() -> Table {
    STABLE.map(|port| entry(key(port), Scheduler::RR, &[])).collect()
}

/// So that the other thread ends with this one, however it ends.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn assert_lists_the_stable_once(listed: Result<Vec<ServiceKey>, Error>) {
    match listed {
        Ok(found) => {
            for port in STABLE {
                let times = found.iter().filter(|found| **found == key(port));
                assert_eq!(times.count(), 1, "{}", key(port));
            }
        }
        Err(error) => assert!(matches!(error, Error::Unsettled), "{error}"),
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn services_are_listed_without_their_destinations() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let servers = [(10, ForwardMethod::DirectRoute, 3)];
        let others = STABLE.map(|port| entry(key(port), Scheduler::RR, &[]));
        let desired = others.chain([entry(key(80), Scheduler::WLC, &servers)]).collect();
        crate::apply(&mut client, &desired).await;
        let listed = client.list_services().await.unwrap();
        let listed: HashMap<_, _> =
            listed.into_iter().map(|(key, service, _)| (key, service)).collect();
        assert_eq!(listed.len(), STABLE.count() + 1);
        assert_eq!(listed.get(&key(80)), Some(&Service::new(Scheduler::WLC)));
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn nothing_is_missing_while_others_come_and_go() {
    let network = one_host();
    run(async { crate::apply(&mut connect(&network).await, &stable()).await });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            run(async {
                let mut other = connect(&network).await;
                while !done.load(Ordering::Relaxed) {
                    for port in PASSING {
                        other.add_service(key(port), Service::new(Scheduler::RR)).await.unwrap();
                    }
                    for port in PASSING {
                        other.delete_service(key(port)).await.unwrap();
                    }
                }
            });
        });
        let _ends = SetAtEnd(&done);
        run(async {
            let mut client = connect(&network).await;
            for _ in 0..3 {
                let whole = client.services().await;
                let whole = whole.map(|listed| listed.iter().map(|at| at.key).collect());
                let alone = client.list_services().await;
                let alone = alone.map(|listed| listed.iter().map(|(key, ..)| *key).collect());
                for listed in [whole, alone] {
                    assert_lists_the_stable_once(listed);
                }
            }
        });
    });
    run(async {
        let mut client = connect(&network).await;
        for port in PASSING {
            let _may_be_gone = client.delete_service(key(port)).await;
        }
        assert_eq!(client.table().await.unwrap(), stable());
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn one_service_is_read_or_is_missing() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        crate::apply(&mut client, &stable()).await;
        assert_eq!(client.service(&key(1000)).await.unwrap().key, key(1000));
        let missing = client.service(&key(80)).await;
        assert!(matches!(missing, Err(Error::NoSuchService(at)) if at == key(80)));
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn one_destination_is_read_or_is_missing() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let servers = [(10, ForwardMethod::DirectRoute, 3), (11, ForwardMethod::Masquerade, 7)];
        let table = Table::from_iter([entry(key(80), Scheduler::RR, &servers)]);
        crate::apply(&mut client, &table).await;
        let found = client.destination(&key(80), &server(11)).await.unwrap().destination;
        assert_eq!(found, Destination::new(ForwardMethod::Masquerade, Weight::from(7)));
        for (service, server) in [(key(80), server(12)), (key(81), server(11))] {
            let missing = client.destination(&service, &server).await;
            assert!(matches!(missing, Err(Error::NoSuchDestination(..))), "{missing:?}");
        }
    });
}

/// Polls once and drops.
async fn begin_and_drop(future: impl Future) {
    let mut future = pin!(future);
    let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await;
    assert!(polled, "the call was to be dropped before its end");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_call_that_was_dropped_does_not_disturb_the_next() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        crate::apply(&mut client, &stable()).await;
        for _ in 0..5 {
            begin_and_drop(client.services()).await;
            assert_eq!(client.info().await.unwrap().version.to_string(), "1.2.1");
        }
        begin_and_drop(client.services()).await;
        assert_eq!(client.table().await.unwrap(), stable());
    });
}
