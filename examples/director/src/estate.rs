//! What workers have made of the kernel: one that dies puts nothing back, and the next one, which may run
//! something else, has to know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_conf::model::VirtualAddress;
use steadfast_conf::parse;
use steadfast_ipvs::{Family, Protocol, ServiceKey, Timeouts};
use tracing::warn;

use crate::memory::Memory;

/// What is to be undone by somebody, whoever lives to do it. Written down before it is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Estate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    left: Left,
    /// There is none without a supervisor.
    memory: Option<Memory>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Left {
    services: BTreeSet<Key>,
    /// What they were, in seconds: tcp, tcpfin, udp.
    timeouts: Option<[u64; 3]>,
    sync_daemons: bool,
    promote_secondaries: BTreeMap<String, Setting>,
    /// The lines of `static_ipaddress`, which bear no mark in the kernel as routes and rules do; there if
    /// there are any of these three.
    routing: Option<String>,
}

/// What a setting of an interface was. Another interface of the same name has another index, and a
/// setting of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) index: u32,
    pub(crate) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key(#[serde(with = "KeyForm")] ServiceKey);

#[derive(Serialize, Deserialize)]
#[serde(remote = "ServiceKey")]
enum KeyForm {
    Address {
        #[serde(with = "ProtocolForm")]
        protocol: Protocol,
        address: IpAddr,
        port: u16,
    },
    FirewallMark {
        mark: NonZeroU32,
        #[serde(with = "FamilyForm")]
        family: Family,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Protocol")]
enum ProtocolForm {
    Tcp,
    Udp,
    Sctp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Family")]
enum FamilyForm {
    Ipv4,
    Ipv6,
}

impl Estate {
    /// What was left, as it was written down.
    pub(crate) fn new(memory: Option<Memory>) -> Self {
        let left = memory.as_ref().and_then(|memory| match read(memory) {
            Ok(left) => left,
            Err(error) => {
                warn!("what the process before has left is not known: {error}");
                None
            }
        });
        Self(Arc::new(Mutex::new(State { left: left.unwrap_or_default(), memory })))
    }

    /// The services in the kernel's table that are ours.
    pub(crate) fn services(&self) -> BTreeSet<ServiceKey> {
        self.state().left.services.iter().map(|key| key.0).collect()
    }

    /// Whether there are any.
    pub(crate) fn has_services(&self) -> bool {
        !self.state().left.services.is_empty()
    }

    /// These are ours from now on.
    pub(crate) fn set_services(&self, services: &BTreeSet<ServiceKey>) {
        self.state().change(|left| left.services = services.iter().copied().map(Key).collect());
    }

    /// What the timeouts of IPVS were, if they are others now.
    pub(crate) fn timeouts(&self) -> Option<Timeouts> {
        let [tcp, tcp_fin, udp] = self.state().left.timeouts?.map(Duration::from_secs);
        Timeouts::new(tcp, tcp_fin, udp).ok()
    }

    /// They are to be put back to these, or are as they were.
    pub(crate) fn set_timeouts(&self, were: Option<Timeouts>) {
        let seconds = |were: Timeouts| {
            [were.tcp(), were.tcp_fin(), were.udp()].map(|timeout| timeout.as_secs())
        };
        self.state().change(|left| left.timeouts = were.map(seconds));
    }

    /// Whether the sync daemons are ours.
    pub(crate) fn sync_daemons(&self) -> bool {
        self.state().left.sync_daemons
    }

    /// They are from now on, or are no more.
    pub(crate) fn set_sync_daemons(&self, ours: bool) {
        if self.sync_daemons() != ours {
            self.state().change(|left| left.sync_daemons = ours);
        }
    }

    /// What `promote_secondaries` was on the interfaces that it is on for now.
    pub(crate) fn promote_secondaries(&self) -> BTreeMap<String, Setting> {
        self.state().left.promote_secondaries.clone()
    }

    /// On this interface it is to be put back, or is as it was.
    pub(crate) fn set_promote_secondaries(&self, interface: &str, was: Option<Setting>) {
        self.state().change(|left| match was {
            Some(was) => drop(left.promote_secondaries.insert(interface.to_owned(), was)),
            None => drop(left.promote_secondaries.remove(interface)),
        });
    }

    /// Whether there are addresses, routes or rules of ours.
    pub(crate) fn has_routing(&self) -> bool {
        self.state().left.routing.is_some()
    }

    /// The static addresses that are ours.
    pub(crate) fn static_addresses(&self) -> Vec<VirtualAddress> {
        let lines = self.state().left.routing.clone().unwrap_or_default();
        let model = parse("estate", &format!("static_ipaddress {{\n{lines}}}\n")).model;
        model.map(|model| model.static_addresses).unwrap_or_default()
    }

    /// These are ours from now on, beside routes and rules; or nothing is.
    pub(crate) fn set_routing(&self, addresses: Option<&[VirtualAddress]>) {
        let lines = addresses.map(|all| all.iter().map(|address| format!("{address}\n")).collect());
        let mut state = self.state();
        // The kernel may have a lot of news.
        if state.left.routing != lines {
            state.change(|left| left.routing = lines);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, change: impl FnOnce(&mut Left)) {
        change(&mut self.left);
        let Some(memory) = &self.memory else { return };
        let written = serde_json::to_string(&self.left).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|text| memory.write(&format_args!("{text}\n"))) {
            warn!("what is made cannot be remembered: {error}");
        }
    }
}

fn read(memory: &Memory) -> std::io::Result<Option<Left>> {
    Ok(memory.read()?.map(|text| serde_json::from_str(&text)).transpose()?)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::memory::Held;

    /// What the next worker finds after this one has died.
    fn found_after(worker: impl FnOnce(&Estate)) -> Estate {
        let held = Held::new("test").unwrap();
        let next = || Estate::new(Some(Memory::new(held.names())));
        worker(&next());
        next()
    }

    #[test]
    fn nothing_was_left_by_one_that_made_nothing() {
        assert!(!found_after(|_| {}).has_services());
    }

    #[test]
    fn the_next_one_knows_the_services_of_all_kinds() {
        let services = BTreeSet::from([
            ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 1), 80),
            ServiceKey::udp(Ipv6Addr::LOCALHOST, 0),
            ServiceKey::FirewallMark { mark: NonZeroU32::MIN, family: Family::Ipv6 },
        ]);
        assert_eq!(found_after(|estate| estate.set_services(&services)).services(), services);
    }

    #[test]
    fn services_that_were_given_up_are_not_left() {
        let service = BTreeSet::from([ServiceKey::tcp(Ipv4Addr::LOCALHOST, 80)]);
        let found = found_after(|estate| {
            estate.set_services(&service);
            estate.set_services(&BTreeSet::new());
        });
        assert!(!found.has_services());
    }

    #[test]
    fn the_next_one_knows_what_timeouts_are_to_be_put_back_to() {
        let [tcp, tcp_fin, udp] = [900, 120, 300].map(Duration::from_secs);
        let timeouts = Timeouts::new(tcp, tcp_fin, udp).unwrap();
        let found = found_after(|estate| estate.set_timeouts(Some(timeouts)));
        assert_eq!(found.timeouts(), Some(timeouts));
    }

    #[test]
    fn the_next_one_knows_what_interfaces_are_to_be_put_back_to() {
        let was = Setting { index: 7, value: "0".to_owned() };
        let found = found_after(|estate| {
            for interface in ["eth0", "eth1"] {
                estate.set_promote_secondaries(interface, Some(was.clone()));
            }
            estate.set_promote_secondaries("eth1", None);
        });
        assert_eq!(found.promote_secondaries(), BTreeMap::from([("eth0".to_owned(), was)]));
    }

    #[test]
    fn the_next_one_knows_whether_sync_daemons_are_ours() {
        assert!(found_after(|estate| estate.set_sync_daemons(true)).sync_daemons());
    }

    #[test]
    fn the_next_one_knows_static_addresses() {
        let text =
            "static_ipaddress {\n192.0.2.1/24 brd + dev eth0\n2001:db8::1/64 dev eth1 home\n}\n";
        let addresses = parse("test.conf", text).model.unwrap().static_addresses;
        assert_eq!(addresses.len(), 2);
        let found = found_after(|estate| estate.set_routing(Some(&addresses)));
        assert_eq!(found.static_addresses(), addresses);
    }

    #[test]
    fn the_next_one_knows_whether_there_are_routes_and_rules() {
        assert!(found_after(|estate| estate.set_routing(Some(&[]))).has_routing());
        let found = found_after(|estate| {
            estate.set_routing(Some(&[]));
            estate.set_routing(None);
        });
        assert!(!found.has_routing());
    }
}
