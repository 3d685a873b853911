use steadfast_vrrp::{Family, MacAddress, Vrid};

/// The MAC address of the virtual router itself, on an interface made for it (keepalived's
/// `use_vmac`): a macvlan on the instance's interface. The neighbours and switches then see one
/// MAC address, whichever router is Active (RFC 9568 section 7.3).
///
/// The macvlan is made at the start, or taken over from an earlier run that crashed, and removed at
/// an orderly stop. It is up only while the router is Active, so that a Backup receives nothing
/// that is sent to the virtual MAC (RFC 9568 section 6.4.2). Its mode is VEPA: in
/// keepalived's private mode, what another router sends from the same MAC would not arrive at the
/// interface itself.
///
/// Both interfaces then answer ARP only for what is their own: `arp_ignore` 1 and `arp_announce` 2.
/// Those of the instance's interface are restored at the stop; the macvlan's `ifalias` keeps what
/// they were over a crash. Packets to the virtual address come in where the way back does not go
/// out, so the macvlan has no strict `rp_filter`. It has no address of its own, neither IPv4 nor
/// IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualMac {
    /// The name of the macvlan, of 1 to 15 bytes; no other interface may have it.
    pub interface: String,
    /// Its MAC address.
    pub address: MacAddress,
    /// Whether advertisements are sent from the MAC address of the instance's interface all the same
    /// (keepalived's `vmac_xmit_base`). Those to unicast peers always are.
    pub xmit_base: bool,
}

impl VirtualMac {
    /// The address that the standard gives the virtual router, on an interface with keepalived's
    /// name for it: `vrrp.51`. Choose other names where the same VRID is used twice on a machine.
    pub fn new(vrid: Vrid, family: Family) -> Self {
        Self {
            interface: format!("vrrp.{vrid}"),
            address: MacAddress::virtual_router(vrid, family),
            xmit_base: false,
        }
    }
}

/// A virtual MAC address for addresses that the [`VirtualMac`] of the instance does not serve, as on
/// another interface (keepalived's `use_vmac_addr`): a macvlan as there. Addresses name it as their
/// [`interface`](crate::VirtualAddress::interface).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualInterface {
    /// The name of the macvlan, of 1 to 15 bytes; no other interface may have it.
    pub interface: String,
    /// Its MAC address.
    pub address: MacAddress,
    /// The interface that it is on.
    pub base: String,
}
