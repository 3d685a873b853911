//! A name that one process at a time has, in a network namespace.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::thread::sleep;
use std::time::Duration;

use crate::Error;

/// How long to wait for a guard that is at work: removing addresses can take as long as somebody
/// else holds the lock on the kernel's network configuration.
const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(5);

/// The name is ours until this is dropped or the process dies: nobody else can bind the same abstract
/// address (unix(7)).
#[derive(Debug)]
pub(crate) struct Claim {
    _socket: UnixDatagram,
}

impl Claim {
    /// Takes the name; `None` if somebody else has it.
    pub(super) fn take(name: &str) -> io::Result<Option<Self>> {
        let address = SocketAddr::from_abstract_name(format!("steadfast-vrrp/{name}"))?;
        match UnixDatagram::bind_addr(&address) {
            Ok(socket) => Ok(Some(Self { _socket: socket })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the name, if need be after the guard of a process that died has done its work.
    pub(crate) fn wait_for(name: &str) -> Result<Self, Error> {
        let mut waited = Duration::ZERO;
        loop {
            let taken =
                Self::take(name).map_err(Error::system(format!("taking the name {name}")))?;
            if let Some(claim) = taken {
                return Ok(claim);
            }
            if waited >= PATIENCE {
                return Err(Error::NameTaken(name.to_owned()));
            }
            sleep(PAUSE);
            waited += PAUSE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_for_one_at_a_time() {
        let name = format!("a-name-is-for-one-at-a-time-{}", std::process::id());
        let claim = Claim::take(&name).unwrap();
        assert!(claim.is_some());
        assert!(Claim::take(&name).unwrap().is_none());
        drop(claim);
        assert!(Claim::take(&name).unwrap().is_some());
    }
}
