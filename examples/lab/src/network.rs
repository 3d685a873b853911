use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::host::run;
use crate::topology::HostTopology;
use crate::{Host, LabError, Topology};

/// A running virtual network. Dropping it removes its namespaces and files.
#[derive(Debug)]
pub struct Network {
    /// The namespace that holds all bridges and the far ends of all links.
    pub(crate) switch: Host,
    hosts: Vec<Host>,
    plugs: Vec<Plug>,
    /// Kept for its end, at which it is removed.
    _folder: TempDir,
}

/// The far end of a link, in the switch's namespace.
#[derive(Debug)]
struct Plug {
    host: String,
    link: String,
    bridge: String,
    name: String,
}

impl Network {
    pub(crate) fn build(topology: &Topology) -> Result<Self, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("lab-")
            // Some daemons give up being root before they use their files.
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .map_err(LabError::io("making a folder for the network"))?;
        // The folder's name is unique on this machine, so names made from it are as well.
        let prefix = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let host = |name: &str| Host {
            name: name.to_owned(),
            namespace: format!("{prefix}-{name}"),
            folder: folder.path().join(name),
        };
        let hosts = topology.hosts.iter().map(|described| host(&described.name)).collect();
        let switch = host("switch");
        let mut network = Self { switch, hosts, plugs: Vec::new(), _folder: folder };
        network.make_folders()?;
        // Starting a program is what takes long on User-Mode Linux, so they are few.
        let lines: Vec<_> = network.namespaces().map(|name| format!("netns add {name}")).collect();
        ip_batch(&[], &lines)?;
        network.plug_in(topology)?;
        for (host, described) in network.hosts.iter().zip(&topology.hosts) {
            set_up(host, described)?;
        }
        Ok(network)
    }

    fn all(&self) -> impl Iterator<Item = &Host> {
        std::iter::once(&self.switch).chain(&self.hosts)
    }

    fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.all().map(Host::namespace)
    }

    fn make_folders(&self) -> Result<(), LabError> {
        self.all().try_for_each(|Host { folder, .. }| {
            std::fs::create_dir_all(folder)
                .map_err(LabError::io(format!("making {}", folder.display())))
        })
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
                self.plugs.push(Plug {
                    host: host.name.clone(),
                    link: name.clone(),
                    bridge: bridge.clone(),
                    name: plug,
                });
            }
        }
        ip_batch(&["-n", self.switch.namespace()], &lines)
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
        self.set_plug(self.plug(host, link)?, &["down"])
    }

    /// Plugs the cable of a host's link in again.
    ///
    /// # Errors
    ///
    /// When there is no such link.
    pub fn mend(&self, host: &str, link: &str) -> Result<(), LabError> {
        self.set_plug(self.plug(host, link)?, &["up"])
    }

    /// Lets nothing through between a host's link and its bridge, without the host's noticing: it
    /// keeps its carrier.
    ///
    /// # Errors
    ///
    /// When there is no such link.
    pub fn isolate(&self, host: &str, link: &str) -> Result<(), LabError> {
        self.set_plug(self.plug(host, link)?, &["nomaster"])
    }

    /// Takes back [`isolate`](Self::isolate).
    ///
    /// # Errors
    ///
    /// When there is no such link.
    pub fn reunite(&self, host: &str, link: &str) -> Result<(), LabError> {
        let plug = self.plug(host, link)?;
        self.set_plug(plug, &["master", &plug.bridge])
    }

    fn plug(&self, host: &str, link: &str) -> Result<&Plug, LabError> {
        let found = self.plugs.iter().find(|plug| plug.host == host && plug.link == link);
        found.ok_or_else(|| LabError::NoSuchLink { host: host.to_owned(), link: link.to_owned() })
    }

    fn set_plug(&self, plug: &Plug, state: &[&str]) -> Result<(), LabError> {
        ip(&[&["-n", self.switch.namespace(), "link", "set", &plug.name], state].concat())
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
    set_sysctls(host, &described.sysctls)?;
    let mut lines = vec!["link set lo up".to_owned()];
    for link in &described.links {
        lines.push(format!("addr add {} brd + dev {}", link.address, link.name));
        lines.push(format!("link set {} up", link.name));
    }
    lines.extend(described.commands.iter().cloned());
    ip_batch(&["-n", &host.namespace], &lines)
}
