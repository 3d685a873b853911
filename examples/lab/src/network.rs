use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::host::run;
use crate::topology::HostTopology;
use crate::{Host, LabError, Topology};

/// A running virtual network. Dropping it removes its namespaces and files.
#[derive(Debug)]
pub struct Network {
    /// The namespace that holds all bridges and the far ends of all links.
    switch: String,
    hosts: Vec<Host>,
    /// Far end of each link: host, link, name of the interface in the switch's namespace.
    plugs: Vec<(String, String, String)>,
    /// Kept for its end, at which it is removed.
    _folder: TempDir,
}

impl Network {
    pub(crate) fn build(topology: &Topology) -> Result<Self, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("lab-")
            .tempdir()
            .map_err(LabError::io("making a folder for the network"))?;
        // The folder's name is unique on this machine, so names made from it are as well.
        let prefix = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let host = |described: &HostTopology| Host {
            name: described.name.clone(),
            namespace: format!("{prefix}-{}", described.name),
            folder: folder.path().join(&described.name),
        };
        let hosts: Vec<_> = topology.hosts.iter().map(host).collect();
        let mut network =
            Self { switch: format!("{prefix}-switch"), hosts, plugs: Vec::new(), _folder: folder };
        // Starting a program is what takes long on User-Mode Linux, so they are few.
        let lines: Vec<_> = network.namespaces().map(|name| format!("netns add {name}")).collect();
        ip_batch(&[], &lines)?;
        network.plug_in(topology)?;
        for (host, described) in network.hosts.iter().zip(&topology.hosts) {
            set_up(host, described)?;
        }
        Ok(network)
    }

    fn namespaces(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.switch.as_str()).chain(self.hosts.iter().map(Host::namespace))
    }

    fn plug_in(&mut self, topology: &Topology) -> Result<(), LabError> {
        let mut lines: Vec<_> = topology.bridges.iter().flat_map(|name| bridge(name)).collect();
        for (host, described) in self.hosts.iter().zip(&topology.hosts) {
            for link in &described.links {
                if !topology.bridges.contains(&link.bridge) {
                    return Err(LabError::NoSuchBridge {
                        host: host.name.clone(),
                        bridge: link.bridge.clone(),
                    });
                }
                let plug = format!("plug{}", self.plugs.len());
                let (name, namespace, bridge) = (&link.name, &host.namespace, &link.bridge);
                lines.push(format!("link add {plug} type veth peer name {name} netns {namespace}"));
                lines.push(format!("link set {plug} master {bridge} up"));
                self.plugs.push((host.name.clone(), link.name.clone(), plug));
            }
        }
        ip_batch(&["-n", &self.switch], &lines)
    }

    /// The host of that name.
    ///
    /// # Errors
    ///
    /// [`LabError::NoSuchHost`].
    pub fn host(&self, name: &str) -> Result<&Host, LabError> {
        let found = self.hosts.iter().find(|host| host.name == name);
        found.ok_or_else(|| LabError::NoSuchHost(name.to_owned()))
    }

    /// Pulls the cable of a host's link: the host loses its carrier.
    ///
    /// # Errors
    ///
    /// When there is no such link.
    pub fn cut(&self, host: &str, link: &str) -> Result<(), LabError> {
        self.set_plug(host, link, "down")
    }

    /// Plugs the cable of a host's link in again.
    ///
    /// # Errors
    ///
    /// When there is no such link.
    pub fn mend(&self, host: &str, link: &str) -> Result<(), LabError> {
        self.set_plug(host, link, "up")
    }

    fn set_plug(&self, host: &str, link: &str, state: &str) -> Result<(), LabError> {
        let found = self.plugs.iter().find(|(h, l, _)| h == host && l == link);
        let (_, _, plug) = found
            .ok_or_else(|| LabError::NoSuchLink { host: host.to_owned(), link: link.to_owned() })?;
        ip(&["-n", &self.switch, "link", "set", plug, state])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let lines: Vec<_> = self.namespaces().map(|name| format!("netns del {name}")).collect();
        // Forced: one that was never made is no reason to leave the others.
        if let Err(error) = ip_batch(&["-force"], &lines) {
            eprintln!("{error}");
        }
    }
}

/// A bridge that forwards at once and does not filter multicast.
fn bridge(name: &str) -> [String; 2] {
    [
        format!("link add {name} type bridge forward_delay 0 mcast_snooping 0"),
        format!("link set {name} up"),
    ]
}

fn set_sysctls(host: &Host, sysctls: &[(String, String)]) -> Result<(), LabError> {
    host.enter(|| {
        for (name, value) in sysctls {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            std::fs::write(&path, value).map_err(LabError::io(format!("writing {path}")))?;
        }
        Ok(())
    })?
}

fn ip(arguments: &[&str]) -> Result<(), LabError> {
    let mut command = Command::new("ip");
    command.args(arguments).stdin(Stdio::null());
    run(&mut command, |command| Ok(command.output())).map(drop)
}

/// Runs many `ip` commands in one process.
fn ip_batch(options: &[&str], lines: &[String]) -> Result<(), LabError> {
    let mut command = Command::new("ip");
    command.args(options).args(["-batch", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = run(&mut command, |command| {
        Ok(command.spawn().and_then(|mut child| {
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(lines.join("\n").as_bytes())?;
                stdin.write_all(b"\n")?;
            }
            child.wait_with_output()
        }))
    });
    done.map(drop).map_err(|error| match error {
        LabError::Failed { command, status, output } => {
            LabError::Failed { command: format!("{command} with {lines:?}"), status, output }
        }
        other => other,
    })
}

fn set_up(host: &Host, described: &HostTopology) -> Result<(), LabError> {
    std::fs::create_dir_all(&host.folder)
        .map_err(LabError::io(format!("making {}", host.folder.display())))?;
    set_sysctls(host, &described.sysctls)?;
    let mut lines = vec!["link set lo up".to_owned()];
    for link in &described.links {
        lines.push(format!("addr add {} brd + dev {}", link.address, link.name));
        lines.push(format!("link set {} up", link.name));
    }
    lines.extend(described.commands.iter().cloned());
    ip_batch(&["-n", &host.namespace], &lines)
}
