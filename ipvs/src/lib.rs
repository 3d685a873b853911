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
//! let mut entry = Entry::new(key, Service::new(Scheduler::WRR))?;
//! entry.insert(
//!     DestinationKey { address: Ipv4Addr::new(192, 0, 2, 1).into(), port: 80 },
//!     Destination::new(ForwardMethod::DirectRoute, Weight::from(3)),
//! )?;
//! let desired = Table::from_iter([entry]);
//!
//! let mut client = Client::connect().await?;
//! let current = client.table().await?;
//! let plan = current.diff(&desired, |found| *found == key);
//! print!("{plan}");
//! for failure in client.apply(&plan).await?.failed {
//!     eprintln!("cannot {}: {}", failure.change, failure.error);
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
//! - [`ConnectionTable`] reads the table of connections, [`Sysctls`] the settings under `net.ipv4.vs`.
//! - The feature `serde` makes a plan, and what it is made of, JSON.
//! - [`message`]: the kernel's netlink messages, pure.
//! - [`Client`]: the connection, asynchronous, on tokio; changes are sent many at a time. Without
//!   the feature `client`, which is on by default, the crate does no I/O.
//!
//! # What it needs
//!
//! Linux 4.1 or newer, and `CAP_NET_ADMIN` in the initial user namespace. Each network namespace has
//! a table of its own; [`Client::in_netns`] reaches another one.

#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod client;
pub mod message;
mod model;
#[cfg(feature = "client")]
mod netns;
mod plan;
mod proc;
#[cfg(feature = "serde")]
mod serialize;

#[cfg(feature = "client")]
pub use client::{Applied, Client, Drain, Drained, Error, Failure};
pub use model::*;
pub use plan::{Change, Plan};
pub use proc::*;
