use std::io;

use crate::model::{DestinationKey, Scheduler, ServiceKey};
use crate::plan::Change;

/// Why the kernel's load balancer could not be reached or did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel has no IPVS, or its module is not loaded and could not be.
    #[error("this kernel has no IPVS: load its module with `modprobe ip_vs`")]
    NoIpvs,
    /// We may not.
    #[error(
        "permission denied: IPVS wants CAP_NET_ADMIN in the initial user namespace (be root, and not \
         in a container of your own)"
    )]
    Permission,
    /// A service that was to be added is there.
    #[error("service {0} already exists")]
    ServiceExists(ServiceKey),
    /// A service is not there.
    #[error("there is no service {0}")]
    NoSuchService(ServiceKey),
    /// A destination that was to be added is there.
    #[error("destination {1} of {0} already exists")]
    DestinationExists(ServiceKey, DestinationKey),
    /// A destination is not there.
    #[error("{0} has no destination {1}")]
    NoSuchDestination(ServiceKey, DestinationKey),
    /// The kernel has no such scheduler.
    #[error("service {0}: this kernel has no scheduler {1} (module ip_vs_{1})")]
    NoSuchScheduler(ServiceKey, Scheduler),
    /// The kernel does not accept a destination's address.
    #[error(
        "destination {1} of {0} is refused: its address must be unicast and have a route, and one of \
         the other family needs a tunnel"
    )]
    DestinationRefused(ServiceKey, DestinationKey),
    /// Anything else that the kernel refuses.
    #[error("cannot {change}: {source}")]
    Refused {
        /// What was to be done.
        change: Box<Change>,
        /// What the kernel said.
        source: io::Error,
    },
    /// A listing went wrong.
    #[error("listing {what}: {source}")]
    Listing {
        /// What was listed.
        what: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The table changed so fast that no listing of it was consistent.
    #[error("the table kept changing while it was read")]
    Unsettled,
    /// The socket does not work.
    #[error("{what}: {source}")]
    Socket {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EEXIST: i32 = 17;
const EINVAL: i32 = 22;
const EPERM: i32 = 1;

/// What an error number means for that change (`net/netfilter/ipvs/ip_vs_ctl.c`).
pub(super) fn refused(change: &Change, errno: i32) -> Error {
    use Change::{
        AddDestination, AddService, DeleteDestination, DeleteService, EditDestination, EditService,
    };
    match (change, errno) {
        (_, EPERM) => Error::Permission,
        (AddService(key, _), EEXIST) => Error::ServiceExists(*key),
        (AddService(key, service) | EditService(key, service), ENOENT) => {
            Error::NoSuchScheduler(*key, service.scheduler)
        }
        (EditService(key, _) | DeleteService(key), ESRCH) => Error::NoSuchService(*key),
        (AddDestination(key, ..) | EditDestination(key, ..) | DeleteDestination(key, _), ESRCH) => {
            Error::NoSuchService(*key)
        }
        (AddDestination(key, server, _), EEXIST) => Error::DestinationExists(*key, *server),
        (EditDestination(key, server, _) | DeleteDestination(key, server), ENOENT) => {
            Error::NoSuchDestination(*key, *server)
        }
        (AddDestination(key, server, _) | EditDestination(key, server, _), EINVAL) => {
            Error::DestinationRefused(*key, *server)
        }
        _ => Error::Refused {
            change: Box::new(change.clone()),
            source: io::Error::from_raw_os_error(errno),
        },
    }
}
