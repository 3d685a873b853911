//! From the table that is to the table that should be.

use std::fmt;

use crate::model::{
    Destination, DestinationKey, Entry, Scheduler, Service, ServiceKey, Table, Weight,
};

/// One change to the kernel's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A service that is not there yet.
    AddService(ServiceKey, Service),
    /// Another scheduler, other flags or persistence.
    EditService(ServiceKey, Service),
    /// A destination that is not there yet.
    AddDestination(ServiceKey, DestinationKey, Destination),
    /// Another weight, forwarding method or other limits.
    EditDestination(ServiceKey, DestinationKey, Destination),
    /// A destination that should not be there.
    DeleteDestination(ServiceKey, DestinationKey),
    /// A service that should not be there; its destinations go with it.
    DeleteService(ServiceKey),
}

impl Change {
    /// The service that is changed, or whose destination is.
    pub const fn service(&self) -> &ServiceKey {
        match self {
            Self::AddService(key, _)
            | Self::EditService(key, _)
            | Self::AddDestination(key, ..)
            | Self::EditDestination(key, ..)
            | Self::DeleteDestination(key, _)
            | Self::DeleteService(key) => key,
        }
    }

    /// Whether that table is as this change leaves it.
    #[cfg(feature = "client")]
    pub(crate) fn is_made_in(&self, table: &Table) -> bool {
        let entry = table.get(self.service());
        let destination = |server| entry.and_then(|entry| entry.destination(server));
        match self {
            Self::AddService(_, new) | Self::EditService(_, new) => {
                entry.is_some_and(|entry| entry.service() == new)
            }
            Self::AddDestination(_, server, new) | Self::EditDestination(_, server, new) => {
                destination(server) == Some(new)
            }
            Self::DeleteDestination(_, server) => destination(server).is_none(),
            Self::DeleteService(_) => entry.is_none(),
        }
    }

    fn apply(&self, table: &mut Table) {
        match self {
            Self::AddService(key, service) => {
                table.insert(Entry::as_found(*key, service.clone(), Vec::new()));
            }
            Self::EditService(key, service) => {
                if let Some(entry) = table.get_mut(key) {
                    entry.set_service(service.clone());
                }
            }
            Self::AddDestination(key, server, destination)
            | Self::EditDestination(key, server, destination) => {
                if let Some(entry) = table.get_mut(key) {
                    entry.set_destination(*server, *destination);
                }
            }
            Self::DeleteDestination(key, server) => {
                if let Some(entry) = table.get_mut(key) {
                    entry.remove(server);
                }
            }
            Self::DeleteService(key) => {
                table.remove(key);
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddService(key, service) => write!(f, "add service {key} ({service})"),
            Self::EditService(key, service) => write!(f, "change service {key} to {service}"),
            Self::AddDestination(key, server, new) => {
                write!(f, "add destination {server} ({new}) to {key}")
            }
            Self::EditDestination(key, server, new) => {
                write!(f, "change destination {server} of {key} to {new}")
            }
            Self::DeleteDestination(key, server) => {
                write!(f, "remove destination {server} from {key}")
            }
            Self::DeleteService(key) => write!(f, "remove service {key}"),
        }
    }
}

/// The changes that lead from one table to another, in an order in which no service is without
/// destinations when it need not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan(Vec<Change>);

impl Plan {
    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes in order.
    pub fn changes(&self) -> &[Change] {
        &self.0
    }
}

impl fmt::Display for Plan {
    /// A line for each change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl FromIterator<Change> for Plan {
    /// Changes of the caller's choice in the caller's order.
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        Self(changes.into_iter().collect())
    }
}

