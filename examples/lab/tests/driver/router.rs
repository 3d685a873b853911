//! The driver on a host, and what the kernel of that host has.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;
use steadfast_lab::{Host, Network, Topology, wait_until};
use steadfast_vrrp::router::{ConfigBuilder, Event, State, StateReason, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Vrid};
use steadfast_vrrp_linux::{Handle, Instance, NoticeKind, Notices, Options, Snapshot, spawn};
use tokio::runtime::Runtime;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const VRID: u8 = 51;

/// Two hosts on a LAN.
pub(crate) fn lan() -> Network {
    let quiet = "net.ipv6.conf.eth0.accept_dad";
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.sysctl(quiet, "0").link("eth0", "lan", "10.0.0.1/24"))
        .host("b", |host| host.sysctl(quiet, "0").link("eth0", "lan", "10.0.0.2/24"))
        .start()
        .unwrap()
}

/// The configuration of a router of these addresses, five advertisements a second.
pub(crate) fn config(addresses: &[&str]) -> ConfigBuilder {
    let parsed = addresses.iter().map(|address| address.parse().unwrap());
    Config::builder(Vrid::new(VRID).unwrap(), VirtualAddresses::new(parsed).unwrap())
        .interval(AdverInterval::try_from(Duration::from_millis(200)).unwrap())
}

/// An instance on `eth0`.
pub(crate) fn instance(config: ConfigBuilder) -> Instance {
    Instance::new("VI", "eth0", config.build().unwrap())
}

/// A running driver and what it said.
pub(crate) struct Router {
    pub(crate) handle: Handle,
    notices: Notices,
    pub(crate) runtime: Runtime,
}

impl Router {
    pub(crate) fn start(host: &Host, instance: Instance) -> Self {
        Self::start_all(host, vec![instance], Options::default())
    }

    pub(crate) fn start_all(host: &Host, instances: Vec<Instance>, options: Options) -> Self {
        // The driver lives where it is started.
        let start = || spawn(instances, options);
        let (handle, notices) = host.enter(start).unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { handle, notices, runtime }
    }

    /// Waits until an address has been configured.
    pub(crate) fn adds(&mut self, address: &str) {
        let address: IpAddr = address.parse().unwrap();
        self.says(|kind| {
            matches!(kind, NoticeKind::AddressAdded(added) if *added == address).then_some(())
        });
    }

    /// Waits until it reaches a state, and says why it did. An interface that has only just been
    /// made may be without a carrier for a moment.
    pub(crate) fn reaches(&mut self, state: State) -> StateReason {
        self.says(|kind| match kind {
            NoticeKind::Event(Event::StateChange(change)) if change.to == state => {
                Some(change.reason.clone())
            }
            _ => None,
        })
    }

    /// Waits for a notice of which `wanted` makes something.
    pub(crate) fn says<T>(&mut self, wanted: impl Fn(&NoticeKind) -> Option<T>) -> T {
        let mut said = Vec::new();
        loop {
            let next = async { tokio::time::timeout(PATIENCE, self.notices.next()).await };
            let Ok(Some(notice)) = self.runtime.block_on(next) else {
                panic!("not said, but: {said:#?}");
            };
            if let Some(found) = wanted(&notice.kind) {
                return found;
            }
            said.push(notice);
        }
    }

    /// Waits until it has heard so many advertisements, its state remaining what it is.
    pub(crate) fn hears(&self, advertisements: u64) {
        let before = self.snapshot();
        wait_until(PATIENCE, format!("{advertisements} advertisements are heard"), || {
            let now = self.snapshot();
            assert_eq!(now.state, before.state);
            now.counters.advertisement_rcvd >= before.counters.advertisement_rcvd + advertisements
        })
        .unwrap();
    }

    pub(crate) fn clear_fault(&self) {
        self.handle.clear_fault("VI").unwrap();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.runtime.block_on(self.handle.snapshot()).unwrap().remove(0)
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.handle.shutdown()).unwrap();
    }
}

/// An address of an interface as `ip -json` shows it.
pub(crate) fn address(host: &Host, interface: &str, address: &str) -> Option<Value> {
    let shown = host.run("ip", ["-json", "addr", "show", "dev", interface]).unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let held = shown[0]["addr_info"].as_array().unwrap().clone();
    held.into_iter().find(|held| held["local"] == address)
}
