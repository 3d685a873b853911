use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::{Family, InstanceNotify, Place, Priority, Route, Rule, Tracking, Vrid, VrrpVersion};

/// `vrrp_instance NAME { }`: one virtual router on one interface, of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Its name; unique.
    pub name: String,
    /// `interface`, or the device of `vrf`: where it sends and listens. `None`, with unicast only: the
    /// interface that has [`source_address`](Self::source_address), which is given then.
    pub interface: Option<String>,
    /// The family of its advertised addresses, and of its packets.
    pub family: Family,
    /// `virtual_router_id`; unique on its interface.
    pub vrid: Vrid,
    /// `version`.
    pub version: VrrpVersion,
    /// `state`, after the rules that override it. Matters only for the owner (priority 255).
    pub state: InitialState,
    /// `priority`.
    pub priority: Priority,
    /// `advert_int`: whole seconds up to 255 in version 2; hundredths up to 40.95 s in version 3.
    pub advert_interval: Duration,
    /// `authentication`; version 2 only.
    pub auth: Option<Authentication>,
    /// `virtual_ipaddress`: what it advertises and, as MASTER, holds. At most 255.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: held as MASTER, but not advertised. Of either family.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `virtual_routes`: routes that are there while it is MASTER.
    pub routes: Vec<Route>,
    /// `virtual_rules`: rules that are there while it is MASTER.
    pub rules: Vec<Rule>,
    /// `mcast_src_ip` or `unicast_src_ip`: the source of advertisements. `None`: the interface's first
    /// address.
    pub source_address: Option<IpAddr>,
    /// `track_src_ip`: whether it is in FAULT while its interface lacks the source address.
    pub track_source: bool,
    /// Where advertisements go, and whence they are taken.
    pub destination: Destination,
    /// `use_vmac`: its own MAC address, where it does not share that of the interface.
    pub virtual_mac: Option<VirtualMac>,
    /// `use_vmac_addr`, and `use_vmac` after an address: interfaces with virtual MAC addresses for
    /// addresses that [`virtual_mac`](Self::virtual_mac) does not serve.
    pub virtual_interfaces: Vec<VirtualInterface>,
    /// `promote_secondaries`: whether removing the first address of a prefix leaves the others on its
    /// interface.
    pub promote_secondaries: bool,
    /// Whether it takes over from a living MASTER of lower priority (no `nopreempt`).
    pub preempt: bool,
    /// `preempt_delay`: how long it waits before it does.
    pub preempt_delay: Duration,
    /// `strict_mode`, or `vrrp_strict`. What follows from it is already applied to the other fields.
    pub strict: bool,
    /// Whether packets to its addresses are accepted while it is MASTER: no `no_accept`, nor strict mode
    /// without `accept`.
    pub accept: bool,
    /// How its addresses are announced.
    pub garp: Garp,
    /// `down_timer_adverts`: missed advertisements after which the MASTER counts as down; at least 1.
    pub down_timer_adverts: u8,
    /// `lower_prio_no_advert`: as MASTER, leave an advertisement of lower priority unanswered.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`: as MASTER, send one more advertisement when giving way to a higher one.
    pub higher_prio_send_advert: bool,
    /// `skip_check_adv_addr`: do not compare the address list of a MASTER already heard.
    pub skip_check_adv_addr: bool,
    /// `owner_ignore_adverts`: as the owner (priority 255), listen to nobody.
    pub owner_ignore_adverts: bool,
    /// `v3_checksum_as_v2`: in version 3, leave the pseudo-header out of the checksum.
    pub v3_checksum_as_v2: bool,
    /// Whether loss of its own interface is a FAULT (no `dont_track_primary`).
    pub track_primary: bool,
    /// What it depends on.
    pub tracking: Tracking,
    /// `notify` and its kin.
    pub notify: InstanceNotify,
    /// Where its name was written.
    pub span: Place,
}

impl VrrpInstance {
    /// The interface that one of its addresses is for; `None` if only the kernel knows, as for the
    /// [`interface`](Self::interface) of the instance.
    #[must_use]
    pub fn interface_of<'a>(&'a self, address: &'a VirtualAddress) -> Option<&'a str> {
        let own = self.virtual_mac.as_ref().map(|virtual_mac| &virtual_mac.interface);
        let virtual_interface = address.virtual_interface.as_ref();
        virtual_interface
            .or(address.interface.as_ref())
            .or(own)
            .or(self.interface.as_ref())
            .map(String::as_str)
    }
}

/// An interface with a virtual MAC address for some addresses of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualInterface {
    /// Its name: that which keepalived would give it.
    pub interface: String,
    /// Its MAC address: that of `use_vmac`, or the standard's for the family of the addresses.
    pub address: [u8; 6],
    /// The interface that it is made on.
    pub base: String,
}

