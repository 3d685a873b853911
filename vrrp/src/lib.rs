//! VRRPv2 and VRRPv3 without I/O: packet codec and virtual router state machine.
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
