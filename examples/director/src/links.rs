//! The interfaces of this network namespace, and their addresses, as the kernel tells.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags};
use rtnetlink::{Handle, MulticastGroup, new_multicast_connection};
use steadfast_director_core::tracking::Object;
use steadfast_vrrp::priority::Status;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::warn;

const RETRY: Duration = Duration::from_secs(1);
const NEWS: [MulticastGroup; 3] =
    [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];

/// The interfaces of this network namespace.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// By their index.
    names: BTreeMap<u32, String>,
    running: BTreeSet<String>,
    addresses: BTreeSet<(String, IpAddr)>,
}

/// Tells how interfaces and addresses are, at first and whenever something about them changes.
pub(crate) async fn watch(tell: impl Fn(&Links)) {
    loop {
        let Err(error) = follow(&tell).await;
        warn!("watching interfaces: {error}");
        sleep(RETRY).await;
    }
}

async fn follow(tell: impl Fn(&Links)) -> Result<std::convert::Infallible, rtnetlink::Error> {
    let failed = |error: std::io::Error| rtnetlink::Error::NamespaceError(error.to_string());
    let (connection, handle, mut news) = new_multicast_connection(&NEWS).map_err(failed)?;
    // It ends when this does.
    let mut task = JoinSet::new();
    task.spawn(connection);
    loop {
        tell(&observe(&handle).await?);
        // Whatever the news is, also that some was lost: everything is asked for.
        if news.next().await.is_none() {
            return Err(rtnetlink::Error::RequestFailed);
        }
        while let Some(Some(_)) = news.next().now_or_never() {}
    }
}

async fn observe(handle: &Handle) -> Result<Links, rtnetlink::Error> {
    let mut links = Links::default();
    let mut messages = handle.link().get().execute();
    while let Some(message) = messages.try_next().await? {
        let name = message.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.clone()),
            _ => None,
        });
        let Some(name) = name else { continue };
        links.names.insert(message.header.index, name.clone());
        if message.header.flags.contains(LinkFlags::Up | LinkFlags::Running) {
            links.running.insert(name);
        }
    }
    let mut messages = handle.address().get().execute();
    while let Some(message) = messages.try_next().await? {
        let Some(name) = links.names.get(&message.header.index) else { continue };
        links.addresses.extend(own_address(&message).map(|address| (name.clone(), address)));
    }
    Ok(links)
}

/// The address that this machine has.
pub(crate) fn own_address(message: &AddressMessage) -> Option<IpAddr> {
    let (mut local, mut other) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(*address),
            // Beside a local one, it is that of the other end.
            AddressAttribute::Address(address) => other = Some(*address),
            _ => {}
        }
    }
    local.or(other)
}

impl Links {
    /// All addresses, wherever they are.
    pub(crate) fn addresses(&self) -> HashSet<IpAddr> {
        self.addresses.iter().map(|(_, address)| *address).collect()
    }

    /// The index of each interface.
    pub(crate) fn indices(&self) -> BTreeMap<String, u32> {
        self.names.iter().map(|(index, name)| (name.clone(), *index)).collect()
    }

    /// How an interface or an address is.
    pub(crate) fn status(&self, object: &Object) -> Status {
        let is_well = match object {
            Object::Interface(name) => self.running.contains(name),
            Object::Address { interface: Some(interface), address } => {
                self.addresses.contains(&(interface.clone(), *address))
            }
            Object::Address { interface: None, address } => {
                self.addresses.iter().any(|(_, held)| held == address)
            }
            Object::Script(_) | Object::File(_) | Object::Process(_) => return Status::Unknown,
        };
        if is_well { Status::Up } else { Status::Down }
    }
}
