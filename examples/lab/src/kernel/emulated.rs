//! Debian's stock kernel in an emulated PC, on this machine's files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use steadfast_lab::{LabError, this_program, wait_until};

use super::initramfs::{Archive, program_with_libraries};
use super::{CONSOLE, INIT, ending_with_us, io, run_quietly};

const EMULATOR: &str = "qemu-system-x86_64";
/// Debian's link to the newest kernel that is installed.
const KERNEL: &str = "/vmlinuz";
const MEMORY: &str = "1G";
/// Two, so that what races on real machines races here.
const PROCESSORS: &str = "2";
/// With whose help the kernel sees this machine's files.
const NEEDED_MODULES: [&str; 3] = ["virtio_pci", "9pnet_virtio", "9p"];
/// The kernel that only tells whether the processor's virtualisation works; emulation needs 3 s.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// By what name the kernel knows this machine's files.
pub(super) const FILES: &str = "machine";

/// Boots the kernel with this program as its first process.
pub(super) fn command(folder: &Path) -> Result<Command, LabError> {
    std::os::unix::fs::symlink(this_program()?, folder.join(INIT))
        .map_err(io("linking to this program"))?;
    let initramfs = folder.join("initramfs");
    std::fs::write(&initramfs, initramfs_with_modules()?)
        .map_err(io("writing the initial files"))?;
    File::create(folder.join(CONSOLE)).map_err(io("making the console's file"))?;

    let accelerator = if virtualisation_works(&initramfs)? { "kvm" } else { "tcg,thread=multi" };
    let mut command = machine(accelerator, &initramfs, &format!("boot {}", folder.display()));
    // Files are who they are only when the emulator may say so.
    let owners = if rustix::process::geteuid().is_root() { "passthrough" } else { "none" };
    command
        .args(["-smp", PROCESSORS, "-virtfs"])
        .arg(format!(
            "local,path=/,mount_tag={FILES},security_model={owners},multidevs=remap"
        ))
        // What the kernel says goes to a file, what the job says to our standard output.
        .arg("-serial")
        .arg(format!("file:{}", folder.join(CONSOLE).display()))
        .args(["-chardev", "stdio,id=job,signal=off", "-serial", "chardev:job"])
        .stdin(Stdio::inherit());
    Ok(command)
}

fn machine(accelerator: &str, initramfs: &Path, first_words: &str) -> Command {
    let mut command = ending_with_us(EMULATOR);
    command
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"])
        .args(["-cpu", "max", "-m", MEMORY, "-accel", accelerator, "-kernel", KERNEL, "-initrd"])
        .arg(initramfs)
        .arg("-append")
        .arg(format!("console=ttyS0 quiet panic=-1 mitigations=off rdinit=/lab -- {first_words}"));
    command
}

/// A device that can be opened is not enough: inside another virtual machine the guest may hang.
fn virtualisation_works(initramfs: &Path) -> Result<bool, LabError> {
    if File::options().read(true).write(true).open("/dev/kvm").is_err() {
        return Ok(false);
    }
    let mut probe = machine("kvm", initramfs, "boot")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(io(format!("starting {EMULATOR}")))?;
    let mut succeeded = None;
    let _in_time = wait_until(PROBE_LIMIT, "the processor's virtualisation works", || {
        succeeded = probe.try_wait().ok().flatten();
        succeeded.is_some()
    });
    if succeeded.is_none() {
        probe.kill().map_err(io("ending a probe"))?;
        probe.wait().map_err(io("ending a probe"))?;
    }
    Ok(succeeded.is_some_and(|status| status.success()))
}

/// This program, and the modules by which it gets at all other files.
fn initramfs_with_modules() -> Result<Vec<u8>, LabError> {
    let mut archive = Archive::default();
    program_with_libraries(&mut archive, "lab")?;
    archive.folder("modules");
    for (number, module) in modules()?.into_iter().enumerate() {
        archive.file(&format!("modules/{number:02}"), &read(&module)?);
    }
    Ok(archive.finish())
}

/// The files of the needed modules and of what those need, in the order to load them in.
fn modules() -> Result<Vec<PathBuf>, LabError> {
    let kernel = std::fs::read_link(KERNEL).map_err(io(format!("looking where {KERNEL} leads")))?;
    let name = kernel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let version = name.strip_prefix("vmlinuz-").unwrap_or(&name);
    let mut modules: Vec<PathBuf> = Vec::new();
    for module in NEEDED_MODULES {
        let mut modprobe = Command::new("/sbin/modprobe");
        modprobe.args(["--set-version", version, "--show-depends", module]);
        let shown = run_quietly(&mut modprobe)?;
        for path in shown.lines().filter_map(|line| line.strip_prefix("insmod ")) {
            let path = PathBuf::from(path.trim());
            if !modules.contains(&path) {
                modules.push(path);
            }
        }
    }
    Ok(modules)
}

fn read(path: &Path) -> Result<Vec<u8>, LabError> {
    std::fs::read(path).map_err(io(format!("reading {}", path.display())))
}
