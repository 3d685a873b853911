//! `lab run`: a program on a kernel that has IPVS.

use std::process::ExitCode;
use std::time::Duration;

use steadfast_lab::LabError;

use crate::kernel::{self, Job, Kernel};
use crate::packages;

/// Nothing measures for longer.
const TIME_LIMIT: Duration = Duration::from_secs(60 * 60);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The kernel to do it on.
    #[arg(long, value_enum, default_value = "auto")]
    kernel: Kernel,
    /// The program, and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    packages::ensure(&[packages::NETWORK, arguments.kernel.packages()])?;
    let mut job = Job::this_program(&[], TIME_LIMIT)?;
    job.command.clone_from(&arguments.command);
    kernel::run(&job, arguments.kernel)
}
