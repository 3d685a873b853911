//! The first moments in an emulated PC: from the initial files to those of this machine.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::mount::{MountFlags, mount, mount_move};
use rustix::process::{chdir, chroot};
use rustix::system::{RebootCommand, finit_module, reboot};
use steadfast_lab::LabError;

use super::emulated::FILES;
use super::{INIT, Machine, io};

/// Reads through and writes through memory: who else uses these files does not change them meanwhile.
const OPTIONS: &str = "trans=virtio,version=9p2000.L,msize=512000,cache=loose";
/// Where the kernel has an empty folder.
const ROOT: &str = "/root";

/// Becomes `lab inside` on this machine's files. Without a folder it has shown that the kernel
/// boots, which was all that was to be known.
pub(crate) fn run(folder: Option<&Path>) -> Result<ExitCode, LabError> {
    let Some(folder) = folder else {
        reboot(RebootCommand::PowerOff).map_err(|errno| io("powering off")(errno.into()))?;
        return Err(io("powering off")(std::io::ErrorKind::Unsupported.into()));
    };
    load_modules()?;
    let options = std::ffi::CString::new(OPTIONS).map_err(|error| io("mounting")(error.into()))?;
    mount(FILES, ROOT, "9p", MountFlags::empty(), options.as_c_str())
        .and_then(|()| mount("devtmpfs", "/root/dev", "devtmpfs", MountFlags::empty(), None))
        .and_then(|()| chdir(ROOT))
        .and_then(|()| mount_move(".", "/"))
        .and_then(|()| chroot("."))
        .map_err(|errno| io("mounting this machine's files")(errno.into()))?;
    let error = Command::new(folder.join(INIT))
        .arg("inside")
        .arg(Machine::Emulated.to_string())
        .arg(folder)
        .exec();
    Err(io("starting this program again")(error))
}

fn load_modules() -> Result<(), LabError> {
    let loading = || "loading the initial modules";
    let mut modules: Vec<_> = std::fs::read_dir("/modules")
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(io(loading()))?;
    modules.sort();
    for module in modules {
        let file = File::open(&module).map_err(io(loading()))?;
        finit_module(file, c"", 0).map_err(|errno| io(loading())(errno.into()))?;
    }
    Ok(())
}
