//! What the fuzz targets do with the bytes that a fuzzer gives them: each function here is the body
//! of the target of its name. It panics if something does not hold that should.
//!
//! [`seeds`] makes the corpora they start from. Those are kept in `fuzz/corpus` and are replayed by
//! ordinary tests, so that a case once found stays found where there is no fuzzer.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is how a fuzz target says that it found something"
)]

mod checkers;
mod conf;
mod input;
mod ipvs_reply;
pub mod seeds;
mod vrrp_ah;
mod vrrp_decode;
mod vrrp_round_trip;
mod vrrp_router;

pub use checkers::{
    checkers_agent, checkers_dns, checkers_grpc, checkers_http, checkers_options, checkers_smtp,
};
pub use conf::conf;
pub use ipvs_reply::ipvs_reply;
pub use vrrp_ah::vrrp_ah;
pub use vrrp_decode::vrrp_decode;
pub use vrrp_round_trip::vrrp_round_trip;
pub use vrrp_router::vrrp_router;

/// The body of a fuzz target.
pub type Body = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Body); 12] = [
    ("ipvs_reply", ipvs_reply),
    ("checkers_agent", checkers_agent),
    ("checkers_dns", checkers_dns),
    ("checkers_grpc", checkers_grpc),
    ("checkers_http", checkers_http),
    ("checkers_options", checkers_options),
    ("checkers_smtp", checkers_smtp),
    ("conf", conf),
    ("vrrp_ah", vrrp_ah),
    ("vrrp_decode", vrrp_decode),
    ("vrrp_round_trip", vrrp_round_trip),
    ("vrrp_router", vrrp_router),
];
