use std::net::{IpAddr, Ipv4Addr};

use steadfast_vrrp::Config;

use crate::Destination;

/// One virtual router on one interface.
#[derive(Debug, Clone)]
pub struct Instance {
    /// A name of your choice, by which commands and notices refer to it; unique.
    pub name: String,
    /// The interface it sends and listens on.
    pub interface: String,
    /// What the virtual router is.
    pub config: Config,
    /// The addresses it holds while Active, advertised or not.
    pub addresses: Vec<VirtualAddress>,
    /// Where its advertisements go.
    pub destination: Destination,
    /// The address to send from; `None` is the interface's primary one, over IPv6 its link-local
    /// one.
    pub source: Option<IpAddr>,
    /// Whether loss of the interface's carrier is a fault.
    pub track_interface: bool,
}

impl Instance {
    /// An instance that holds the addresses of its configuration, each alone in its prefix, on its
    /// own interface, and advertises them to the standard's group.
    pub fn new(name: impl Into<String>, interface: impl Into<String>, config: Config) -> Self {
        Self {
            name: name.into(),
            interface: interface.into(),
            addresses: config.held_addresses().map(VirtualAddress::new).collect(),
            destination: Destination::standard(config.family()),
            config,
            source: None,
            track_interface: true,
        }
    }

    /// The interface that an address of the instance is for.
    pub(crate) fn interface_of<'a>(&'a self, address: &'a VirtualAddress) -> &'a String {
        address.interface.as_ref().unwrap_or(&self.interface)
    }
}

/// An address as it is to be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix, at most 32 or 128.
    pub prefix_len: u8,
    /// The interface that gets it; `None` is the instance's own.
    pub interface: Option<String>,
    /// Its broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Its scope as the kernel numbers it: 0 global, 200 site, 253 link, 254 host.
    pub scope: u8,
    /// Its label, of at most 15 bytes.
    pub label: Option<String>,
}

impl VirtualAddress {
    /// The address alone in its prefix, global, on the instance's interface.
    pub fn new(address: IpAddr) -> Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        Self { address, prefix_len, interface: None, broadcast: None, scope: 0, label: None }
    }
}
