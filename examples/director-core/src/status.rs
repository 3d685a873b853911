//! How things stand with the virtual servers, for whoever asks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pool::Health;

/// One virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// As keepalived's messages name it.
    pub name: String,
    /// Whether its live servers are enough.
    pub has_quorum: bool,
    /// The sum of weights that is enough.
    pub quorum: u32,
    /// Whether the sorry server has stepped in.
    pub sorry_server_serves: bool,
    /// Its real servers, in the order of the file.
    pub servers: Vec<ServerStatus>,
}

/// One real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// As keepalived's messages name it.
    pub name: String,
    /// What its checks say.
    pub health: Health,
    /// The weight it has while it is up.
    pub weight: u32,
    /// The weight it has in the kernel's table; `None`: it is not in there.
    pub listed: Option<u32>,
}

impl fmt::Display for ServiceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, has_quorum, quorum, sorry_server_serves, servers } = self;
        let standing = if *has_quorum { "has" } else { "has NOT" };
        let sorry = if *sorry_server_serves { ", the sorry server serves" } else { "" };
        writeln!(f, "\nvirtual_server {name}  {standing} its quorum of {quorum}{sorry}")?;
        servers.iter().try_for_each(|server| writeln!(f, "    {server}"))
    }
}

impl fmt::Display for ServerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, health, weight, listed } = self;
        let health = match health {
            Health::Unknown => "unknown",
            Health::Up => "up",
            Health::Down => "DOWN",
        };
        write!(f, "{name}  {health}  weight {weight}")?;
        match listed {
            None => write!(f, ", not in the table"),
            Some(listed) if listed == weight => Ok(()),
            Some(listed) => write!(f, ", in the table {listed}"),
        }
    }
}
