//! The director beside keepalived: the same file and the same events in two equal networks, and what
//! an outsider sees of either has to be the same.
//!
//! A [`Scenario`](scenario::Scenario) is a configuration and a row of steps. After each step both
//! are looked at until they agree, what the step is to bring about has come about, and nothing
//! changes any more; if that does not come to be, the differences are what the test fails with.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod observe;
mod scenario;
mod scene;
mod text;
mod wire;

mod failover;
mod fifo;
mod groups;
mod kernel;
mod reload;
mod servers;
mod table;
mod trackers;
mod tracking;
