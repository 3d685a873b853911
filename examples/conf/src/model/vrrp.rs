use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::Span;

use super::{Priority, Script, TrackWeight, Vrid, VrrpVersion};

/// `vrrp_instance NAME { }`: one virtual router on one interface, IPv4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Its name; unique.
    pub name: String,
    /// `interface`: where it sends and listens.
    pub interface: String,
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
    /// `authentication` with `auth_type PASS`; version 2 only.
    pub auth: Option<AuthPass>,
    /// `virtual_ipaddress`: what it advertises and, as MASTER, holds. At most 255.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: held as MASTER, but not advertised.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `mcast_src_ip`: the source of advertisements. `None`: the interface's first address.
    pub source_address: Option<Ipv4Addr>,
    /// Where advertisements go: `mcast_dst_ip`, or `vrrp_mcast_group4`, or 224.0.0.18.
    pub multicast_group: Ipv4Addr,
    /// Whether it takes over from a living MASTER of lower priority (no `nopreempt`).
    pub preempt: bool,
    /// `preempt_delay`: how long it waits before it does.
    pub preempt_delay: Duration,
    /// `strict_mode`, or `vrrp_strict`. What follows from it is already applied to the other fields.
    pub strict: bool,
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
    /// `v3_checksum_as_v2`: in version 3, leave the pseudo-header out of the checksum.
    pub v3_checksum_as_v2: bool,
    /// Whether loss of its own interface is a FAULT (no `dont_track_primary`).
    pub track_primary: bool,
    /// `track_script`: each names a script of the model.
    pub track_scripts: Vec<TrackScript>,
    /// `notify` and its kin.
    pub notify: InstanceNotify,
    /// Where its name was written.
    pub span: Span,
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

/// The simple password of VRRP version 2: eight bytes, padded with zeros.
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

/// One line of `virtual_ipaddress { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix; 32 if none was given.
    pub prefix_len: u8,
    /// `brd`, with `+` and `-` already computed.
    pub broadcast: Option<Ipv4Addr>,
    /// `dev`, otherwise the instance's interface.
    pub interface: String,
    /// `scope`, as the kernel numbers it: 0 global, 200 site, 253 link, 254 host.
    pub scope: u8,
    /// `label`: the alias old tools show; at most 15 bytes.
    pub label: Option<String>,
    /// Where the address was written.
    pub span: Span,
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
}

/// One line of `track_script { }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackScript {
    /// The name of a [`VrrpScript`](super::VrrpScript) of the model.
    pub script: String,
    /// What it does to the priority here: the weight given on the line, otherwise the script's.
    pub weight: TrackWeight,
    /// Where the name was written.
    pub span: Span,
}

/// The scripts an instance runs when its state changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceNotify {
    /// `notify_master`.
    pub master: Option<Script>,
    /// `notify_backup`.
    pub backup: Option<Script>,
    /// `notify_fault`.
    pub fault: Option<Script>,
    /// `notify_stop`.
    pub stop: Option<Script>,
    /// `notify`: run for every state, with `INSTANCE`, the name, the state and the priority as further
    /// arguments.
    pub any: Option<Script>,
}
