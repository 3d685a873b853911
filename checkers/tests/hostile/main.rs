//! Every protocol against every kind of bad server, as a table: each attempt ends in its time, within
//! its memory, and for the right reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod allocation;
mod datagrams;
mod lies;
mod protocol;
mod server;
mod table;
