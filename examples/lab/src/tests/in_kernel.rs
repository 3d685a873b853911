//! Test programs on kernels of their own.

use std::collections::{BTreeMap, VecDeque};
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use steadfast_lab::LabError;

use super::failures::{failed_tests, last_words, of_output};
use super::totals::Totals;
use super::{Report, TestProgram};
use crate::kernel::{self, Job, Kernel};

/// More than the tests of one program need by far; a hang must not last for ever.
const TIME_LIMIT: Duration = Duration::from_secs(40 * 60);
/// How many tests share a kernel. They mostly wait for each other's timers, but a kernel that has
/// too much to do is late with those.
const TOGETHER: &str = "2";
/// So many tests of a program may fail by accident; more are no accident.
const ACCIDENTS: usize = 3;

/// Runs what of the programs is for the kernel, on as many kernels at a time as there are processors:
/// User-Mode Linux has use for one only.
pub(super) fn run(
    programs: Vec<TestProgram>,
    filter: Option<&str>,
    kernel: Kernel,
) -> Result<Report, LabError> {
    let mut programs: Vec<_> = programs
        .into_iter()
        .map(|program| (tests_for_the_kernel(&program), program))
        .filter(|(tests, _)| *tests > 0)
        .collect();
    // What takes longest begins first.
    programs.sort_by_key(|(tests, _)| std::cmp::Reverse(*tests));
    let waiting: VecDeque<_> = programs.into_iter().map(|(_, program)| program).collect();
    let waiting = Mutex::new(waiting);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        let mut report = Report::default();
        while let Some(program) = next() {
            report = report.plus(run_program(&program, filter, kernel)?);
        }
        Ok(report)
    };
    let kernels = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..kernels).map(|_| scope.spawn(work)).collect();
        let ended = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // Each is waited for, whatever came of the others.
        let ended: Vec<Result<Report, LabError>> = ended.collect();
        ended.into_iter().try_fold(Report::default(), |sum, report| Ok(sum.plus(report?)))
    })
}

/// Kernel tests are those that a plain `cargo test` ignores.
fn tests_for_the_kernel(program: &TestProgram) -> usize {
    let listed = Command::new(&program.path).args(["--list", "--ignored"]).output();
    listed.map_or(0, |output| {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|line| line.ends_with(": test"))
            .count()
    })
}

/// Runs a program on a kernel of its own. A few tests that fail are tried once more, alone, and a
/// program that ended without a result as a whole: the machine that these kernels share with others
/// may have stood still. What they said at first is reported all the same.
fn run_program(
    program: &TestProgram,
    filter: Option<&str>,
    kernel: Kernel,
) -> Result<Report, LabError> {
    let all: Vec<_> = ["--test-threads", TOGETHER].into_iter().chain(filter).collect();
    let (mut report, printed) = run_tests(program, &all, kernel)?;
    let failed = failed_tests(&printed);
    let again = if report.totals == Totals::BROKEN {
        all
    } else if (1..=ACCIDENTS).contains(&failed.len()) {
        ["--test-threads", "1", "--exact"].into_iter().chain(failed).collect()
    } else {
        return Ok(report);
    };
    let (second, _) = run_tests(program, &again, kernel)?;
    report.totals = report.totals.with_second_try(second.totals);
    report.failures.extend(second.failures);
    Ok(report)
}

/// Runs tests of a program, and shows what it printed when it has ended: others print at the same
/// time.
fn run_tests(
    program: &TestProgram,
    arguments: &[&str],
    kernel: Kernel,
) -> Result<(Report, String), LabError> {
    let io = |what: &str| {
        let what = format!("{what} what {} prints", program.name);
        move |source| LabError::Io { what, source }
    };
    let output = tempfile::NamedTempFile::new().map_err(io("making a file for"))?;
    let path = program.path.display().to_string();
    let job = Job {
        command: [&*path, "--ignored"].iter().chain(arguments).map(|&word| word.into()).collect(),
        directory: program.directory.clone(),
        environment: environment(),
        interactive: false,
        output: Some(output.path().to_owned()),
        time_limit: TIME_LIMIT,
    };
    let ended = kernel::run(&job, kernel);
    let printed = std::fs::read(output.path()).map_err(io("reading"))?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let counted = Totals::of_output(&printed);
    let (trouble, broken) = match ended {
        Ok(code) if code == ExitCode::SUCCESS => (None, Totals::default()),
        Ok(_) => (None, Totals::BROKEN),
        Err(error) => (Some(format!("lab: {error}")), Totals::BROKEN),
    };
    let name = format!("\n     Running {path}");
    println!("{name}\n{printed}{}", trouble.as_deref().unwrap_or_default());
    let totals = counted.plus(broken);
    let mut failures = Vec::new();
    if !totals.is_success() {
        let ended_early = counted == Totals::default();
        failures.push(name);
        failures.extend(if ended_early { last_words(&printed) } else { of_output(&printed) });
        failures.extend(trouble);
    }
    Ok((Report { totals, failures }, printed))
}

/// What is passed on to tests from the environment of who runs them.
fn environment() -> BTreeMap<String, String> {
    let passed_on = |name: &str| name.starts_with("RUST_") || name.starts_with("PROPTEST_");
    std::env::vars().filter(|(name, _)| passed_on(name)).collect()
}
