//! Linux driver for [`steadfast_vrrp`]: raw sockets, gratuitous ARP, and virtual addresses.
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
//! whatever its prefix, one that somebody deletes is put back. An Active router's advertisement goes
//! out first, then its addresses are configured with one request to the kernel, and once they are in
//! they are announced; one that could not be added is tried again every second and holds up neither
//! the others nor other instances.
//!
//! All of them come and go, also those of an owner: even that needs an address beside them to send
//! from.
//!
//! # Faults
//!
//! An interface without carrier, or without an address to send from, is a fault of its instances;
//! they start anew when it is over.
//!
//! # Timing
//!
//! Changes to addresses, for which the kernel makes everybody wait in line, are made on a second
//! thread, so the one that advertises does not wait for them. Timers are the kernel's own of
//! `CLOCK_MONOTONIC`, not those of the runtime, which know whole milliseconds only. Whenever it
//! wakes, all packets that have arrived are taken in before a timer is judged, also after the whole
//! process was stopped; a flood of packets delays it by a bounded time.
//!
//! # When the program ends
//!
//! [`Handle::shutdown`], or dropping the [`Handle`], says goodbye: priority 0, so that the next
//! router takes over at once, then the addresses are removed. A program that is killed, or calls
//! `exit`, leaves its addresses behind for the next start to remove, as a crash does.
//!
//! # Not yet
//!
//! IPv6 virtual routers and virtual MAC addresses.

mod addresses;
mod check;
mod clock;
mod destination;
mod driver;
mod error;
mod instance;
mod interface;
mod netlink;
mod notice;
mod observed;
mod options;
mod running;
mod socket;
mod speaker;
mod sys;
mod watched;
mod worker;

pub use destination::{Destination, UnicastPeer};
pub use driver::{Handle, Notices, spawn};
pub use error::Error;
pub use instance::{Instance, VirtualAddress};
pub use notice::{Notice, NoticeKind, Snapshot};
pub use options::{InvalidRealtimePriority, Options, RealtimePriority};
