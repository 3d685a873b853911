//! The Debian packages that the lab needs.

use std::path::Path;
use std::process::Command;

use steadfast_lab::LabError;

/// A Debian package, and a file by which its presence is known.
pub(crate) struct Package(&'static str, &'static str);

/// What builds networks on any kernel.
pub(crate) const NETWORK: &[Package] =
    &[Package("kmod", "/sbin/modprobe"), Package("iproute2", "/sbin/ip")];
/// User-Mode Linux.
pub(crate) const USER_MODE: &[Package] = &[Package("user-mode-linux", "/usr/bin/linux.uml")];
/// Debian's stock kernel, and what emulates a PC for it.
pub(crate) const EMULATED: &[Package] = &[
    Package("linux-image-amd64", "/vmlinuz"),
    Package("qemu-system-x86", "/usr/bin/qemu-system-x86_64"),
];
/// The demo's web servers.
pub(crate) const DEMO: &[Package] = &[Package("nginx-light", "/usr/sbin/nginx")];
/// What a person looks around with.
pub(crate) const SHELL: &[Package] = &[
    Package("curl", "/usr/bin/curl"),
    Package("ipvsadm", "/sbin/ipvsadm"),
    Package("tcpdump", "/usr/bin/tcpdump"),
];
/// The peers that tests run against, and what looks at them.
pub(crate) const TEST: &[Package] = &[
    Package("apache2-bin", "/usr/sbin/apache2"),
    Package("frr", "/usr/lib/frr/vrrpd"),
    Package("haproxy", "/usr/sbin/haproxy"),
    Package("iptables", "/usr/sbin/iptables-legacy"),
    Package("ipvsadm", "/sbin/ipvsadm"),
    Package("keepalived", "/usr/sbin/keepalived"),
    Package("nftables", "/usr/sbin/nft"),
    Package("openssl", "/usr/bin/openssl"),
    Package("opensmtpd", "/usr/sbin/smtpd"),
    Package("python3", "/usr/bin/python3"),
    Package("tcpdump", "/usr/bin/tcpdump"),
    Package("unbound", "/usr/sbin/unbound"),
];

/// Containers leave documentation out: keepalived's samples are among it, and a test reads them.
const WITH_SAMPLES: &str = "--option DPkg::Options::='--path-include=/usr/share/doc/keepalived*'";

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
    let install = format!(
        "apt-get install --yes --no-install-recommends {WITH_SAMPLES} {}",
        missing.join(" ")
    );
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
