//! The kernel's table in the order in which it is to be shown.

use steadfast_ipvs::ServiceStatus;

use crate::order::{self, merge_sort};

/// Brings the kernel's order into ipvsadm's.
pub(crate) fn sort(services: &mut [ServiceStatus]) {
    merge_sort(services, |first, second| order::services(&first.key, &second.key));
    for service in services {
        merge_sort(&mut service.destinations, |first, second| {
            order::destinations(&first.0, &second.0)
        });
    }
}

/// By what the keys mean, which ipvsadm's order is not.
pub(crate) fn sort_by_key(services: &mut [ServiceStatus]) {
    services.sort_by_key(|listed| listed.key);
    for service in services {
        service.destinations.sort_by_key(|(key, _)| *key);
    }
}
