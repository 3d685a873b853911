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
//! use steadfast_vrrp_linux::{Instance, spawn};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let addresses = VirtualAddresses::new(["192.0.2.100".parse()?])?;
//! let config = Config::builder(Vrid::new(51)?, addresses).priority(Priority::new(100)?).build()?;
//! let (handle, mut notices) = spawn(vec![Instance::new("VI_1", "eth0", config)])?;
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
//! whenever either changes: an address left by an earlier run that crashed is removed at the start
//! (or kept, if the router becomes Active before), one that somebody deletes is put back. An Active
//! router's advertisement goes out first, then its addresses are configured all at once, and once
//! they are in they are announced.
//!
//! # Faults
//!
//! An interface without carrier, or without an address to send from, is a fault of its instances;
//! they start anew when it is over.

mod driver;
mod error;
mod instance;
mod netlink;
mod notice;
mod observed;
mod socket;
mod speaker;
mod sys;

pub use driver::{Handle, Notices, spawn};
pub use error::Error;
pub use instance::{Instance, VirtualAddress};
pub use notice::{Notice, NoticeKind, Snapshot};
