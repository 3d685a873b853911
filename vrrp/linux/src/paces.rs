//! How fast announcements may leave on each interface, or on several together.

use std::collections::BTreeMap;

use steadfast_vrrp::announce::{Pace, Pacer};

use crate::{Options, PaceGroup};

#[derive(Debug)]
pub(crate) struct Paces {
    /// For interfaces of no group.
    pace: Pace,
    alone: BTreeMap<String, Pacer>,
    groups: Vec<(PaceGroup, Pacer)>,
}

impl Paces {
    pub(crate) fn new(options: &Options) -> Self {
        let groups = options.pace_groups.iter().cloned();
        let groups = groups.map(|group| (group.clone(), Pacer::new(group.pace))).collect();
        Self { pace: options.pace, alone: BTreeMap::new(), groups }
    }

    /// What paces an interface.
    pub(crate) fn of(&mut self, interface: &str) -> &mut Pacer {
        let mut groups = self.groups.iter_mut();
        let is_in = |group: &PaceGroup| group.interfaces.iter().any(|name| name == interface);
        if let Some((_, pacer)) = groups.find(|(group, _)| is_in(group)) {
            return pacer;
        }
        self.alone.entry(interface.to_owned()).or_insert_with(|| Pacer::new(self.pace))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use steadfast_vrrp::{Family, Instant};

    use super::*;

    const NOW: Instant = Instant::from_nanos(0);

    fn every(millis: u64) -> Pace {
        Pace { garp_interval: Duration::from_millis(millis), ..Pace::default() }
    }

    fn paces() -> Paces {
        let interfaces = ["eth0", "eth1"].map(str::to_owned).to_vec();
        let pace_groups = vec![PaceGroup { interfaces, pace: every(20) }];
        Paces::new(&Options { pace: every(10), pace_groups, ..Options::default() })
    }

    fn next(paces: &mut Paces, interface: &str) -> Option<Instant> {
        paces.of(interface).admit(NOW, Family::Ipv4).err()
    }

    #[test]
    fn interfaces_of_a_group_share_its_pace() {
        let mut paces = paces();
        assert_eq!(next(&mut paces, "eth0"), None);
        assert_eq!(next(&mut paces, "eth1"), Some(NOW + Duration::from_millis(20)));
    }

    #[test]
    fn an_interface_of_no_group_has_a_pace_of_its_own() {
        let mut paces = paces();
        assert_eq!(next(&mut paces, "eth2"), None);
        assert_eq!(next(&mut paces, "eth3"), None);
        assert_eq!(next(&mut paces, "eth2"), Some(NOW + Duration::from_millis(10)));
    }
}
