use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// An address as it is to be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix, at most 32 or 128.
    pub prefix_len: u8,
    /// The interface that gets it; `None` is that of the virtual MAC, or else the instance's own.
    pub interface: Option<String>,
    /// The other end of a point-to-point link; then `prefix_len` is about that.
    pub peer: Option<IpAddr>,
    /// Its broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Its scope as the kernel numbers it: 0 global, 200 site, 253 link, 254 host. An IPv6
    /// address says its scope itself.
    pub scope: u8,
    /// Its label, of at most 15 bytes. IPv6 addresses have none.
    pub label: Option<String>,
    /// For how long, in whole seconds, programs that do not care where they send from may send
    /// from it; `None` is for ever. An address that comes and goes is a bad choice for them.
    pub preferred_lifetime: Option<Duration>,
    /// Whether the neighbours are asked first if one of them has it (IPv6), which leaves it unused
    /// for a second or more. It was another router's a moment ago, so there is little reason to.
    pub detect_duplicates: bool,
    /// Whether it is a mobile node's home address (IPv6).
    pub home: bool,
    /// Whether the kernel makes temporary addresses from it (IPv6, RFC 8981).
    pub manage_temporary: bool,
    /// Whether the kernel joins it as a multicast group.
    pub autojoin: bool,
    /// Whether the kernel makes a route to its prefix.
    pub prefix_route: bool,
}

impl VirtualAddress {
    /// The address alone in its prefix, global, on the instance's interface, of an IPv6 one nobody's
    /// choice to send from.
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            prefix_len: if address.is_ipv4() { 32 } else { 128 },
            interface: None,
            peer: None,
            broadcast: None,
            scope: 0,
            label: None,
            preferred_lifetime: address.is_ipv6().then_some(Duration::ZERO),
            detect_duplicates: false,
            home: false,
            manage_temporary: false,
            autojoin: false,
            prefix_route: true,
        }
    }
}
