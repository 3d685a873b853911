//! Where the guard of a dead driver and its heir find each other: an abstract address (unix(7)) in their
//! network namespace. Anybody there could listen or connect, so each side makes sure that the other is
//! of the same user.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with,
};
use rustix::process::geteuid;

use super::wire::wait_for;

/// More heirs than ever come.
const BACKLOG: i32 = 4;

/// The guard's side.
#[derive(Debug)]
pub(super) struct Rendezvous(OwnedFd);

fn address(name: &str) -> io::Result<SocketAddrUnix> {
    let name = format!("steadfast-vrrp/{name}/heir");
    Ok(SocketAddrUnix::new_abstract_name(name.as_bytes())?)
}

fn socket() -> io::Result<OwnedFd> {
    let kind = SocketType::SEQPACKET;
    Ok(socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?)
}

fn is_ours(connection: &OwnedFd) -> io::Result<bool> {
    Ok(socket_peercred(connection)?.uid == geteuid())
}

impl Rendezvous {
    /// An heir that comes before the driver is known to be dead waits.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let socket = socket()?;
        bind(&socket, &address(name)?)?;
        listen(&socket, BACKLOG)?;
        Ok(Self(socket))
    }

    /// Waits for an heir; `None` if none came.
    pub(super) fn wait(&self, patience: Duration) -> io::Result<Option<OwnedFd>> {
        match wait_for(&self.0, PollFlags::IN, patience) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(None),
            waited => waited?,
        }
        let connection = accept_with(&self.0, SocketFlags::CLOEXEC)?;
        if is_ours(&connection)? {
            Ok(Some(connection))
        } else {
            Err(io::Error::other("somebody else's process wants to be the heir"))
        }
    }
}

/// The heir's side: `None` if nobody left anything under that name.
pub(super) fn come(name: &str) -> io::Result<Option<OwnedFd>> {
    let connection = socket()?;
    match connect(&connection, &address(name)?) {
        Err(rustix::io::Errno::CONNREFUSED) => return Ok(None),
        connected => connected?,
    }
    if is_ours(&connection)? {
        Ok(Some(connection))
    } else {
        Err(io::Error::other("somebody else's process is where the crash guard should be"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(what: &str) -> String {
        format!("rendezvous-{what}-{}", std::process::id())
    }

    #[test]
    fn an_heir_that_comes_early_is_met_later() {
        let name = name("early");
        let rendezvous = Rendezvous::open(&name).unwrap();
        let _heir = come(&name).unwrap().unwrap();
        assert!(rendezvous.wait(Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn where_nobody_waits_nobody_is_met() {
        assert!(come(&name("nobody")).unwrap().is_none());
    }

    #[test]
    fn the_guard_waits_no_longer_than_it_may() {
        let rendezvous = Rendezvous::open(&name("long")).unwrap();
        assert!(rendezvous.wait(Duration::from_millis(1)).unwrap().is_none());
    }
}
