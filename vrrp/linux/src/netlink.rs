//! Talking to the kernel about links and addresses.

use std::net::IpAddr;

use futures_util::{Stream, StreamExt, TryStreamExt};
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use rtnetlink::{Handle, MulticastGroup, new_multicast_connection};

use crate::observed::Observed;
use crate::{Error, VirtualAddress};

const EEXIST: i32 = 17;
const EADDRNOTAVAIL: i32 = 99;

/// The kernel's interface to links and addresses.
#[derive(Debug, Clone)]
pub(crate) struct Netlink(Handle);

/// A change to one address.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) index: u32,
    pub(crate) interface: String,
    pub(crate) address: VirtualAddress,
    pub(crate) add: bool,
}

impl Netlink {
    /// Connects, subscribes to notifications, and starts the connection's task on this runtime.
    pub(crate) fn connect() -> Result<(Self, impl Stream<Item = RouteNetlinkMessage> + Unpin), Error>
    {
        let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr];
        let (connection, handle, messages) = new_multicast_connection(&groups)
            .map_err(Error::system("connecting to the kernel's routing socket"))?;
        tokio::spawn(connection);
        let news = messages.filter_map(|(message, _)| {
            std::future::ready(match message.payload {
                NetlinkPayload::InnerMessage(inner) => Some(inner),
                _ => None,
            })
        });
        Ok((Self(handle), news))
    }

    /// Asks for everything that is there.
    pub(crate) async fn observe(&self) -> Result<Observed, Error> {
        let failed = |what| move |source| Error::Netlink { what, source: Box::new(source) };
        let mut observed = Observed::default();
        let mut links = self.0.link().get().execute();
        while let Some(link) = links.try_next().await.map_err(failed("links"))? {
            observed.handle(&RouteNetlinkMessage::NewLink(link));
        }
        let mut addresses = self.0.address().get().execute();
        while let Some(address) = addresses.try_next().await.map_err(failed("addresses"))? {
            observed.handle(&RouteNetlinkMessage::NewAddress(address));
        }
        Ok(observed)
    }

    /// Makes one change; that it has been made before is no error.
    pub(crate) async fn apply(&self, change: &Change) -> Result<(), Error> {
        let Change { index, interface, address, add } = change;
        let requests = self.0.address();
        let done = if *add {
            let mut request = requests.add(*index, address.address, address.prefix_len);
            complete(request.message_mut(), address);
            request.execute().await
        } else {
            let mut request = requests.add(*index, address.address, address.prefix_len);
            let message = std::mem::take(request.message_mut());
            requests.del(message).execute().await
        };
        let made_before = if *add { EEXIST } else { EADDRNOTAVAIL };
        match done {
            Err(rtnetlink::Error::NetlinkError(error)) if error.raw_code() == -made_before => {
                Ok(())
            }
            Err(source) => Err(Error::Address {
                action: if *add { "adding" } else { "removing" },
                address: address.address,
                interface: interface.clone(),
                source: Box::new(source),
            }),
            Ok(()) => Ok(()),
        }
    }
}

/// rtnetlink's message has address and prefix only, and a broadcast address of its own making.
fn complete(message: &mut AddressMessage, address: &VirtualAddress) {
    message.header.scope = AddressScope::from(address.scope);
    message.attributes.retain(|attribute| !matches!(attribute, AddressAttribute::Broadcast(_)));
    if let (IpAddr::V4(_), Some(broadcast)) = (address.address, address.broadcast) {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if let Some(label) = &address.label {
        message.attributes.push(AddressAttribute::Label(label.clone()));
    }
}
