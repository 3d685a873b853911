use crate::kernel::{self, Job};
use std::process::ExitCode;
use steadfast_lab::LabError;
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn run(_: &Arguments) -> Result<ExitCode, LabError> {
    let mut job = Job::this_program(&[], std::time::Duration::from_secs(600))?;
    job.command = vec!["bash".into()];
    job.interactive = true;
    kernel::run(&job)
}
