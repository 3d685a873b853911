//! Linux driver for [`steadfast_vrrp`]: raw sockets, announcements, virtual addresses and virtual MACs.
//!
//! The driver decides nothing: it tells the virtual routers what arrives, what the time is and what
//! became of links and addresses, sends what they want sent, and makes the kernel hold their
//! addresses while they are Active, and only then. It runs on a thread of its own, so that nothing
//! else in a program can delay an advertisement.
//!
//! ```no_run
//! use steadfast_vrrp::router::VirtualAddresses;
//! use steadfast_vrrp::{Config, Priority, Vrid};
//! use steadfast_vrrp_linux::{Instance, Options, spawn};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let addresses = VirtualAddresses::new(["192.0.2.100".parse()?])?;
//! let config = Config::builder(Vrid::new(51)?, addresses).priority(Priority::new(100)?).build()?;
//! let (handle, mut notices) = spawn(vec![Instance::new("VI_1", "eth0", config)], Options::default())?;
//! while let Some(notice) = notices.next().await {
//!     println!("{notice:?}");
//! }
//! handle.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Addresses
//!
//! Addresses are level-triggered. What the kernel holds is compared with what the state says,
//! whenever either changes: an address left by an earlier run that crashed is removed at the start,
//! whatever its prefix, one that somebody deletes is put back, or given up
//! ([`Instance::on_lost_address`]). Advertisements go out first, then the addresses of all routers
//! that have become Active are configured with one request to the kernel, and once they are in they
//! are announced, as fast as [`Options::pace`] allows; one that could not be added is tried again
//! every second and holds up neither the others nor other instances.
//!
//! All of them come and go, also those of an owner: even that needs an address beside them to send
//! from.
//!
//! Packets to the addresses are accepted (Accept_Mode of RFC 9568) unless the configuration says
//! otherwise: then all but neighbour solicitations and advertisements are dropped, in a table of
//! nf_tables of the driver's own ([`Options::nftables`]), from before an address is there until after it
//! is gone. What the machine itself sends to them is dropped as well, and so is what IPVS would
//! forward. If somebody else removes it, as `nft flush ruleset` does, it is made again. After a crash
//! the table stays for the next start to take over.
//!
//! # Faults
//!
//! An interface without carrier, or without an address to send from, is a fault of its instances;
//! they start anew when it is over. How long a link must be down for that, and up again, can be
//! [said](Instance::link_delays).
//!
//! # While it runs
//!
//! Instances can be [added](Handle::add), [removed](Handle::remove) and
//! [reconfigured](Handle::reconfigure) while the others advertise as if nothing happened. Instances of
//! one [group](Instance::sync_group) are Active together or not at all.
//!
//! # Timing
//!
//! Changes to addresses, for which the kernel makes everybody wait in line, are made on a second
//! thread, so the one that advertises does not wait for them. Timers are the kernel's own of
//! `CLOCK_MONOTONIC`, not those of the runtime, which know whole milliseconds only. Whenever it
//! wakes, all packets that have arrived are taken in before a timer is judged, also after the whole
//! process was stopped; a flood of packets delays it by a bounded time. A packet counts from when
//! the kernel received it, not from when it was read.
//!
//! It scales to thousands of instances: none is looked at for the sake of another, packets are
//! received and sent many with one system call, those that come close together are read together, and
//! the kernel keeps away advertisements of virtual routers that are nobody's here.
//!
//! # When the program ends
//!
//! [`Handle::shutdown`], or dropping the [`Handle`], says goodbye: priority 0, so that the next
//! router takes over at once, then the addresses are removed. A program that crashes, is killed, or
//! calls `exit` says nothing, and leaves its addresses behind for the next start to remove.
//!
//! Unless it has a crash guard: a small second process, this program once more, which gives up for
//! it as soon as it is dead. The next router then takes over after its skew time instead of three
//! intervals more, and no address is left behind. It takes a call that comes first in `main`:
//!
//! ```no_run
//! use steadfast_vrrp_linux::{Options, run_if_guard, spawn};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // In the guard's process it does not return.
//!     let guard = run_if_guard();
//!     # let instances = Vec::new();
//!     let (handle, notices) = spawn(instances, Options { guard: Some(guard), ..Options::default() })?;
//!     # drop((handle, notices));
//!     // …
//!     Ok(())
//! }
//! ```
//!
//! A program that is started again at once can have its guard wait for that, and hand over:
//! [`Guard::stand_aside`]. Its routers that were Active go on as Active, their addresses were there all
//! the time, and the others have heard nothing but a short silence; unless one of them has taken over
//! meanwhile, which the new driver knows, since it inherits the sockets as well. A program that
//! supervises the one with the driver can be the guard itself: [`Executor`]. No guard helps when it dies as well: with the machine, when all processes
//! of a control group are killed, or with a process 1 that is the program. A crash counts from when
//! the kernel has written the memory image, if it writes one (core(5)).
//!
//! # keepalived's words
//!
//! Those that are of the protocol are in [`steadfast_vrrp`]. Here are
//!
//! | keepalived | here |
//! |---|---|
//! | `interface`, `mcast_src_ip`, `unicast_src_ip` | [`Instance::interface`], [`Instance::source`] |
//! | `virtual_ipaddress` with `dev`, `scope`, `label`, … | [`Instance::addresses`], [`VirtualAddress`] |
//! | `vrf` | the device of the VRF as [`Instance::interface`], with a [`Instance::source`] |
//! | `dynamic_interfaces` | [`Instance::dynamic_interfaces`] |
//! | `use_vmac`, `vmac_xmit_base` | [`Instance::virtual_mac`], [`VirtualMac`] |
//! | `use_vmac_addr` | [`Instance::virtual_interfaces`], [`VirtualInterface`] |
//! | `no_accept`, `nftables`, `nftables_priority` | [`Options::nftables`] |
//! | `dont_track_primary`, `track_src_ip` | [`Instance::track_interface`], [`Instance::track_source`] |
//! | `interface_up_down_delays` | [`Instance::link_delays`] |
//! | `vrrp_sync_group` | [`Instance::sync_group`] |
//! | `vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group` | [`Options::pace`], [`Options::pace_groups`] |
//! | `garp_extra_if` | [`Instance::announce_elsewhere`] |
//! | `vrrp_startup_delay` | [`Options::startup_delay`] |
//! | `vrrp_rx_bufs_policy` | [`Options::receive_buffer`] |
//! | `vrrp_rt_priority`, `vrrp_no_swap` | [`Options::realtime`], [`Options::lock_memory`] |
//! | `log_unknown_vrids` | [`Snapshot::unknown_vrids`] |
//!
//! Not here: `use_ipvlan`, `linkbeat_use_polling`, `vrrp_iptables` and `vrrp_ipsets` (nf_tables instead),
//! `virtual_routes`, `virtual_rules`.
//!
//! # Virtual MAC addresses
//!
//! With a [`VirtualMac`], neighbours and switches see the same MAC address whichever router is Active.

mod addresses;
mod arp_settings;
mod channel;
mod check;
mod clock;
mod driver;
mod error;
mod filter;
mod firewall;
mod frame;
mod groups;
mod guard;
mod instance;
mod instances;
mod interface;
mod macvlan;
mod mmsg;
mod netlink;
mod notice;
mod observed;
mod options;
mod paces;
mod packet_socket;
mod readiness;
mod receiver;
mod request;
mod running;
mod sender;
mod socket;
mod sources;
mod speaker;
mod sys;
mod sysctl;
mod virtual_address;
mod virtual_mac;
mod watched;
mod worker;

pub use driver::{Handle, Notices, spawn};
pub use error::Error;
pub use guard::{Execution, Executor, Guard, run_if_guard};
pub use instance::{AnnounceElsewhere, Instance, OnLostAddress, OtherInterfaces};
pub use notice::{Notice, NoticeKind, Snapshot};
pub use options::{InvalidRealtimePriority, Nftables, Options, PaceGroup, RealtimePriority};
pub use virtual_address::VirtualAddress;
pub use virtual_mac::{VirtualInterface, VirtualMac};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
