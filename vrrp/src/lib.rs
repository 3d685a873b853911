//! VRRPv2 and VRRPv3 without I/O: packet codec and virtual router state machine.
//!
//! The Virtual Router Redundancy Protocol lets several machines hold one set of IP addresses,
//! one machine at a time: the *Active* router advertises itself to its *Backups*, and when it
//! falls silent, the Backup of the highest priority takes over, within a few intervals.
//!
//! This crate decides all of that and does none of it. It opens no socket, reads no clock and
//! starts no thread: time is an argument, packets are byte slices, and what is to be done is
//! asked for. So the same code runs under epoll, under an async runtime, in a unit test in
//! virtual time, or ten thousand times in a simulation. It needs `alloc` but not `std`, has no
//! `unsafe`, and cannot be made to panic by anything on the wire.
//!
//! - [`VirtualRouter`] is the state machine: one VRID on one interface in one address family.
//! - [`group::SyncGroup`] keeps several of them Active together or not at all.
//! - [`priority::Effective`] weighs what is tracked into a priority or a fault.
//! - [`packet`] decodes and encodes advertisements, and is of use without the rest.
//! - [`announce`] makes the gratuitous ARP and neighbour advertisements of a takeover.
//!
//! # The run loop
//!
//! A router is driven by four steps, over and over: do what it wants done, sleep until it wants
//! to be woken or a packet comes, hand in *every* packet there is, then the time.
//!
//! ```
//! use std::net::IpAddr;
//!
//! use steadfast_vrrp::announce::GratuitousArp;
//! use steadfast_vrrp::packet::{MAX_LEN, MULTICAST_IPV4};
//! use steadfast_vrrp::router::{Event, State, Transmit, VirtualAddresses};
//! use steadfast_vrrp::{Config, Instant, MacAddress, Priority, VirtualRouter, Vrid};
//! # fn send_multicast(_: &[u8]) {}
//! # fn send_frame(_: &[u8]) {}
//! # fn add_addresses(_: &Config) {}
//! # fn remove_addresses(_: &Config) {}
//!
//! let addresses = VirtualAddresses::new(["192.0.2.100".parse()?])?;
//! let config = Config::builder(Vrid::new(51)?, addresses)
//!     .priority(Priority::new(150)?)
//!     .build()?;
//! let mut router = VirtualRouter::new(config);
//! router.set_source(Some("192.0.2.10".parse()?));
//!
//! let mut now = Instant::from_nanos(0);
//! let mut installed = false;
//! router.handle_startup(now);
//! # let end = Instant::from_nanos(10_000_000_000);
//! loop {
//!     // 1. What the router wants done.
//!     while let Some(event) = router.poll_event() {
//!         if let Event::StateChange(change) = event {
//!             println!("{} to {}: {}", change.from, change.to, change.reason);
//!         }
//!     }
//!     if router.holds_addresses() != installed {
//!         installed = router.holds_addresses();
//!         if installed {
//!             add_addresses(router.config());
//!             router.handle_addresses_installed(now);
//!         } else {
//!             remove_addresses(router.config());
//!         }
//!     }
//!     while let Some(transmit) = router.poll_transmit() {
//!         match transmit {
//!             Transmit::Advertisement(advertise) => {
//!                 let mut buffer = [0; MAX_LEN];
//!                 let carrier = advertise.carrier(MULTICAST_IPV4.into()).ok_or("not IPv4")?;
//!                 let length = router.encode(&advertise, carrier, &mut buffer)?;
//!                 send_multicast(&buffer[..length]);
//!             }
//!             Transmit::Announce(announce) => {
//!                 if let IpAddr::V4(address) = announce.address {
//!                     let mac = MacAddress([0x02, 0, 0, 0, 0, 1]);
//!                     send_frame(&GratuitousArp { mac, address }.encode());
//!                 }
//!             }
//!         }
//!     }
//!
//!     // 2. Sleep until then, or until a packet comes. Here, time flies.
//!     let Some(timeout) = router.poll_timeout() else { break };
//!     now = timeout.at;
//! #   if now > end { break }
//!
//!     // 3. Every packet: router.handle_packet(now, &received, payload).
//!
//!     // 4. Then the time.
//!     router.handle_timeout(now);
//! }
//! assert_eq!(router.state(), State::Active);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `udp` is this loop grown up: two routers that elect one over UDP on the loopback
//! interface, with a socket, a clock and a thread each, and nothing left out but the addresses:
//! `cargo run -p steadfast-vrrp --example udp`.
//!
//! # What the loop owes the router
//!
//! - **Packets before time.** A Backup takes silence for death. An advertisement that lies
//!   unread in a socket is not silence, so read until the socket is empty before
//!   [`handle_timeout`](VirtualRouter::handle_timeout). The kernel's receive timestamp as
//!   [`arrival`](router::Received::arrival) makes the loop's own delay cost nothing.
//! - **One clock**, monotonic, for all [`Instant`]s given to a router.
//! - **Addresses follow [`holds_addresses`](VirtualRouter::holds_addresses)**, a level: if they
//!   are found missing, or there when they should not be, put it right at any time.
//!
//! Nothing else. Calls may come too often or too early; queues are bounded, nothing is
//! allocated after [`VirtualRouter::new`], and what nobody takes is replaced or counted as lost.
//!
//! # When the loop was late
//!
//! A paused virtual machine or a starved process wakes long after its deadline, with packets
//! lost meanwhile: what it did not hear proves nothing. So a Backup that would become Active
//! more than half an advertisement interval late listens again first, for two intervals, and an
//! Active router so late that another may have taken its place stays silent for one and a half,
//! keeps its addresses, and speaks only if it hears no better router; without preemption any
//! router counts as better that took over. Both say so with [`Event::Overslept`](router::Event::Overslept).
//!
//! # The standard, row by row
//!
//! `CONFORMANCE.md` in the package lists what RFC 9568, RFC 3768 and keepalived ask of a router, and
//! the tests that hold this one to it. `src/router/transitions.rs` is section 6.4 of the RFC as one
//! table.
//!
//! # Beyond the standard
//!
//! [`State::Fault`](router::State::Fault) is for what is tracked outside: links, scripts,
//! processes. What keepalived can be told of a router is here under its names, with its meanings
//! and defaults:
//!
//! | keepalived | here |
//! |---|---|
//! | `virtual_router_id`, `virtual_ipaddress`, `_excluded` | [`Config::builder`], [`unadvertised_addresses`](router::ConfigBuilder::unadvertised_addresses) |
//! | `version`, `priority`, `advert_int` | [`version`](router::ConfigBuilder::version), [`priority`](router::ConfigBuilder::priority), [`interval`](router::ConfigBuilder::interval) |
//! | `nopreempt`, `preempt_delay` | [`preempt`](router::ConfigBuilder::preempt), [`preempt_delay`](router::ConfigBuilder::preempt_delay) |
//! | `auth_type PASS`, `AH` | [`authentication`](router::ConfigBuilder::authentication), [`authentication_header`](router::ConfigBuilder::authentication_header) |
//! | `v3_checksum_as_v2` | [`checksum`](router::ConfigBuilder::checksum), [`checksum_policy`](router::ConfigBuilder::checksum_policy) |
//! | `mcast_dst_ip`, `unicast_peer`, `unicast_ttl`, `check_unicast_src` | [`destination`](router::ConfigBuilder::destination) |
//! | `mcast_src_ip`, `unicast_src_ip` | [`VirtualRouter::set_source`] |
//! | `skip_check_adv_addr` | [`address_list_check`](router::ConfigBuilder::address_list_check) |
//! | `down_timer_adverts` | [`down_timer_adverts`](router::ConfigBuilder::down_timer_adverts) |
//! | `lower_prio_no_advert`, `higher_prio_send_advert` | [`lower_prio_no_advert`](router::ConfigBuilder::lower_prio_no_advert), [`higher_prio_send_advert`](router::ConfigBuilder::higher_prio_send_advert) |
//! | `owner_ignore_adverts` | [`owner_ignore_adverts`](router::ConfigBuilder::owner_ignore_adverts) |
//! | `timer_expired_backup` | [`timer_expired_backup`](router::ConfigBuilder::timer_expired_backup) |
//! | `garp_master_*`, `garp_lower_prio_*` | [`announce`](router::ConfigBuilder::announce) |
//! | `garp_interval`, `gna_interval` | [`announce::Pacer`] |
//! | `accept`, `no_accept`, `strict_mode` | [`accept`](router::ConfigBuilder::accept), [`strict`](router::ConfigBuilder::strict) |
//! | `interface_up_down_delays` | [`debounce::Debounce`] |
//! | `vrrp_sync_group` | [`group::SyncGroup`], [`sync_group`](router::ConfigBuilder::sync_group) |
//! | `track_interface`, `_script`, `_file`, `_process` | [`priority::Effective`] |
//!
//! Not here:
//!
//! - `state MASTER` has no counterpart: every router starts as Backup, but the owner, and one that
//!   [resumes](VirtualRouter::handle_resumption).
//! - `auth_hmac`, of keepalived 2.4.
//! - `old_unicast_checksum`, for keepalived up to 1.3.6.
//! - keepalived's own way of two owners, of whom one falls to 254: here they settle by address, as
//!   erratum 8298 has it.
//! - VRRPv2 and VRRPv3 side by side in one virtual router (RFC 9568 section 8.4).
//! - Whatever it takes a system for: interfaces, addresses, `use_vmac`, `no_accept`, `garp_group`,
//!   `garp_extra_if`, `track_src_ip`, `vrrp_startup_delay` are in `steadfast-vrrp-linux`; scripts,
//!   mail, routes and rules in neither.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod announce;
pub mod debounce;
pub mod group;
mod interval;
mod mac;
pub mod packet;
pub mod priority;
pub mod router;
mod time;
mod version;
mod vrid;

pub use interval::{AdverInterval, InvalidInterval};
pub use mac::MacAddress;
pub use priority::{InvalidPriority, Priority};
pub use router::{Config, VirtualRouter};
pub use time::Instant;
pub use version::{Family, Version};
pub use vrid::{InvalidVrid, Vrid};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