impl Table {
    /// What to change to get the desired table. Services that `owns` denies, and that are not
    /// desired, are somebody else's and left alone.
    ///
    /// What changes in place is changed in place: the kernel can edit everything but a key. A
    /// service keeps a destination with weight as long as it has one before and after: additions
    /// come first, then edits, of these the ones to weight 0 last, then removals.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use steadfast_ipvs::{
    ///     Destination, DestinationKey, Entry, ForwardMethod, Scheduler, Service, ServiceKey, Table,
    ///     Weight,
    /// };
    ///
    /// let web = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), 80);
    /// let server = |last| DestinationKey { address: Ipv4Addr::new(192, 0, 2, last).into(), port: 80 };
    /// let table = |last| -> Result<Table, Box<dyn std::error::Error>> {
    ///     let mut entry = Entry::new(web, Service::new(Scheduler::WRR))?;
    ///     let nat = Destination::new(ForwardMethod::Masquerade, Weight::from(1));
    ///     entry.insert(server(last), nat)?;
    ///     Ok(Table::from_iter([entry]))
    /// };
    /// let (current, desired) = (table(1)?, table(2)?);
    ///
    /// let plan = current.diff(&desired, |found| *found == web);
    /// assert_eq!(
    ///     plan.to_string(),
    ///     "add destination 192.0.2.2:80 (Masq, weight 1) to 192.0.2.100:80/tcp\n\
    ///      remove destination 192.0.2.1:80 from 192.0.2.100:80/tcp\n"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diff(&self, desired: &Self, owns: impl Fn(&ServiceKey) -> bool) -> Plan {
        let (mut plan, mut slow) = (Vec::new(), Vec::new());
        for wanted in desired.iter() {
            match self.get(wanted.key()) {
                None => add(wanted, &mut plan),
                // As a rule; and to see that costs less than to look each destination up.
                Some(found) if found == wanted => {}
                Some(found) => {
                    edit(found, wanted, &mut plan);
                    if found.service() != wanted.service() {
                        slow.push(Change::EditService(*wanted.key(), wanted.service().clone()));
                    }
                }
            }
        }
        let surplus = self.iter().map(Entry::key).filter(|key| desired.get(key).is_none());
        plan.extend(surplus.filter(|key| owns(key)).map(|key| Change::DeleteService(*key)));
        // For another scheduler the kernel waits for a grace period of some milliseconds.
        plan.append(&mut slow);
        Plan(plan)
    }

    /// Makes the changes of a plan, as the kernel would.
    pub fn apply(&mut self, plan: &Plan) {
        for change in &plan.0 {
            change.apply(self);
        }
    }
}

fn add(wanted: &Entry, plan: &mut Vec<Change>) {
    let (key, service) = (*wanted.key(), wanted.service());
    // Maglev's table is built anew for each destination: 26 times the time for a thousand of them.
    let later = service.scheduler == Scheduler::MH && wanted.destinations().len() > 1;
    let first = if later { Scheduler::NONE } else { service.scheduler };
    plan.push(Change::AddService(key, Service { scheduler: first, ..service.clone() }));
    let servers = wanted.destinations().iter();
    plan.extend(servers.map(|(server, new)| Change::AddDestination(key, *server, *new)));
    if later {
        plan.push(Change::EditService(key, service.clone()));
    }
}

fn edit(found: &Entry, wanted: &Entry, plan: &mut Vec<Change>) {
    let key = *wanted.key();
    let (mut edits, mut to_zero) = (Vec::new(), Vec::new());
    for (server, new) in wanted.destinations() {
        match found.destination(server) {
            None => plan.push(Change::AddDestination(key, *server, *new)),
            Some(found) if found == new => {}
            Some(_) if new.weight == Weight::ZERO => {
                to_zero.push(Change::EditDestination(key, *server, *new));
            }
            Some(_) => edits.push(Change::EditDestination(key, *server, *new)),
        }
    }
    plan.append(&mut edits);
    plan.append(&mut to_zero);
    let listed = found.destinations().iter().map(|(server, _)| server);
    let surplus = listed.filter(|server| wanted.destination(server).is_none());
    plan.extend(surplus.map(|server| Change::DeleteDestination(key, *server)));
}

#[cfg(test)]
mod tests;
