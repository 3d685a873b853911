use crate::kernel::{self, Job};
use std::process::ExitCode;
use steadfast_lab::LabError;
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, hide = true)]
    inside: bool,
}
pub(crate) fn run(a: &Arguments) -> Result<ExitCode, LabError> {
    if a.inside {
        println!(
            "hello {:?}",
            std::process::Command::new("ip").args(["link"]).output()
        );
        return Ok(ExitCode::from(7));
    }
    kernel::run(&Job::this_program(
        &["demo", "--inside"],
        std::time::Duration::from_secs(60),
    )?)
}
