use std::io;
use std::path::PathBuf;

use crate::model::{
    DestinationKey, Interface, InvalidDestination, InvalidService, PersistenceEngine, Scheduler,
    Service, ServiceKey, SyncDaemon, SyncRole, Timeouts,
};
use crate::plan::Change;

/// Why the kernel's load balancer could not be reached or did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel has no IPVS, or its module is not loaded and could not be, or was unloaded since the
    /// client connected: only another client finds the one that is loaded then.
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
    /// The kernel has no such scheduler or no such persistence engine; it does not say which.
    #[error(
        "service {0}: this kernel has no scheduler {1} (module ip_vs_{1}) or no persistence engine \
         {2} (module ip_vs_pe_{2})"
    )]
    NoSuchSchedulerOrEngine(ServiceKey, Scheduler, PersistenceEngine),
    /// A service that the kernel refuses, and should not have been asked for.
    #[error(transparent)]
    InvalidService(#[from] InvalidService),
    /// A destination that the kernel refuses, and should not have been asked for.
    #[error(transparent)]
    InvalidDestination(#[from] InvalidDestination),
    /// The kernel does not take a destination because of what else there is: it looks its address
    /// up among the routes, and its sync daemons know nothing of mixed families.
    #[error(
        "destination {1} of {0} is refused: does this network namespace have an address, and a \
         unicast route to it (`ip route get {address}`)? A broadcast or link-local address will not \
         do, nor one of the other family beside a sync daemon",
        address = .1.address
    )]
    DestinationRefused(ServiceKey, DestinationKey),
    /// A sync daemon that was to be started runs.
    #[error("a {0} sync daemon already runs")]
    SyncDaemonRuns(SyncRole),
    /// A sync daemon does not run.
    #[error("no {0} sync daemon runs")]
    NoSyncDaemon(SyncRole),
    /// There is no network interface of that name here.
    #[error("there is no network interface {0} in this network namespace")]
    NoSuchInterface(Interface),
    /// The kernel does not start a sync daemon.
    #[error(
        "the {0} is refused: its interface must be up and reach the multicast group, and no \
         destination may be of another address family than its service"
    )]
    SyncDaemonRefused(SyncDaemon),
    /// The kernel does not take timeouts that are so long.
    #[error(
        "the timeouts {0} are refused: a kernel with 1000 ticks in a second takes 2147483 s at most, \
         one with 250 takes 8589934 s"
    )]
    TimeoutsRefused(Timeouts),
    /// Anything else that the kernel refuses.
    #[error("cannot {change}: {source}")]
    Refused {
        /// What was to be done.
        change: Box<Change>,
        /// What the kernel said.
        source: io::Error,
    },
    /// A change was not made, and the kernel's reason was lost: more was refused than a socket's
    /// receive buffer has room for (`net.core.rmem_default`).
    #[error("cannot {0}: the kernel's reason was lost, because it refused too much at once")]
    AnswerLost(Box<Change>),
    /// A listing went wrong.
    #[error("listing {what}: {source}")]
    Listing {
        /// What was listed.
        what: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Anything else that was asked of the kernel and refused.
    #[error("cannot {operation}: {source}")]
    Operation {
        /// What was to be done.
        operation: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The table changed so fast that no listing of it was consistent.
    #[error("the table kept changing while it was read")]
    Unsettled,
    /// A network namespace cannot be entered, or nothing be opened in it.
    #[error(
        "cannot connect to the kernel in network namespace {path}: {source}. Is the namespace still \
         there? `ip netns list` shows those that have a name",
        path = path.display()
    )]
    Namespace {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
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
        (AddService(key, service) | EditService(key, service), ENOENT) => unknown(key, service),
        (EditService(key, _) | DeleteService(key), ESRCH) => Error::NoSuchService(*key),
        (AddDestination(key, ..) | EditDestination(key, ..) | DeleteDestination(key, _), ESRCH) => {
            Error::NoSuchService(*key)
        }
        (AddDestination(key, server, _), EEXIST) => Error::DestinationExists(*key, *server),
        (EditDestination(key, server, _) | DeleteDestination(key, server), ENOENT) => {
            Error::NoSuchDestination(*key, *server)
        }
        (AddService(key, service) | EditService(key, service), EINVAL) => {
            service.check(key).map_or_else(Error::from, |()| other(change, errno))
        }
        (AddDestination(key, server, new) | EditDestination(key, server, new), EINVAL) => new
            .check(key, server)
            .map_or_else(Error::from, |()| Error::DestinationRefused(*key, *server)),
        _ => other(change, errno),
    }
}

fn other(change: &Change, errno: i32) -> Error {
    Error::Refused { change: Box::new(change.clone()), source: io::Error::from_raw_os_error(errno) }
}

fn unknown(key: &ServiceKey, service: &Service) -> Error {
    match service.engine {
        Some(engine) => Error::NoSuchSchedulerOrEngine(*key, service.scheduler, engine),
        None => Error::NoSuchScheduler(*key, service.scheduler),
    }
}

pub(super) fn listing(what: String, source: io::Error) -> Error {
    whole(&source).unwrap_or(Error::Listing { what, source })
}

pub(super) fn operation(operation: &'static str, source: io::Error) -> Error {
    whole(&source).unwrap_or(Error::Operation { operation, source })
}

/// What does not depend on what was asked.
fn whole(source: &io::Error) -> Option<Error> {
    match source.raw_os_error() {
        Some(EPERM) => Some(Error::Permission),
        // Nobody has the number of the family any more (`net/netlink/genetlink.c`, `genl_rcv_msg`).
        Some(ENOENT) => Some(Error::NoIpvs),
        _ => None,
    }
}
