//! Health checks: one probe for each protocol, the judgement over their outcomes, and a monitor that
//! runs thousands of them.
//!
//! One check, once:
//!
//! ```no_run
//! use std::time::Duration;
//! use steadfast_checkers::http::{HttpGet, Url};
//! use steadfast_checkers::{Check, ConnectOptions, Outcome};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let connect = ConnectOptions::new("192.0.2.1:80".parse()?).timeout(Duration::from_secs(3));
//! let page = Url { digest: Some("bfaa324fdd71444e43eca3b7a1679a1a".parse()?), ..Url::new("/") };
//! match HttpGet::new(connect, [page]).check().await {
//!     Outcome::Pass(report) => println!("well, in {:?}", report.total),
//!     Outcome::Fail(failure) => println!("not well: {failure}"),
//!     Outcome::Inconclusive(error) => println!("who knows: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - Probes: [`TcpCheck`], [`http::HttpGet`], and your own: implement [`Check`]. An attempt is
//!   bounded in time and memory, and trouble of our own is told from the server's.
//! - [`Health`]: the judgement, with keepalived's `retry`, `delay_before_retry`, `delay_loop` and
//!   `alpha`. Pure: no clock, no I/O.
//! - [`Monitor`]: runs checks by their judgement's times and tells what it finds.

#![forbid(unsafe_code)]

mod check;
mod connect;
mod health;
pub mod http;
mod monitor;
mod outcome;
mod tcp;

pub use check::{BoxCheck, Check};
pub use connect::ConnectOptions;
pub use health::{Health, Next, Policy, Standing, Verdict};
pub use monitor::{Event, Events, Monitor, spread};
pub use outcome::{Failure, LocalError, Outcome, Report};
pub use tcp::TcpCheck;
