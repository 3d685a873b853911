//! This machine's own kernel, where it has IPVS and we are its administrator.

use std::path::Path;
use std::process::{Command, Stdio};

use steadfast_lab::{LabError, this_program};

use super::{Machine, ending_with_us, run_quietly};

/// The kernel lets only the administrator of the initial user namespace at its IPVS tables.
pub(super) fn has_ipvs() -> bool {
    let initial_user_namespace = std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
    if !rustix::process::geteuid().is_root() || !initial_user_namespace {
        return false;
    }
    // Where it is built in there is no module to load; the file then tells.
    let _built_in = run_quietly(Command::new("modprobe").args(["--quiet", "ip_vs"]));
    Path::new("/proc/net/ip_vs").exists()
}

/// Everything the job starts lives in namespaces that end with it, whatever happens to us.
pub(super) fn command(folder: &Path) -> Result<Command, LabError> {
    let this = this_program()?;
    let mut command = ending_with_us("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net"]);
    command.arg(this).arg("inside").arg(Machine::Native.to_string()).arg(folder);
    command.stdin(Stdio::inherit());
    Ok(command)
}
