//! The Debian packages that the lab needs.

use std::path::Path;
use std::process::Command;

use steadfast_lab::LabError;

/// A Debian package, and a file by which its presence is known.
pub(crate) struct Package(&'static str, &'static str);

/// The kernel, and what builds networks on it.
pub(crate) const KERNEL: &[Package] = &[
    Package("user-mode-linux", "/usr/bin/linux.uml"),
    Package("kmod", "/sbin/modprobe"),
    Package("iproute2", "/sbin/ip"),
];
/// The demo's web servers.
pub(crate) const DEMO: &[Package] = &[Package("nginx-light", "/usr/sbin/nginx")];
/// What a person looks around with.
pub(crate) const SHELL: &[Package] = &[
    Package("curl", "/usr/bin/curl"),
    Package("ipvsadm", "/sbin/ipvsadm"),
    Package("tcpdump", "/usr/bin/tcpdump"),
];
/// The peers that tests run against.
pub(crate) const TEST: &[Package] =
    &[Package("ipvsadm", "/sbin/ipvsadm"), Package("keepalived", "/usr/sbin/keepalived")];

const NO_SERVICES: &str = "/usr/sbin/policy-rc.d";

/// Sees to it that all packages are there: installs the missing ones when we are root, else says
/// with which command to do it.
pub(crate) fn ensure(wanted: &[&[Package]]) -> Result<(), LabError> {
    let mut missing: Vec<_> = wanted
        .iter()
        .flat_map(|packages| packages.iter())
        .filter(|Package(_, file)| !Path::new(file).exists())
        .map(|Package(name, _)| *name)
        .collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    if !rustix::process::geteuid().is_root() {
        return Err(LabError::Failed {
            command: "lab".to_owned(),
            status: "Debian packages are missing".to_owned(),
            output: format!("install them with: sudo {install}"),
        });
    }
    eprintln!("lab: {install}");
    let script = format!("apt-get update --quiet=2 && {install} --quiet=2 >/dev/null");
    let installed = without_starting_services(|| {
        Command::new("sh").args(["-c", &script]).env("DEBIAN_FRONTEND", "noninteractive").status()
    });
    match installed {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(LabError::Failed {
            command: install,
            status: status.to_string(),
            output: "see above".to_owned(),
        }),
        Err(source) => Err(LabError::Io { what: install, source }),
    }
}

/// Debian starts what it installs; a test must not leave a web server on the machine's port 80.
/// `policy-rc.d` is Debian's way to say so.
fn without_starting_services<T>(
    install: impl FnOnce() -> std::io::Result<T>,
) -> std::io::Result<T> {
    use std::os::unix::fs::PermissionsExt;
    if Path::new(NO_SERVICES).exists() {
        return install();
    }
    std::fs::write(NO_SERVICES, "#!/bin/sh\nexit 101\n")?;
    std::fs::set_permissions(NO_SERVICES, std::fs::Permissions::from_mode(0o755))?;
    let installed = install();
    std::fs::remove_file(NO_SERVICES)?;
    installed
}
