//! `lab demo`: two directors, three web servers and one client live through failures.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use steadfast_lab::{LabError, binary};

use crate::kernel::{self, Job, Kernel};
use crate::{packages, tests};

mod acts;
mod client;
mod scene;
mod timeline;
mod watch;

pub(crate) use scene::{DIRECTORS, Forwarding, Scene};

/// The demo takes under a minute; a hang must not last for ever.
const TIME_LIMIT: Duration = Duration::from_secs(180);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How packets get from the director to a server.
    #[arg(value_enum, default_value = "dr")]
    forwarding: Forwarding,
    /// Print the timeline and the summary as JSON lines.
    #[arg(long)]
    json: bool,
    /// Show another program that takes keepalived's options and configuration, such as
    /// /usr/sbin/keepalived.
    #[arg(long)]
    director: Option<PathBuf>,
    /// The kernel to do it on.
    #[arg(long, value_enum, default_value = "auto")]
    kernel: Kernel,
    /// Be the part that runs inside the kernel.
    #[arg(long, hide = true)]
    inside: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    if arguments.inside {
        let director = match &arguments.director {
            Some(path) => path.clone(),
            None => binary("director")?,
        };
        return acts::play(arguments.forwarding, director, arguments.json);
    }
    packages::ensure(&[packages::NETWORK, arguments.kernel.packages(), packages::DEMO])?;
    tests::build_director()?;
    let forwarding = arguments.forwarding.to_string();
    let mut words = vec!["demo", &forwarding, "--inside"];
    if arguments.json {
        words.push("--json");
    }
    let director = arguments.director.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &director {
        words.extend(["--director", path]);
    }
    kernel::run(&Job::this_program(&words, TIME_LIMIT)?, arguments.kernel)
}
