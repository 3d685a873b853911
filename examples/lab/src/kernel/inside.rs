//! The first process on the kernel: prepares it, runs the job, reports, and ends everything.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, mount};
use rustix::process::{Pid, Signal, WaitOptions, kill_process};
use rustix::system::{RebootCommand, reboot};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use steadfast_lab::LabError;

use super::{JOB, Job, MODULES, Machine, STATUS, io, run_quietly};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where everything that is written inside goes; in memory, gone with the kernel.
const TEMPORARY: &str = "/run/lab";
/// Exit code of a job that was ended because its time was up, as timeout(1) has it.
const TIMED_OUT: u8 = 124;

pub(crate) fn run(machine: Machine, folder: &Path) -> Result<ExitCode, LabError> {
    if std::process::id() != 1 {
        return Err(LabError::Failed {
            command: "lab inside".to_owned(),
            status: "refused".to_owned(),
            output: "only the other commands start this".to_owned(),
        });
    }
    let ended = prepare(machine, folder).and_then(|()| run_job(machine, folder));
    // Without a result the last that was said here is shown outside.
    let reported = match &ended {
        Ok(code) => std::fs::write(folder.join(STATUS), code.to_string()),
        Err(error) => {
            eprintln!("lab: {error}");
            Ok(())
        }
    };
    if machine != Machine::Native {
        rustix::fs::sync();
        reboot(RebootCommand::PowerOff).map_err(|errno| io("powering off")(errno.into()))?;
    }
    reported.map_err(io("reporting the job's exit code"))?;
    Ok(ended.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn prepare(machine: Machine, folder: &Path) -> Result<(), LabError> {
    let mut modprobe = PathBuf::from("/sbin/modprobe");
    if machine == Machine::Native {
        // Namespaces made from here on are visible here only, and end with us.
        make_folder("/run/netns")?;
        mount_new("tmpfs", "/run/netns")?;
        make_folder(TEMPORARY)?;
        mount_new("tmpfs", TEMPORARY)?;
    } else {
        mount_new("proc", "/proc")?;
        mount_new("sysfs", "/sys")?;
        mount_new("tmpfs", "/run")?;
        make_folder("/run/netns")?;
        make_folder(TEMPORARY)?;
    }
    if machine == Machine::UserMode {
        let tree = std::fs::read_link(folder.join(MODULES)).map_err(io("finding the modules"))?;
        modprobe = tree.join("modprobe");
        std::fs::write("/proc/sys/kernel/modprobe", modprobe.as_os_str().as_encoded_bytes())
            .map_err(io("telling the kernel where its modules are"))?;
    }
    load_modules(&modprobe)?;
    run_quietly(Command::new("/sbin/ip").args(["link", "set", "lo", "up"]))?;
    Ok(())
}

fn make_folder(path: &str) -> Result<(), LabError> {
    std::fs::create_dir_all(path).map_err(io(format!("making {path}")))
}

/// Loads the schedulers that are known to every network namespace. The kernel would load them by
/// itself, but it does so under IPVS's mutex and then waits for namespaces that come or go, which
/// may be waiting for that mutex (seen on 6.1: `ip_vs_genl_set_cmd`, `register_pernet_subsys`).
fn load_modules(modprobe: &Path) -> Result<(), LabError> {
    let names = ["--all", "--quiet", "ip_vs_lblc", "ip_vs_lblcr"];
    run_quietly(Command::new(modprobe).args(names)).map(drop)
}

fn mount_new(kind: &str, target: &str) -> Result<(), LabError> {
    mount(kind, target, kind, MountFlags::empty(), None)
        .map_err(|errno| io(format!("mounting {kind} on {target}"))(errno.into()))
}

fn run_job(machine: Machine, folder: &Path) -> Result<u8, LabError> {
    let text = std::fs::read(folder.join(JOB)).map_err(io("reading the job"))?;
    let job: Job =
        serde_json::from_slice(&text).map_err(|error| io("reading the job")(error.into()))?;
    let (program, arguments) = job.command.split_first().ok_or_else(|| LabError::Failed {
        command: "the job".to_owned(),
        status: "refused".to_owned(),
        output: "it has no command".to_owned(),
    })?;
    let mut command = if job.interactive && machine != Machine::Native {
        // A shell wants a controlling terminal, so that ^C reaches what it runs and not us.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir(&job.directory).envs(&job.environment);
    command.env("PATH", PATH).env("TMPDIR", TEMPORARY);
    let terminal = match machine {
        Machine::Native => None,
        Machine::UserMode => Some("/dev/tty1"),
        Machine::Emulated => Some("/dev/ttyS1"),
    };
    if let Some(terminal) = terminal {
        give_terminal(&mut command, terminal, job.interactive)?;
    }
    if let Some(path) = &job.output {
        let opening = || format!("opening {}", path.display());
        let output = File::options().append(true).open(path).map_err(io(opening()))?;
        let copy = output.try_clone().map_err(io(opening()))?;
        command.stdin(Stdio::null()).stdout(output).stderr(copy);
    }
    let child = command.spawn().map_err(io(format!("starting {:?}", command.get_program())))?;
    reap_until_end(child, job.time_limit)
}

fn give_terminal(command: &mut Command, path: &str, interactive: bool) -> Result<(), LabError> {
    let opening = || format!("opening {path}");
    let terminal = File::options().read(true).write(true).open(path).map_err(io(opening()))?;
    if !interactive {
        // Bytes shall arrive as they were written, without carriage returns added.
        tcgetattr(&terminal)
            .and_then(|mut settings| {
                settings.make_raw();
                tcsetattr(&terminal, OptionalActions::Now, &settings)
            })
            .map_err(|errno| io(opening())(errno.into()))?;
    }
    let copy = || terminal.try_clone().map_err(io(opening()));
    command.stdin(copy()?).stdout(copy()?).stderr(Stdio::from(copy()?));
    Ok(())
}

/// As first process we inherit all orphans; the job's own end is what we wait for.
fn reap_until_end(child: Child, time_limit: Duration) -> Result<u8, LabError> {
    let job = Pid::from_child(&child);
    let begin = Instant::now();
    let mut killed = false;
    loop {
        let reaped = rustix::process::wait(WaitOptions::NOHANG)
            .map_err(|errno| io("waiting for the job")(errno.into()))?;
        match reaped {
            Some((pid, status)) if pid == job => {
                let code = status.exit_status().map(|code| u8::try_from(code).unwrap_or(u8::MAX));
                return Ok(if killed { TIMED_OUT } else { code.unwrap_or(1) });
            }
            Some(_orphan) => {}
            None => std::thread::sleep(Duration::from_millis(20)),
        }
        if !killed && begin.elapsed() > time_limit {
            eprintln!("lab: ended after {time_limit:?}, the most it may take");
            kill_process(job, Signal::KILL).map_err(|errno| io("ending the job")(errno.into()))?;
            killed = true;
        }
    }
}
