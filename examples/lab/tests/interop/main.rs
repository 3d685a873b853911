//! The VRRP driver, and the director, on one LAN with the implementations that people run: keepalived and FRR.
//!
//! Each test is a scenario with one of them as the other router. Everything that passes the LAN
//! meanwhile is captured, and afterwards has to be right in the eyes of tcpdump and of our codec.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod frr;
mod keepalived;
mod ours;
mod peer;
mod scenario;
mod variant;
mod wire;
