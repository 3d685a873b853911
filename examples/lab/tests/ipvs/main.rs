//! The IPVS client on a real kernel, beside the real ipvsadm.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod apply;
mod drain;
mod errors;
mod failover;
mod forwarding;
mod generated;
mod lan;
mod persistence;
mod reading;
mod schedulers;
mod sctp;
mod servers;
mod settings;
mod sync_daemon;

use std::net::Ipv4Addr;

use steadfast_ipvs::{
    Client, Destination, DestinationKey, Entry, ForwardMethod, Plan, Scheduler, Service,
    ServiceKey, Table, Weight,
};
use steadfast_lab::{Network, Topology};

pub(crate) fn one_host() -> Network {
    let topology = Topology::new().bridge("lan");
    topology.host("a", |host| host.link("eth0", "lan", "10.0.0.1/24")).start().unwrap()
}

/// User-Mode Linux has no nftables for IPv4 and IPv6.
pub(crate) fn on_user_mode_linux() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").unwrap().contains("User Mode Linux")
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) async fn connect(network: &Network) -> Client {
    Client::in_netns(&network.host("a").unwrap().namespace_path()).await.unwrap()
}

pub(crate) fn key(port: u16) -> ServiceKey {
    ServiceKey::tcp(Ipv4Addr::new(10, 0, 0, 100), port)
}

pub(crate) fn server(last: u8) -> DestinationKey {
    DestinationKey { address: Ipv4Addr::new(10, 0, 0, last).into(), port: 80 }
}

pub(crate) fn entry(
    key: ServiceKey,
    scheduler: Scheduler,
    servers: &[(u8, ForwardMethod, u16)],
) -> Entry {
    with_servers(Entry::new(key, Service::new(scheduler)).unwrap(), servers)
}

pub(crate) fn with_servers(mut entry: Entry, servers: &[(u8, ForwardMethod, u16)]) -> Entry {
    let port = match *entry.key() {
        ServiceKey::Address { port, .. } => port,
        ServiceKey::FirewallMark { .. } => 80,
    };
    for (last, forward, weight) in servers {
        let server = DestinationKey { port, ..server(*last) };
        entry.insert(server, Destination::new(*forward, Weight::from(*weight))).unwrap();
    }
    entry
}

pub(crate) async fn apply(client: &mut Client, desired: &Table) -> Plan {
    let plan = client.table().await.unwrap().diff(desired, |_| true);
    let applied = client.apply(&plan).await.unwrap();
    assert!(applied.failed.is_empty(), "{:?}", applied.failed);
    assert_eq!(applied.made, plan.changes().len());
    plan
}
