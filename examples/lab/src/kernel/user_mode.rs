//! User-Mode Linux: the kernel as an ordinary program, on this machine's files.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use steadfast_lab::{LabError, this_program};

use super::{CONSOLE, INIT, MODULES, Machine, ending_with_us, io, run_quietly};

const KERNEL: &str = "/usr/bin/linux.uml";
const PACKAGED_MODULES: &str = "/usr/lib/uml/modules";
const MEMORY: &str = "mem=1G";

/// Boots the kernel with this program as its first process. The descriptor is what it prints to:
/// to be kept until it has been started.
pub(super) fn command(folder: &Path) -> Result<(Command, OwnedFd), LabError> {
    // The kernel's command line knows no quotes, so what it names is all in this folder.
    let init = folder.join(INIT);
    symlink(this_program()?, &init).map_err(io("linking to this program"))?;
    symlink(module_tree()?, folder.join(MODULES)).map_err(io("linking to the modules"))?;
    let console = File::create(folder.join(CONSOLE)).map_err(io("making the console's file"))?;
    // A duplicate without the close-on-exec flag, so that the kernel inherits it.
    let output = rustix::io::dup(rustix::stdio::stdout())
        .map_err(|errno| io("duplicating the standard output")(errno.into()))?;

    let mut command = ending_with_us(KERNEL);
    command
        .args([MEMORY, "rootfstype=hostfs", "rootflags=/", "rw", "quiet"])
        .arg(format!("init={}", init.display()))
        // What the kernel says goes to its standard output, what the job says to ours.
        .args(["con=null", "con0=null,fd:1"])
        .arg(format!("con1=fd:0,fd:{}", output.as_raw_fd()))
        .arg("umid=kernel")
        .arg(format!("uml_dir={}/", folder.display()))
        .args(["--", "inside"])
        .arg(Machine::UserMode.to_string())
        .arg(folder)
        .stdin(Stdio::inherit())
        .stdout(console.try_clone().map_err(io("using the console's file"))?)
        .stderr(console);
    Ok((command, output))
}

/// A tree with the kernel's modules for which modprobe's indices can be made: the package comes
/// without them, and its own folder may not be ours to write to.
fn module_tree() -> Result<PathBuf, LabError> {
    let version = std::fs::read_dir(PACKAGED_MODULES)
        .and_then(|mut entries| {
            entries.next().unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))
        })
        .map_err(io(format!("looking for the kernel's modules in {PACKAGED_MODULES}")))?
        .file_name();
    let this = this_program()?;
    let tree = this.with_file_name("lab-modules").join(&version);
    let done = tree.join("modprobe");
    if done.exists() {
        return Ok(tree);
    }
    let folder = tree.join("lib/modules").join(&version);
    copy_as_links(&Path::new(PACKAGED_MODULES).join(&version), &folder)?;
    run_quietly(Command::new("/sbin/depmod").arg("-b").arg(&tree).arg(&version))?;
    // The kernel asks /sbin/modprobe for modules by itself; this one knows where they are.
    let script = "#!/bin/sh\nexec /sbin/modprobe -d \"$(dirname \"$0\")\" \"$@\"\n";
    let unfinished = tree.join("modprobe.new");
    std::fs::write(&unfinished, script)
        .and_then(|()| {
            std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(0o755))
        })
        .and_then(|()| std::fs::rename(&unfinished, &done))
        .map_err(io(format!("writing {}", done.display())))?;
    Ok(tree)
}

fn copy_as_links(from: &Path, to: &Path) -> Result<(), LabError> {
    let copying = || format!("linking {} to {}", to.display(), from.display());
    std::fs::create_dir_all(to).map_err(io(copying()))?;
    for entry in std::fs::read_dir(from).map_err(io(copying()))? {
        let entry = entry.map_err(io(copying()))?;
        let target = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy_as_links(&entry.path(), &target)?;
        } else if !target.exists() {
            symlink(entry.path(), &target).map_err(io(copying()))?;
        }
    }
    Ok(())
}
