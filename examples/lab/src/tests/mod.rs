//! `lab test`: every test of the workspace, each where it can run.

mod failures;
mod in_kernel;
mod totals;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use serde::Deserialize;
use steadfast_lab::LabError;

use self::failures::Failures;
use self::totals::Totals;
use crate::kernel::Kernel;
use crate::packages;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only tests whose name contains this.
    filter: Option<String>,
    /// The kernel to do it on.
    #[arg(long, value_enum, default_value = "auto")]
    kernel: Kernel,
    /// Run only those that need a kernel with IPVS.
    #[arg(long)]
    kernel_only: bool,
    /// Run only those of them in the test program of this name, such as `ipvs`.
    #[arg(long = "test", value_name = "NAME", requires = "kernel_only")]
    tests: Vec<String>,
}

/// A test program, and the folder in which cargo runs it.
#[derive(Debug)]
struct TestProgram {
    name: String,
    path: PathBuf,
    directory: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    packages::ensure(&[
        packages::NETWORK,
        arguments.kernel.packages(),
        packages::DEMO,
        packages::TEST,
    ])?;
    let programs = build()?;
    let mut outside = Report::default();
    if !arguments.kernel_only {
        let mut cargo = cargo();
        cargo.args(["test", "--workspace", "--no-fail-fast"]).args(&arguments.filter);
        outside = counted(&mut cargo)?;
    }
    println!("\n     Running the tests that need it on a kernel with IPVS");
    let chosen = |program: &TestProgram| {
        arguments.tests.is_empty() || arguments.tests.contains(&program.name)
    };
    let programs = programs.into_iter().filter(chosen).collect();
    let in_kernel = in_kernel::run(programs, arguments.filter.as_deref(), arguments.kernel)?;
    for line in outside.failures.iter().chain(&in_kernel.failures) {
        println!("{line}");
    }
    let summary = outside.totals.with_kernel(in_kernel.totals, arguments.kernel_only);
    println!("\ntests: {summary}");
    Ok(if summary.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What came of test programs.
#[derive(Debug, Default)]
struct Report {
    totals: Totals,
    /// What they said of what failed, line by line.
    failures: Vec<String>,
}

impl Report {
    fn plus(mut self, mut other: Self) -> Self {
        self.failures.append(&mut other.failures);
        Self { totals: self.totals.plus(other.totals), ..self }
    }
}

/// Builds all tests, and all programs that they start.
fn build() -> Result<Vec<TestProgram>, LabError> {
    run_to_end(cargo().args(["build", "--workspace", "--bins"]))?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| LabError::Io { what: "starting cargo".to_owned(), source })?;
    if !output.status.success() {
        return Err(LabError::Failed {
            command: format!("{command:?}"),
            status: output.status.to_string(),
            output: "see above".to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(test_program).collect())
}

fn test_program(line: &str) -> Option<TestProgram> {
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    #[derive(Deserialize)]
    struct Artifact {
        target: Target,
        executable: Option<PathBuf>,
        manifest_path: PathBuf,
        profile: Profile,
    }
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    if !artifact.profile.test {
        return None;
    }
    let directory = artifact.manifest_path.parent()?.to_path_buf();
    Some(TestProgram { name: artifact.target.name, path: artifact.executable?, directory })
}

/// Runs a command, passes its output on, and adds up the result lines in it.
fn counted(command: &mut Command) -> Result<Report, LabError> {
    let what = format!("running {:?}", command.get_program());
    let starting = |source| LabError::Io { what: what.clone(), source };
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(source) => return Err(starting(source)),
    };
    let mut totals = Totals::default();
    let mut failures = Failures::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(starting)?;
        println!("{line}");
        totals = totals.plus(Totals::of_line(&line));
        failures.line(&line);
    }
    if !child.wait().map_err(starting)?.success() {
        totals = totals.plus(Totals::BROKEN);
    }
    Ok(Report { totals, failures: failures.into_lines() })
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds the director that the demo shows.
pub(crate) fn build_director() -> Result<(), LabError> {
    run_to_end(cargo().args(["build", "--package", "steadfast-director"]))
}

fn run_to_end(command: &mut Command) -> Result<(), LabError> {
    let status = command.status().map_err(|source| LabError::Io {
        what: format!("starting {:?}", command.get_program()),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    Err(LabError::Failed {
        command: format!("{command:?}"),
        status: status.to_string(),
        output: "see above".to_owned(),
    })
}
