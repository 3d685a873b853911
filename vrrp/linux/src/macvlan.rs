//! The interfaces of virtual MAC addresses: made, taken over, set up and removed.

use std::borrow::Borrow;

use steadfast_vrrp::MacAddress;

use crate::addresses::{Action, Change};
use crate::arp_settings::ArpSettings;
use crate::netlink::Requests;
use crate::observed::{Link, Observed};
use crate::{Error, Instance, VirtualInterface, sysctl};

/// A macvlan as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Macvlan {
    pub(crate) name: String,
    pub(crate) mac: MacAddress,
    /// The interface under it.
    base: String,
    /// How that spoke ARP before.
    pub(crate) before: ArpSettings,
    /// Whether it gets IPv6 addresses.
    has_ipv6: bool,
}

impl Macvlan {
    /// Those of an instance, beside those that are there.
    pub(crate) fn plan(
        instance: &Instance,
        others: impl Iterator<Item: Borrow<Self>>,
        observed: &Observed,
    ) -> Result<Vec<Self>, Error> {
        let others: Vec<_> = others.collect();
        let mut planned: Vec<Self> = Vec::new();
        for wanted in instance.macvlans() {
            let mut siblings = others.iter().map(Borrow::borrow).chain(&planned);
            let sibling = siblings.find(|other| other.base == wanted.base);
            let before = sibling.map(|sibling| sibling.before);
            planned.push(Self::plan_one(instance, wanted, before, observed)?);
        }
        Ok(planned)
    }

    fn plan_one(
        instance: &Instance,
        wanted: VirtualInterface,
        before: Option<ArpSettings>,
        observed: &Observed,
    ) -> Result<Self, Error> {
        let VirtualInterface { interface: name, address: mac, base } = wanted;
        let existing = observed.find(&name).map(|(_, link)| link);
        if existing.is_some_and(|link| !is_on(link, &base, observed)) {
            let instance = instance.name.clone();
            return Err(Error::InterfaceExists { instance, interface: name, base });
        }
        let before = before.or_else(|| existing.and_then(|link| link.left));
        let mut places = instance.places();
        Ok(Self {
            mac,
            before: before.map_or_else(|| ArpSettings::of(&base), Ok)?,
            has_ipv6: places.any(|(address, place)| *place == name && address.is_ipv6()),
            name,
            base,
        })
    }

    /// Whether there is something to make it on.
    pub(crate) fn is_possible(&self, observed: &Observed) -> bool {
        observed.index_of(&self.base).is_some()
    }

    /// What has to change about it while its addresses are wanted, or not.
    pub(crate) fn change(&self, observed: &Observed, wanted: bool) -> Vec<Change> {
        let Some((index, link)) = observed.find(&self.name) else { return self.making(observed) };
        let (interface, action) = (self.name.clone(), Action::SetUp(wanted));
        let change = (link.up != wanted).then_some(Change { index, interface, action });
        change.into_iter().collect()
    }

    /// What makes it, or takes it over, where there is something to make it on.
    pub(crate) fn making(&self, observed: &Observed) -> Vec<Change> {
        let Some(index) = observed.index_of(&self.base) else { return Vec::new() };
        let change = |action| Change { index, interface: self.name.clone(), action };
        // The kernel takes no note for an interface that is not there yet (rtnl_create_link).
        vec![change(Action::AddMacvlan(self.clone())), change(Action::WriteDown(self.before))]
    }

    /// What removes it, where it is there.
    pub(crate) fn removal(&self, observed: &Observed) -> Option<Change> {
        let index = observed.index_of(&self.name)?;
        Some(Change { index, interface: self.name.clone(), action: Action::RemoveLink })
    }

    /// Whether it is on the same interface as another.
    pub(crate) fn shares_base(&self, other: &Self) -> bool {
        self.base == other.base
    }

