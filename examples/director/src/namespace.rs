//! Network namespaces other than that in which the director was started.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use steadfast_conf::model::IpvsNamespace;
use steadfast_ipvs::{Client, Error};

/// That of the first process of the machine, as keepalived finds it.
const INITIAL: &str = "/proc/1/ns/net";

/// Where `ip netns` has them.
fn path(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

/// Moves the calling thread, and what it starts from now on.
pub(crate) fn enter(name: &str) -> io::Result<()> {
    let named = |error| io::Error::other(format!("entering the network namespace {name}: {error}"));
    let file = File::open(path(name)).map_err(named)?;
    let network = Some(LinkNameSpaceType::Network);
    move_into_link_name_space(file.as_fd(), network).map_err(|error| named(error.into()))
}

/// Connects to the IPVS table of a namespace: without one, that of the calling thread.
pub(crate) async fn ipvs(namespace: Option<&IpvsNamespace>) -> Result<Client, Error> {
    match namespace {
        None => Client::connect().await,
        Some(IpvsNamespace::Initial) => Client::in_netns(INITIAL).await,
        Some(IpvsNamespace::Named(name)) => Client::in_netns(path(name)).await,
    }
}
