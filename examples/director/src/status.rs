//! How things stand, for `director status`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use steadfast_director_core::status::ServiceStatus;

/// The whole daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Of the program.
    pub(crate) version: String,
    /// The process that does the work.
    pub(crate) pid: u32,
    /// The configuration file.
    pub(crate) configuration: String,
    /// The VRRP instances, by name.
    pub(crate) instances: Vec<InstanceStatus>,
    /// The virtual servers, in the order of the file.
    pub(crate) services: Vec<ServiceStatus>,
}

/// One VRRP instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceStatus {
    pub(crate) name: String,
    pub(crate) interface: String,
    pub(crate) virtual_router_id: u8,
    /// In keepalived's words.
    pub(crate) state: String,
    /// What is in the way, where the state is FAULT; unless that is with another of its group.
    pub(crate) fault: Option<String>,
    /// By configuration.
    pub(crate) priority: u8,
    /// With what is tracked.
    pub(crate) effective_priority: u8,
    /// Those it holds while it is MASTER.
    pub(crate) addresses: Vec<IpAddr>,
    /// What it counted, by the names of RFC 8347.
    pub(crate) counters: BTreeMap<String, u64>,
}

/// What instances, by name, had counted at some time.
#[derive(Debug, Default)]
pub(crate) struct Counted(BTreeMap<String, BTreeMap<String, u64>>);

impl Counted {
    /// What they have counted now.
    pub(crate) fn by(instances: &[InstanceStatus]) -> Self {
        let counters = |it: &InstanceStatus| (it.name.clone(), it.counters.clone());
        Self(instances.iter().map(counters).collect())
    }

    /// Leaves what the instance has counted since. One that was made anew has less than it had.
    pub(crate) fn take_from(&self, instance: &mut InstanceStatus) {
        let Some(before) = self.0.get(&instance.name) else { return };
        for (name, count) in &mut instance.counters {
            let before = before.get(name).copied().unwrap_or_default();
            *count = count.checked_sub(before).unwrap_or(*count);
        }
    }
}

impl Status {
    /// As one JSON object.
    pub(crate) fn json(&self) -> String {
        // Nothing in it can refuse.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// What the instances counted, as lines.
    pub(crate) fn statistics(&self) -> String {
        let instances = self.instances.iter().map(|instance| {
            let lines =
                instance.counters.iter().map(|(name, count)| format!("  {name}: {count}\n"));
            format!("VRRP Instance: {}\n{}", instance.name, lines.collect::<String>())
        });
        instances.collect()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, pid, configuration, instances, services } = self;
        writeln!(f, "director {version}, process {pid}, {configuration}")?;
        instances.iter().try_for_each(|instance| instance.fmt(f))?;
        services.iter().try_for_each(|service| write!(f, "{service}"))
    }
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, interface, virtual_router_id, state, effective_priority, .. } = self;
        write!(f, "\nvrrp_instance {name}  {state}  priority {effective_priority}")?;
        if self.priority != *effective_priority {
            write!(f, " (configured {})", self.priority)?;
        }
        writeln!(f, "  {interface}  virtual_router_id {virtual_router_id}")?;
        if let Some(fault) = &self.fault {
            writeln!(f, "    because of {fault}")?;
        }
        for address in &self.addresses {
            writeln!(f, "    {address}")?;
        }
        let count = |name| self.counters.get(name).copied().unwrap_or_default();
        writeln!(
            f,
            "    advertisements sent {}, received {}, became MASTER {} times",
            count("advertisement_sent"),
            count("advertisement_rcvd"),
            count("master_transitions")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(sent: u64) -> InstanceStatus {
        InstanceStatus {
            name: "VI_1".to_owned(),
            interface: "eth0".to_owned(),
            virtual_router_id: 51,
            state: "MASTER".to_owned(),
            fault: None,
            priority: 100,
            effective_priority: 100,
            addresses: Vec::new(),
            counters: BTreeMap::from([("advertisement_sent".to_owned(), sent)]),
        }
    }

    fn left_of(before: u64, now: u64) -> u64 {
        let mut instance_now = instance(now);
        Counted::by(&[instance(before)]).take_from(&mut instance_now);
        instance_now.counters["advertisement_sent"]
    }

    #[test]
    fn what_was_counted_before_does_not_count() {
        assert_eq!(left_of(7, 10), 3);
    }

    #[test]
    fn all_counts_that_an_instance_counted_since_it_was_made_anew() {
        assert_eq!(left_of(7, 2), 2);
    }
}