/// Where the advertisements of an instance go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A group: `mcast_dst_ip`, or `vrrp_mcast_group4` or `vrrp_mcast_group6`, or the standard's.
    Multicast(IpAddr),
    /// `unicast_peer`: these routers one by one.
    Unicast {
        /// The peers; at least one.
        peers: Vec<UnicastPeer>,
        /// `unicast_ttl`: the TTL or hop limit to send with.
        ttl: u8,
        /// `check_unicast_src`: whether nobody else is listened to. A bound on any peer's TTL implies it.
        check_source: bool,
    },
    /// `unicast_fault_no_peer` without any peer: it stays in FAULT. The group is where its
    /// advertisements would go without that keyword.
    NoPeer(IpAddr),
}

/// One line of `unicast_peer { }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnicastPeer {
    /// Its address.
    pub address: IpAddr,
    /// `min_ttl`: the least TTL its packets may arrive with.
    pub min_ttl: u8,
    /// `max_ttl`: the greatest.
    pub max_ttl: u8,
}

/// `use_vmac`: the MAC address of the virtual router on an interface of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualMac {
    /// The name of that interface; no other instance has it.
    pub interface: String,
    /// The MAC address.
    pub address: [u8; 6],
    /// `vmac_xmit_base`: whether advertisements are sent from the instance's interface all the same.
    pub xmit_base: bool,
}

/// `state`: which state an instance hopes to start in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InitialState {
    /// `MASTER`.
    Master,
    /// `BACKUP`.
    #[default]
    Backup,
}

/// How routers of VRRP version 2 know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// `auth_type PASS`: by a password in each advertisement.
    Password(AuthPass),
    /// `auth_type AH`: by an IP Authentication Header, made with the password.
    Header(AuthPass),
}

/// The password of VRRP version 2: eight bytes, padded with zeros.
///
/// Its `Debug` output does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthPass([u8; 8]);

impl AuthPass {
    /// The password as keepalived sends it: the first eight bytes, padded with zeros.
    #[must_use]
    pub fn new(password: &str) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(password.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    /// The bytes on the wire.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Debug for AuthPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthPass(********)")
    }
}

/// One line of `virtual_ipaddress { }` or `static_ipaddress { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix, or of that of its peer; 32 or 128 if none was given.
    pub prefix_len: u8,
    /// `peer`: the other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// `brd`, with `+` and `-` already computed.
    pub broadcast: Option<Ipv4Addr>,
    /// `dev`. `None`: the interface of the instance's virtual MAC, or its own.
    pub interface: Option<String>,
    /// `use_vmac`: the one of [`VrrpInstance::virtual_interfaces`] that it is on; that is on
    /// [`interface`](Self::interface) then.
    pub virtual_interface: Option<String>,
    /// `scope`, as the kernel numbers it: 0 global, 200 site, 253 link, 254 host.
    pub scope: u8,
    /// `label`: the alias old tools show; at most 15 bytes.
    pub label: Option<String>,
    /// `preferred_lft`, in seconds: for how long programs that do not care may send from it. `None`:
    /// for ever. An IPv6 address alone in its prefix has zero unless it says otherwise.
    pub preferred_lifetime: Option<Duration>,
    /// `-nodad`: whether the neighbours are asked first if one of them has it (IPv6).
    pub detect_duplicates: bool,
    /// `home`: whether it is a mobile node's home address (IPv6).
    pub home: bool,
    /// `mngtmpaddr`: whether the kernel makes temporary addresses from it (IPv6).
    pub manage_temporary: bool,
    /// `autojoin`: whether the kernel joins it as a multicast group.
    pub autojoin: bool,
    /// Whether the kernel makes a route to its prefix (no `noprefixroute`).
    pub prefix_route: bool,
    /// Where the address was written.
    pub span: Place,
}

/// When and how often an instance tells its neighbours about its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garp {
    /// `garp_master_delay`: second burst this long after becoming MASTER; zero for none.
    pub master_delay: Duration,
    /// `garp_master_repeat`: announcements per address in a burst; at least 1.
    pub master_repeat: u32,
    /// `garp_master_refresh`: announce again this often; zero for never.
    pub master_refresh: Duration,
    /// `garp_master_refresh_repeat`: announcements per address each time; at least 1.
    pub master_refresh_repeat: u32,
    /// `garp_lower_prio_delay`: second burst this long after an advertisement of lower priority; zero for none.
    pub lower_prio_delay: Duration,
    /// `garp_lower_prio_repeat`: announcements per address after an advertisement of lower priority;
    /// zero for none.
    pub lower_prio_repeat: u32,
    /// `garp_extra_if`: how addresses on other interfaces are announced again and again.
    pub extra: Option<ExtraGarp>,
}

/// `garp_extra_if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraGarp {
    /// How often; never zero.
    pub interval: Duration,
    /// `all`: whether on every interface that has an address of the instance and not its
    /// advertisements, not on that of its virtual MAC alone.
    pub all: bool,
}
