//! `lab test`: every test of the workspace, each where it can run.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_lab::LabError;

use crate::kernel::{self, Job};
use crate::packages;

/// More than the tests need by far; a hang must not last for ever.
const TIME_LIMIT: Duration = Duration::from_secs(45 * 60);
/// The tests in the kernel mostly wait for each other's timers, so they share one processor well.
const THREADS: &str = "--test-threads=4";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only tests whose name contains this.
    filter: Option<String>,
    /// Run only those that need a kernel with IPVS.
    #[arg(long)]
    kernel_only: bool,
    /// Run the listed programs; what this program tells itself inside the kernel.
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

/// A test program, and the folder in which cargo runs it.
#[derive(Debug, Serialize, Deserialize)]
struct TestProgram {
    path: PathBuf,
    directory: PathBuf,
}

/// Sums over the result lines that test programs print.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Programs that ended without success, whatever they had counted.
    broken: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, LabError> {
    if let Some(list) = &arguments.inside {
        return run_inside(list, arguments.filter.as_deref());
    }
    packages::ensure(&[packages::KERNEL, packages::DEMO, packages::TEST])?;
    let programs = build()?;
    let mut totals = Totals::default();
    if !arguments.kernel_only {
        let mut cargo = cargo();
        cargo.args(["test", "--workspace", "--no-fail-fast"]).args(&arguments.filter);
        totals = counted(&mut cargo)?;
    }
    println!("\n     Running the tests that need it on a kernel with IPVS");
    let in_kernel = run_in_kernel(programs, arguments.filter.as_deref())?;
    let summary = totals.with_kernel(in_kernel, arguments.kernel_only);
    println!(
        "\ntests: {} passed, {} failed, {} skipped",
        summary.passed,
        summary.failed.saturating_add(u64::from(summary.failed == 0 && summary.broken > 0)),
        summary.ignored
    );
    // A test that was to run and did not is no success.
    let whole = summary.failed == 0 && summary.broken == 0 && summary.ignored == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    struct Artifact {
        executable: Option<PathBuf>,
        manifest_path: PathBuf,
        profile: Profile,
    }
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    if !artifact.profile.test {
        return None;
    }
    let directory = artifact.manifest_path.parent()?.to_path_buf();
    Some(TestProgram { path: artifact.executable?, directory })
}

fn run_in_kernel(programs: Vec<TestProgram>, filter: Option<&str>) -> Result<Totals, LabError> {
    let programs: Vec<_> = programs.into_iter().filter(has_ignored).collect();
    let list = tempfile::NamedTempFile::new()
        .map_err(|source| LabError::Io { what: "making a temporary file".to_owned(), source })?;
    write_json(list.path(), &programs)?;
    let list_path = list.path().display().to_string();
    let mut arguments = vec!["test", "--inside", &list_path];
    arguments.extend(filter);
    let mut job = Job::this_program(&arguments, TIME_LIMIT)?;
    job.environment = environment();
    kernel::run(&job)?;
    read_json(list.path())
}

/// Kernel tests are those that a plain `cargo test` ignores.
fn has_ignored(program: &TestProgram) -> bool {
    let listed = Command::new(&program.path).args(["--list", "--ignored"]).output();
    listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(": test"))
}

/// What is passed on to tests from the environment of who runs them.
fn environment() -> BTreeMap<String, String> {
    let passed_on = |name: &str| name.starts_with("RUST_") || name.starts_with("PROPTEST_");
    std::env::vars().filter(|(name, _)| passed_on(name)).collect()
}

fn run_inside(list: &Path, filter: Option<&str>) -> Result<ExitCode, LabError> {
    let programs: Vec<TestProgram> = read_json(list)?;
    let mut totals = Totals::default();
    for program in &programs {
        println!("\n     Running {}", program.path.display());
        let mut command = Command::new(&program.path);
        command.args(["--ignored", THREADS]).args(filter).current_dir(&program.directory);
        totals = totals.plus(counted(&mut command)?);
    }
    write_json(list, &totals)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a command, passes its output on, and adds up the result lines in it.
fn counted(command: &mut Command) -> Result<Totals, LabError> {
    let what = format!("running {:?}", command.get_program());
    let starting = |source| LabError::Io { what: what.clone(), source };
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(source) => return Err(starting(source)),
    };
    let mut totals = Totals::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(starting)?;
        println!("{line}");
        totals = totals.plus(Totals::of_line(&line));
    }
    let status = child.wait().map_err(starting)?;
    Ok(totals.plus(Totals { broken: u64::from(!status.success()), ..Totals::default() }))
}

impl Totals {
    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn of_line(line: &str) -> Self {
        let mut totals = Self::default();
        let Some(counts) = line.strip_prefix("test result: ") else {
            return totals;
        };
        let counts = counts.split_once(". ").map_or("", |(_verdict, counts)| counts);
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            match what {
                "passed" => totals.passed = number,
                "failed" => totals.failed = number,
                "ignored" => totals.ignored = number,
                _ => {}
            }
        }
        totals
    }

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
            broken: self.broken.saturating_add(other.broken),
        }
    }

    /// What was ignored outside and ran in the kernel counts as what it was there.
    fn with_kernel(self, kernel: Self, kernel_only: bool) -> Self {
        let ran = kernel.passed.saturating_add(kernel.failed);
        let ignored = if kernel_only { 0 } else { self.ignored.saturating_sub(ran) };
        Self { ignored, ..self }.plus(kernel)
    }
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

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), LabError> {
    let failed = |source| LabError::Io { what: format!("writing {}", path.display()), source };
    let text = serde_json::to_vec(value).map_err(|error| failed(error.into()))?;
    std::fs::write(path, text).map_err(failed)
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, LabError> {
    let failed = |source| LabError::Io { what: format!("reading {}", path.display()), source };
    let text = std::fs::read(path).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        let expected = Totals { passed: 3, failed: 2, ignored: 1, broken: 0 };
        assert_eq!(Totals::of_line(line), expected);
    }

    #[test]
    fn any_other_line_counts_nothing() {
        assert_eq!(Totals::of_line("test net::result ... ok"), Totals::default());
    }

    #[test]
    fn a_test_that_was_ignored_and_never_ran_stays_ignored() {
        let outside = Totals { passed: 5, ignored: 3, ..Totals::default() };
        let kernel = Totals { passed: 1, failed: 1, ..Totals::default() };
        let sum = outside.with_kernel(kernel, false);
        assert_eq!(sum, Totals { passed: 6, failed: 1, ignored: 1, broken: 0 });
    }
}
