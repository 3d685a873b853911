//! The kernel's load balancer, IPVS: read its table, say what it should be, apply the difference.
//!
//! ```no_run
//! use std::net::Ipv4Addr;
//! use steadfast_ipvs::{
//!     Client, Destination, DestinationKey, Entry, ForwardMethod, Scheduler, Service, ServiceKey,
//!     Table, Weight,
//! };
//!
//! # async fn example() -> Result<(), steadfast_ipvs::Error> {
//! let key = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), 80);
//! let mut entry = Entry::new(Service::new(Scheduler::WRR));
//! entry.destinations.insert(
//!     DestinationKey { address: Ipv4Addr::new(192, 0, 2, 1).into(), port: 80 },
//!     Destination::new(ForwardMethod::DirectRoute, Weight::from(3)),
//! );
//! let desired = Table { services: [(key, entry)].into() };
//!
//! let mut client = Client::connect().await?;
//! let current = client.table().await?;
//! let plan = current.diff(&desired, |found| *found == key);
//! print!("{plan}");
//! for (change, error) in client.apply(&plan).await?.failed {
//!     eprintln!("cannot {change}: {error}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - The model ([`Table`], [`Service`], [`Destination`] and their keys): what there can be, and
//!   nothing else.
//! - [`Table::diff`] gives a [`Plan`]: the fewest changes, in an order in which no service is without
//!   destinations when it need not be. Services of somebody else are left alone.
//! - [`message`]: the kernel's netlink messages, pure.
//! - [`Client`]: the connection, asynchronous, on tokio; changes are sent many at a time. Without
//!   the feature `client`, which is on by default, the crate does no I/O.
//!
//! # What it needs
//!
//! Linux, and `CAP_NET_ADMIN` in the initial user namespace. Each network namespace has a table of
//! its own; [`Client::in_netns`] reaches another one.
//!
//! Where this is wanted but not there yet: counters, timeouts, and the sync daemon.

#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod client;
pub mod message;
mod model;
mod plan;

#[cfg(feature = "client")]
pub use client::{Applied, Client, Error};
pub use model::*;
pub use plan::{Change, Plan};
