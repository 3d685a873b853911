//! What is measured, apart from how: the micro-benchmarks time it, `instructions` counts it.

#![allow(
    clippy::expect_used,
    reason = "a benchmark of something that fails would measure something else: it ends instead"
)]

pub mod vrrp;
