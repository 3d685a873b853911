use std::ffi::OsStr;
use std::fs::File;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::{LabError, Process};

/// One host of a running [`Network`](crate::Network): a network namespace.
#[derive(Debug)]
pub struct Host {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) folder: PathBuf,
}

impl Host {
    /// The name given in the topology.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its network namespace, for `ip netns exec`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The file that keeps its network namespace, for `setns` and its friends.
    pub fn namespace_path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.namespace)
    }

    /// A folder of its own, for configuration and other files; removed with the network.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file into [`folder`](Self::folder) and says where it is.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf, LabError> {
        let path = self.folder.join(name);
        std::fs::write(&path, content)
            .map_err(LabError::io(format!("writing {}", path.display())))?;
        Ok(path)
    }

    /// Runs `action` on a thread that lives in the host's network namespace: sockets it opens and
    /// programs it starts belong to the host.
    ///
    /// # Errors
    ///
    /// When the namespace cannot be entered. A panic of `action` goes on in the caller.
    pub fn enter<T: Send>(&self, action: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.move_this_thread()?;
                Ok(action())
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Moves the calling thread, for good, into the host's network namespace.
    ///
    /// # Errors
    ///
    /// When the namespace cannot be entered.
    pub fn move_this_thread(&self) -> Result<(), LabError> {
        let entering = || format!("entering the network namespace {}", self.namespace);
        let file = File::open(self.namespace_path()).map_err(LabError::io(entering()))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(|errno| LabError::io(entering())(errno.into()))
    }

    /// Runs a program on the host to its end and gives back what it printed.
    ///
    /// # Errors
    ///
    /// When it cannot be started or ends with failure.
    pub fn run<A: AsRef<OsStr> + Sync>(
        &self,
        program: impl AsRef<OsStr> + Sync,
        arguments: impl AsRef<[A]> + Sync,
    ) -> Result<String, LabError> {
        let mut command = Command::new(program.as_ref());
        command.args(arguments.as_ref()).stdin(Stdio::null());
        run(&mut command, |command| self.enter(|| command.output()))
    }

    /// Whether one of its interfaces has an address.
    ///
    /// # Errors
    ///
    /// When it is none, or the kernel does not list those there are.
    pub fn has_address(&self, address: &str) -> Result<bool, LabError> {
        let listing = || format!("looking for {address} on {}", self.name);
        let address = address
            .parse::<IpAddr>()
            .map_err(|error| LabError::io(listing())(std::io::Error::other(error)))?;
        // `ip` would show the same, and take longer than all else that happens here.
        let present = self.enter(|| {
            getifaddrs().map(|mut present| present.any(|it| ip_of(&it) == Some(address)))
        });
        present?.map_err(|errno| LabError::io(listing())(errno.into()))
    }

    /// Starts a program on the host. Its output goes to a file that [`Process::log`] reads; `name`
    /// stands for it in messages.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn<A: AsRef<OsStr> + Sync>(
        &self,
        name: &str,
        program: impl AsRef<OsStr> + Sync,
        arguments: impl AsRef<[A]> + Sync,
    ) -> Result<Process, LabError> {
        let name = format!("{}-{name}", self.name);
        let log = self.folder.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(LabError::io(format!("opening {}", log.display())))?;
        let mut command = Command::new(program.as_ref());
        command.args(arguments.as_ref()).stdin(Stdio::null()).stdout(output.0).stderr(output.1);
        // A keepalived that is stopped while its scripts begin kills its process group (2.2.7, by
        // strace): that is not to be ours.
        command.process_group(0);
        let child = self
            .enter(|| command.spawn())?
            .map_err(LabError::io(format!("starting {command:?} on {}", self.name)))?;
        Ok(Process::new(name, child, log))
    }
}

fn ip_of(address: &InterfaceAddress) -> Option<IpAddr> {
    let address = address.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

/// Runs a command to its end, with `output` doing the waiting; failure carries what it printed.
pub(crate) fn run(
    command: &mut Command,
    output: impl FnOnce(&mut Command) -> Result<std::io::Result<std::process::Output>, LabError>,
) -> Result<String, LabError> {
    let output = output(command)?.map_err(LabError::io(format!("starting {command:?}")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    Err(LabError::Failed {
        command: format!("{command:?}"),
        status: output.status.to_string(),
        output: printed + &String::from_utf8_lossy(&output.stderr),
    })
}
