//! `lab shell`: look around in the demo's network while the directors run.

use std::process::{Command, ExitCode};
use std::time::Duration;

use steadfast_lab::{LabError, binary};

use crate::demo::{DIRECTORS, Forwarding, Scene};
use crate::kernel::{self, Job, Kernel};
use crate::{packages, tests};

/// Nobody sits in there for longer.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How packets get from the director to a server.
    #[arg(value_enum, default_value = "dr")]
    forwarding: Forwarding,
    /// The kernel to do it on.
    #[arg(long, value_enum, default_value = "auto")]
    kernel: Kernel,
    /// Be the part that runs inside the kernel.
    #[arg(long, hide = true)]
    inside: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    if arguments.inside {
        return inside(arguments.forwarding);
    }
    packages::ensure(&[
        packages::NETWORK,
        arguments.kernel.packages(),
        packages::DEMO,
        packages::SHELL,
    ])?;
    tests::build_director()?;
    let forwarding = arguments.forwarding.to_string();
    let mut job = Job::this_program(&["shell", &forwarding, "--inside"], TIME_LIMIT)?;
    job.interactive = true;
    job.environment = ["TERM", "HOME", "LANG"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect();
    kernel::run(&job, arguments.kernel)
}

fn inside(forwarding: Forwarding) -> Result<ExitCode, LabError> {
    let mut scene = Scene::new(forwarding, binary("director")?)?;
    for name in DIRECTORS {
        scene.start_director(name)?;
    }
    let client = scene.network.host("client")?;
    let start = client.write("bashrc", &greeting(&scene)?)?;
    let mut shell = Command::new("bash");
    shell.arg("--rcfile").arg(start).arg("-i");
    let status = client.enter(|| shell.status())?;
    let status =
        status.map_err(|source| LabError::Io { what: "starting bash".to_owned(), source })?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, Into::into))
}

/// What the shell reads first: how to get at the other hosts.
fn greeting(scene: &Scene) -> Result<String, LabError> {
    let mut text = String::from("PS1='client# '\n");
    for name in ["client", "d1", "d2", "web1", "web2", "web3"] {
        let host = scene.network.host(name)?;
        text += &format!("{name}() {{ ip netns exec {} \"$@\"; }}\n", host.namespace());
        text += &format!("{name}_folder={}\n", host.folder().display());
    }
    text += "cat <<'END'\n\
             You are on the client. A host's name runs a command there:\n\
             \x20   curl http://192.168.21.155/          what a client gets\n\
             \x20   d1 ipvsadm -ln                       the first director's table\n\
             \x20   d1 ip addr show eth0                 who has the virtual address\n\
             \x20   d2 tcpdump -ni eth0 vrrp             advertisements\n\
             \x20   tail $d1_folder/*.log                what a director says\n\
             The hosts are client, d1, d2, web1, web2, web3. Leave with exit.\n\
             END\n";
    Ok(text)
}
