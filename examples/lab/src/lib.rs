//! Virtual networks for tests and demonstrations.
//!
//! A [`Topology`] says in a few lines which hosts there are, what connects them and which addresses
//! they have; [`Topology::start`] makes it real with one network namespace for each host and hands
//! back a [`Network`], in which programs run, links can be cut and what passes can be captured.
//! Everything is torn down when the `Network` and its [`Process`]es are dropped, also while a test
//! panics.
//!
//! ```no_run
//! use std::time::Duration;
//! use steadfast_lab::{Topology, wait_until};
//!
//! let network = Topology::new()
//!     .bridge("lan")
//!     .host("a", |host| host.link("eth0", "lan", "10.0.0.1/24"))
//!     .host("b", |host| host.link("eth0", "lan", "10.0.0.2/24"))
//!     .start()?;
//! let server = network.host("b")?.spawn("server", "python3", ["-m", "http.server", "80"])?;
//! wait_until(Duration::from_secs(5), "the server answers", || {
//!     network.host("a").is_ok_and(|a| a.run("curl", ["-sf", "http://10.0.0.2/"]).is_ok())
//! })?;
//! network.cut("b", "eth0")?;
//! # drop(server);
//! # Ok::<(), steadfast_lab::LabError>(())
//! ```
//!
//! It needs root, network namespaces and iproute2. `cargo lab test` and `cargo lab demo` provide
//! all that, with a kernel that has IPVS, on any Linux machine and without root; see the `lab`
//! program in this package.

mod advertisement;
mod capture;
mod daemons;
mod error;
mod host;
mod network;
mod packet;
mod process;
mod programs;
mod standstill;
mod topology;
mod usage;
mod wait;
mod web;

pub use advertisement::Advertisement;
pub use capture::{Capture, Captured, Frame};
pub use error::LabError;
pub use host::Host;
pub use network::Network;
pub use packet::Packet;
pub use process::Process;
pub use programs::{binary, this_program};
pub use standstill::despite_standstills;
pub use topology::{HostTopology, Topology};
pub use usage::Family;
pub use wait::wait_until;
pub use web::{Answer, WebServer};
