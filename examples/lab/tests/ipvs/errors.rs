//! What cannot be done says what to do.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use steadfast_ipvs::{
    Change, Client, ConnectionTable, ConnectionTableError, Destination, Error, ForwardMethod, Plan,
    Scheduler, Service, SysctlError, Sysctls, Weight,
};
use steadfast_lab::wait_until;

use crate::{connect, key, one_host, run, server};

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_namespace_that_is_gone_is_named() {
    const GONE: &str = "/run/netns/gone";
    let Err(error) = run(Client::in_netns(GONE)) else { panic!("connected to nowhere") };
    assert!(matches!(error, Error::Namespace { .. }));
    let connections = ConnectionTable::in_netns(GONE).unwrap_err();
    assert!(matches!(connections, ConnectionTableError::Namespace { .. }), "{connections:?}");
    let settings = Sysctls::read_in_netns(GONE).unwrap_err();
    assert!(matches!(settings, SysctlError::Namespace { .. }), "{settings:?}");
    for said in [error.to_string(), connections.to_string(), settings.to_string()] {
        assert!(said.contains(GONE) && said.contains("`ip netns list` shows"), "{said}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_namespace_of_which_only_the_file_is_left_is_named() {
    let network = one_host();
    let file = network.host("a").unwrap().write("left", "").unwrap();
    let Err(error) = run(Client::in_netns(&file)) else { panic!("connected to nowhere") };
    assert!(matches!(error, Error::Namespace { .. }));
    assert!(error.to_string().contains("`ip netns list` shows"), "{error}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_destination_where_nothing_has_an_address_is_explained() {
    let network = one_host();
    let host = network.host("a").unwrap();
    let bare = host.spawn("bare", "unshare", ["--net", "sleep", "infinity"]).unwrap();
    let namespace = format!("/proc/{}/ns/net", bare.pid());
    let number = |path: &Path| fs::metadata(path).unwrap().ino();
    let of_host = number(&host.namespace_path());
    wait_until(Duration::from_secs(20), "it has a namespace of its own", || {
        number(Path::new(&namespace)) != of_host
    })
    .unwrap();
    run(async {
        let mut client = Client::in_netns(&namespace).await.unwrap();
        client.add_service(key(80), Service::new(Scheduler::RR)).await.unwrap();
        let direct = Destination::new(ForwardMethod::DirectRoute, Weight::from(1));
        let refused = client.add_destination(key(80), server(10), direct).await.unwrap_err();
        assert!(matches!(refused, Error::DestinationRefused(..)), "{refused}");
        assert!(refused.to_string().contains("ip route get 10.0.0.10"), "{refused}");
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn who_may_not_is_told_so() {
    let network = one_host();
    let refused = network.host("a").unwrap().enter(|| {
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_ADMIN);
        set_capabilities(None, sets).unwrap();
        run(async {
            let mut client = Client::connect().await.unwrap();
            let read = client.table().await.unwrap_err();
            let added = client.add_service(key(80), Service::new(Scheduler::RR)).await.unwrap_err();
            [read, added]
        })
    });
    for error in refused.unwrap() {
        assert!(matches!(error, Error::Permission), "{error}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_destination_that_is_a_broadcast_address_here_is_explained() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        client.add_service(key(80), Service::new(Scheduler::RR)).await.unwrap();
        let direct = Destination::new(ForwardMethod::DirectRoute, Weight::from(1));
        let refused = client.add_destination(key(80), server(255), direct).await.unwrap_err();
        assert!(matches!(refused, Error::DestinationRefused(..)), "{refused}");
        assert!(refused.to_string().contains("ip route get 10.0.0.255"), "{refused}");
    });
}

/// New sockets have room for a few answers.
struct SmallBuffers(String);

const RMEM_DEFAULT: &str = "/proc/sys/net/core/rmem_default";

impl SmallBuffers {
    fn new() -> Self {
        let usual = fs::read_to_string(RMEM_DEFAULT).unwrap();
        fs::write(RMEM_DEFAULT, "4608").unwrap();
        Self(usual)
    }
}

impl Drop for SmallBuffers {
    fn drop(&mut self) {
        fs::write(RMEM_DEFAULT, &self.0).unwrap();
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_was_made_is_known_when_answers_are_lost() {
    let network = one_host();
    run(async {
        let small = SmallBuffers::new();
        let mut client = connect(&network).await;
        drop(small);
        client.add_service(key(80), Service::new(Scheduler::RR)).await.unwrap();
        let direct = Destination::new(ForwardMethod::DirectRoute, Weight::from(1));
        let changes = (1..=60).map(|last| match last {
            60 => Change::AddDestination(key(80), server(60), direct),
            _ => Change::DeleteDestination(key(80), server(last)),
        });
        let edits = (1..60).map(|last| Change::EditDestination(key(80), server(last), direct));
        let deleted = client.apply(&changes.collect::<Plan>()).await.unwrap();
        let edited = client.apply(&edits.collect::<Plan>()).await.unwrap();

        assert!(deleted.failed.len() < 59, "the answers were not lost");
        assert_eq!(edited.made, 0);
        let lost = |failed: &&steadfast_ipvs::Failure| matches!(failed.error, Error::AnswerLost(_));
        assert!(edited.failed.iter().filter(lost).count() > 20);
        let known: Vec<_> = edited.failed.iter().map(|failed| failed.position).collect();
        assert_eq!(known, (0..59).collect::<Vec<_>>());
        assert_eq!(client.destinations(&key(80)).await.unwrap().len(), 1);
    });
}
