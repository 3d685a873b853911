//! A virtual LAN in virtual time, to find out what VRRP routers do when everything goes wrong.
//!
//! [`run`] builds a world from a seed: some hosts with one virtual router each (the real state
//! machine of [`steadfast_vrrp`], which hears and sends real packets, encoded and decoded), clocks
//! that drift, and a network. Then it makes hours pass in fractions of a second:
//!
//! - in *chaos* packets are lost, delayed, duplicated, damaged and overtake each other, links fail
//!   in one direction, processes and machines pause, crash and restart, addresses, priorities and
//!   configurations change, wake-ups come late;
//! - in the *calm* after it nothing is wrong, or one thing is done at a time: a router joins, gives
//!   up, crashes, pauses.
//!
//! On every step the [properties](Property) are checked, those of one router at any time, those of
//! all together in the calm, with bounds that follow from the standard, the configuration, and what
//! the network takes. A world is a function of its seed and [`Options`]: what failed once fails
//! again, with a watcher that is told everything.
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast_vrrp_sim::{Options, Routers, run};
//!
//! let options = Options {
//!     routers: Routers::new(3)?,
//!     sync_groups: false,
//!     duration: Duration::from_secs(600),
//! };
//! let coverage = run(1, &options, &mut |_moment| {}).map_err(|failure| failure.to_string())?;
//! assert!(coverage.sent > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the simulator is a test: what it indexes and builds it has made itself"
)]

mod agenda;
mod coverage;
mod failure;
mod fault;
mod grouped;
mod harm;
mod host;
mod lan;
mod operate;
mod options;
mod property;
mod random;
mod script;
mod simulation;
mod time;
mod trace;
mod witness;
mod world;

pub use coverage::Coverage;
pub use failure::Failure;
pub use fault::Fault;
pub use options::{InvalidRouters, Options, Routers};
pub use property::{Property, Violation};
pub use time::Time;
pub use trace::{Moment, What};

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::grouped::Grouped;
use crate::simulation::Simulation;
use crate::trace::Trace;

/// Simulates the world of `seed`, and tells `watcher` every moment of it.
pub fn run(
    seed: u64,
    options: &Options,
    watcher: &mut dyn FnMut(&Moment),
) -> Result<Coverage, Box<Failure>> {
    let trace = Trace::new(watcher);
    let fail = |at, violation, world, trace: Trace<'_>| {
        let last = trace.into_last();
        Box::new(Failure { seed, options: *options, at, violation, world, last })
    };
    if options.sync_groups {
        let mut it = Grouped::new(seed, options, trace);
        match unless_it_panics(|| it.run(options.duration)) {
            Ok(()) => Ok(it.coverage),
            Err(violation) => Err(fail(it.now, violation, it.describe(), it.trace)),
        }
    } else {
        let mut it = Simulation::new(seed, options, trace);
        match unless_it_panics(|| it.run(options.duration)) {
            Ok(()) => Ok(it.coverage),
            Err(violation) => Err(fail(it.now, violation, it.describe(), it.trace)),
        }
    }
}

/// A panic is a failure like others: whoever reads of it needs the seed.
fn unless_it_panics(run: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Violation { property: Property::Sane, detail: format!("panicked: {text}") })
    })
}
