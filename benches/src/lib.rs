//! What is measured, apart from how: the micro-benchmarks time it, `instructions` counts it, `memory`
//! counts what it allocates.

#![allow(
    clippy::expect_used,
    reason = "a benchmark of something that fails would measure something else: it ends instead"
)]

pub mod checkers;
pub mod ipvs;
pub mod vrrp;
