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
    let tree = this_program()?.with_file_name("lab-modules").join(&version);
    made_whole(&tree, |tree| {
        let folder = tree.join("lib/modules").join(&version);
        copy_as_links(&Path::new(PACKAGED_MODULES).join(&version), &folder)?;
        run_quietly(Command::new("/sbin/depmod").arg("-b").arg(tree).arg(&version))?;
        // The kernel asks /sbin/modprobe for modules by itself; this one knows where they are.
        let script = "#!/bin/sh\nexec /sbin/modprobe -d \"$(dirname \"$0\")\" \"$@\"\n";
        let modprobe = tree.join("modprobe");
        std::fs::write(&modprobe, script)
            .and_then(|()| {
                std::fs::set_permissions(&modprobe, std::fs::Permissions::from_mode(0o755))
            })
            .map_err(io(format!("writing {}", modprobe.display())))
    })?;
    Ok(tree)
}

/// Makes a folder if there is none. Whoever finds it finds all of it: several kernels may be started
/// at the same time, and the first start may be ended halfway.
fn made_whole(
    folder: &Path,
    make: impl FnOnce(&Path) -> Result<(), LabError>,
) -> Result<(), LabError> {
    if folder.exists() {
        return Ok(());
    }
    let making = || format!("making {}", folder.display());
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(io(making()))?;
    let unfinished = tempfile::tempdir_in(parent).map_err(io(making()))?;
    make(unfinished.path())?;
    let finished = unfinished.keep();
    if let Err(error) = std::fs::rename(&finished, folder) {
        std::fs::remove_dir_all(&finished)
            .map_err(io(format!("removing {}", finished.display())))?;
        // Somebody else was faster, and theirs is as good.
        if !folder.exists() {
            return Err(io(making())(error));
        }
    }
    Ok(())
}

fn copy_as_links(from: &Path, to: &Path) -> Result<(), LabError> {
    let copying = || format!("linking {} to {}", to.display(), from.display());
    std::fs::create_dir_all(to).map_err(io(copying()))?;
    for entry in std::fs::read_dir(from).map_err(io(copying()))? {
        let entry = entry.map_err(io(copying()))?;
        let target = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy_as_links(&entry.path(), &target)?;
        } else {
            symlink(entry.path(), &target).map_err(io(copying()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_many_make_at_once_is_there_for_each_of_them_as_a_whole() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("trees/one");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    made_whole(&folder, |folder| {
                        for name in ["first", "last"] {
                            symlink("anywhere", folder.join(name)).map_err(io("linking"))?;
                        }
                        Ok(())
                    })
                    .unwrap();
                    assert!(folder.join("last").is_symlink());
                });
            }
        });
        let left = std::fs::read_dir(parent.path().join("trees")).unwrap().count();
        assert_eq!(left, 1, "unfinished folders");
    }

    #[test]
    fn a_folder_that_could_not_be_finished_is_made_by_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("one");
        let failing = |_: &Path| Err(io("linking")(std::io::ErrorKind::StorageFull.into()));
        made_whole(&folder, failing).unwrap_err();
        made_whole(&folder, |_| Ok(())).unwrap();
        assert!(folder.is_dir());
    }
}
