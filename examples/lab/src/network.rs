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
    namespaces: Vec<String>,
    folder: TempDir,
}

impl Network {
    pub(crate) fn build(topology: &Topology) -> Result<Self, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("lab-")
            .tempdir()
            .map_err(LabError::io("making a folder for the network"))?;
        // The folder's name is unique on this machine, so names made from it are as well.
        let prefix = folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut network = Self {
            switch: format!("{prefix}-switch"),
            hosts: Vec::new(),
            plugs: Vec::new(),
            namespaces: Vec::new(),
            folder,
        };
        network.make_namespace(network.switch.clone())?;
        let bridges: Vec<_> = topology
            .bridges
            .iter()
            .flat_map(|name| bridge(name))
            .collect();
        ip_batch(&network.switch, &bridges)?;
        for host in &topology.hosts {
            network.add(&prefix, host, &topology.bridges)?;
        }
        Ok(network)
    }

    fn add(
        &mut self,
        prefix: &str,
        described: &HostTopology,
        bridges: &[String],
    ) -> Result<(), LabError> {
        let host = Host {
            name: described.name.clone(),
            namespace: format!("{prefix}-{}", described.name),
            folder: self.folder.path().join(&described.name),
        };
        std::fs::create_dir_all(&host.folder)
            .map_err(LabError::io(format!("making {}", host.folder.display())))?;
        self.make_namespace(host.namespace.clone())?;
        set_sysctls(&host, &described.sysctls)?;
        let mut inside = vec!["link set lo up".to_owned()];
        let mut outside = Vec::new();
        for link in &described.links {
            if !bridges.contains(&link.bridge) {
                return Err(LabError::NoSuchBridge {
                    host: described.name.clone(),
                    bridge: link.bridge.clone(),
                });
            }
            let plug = format!("plug{}", self.plugs.len());
            let (name, namespace, bridge) = (&link.name, &host.namespace, &link.bridge);
            outside.push(format!(
                "link add {plug} type veth peer name {name} netns {namespace}"
            ));
            outside.push(format!("link set {plug} master {bridge} up"));
            inside.push(format!("addr add {} brd + dev {name}", link.address));
            inside.push(format!("link set {name} up"));
            self.plugs
                .push((described.name.clone(), link.name.clone(), plug));
        }
        inside.extend(described.commands.iter().cloned());
        ip_batch(&self.switch, &outside)?;
        ip_batch(&host.namespace, &inside)?;
        self.hosts.push(host);
        Ok(())
    }

    fn make_namespace(&mut self, name: String) -> Result<(), LabError> {
        ip(&["netns", "add", &name])?;
        self.namespaces.push(name);
        Ok(())
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
        let (_, _, plug) = found.ok_or_else(|| LabError::NoSuchLink {
            host: host.to_owned(),
            link: link.to_owned(),
        })?;
        ip(&["-n", &self.switch, "link", "set", plug, state])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in &self.namespaces {
            if let Err(error) = ip(&["netns", "del", namespace]) {
                eprintln!("{error}");
            }
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
fn ip_batch(namespace: &str, lines: &[String]) -> Result<(), LabError> {
    let mut command = Command::new("ip");
    command.args(["-n", namespace, "-batch", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
        LabError::Failed {
            command,
            status,
            output,
        } => LabError::Failed {
            command: format!("{command} with {lines:?}"),
            status,
            output,
        },
        other => other,
    })
}
