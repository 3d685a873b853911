use crate::{LabError, Network};

/// The description of a network: hosts, and the bridges that connect them.
#[derive(Debug, Default)]
#[must_use = "a topology is only a description until it is started"]
pub struct Topology {
    pub(crate) bridges: Vec<String>,
    pub(crate) hosts: Vec<HostTopology>,
}

/// The description of one host.
#[derive(Debug, Default)]
pub struct HostTopology {
    pub(crate) name: String,
    pub(crate) links: Vec<LinkTopology>,
    pub(crate) commands: Vec<String>,
    pub(crate) sysctls: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct LinkTopology {
    pub(crate) name: String,
    pub(crate) bridge: String,
    pub(crate) address: String,
}

impl Topology {
    /// A network without anything in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bridge: a switch to which links of hosts are plugged.
    pub fn bridge(mut self, name: &str) -> Self {
        self.bridges.push(name.to_owned());
        self
    }

    /// Adds a host; `describe` gives it links, addresses, routes and settings.
    pub fn host(mut self, name: &str, describe: impl FnOnce(HostTopology) -> HostTopology) -> Self {
        let host = HostTopology { name: name.to_owned(), ..HostTopology::default() };
        self.hosts.push(describe(host));
        self
    }

    /// Makes the network real.
    ///
    /// # Errors
    ///
    /// When the description does not fit together, or the system refuses to build it; what was
    /// built until then is torn down.
    pub fn start(self) -> Result<Network, LabError> {
        Network::build(&self)
    }
}

impl HostTopology {
    /// Adds an interface named `name`, plugged into `bridge`, with an address such as
    /// `192.168.1.10/24`.
    #[must_use]
    pub fn link(mut self, name: &str, bridge: &str, address: &str) -> Self {
        self.links.push(LinkTopology {
            name: name.to_owned(),
            bridge: bridge.to_owned(),
            address: address.to_owned(),
        });
        self
    }

    /// Runs `ip ARGUMENTS` on the host once its links are up, in the order given.
    #[must_use]
    pub fn ip(mut self, arguments: &str) -> Self {
        self.commands.push(arguments.to_owned());
        self
    }

    /// Sets a kernel parameter of the host's network, such as `net.ipv4.ip_forward`, before its
    /// links come up; `net.ipv4.conf.all.…` and `….default.…` reach all of them.
    #[must_use]
    pub fn sysctl(mut self, name: &str, value: &str) -> Self {
        self.sysctls.push((name.to_owned(), value.to_owned()));
        self
    }
}
