//! The conformance list, one test a row, in virtual time. The letter and number in a test's name
//! are those of its row: R receive, I Initialize, B Backup, A Active, G announcements, S send, C
//! configuration, X what this crate adds to the standard, P what holds in any network.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod active;
mod announce;
mod authentication_header;
mod backup;
mod configuration;
mod counters;
mod document;
mod election;
mod fault;
mod group;
mod hostile;
mod initialize;
mod lan;
mod oversleep;
mod preempt;
mod reasons;
mod receive;
mod resumption;
mod send;
mod support;
mod tracking;
mod unicast;