    /// Restores what was changed of the interface under it, which no other may need.
    pub(crate) fn restore_base(&self) -> Result<(), Error> {
        // An interface that is gone has no settings to restore.
        match sysctl::exists(&format!("ipv4/conf/{}", self.base)) {
            true => self.before.write(&self.base),
            false => Ok(()),
        }
    }

    /// The settings: those of its own go with it.
    pub(crate) fn set_up(&self) -> Result<(), Error> {
        let ipv4 = |setting: &str| format!("ipv4/conf/{}/{setting}", self.name);
        ArpSettings::OWN_ADDRESSES.write(&self.base)?;
        ArpSettings::OWN_ADDRESSES.write(&self.name)?;
        // Of this one and that for all, the greater counts: 2 takes the strictness out of 1.
        let strict = sysctl::read("ipv4/conf/all/rp_filter")? != 0;
        sysctl::write(&ipv4("rp_filter"), if strict { 2 } else { 0 })?;
        // Without it the first address of a prefix takes the others with it when it goes.
        sysctl::write(&ipv4("promote_secondaries"), 1)?;
        let ipv6 = |setting: &str| format!("ipv6/conf/{}/{setting}", self.name);
        if !sysctl::exists(&ipv6("disable_ipv6")) {
            return Ok(());
        }
        // IN6_ADDR_GEN_MODE_NONE.
        sysctl::write(&ipv6("addr_gen_mode"), 1)?;
        sysctl::write(&ipv6("accept_ra"), 0)?;
        sysctl::write(&ipv6("autoconf"), 0)?;
        match self.has_ipv6 {
            true => sysctl::write(&ipv6("disable_ipv6"), 0),
            false => Ok(()),
        }
    }
}

/// Whether a macvlan is on that interface, or like ours on the same as that, which is a macvlan then
/// (macvlan_common_newlink).
fn is_on(link: &Link, base: &str, observed: &Observed) -> bool {
    observed.find(base).is_some_and(|(index, base)| {
        link.macvlan_of == Some(index) || link.left.is_some() && link.macvlan_of == base.macvlan_of
    })
}

/// Makes the macvlans of all instances, or takes them over; all or none, but for those that there is
/// nothing to make on yet. The answer has those of each instance.
pub(crate) fn make_all(
    instances: &[&Instance],
    observed: &Observed,
    requests: &mut Requests,
) -> Result<Vec<Vec<Macvlan>>, Error> {
    let mut planned: Vec<Vec<Macvlan>> = Vec::new();
    for instance in instances {
        let macvlans = Macvlan::plan(instance, planned.iter().flatten(), observed)?;
        planned.push(macvlans);
    }
    let all: Vec<_> =
        planned.iter().flatten().filter(|macvlan| macvlan.is_possible(observed)).collect();
    let changes = all.iter().flat_map(|macvlan| macvlan.making(observed)).collect();
    let made = requests.apply(changes).into_iter().try_for_each(|(_, made)| made);
    match made.and_then(|()| all.iter().try_for_each(|macvlan| macvlan.set_up())) {
        Ok(()) => Ok(planned),
        Err(error) => {
            // What went wrong first says more than what goes wrong because of it.
            let _because_of_it = remove_all(&all, requests);
            Err(error)
        }
    }
}

fn remove_all(macvlans: &[&Macvlan], requests: &mut Requests) -> Result<(), Error> {
    let observing = Error::system("asking the kernel about links and addresses");
    let observed = requests.observe().map_err(observing)?;
    let changes = macvlans.iter().filter_map(|macvlan| macvlan.removal(&observed)).collect();
    requests.apply(changes).into_iter().try_for_each(|(_, removed)| removed)?;
    macvlans.iter().try_for_each(|macvlan| macvlan.restore_base())
}

