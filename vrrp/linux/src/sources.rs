//! What instances send from, looked up once for all that are at the same place.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::channel::Place;
use crate::observed::Observed;

#[derive(Debug)]
pub(crate) struct Sources<'a> {
    observed: &'a Observed,
    virtual_addresses: &'a [IpAddr],
    known: BTreeMap<Place, Option<IpAddr>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(observed: &'a Observed, virtual_addresses: &'a [IpAddr]) -> Self {
        Self { observed, virtual_addresses, known: BTreeMap::new() }
    }

    /// The address that the kernel offers there, none of the virtual ones.
    pub(crate) fn at(&mut self, place: Place) -> Option<IpAddr> {
        let (index, family) = place;
        let look_up = || self.observed.source(index, family, self.virtual_addresses);
        *self.known.entry(place).or_insert_with(look_up)
    }
}
