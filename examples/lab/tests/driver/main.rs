//! What the VRRP driver makes of the kernel's addresses and links, and puts on the wire of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod absent;
mod accept;
mod addresses;
mod ending;
mod frames;
mod group;
mod link;
mod lost;
mod options;
mod reconfigure;
mod router;
mod thread;
mod transport;
mod unprivileged;
mod virtual_mac;