#[cfg(test)]
pub(crate) mod tests {
    use netlink_packet_route::RouteNetlinkMessage;
    use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo};

    use super::*;
    use crate::observed::tests::{INDEX, new_link};

    const MACVLAN: u32 = INDEX + 1;

    pub(crate) fn macvlan() -> Macvlan {
        Macvlan {
            name: "vrrp.51".to_owned(),
            mac: MacAddress([0x00, 0x00, 0x5e, 0x00, 0x01, 51]),
            base: "eth0".to_owned(),
            before: ArpSettings::OWN_ADDRESSES,
            has_ipv6: false,
        }
    }

    fn actions(observed: &Observed, wanted: bool) -> Vec<Action> {
        macvlan().change(observed, wanted).into_iter().map(|change| change.action).collect()
    }

    #[test]
    fn it_is_made_where_it_is_missing_unless_there_is_nothing_to_make_it_on() {
        let mut observed = Observed::default();
        assert_eq!(actions(&observed, true), []);
        observed.handle(&new_link(INDEX, "eth0", LinkFlags::Up));
        for wanted in [true, false] {
            let making = [Action::AddMacvlan(macvlan()), Action::WriteDown(macvlan().before)];
            assert_eq!(actions(&observed, wanted), making);
        }
    }

    #[test]
    fn it_is_up_while_its_addresses_are_wanted_and_down_while_not() {
        let mut observed = Observed::default();
        observed.handle(&new_link(INDEX, "eth0", LinkFlags::Up));
        observed.handle(&new_link(MACVLAN, "vrrp.51", LinkFlags::empty()));
        assert_eq!(actions(&observed, true), [Action::SetUp(true)]);
        assert_eq!(actions(&observed, false), []);
        observed.handle(&new_link(MACVLAN, "vrrp.51", LinkFlags::Up));
        assert_eq!(actions(&observed, true), []);
        assert_eq!(actions(&observed, false), [Action::SetUp(false)]);
    }

    #[test]
    fn it_is_removed_where_it_is() {
        let mut observed = Observed::default();
        assert_eq!(macvlan().removal(&observed), None);
        observed.handle(&new_link(MACVLAN, "vrrp.51", LinkFlags::Up));
        let removal = macvlan().removal(&observed).unwrap();
        assert_eq!((removal.index, removal.action), (MACVLAN, Action::RemoveLink));
    }

    /// Of an interface: its index and name, and of a macvlan what is under it and what was noted.
    fn interface(
        index: u32,
        name: &str,
        under: Option<u32>,
        left: Option<ArpSettings>,
    ) -> RouteNetlinkMessage {
        let mut news = new_link(index, name, LinkFlags::Up);
        if let RouteNetlinkMessage::NewLink(link) = &mut news {
            link.attributes.extend(under.map(LinkAttribute::Link));
            link.attributes.extend(left.map(|left| LinkAttribute::IfAlias(left.to_string())));
            let kind = under.map(|_| vec![LinkInfo::Kind(InfoKind::MacVlan)]);
            link.attributes.extend(kind.map(LinkAttribute::LinkInfo));
        }
        news
    }

    #[test]
    fn it_is_taken_over_from_where_it_is_made_on_also_if_that_is_a_macvlan() {
        const ELSEWHERE: u32 = INDEX + 2;
        let noted = Some(ArpSettings::OWN_ADDRESSES);
        for (base_on, on, left, taken_over) in [
            (None, INDEX, None, true),
            (None, INDEX, noted, true),
            (None, ELSEWHERE, noted, false),
            (Some(ELSEWHERE), ELSEWHERE, noted, true),
            (Some(ELSEWHERE), ELSEWHERE, None, false),
        ] {
            let mut observed = Observed::default();
            observed.handle(&interface(INDEX, "eth0", base_on, None));
            observed.handle(&interface(MACVLAN, "vrrp.51", Some(on), left));
            let (_, link) = observed.find("vrrp.51").unwrap();
            assert_eq!(is_on(link, "eth0", &observed), taken_over, "{base_on:?} {on} {left:?}");
        }
    }
}
