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
//! let page = Url::new("/").digest("bfaa324fdd71444e43eca3b7a1679a1a".parse()?);
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
//! - Probes: [`TcpCheck`] and [`tcp::Dialogue`], [`http::HttpGet`], [`script::MiscCheck`],
//!   [`smtp::SmtpCheck`], [`dns::DnsCheck`], [`udp::UdpCheck`], [`ping::PingCheck`],
//!   [`file::FileCheck`], [`agent::AgentCheck`], [`grpc::GrpcCheck`], and your own: implement [`Check`]. An attempt is
//!   bounded in time and memory, and trouble of our own is told from the server's.
//! - [`Health`]: the judgement by a [`Policy`], with keepalived's `retry`, `delay_before_retry`,
//!   `delay_loop` and `alpha`, and what it lacks. Pure: no clock, no I/O.
//! - [`SlowStart`]: a weight that rises little by little after recovery.
//! - [`Monitor`]: runs checks by their judgement's times, equal ones only once, and tells what is
//!   new.

pub mod agent;
mod check;
mod connect;
mod conversation;
pub mod dns;
mod excerpt;
pub mod file;
pub mod grpc;
mod health;
mod hexadecimal;
pub mod http;
mod monitor;
mod nonce;
mod outcome;
pub mod ping;
mod policy;
pub mod script;
mod slow_start;
pub mod smtp;
mod sys;
pub mod tcp;
pub mod tls;
pub mod udp;

pub use check::{BoxCheck, Check};
pub use connect::{ConnectOptions, Origin};
pub use health::{Health, Standing};
pub use monitor::{Event, Events, Monitor, MonitorOptions, Record, spread};
pub use outcome::{DynamicWeight, Failure, LocalError, Outcome, Report};
pub use policy::Policy;
pub use slow_start::SlowStart;
pub use tcp::TcpCheck;

use std::time::Duration;

/// A year. Longer waits are cut to it, so that adding one to a time cannot overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);
