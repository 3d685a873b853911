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
//! more than half an advertisement interval late listens again first, and an Active router so
//! late that another may have taken its place stays silent for an interval, keeps its addresses,
//! and speaks only if it hears no better router; without preemption any router counts as better
//! that took over. Both say so with [`Event::Overslept`](router::Event::Overslept).
//!
//! # Beyond the standard
//!
//! [`State::Fault`](router::State::Fault) is for what is tracked outside: links, scripts,
//! processes. Options that keepalived has and the RFCs do not are in
//! [`ConfigBuilder`](router::ConfigBuilder), each with keepalived's default.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod announce;
mod interval;
mod mac;
pub mod packet;
mod priority;
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
