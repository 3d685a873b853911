use std::net::IpAddr;
use std::time::Duration;

use steadfast_vrrp::Config;
use steadfast_vrrp::debounce::Delays;
use steadfast_vrrp::router::FaultReason;

use crate::{VirtualAddress, VirtualInterface, VirtualMac};

/// One virtual router on one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// A name of your choice, by which commands and notices refer to it; unique.
    pub name: String,
    /// The interface it sends and listens on.
    pub interface: String,
    /// What the virtual router is.
    pub config: Config,
    /// The addresses it holds while Active, advertised or not.
    pub addresses: Vec<VirtualAddress>,
    /// Its own MAC address, where it does not share that of the interface.
    pub virtual_mac: Option<VirtualMac>,
    /// Virtual MAC addresses for some of its addresses.
    pub virtual_interfaces: Vec<VirtualInterface>,
    /// The address to send from; `None` is the interface's primary one, over IPv6 its link-local
    /// one.
    pub source: Option<IpAddr>,
    /// Whether it is a fault that nobody here has `source`: keepalived's `track_src_ip`. Without one, an
    /// interface that has no address to send from is a fault in any case.
    pub track_source: bool,
    /// The group whose members are Active together or not at all, if it is in one; then its
    /// configuration says so too, with
    /// [`sync_group`](steadfast_vrrp::router::ConfigBuilder::sync_group).
    pub sync_group: Option<String>,
    /// Whether loss of the interface's carrier is a fault.
    pub track_interface: bool,
    /// How long a change of the interface's link has to last until it counts: keepalived's
    /// `interface_up_down_delays`. An interface that is gone counts as down at once. Default not at
    /// all.
    pub link_delays: Delays,
    /// Whether the instance may start although an interface that it names is not there: without its
    /// own it is in Fault, and addresses on another wait, until the interface appears (keepalived's
    /// `dynamic_interfaces`). Otherwise that is an [error](crate::Error::NoInterface). One that goes
    /// later is waited for in any case.
    pub dynamic_interfaces: bool,
    /// A fault that it starts in, until [`Handle::clear_fault`](crate::Handle::clear_fault): what it
    /// depends on was down already.
    pub initial_fault: Option<FaultReason>,
    /// What to do when somebody else takes an address away from the Active router.
    pub on_lost_address: OnLostAddress,
    /// While Active, how to announce those of its addresses that are on other interfaces than its
    /// advertisements, which keep no switch there informed: keepalived's `garp_extra_if`. Default
    /// not at all after the first time.
    pub announce_elsewhere: Option<AnnounceElsewhere>,
}

/// How addresses on other interfaces than the advertisements' are announced again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnounceElsewhere {
    /// How often; zero is never.
    pub interval: Duration,
    /// On which of these interfaces.
    pub on: OtherInterfaces,
}

/// Interfaces that have addresses of an instance but not its advertisements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherInterfaces {
    /// Those of [virtual MAC addresses](VirtualMac) alone that advertisements do not come from: no
    /// other MAC address need be told to switches.
    VirtualMac,
    /// All: keepalived's `garp_extra_if all`.
    All,
}

/// What to do when somebody else takes an address away from an Active router. Either way it is
/// [reported](crate::NoticeKind::AddressLost).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnLostAddress {
    /// It is put back at once, and announced.
    #[default]
    PutBack,
    /// Whoever did it will have had a reason: the instance goes to Fault, so that another router
    /// takes over, and stays there until [`Handle::clear_fault`](crate::Handle::clear_fault).
    GiveUp,
}

impl Instance {
    /// An instance that holds the addresses of its configuration, each alone in its prefix, on its
    /// own interface.
    pub fn new(name: impl Into<String>, interface: impl Into<String>, config: Config) -> Self {
        Self {
            name: name.into(),
            interface: interface.into(),
            addresses: config.held_addresses().map(VirtualAddress::new).collect(),
            config,
            virtual_mac: None,
            virtual_interfaces: Vec::new(),
            source: None,
            track_source: false,
            sync_group: None,
            track_interface: true,
            link_delays: Delays::default(),
            dynamic_interfaces: false,
            initial_fault: None,
            on_lost_address: OnLostAddress::default(),
            announce_elsewhere: None,
        }
    }

    /// Whether packets to its addresses are accepted while it is Active.
    pub(crate) fn accepts(&self) -> bool {
        self.config.accept() || self.config.is_owner()
    }

    /// Which addresses it has, and on which interface.
    pub(crate) fn places(&self) -> impl Iterator<Item = (IpAddr, &String)> {
        self.addresses.iter().map(|held| (held.address, self.interface_of(held)))
    }

    /// All interfaces with virtual MAC addresses that are made for it.
    pub(crate) fn macvlans(&self) -> Vec<VirtualInterface> {
        let own = self.virtual_mac.as_ref().map(|virtual_mac| VirtualInterface {
            interface: virtual_mac.interface.clone(),
            address: virtual_mac.address,
            base: self.interface.clone(),
        });
        own.into_iter().chain(self.virtual_interfaces.iter().cloned()).collect()
    }

    /// Whether an interface is made for some of its addresses alone.
    pub(crate) fn makes(&self, interface: &String) -> bool {
        self.virtual_interfaces.iter().any(|made| made.interface == *interface)
    }

    /// The interface that an address of the instance is for.
    pub(crate) fn interface_of<'a>(&'a self, address: &'a VirtualAddress) -> &'a String {
        let of_virtual_mac = self.virtual_mac.as_ref().map(|virtual_mac| &virtual_mac.interface);
        address.interface.as_ref().or(of_virtual_mac).unwrap_or(&self.interface)
    }
}
