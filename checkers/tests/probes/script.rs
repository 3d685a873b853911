//! Programs that behave badly, run by MISC_CHECK.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use steadfast_checkers::script::{Ending, MiscCheck, Ran, RunAs, Script, ScriptError};
use steadfast_checkers::{Check, Failure, LocalError, Outcome};

/// Long where the program is quick, so that a slow machine fails no test.
const PATIENT: Duration = Duration::from_secs(30);
const IMPATIENT: Duration = Duration::from_millis(300);

fn shell(text: &str) -> Script {
    Script::new("/bin/sh", ["-c", text])
}

async fn run(text: &str) -> Ran {
    shell(text).run(PATIENT).await.unwrap()
}

fn ending(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Fail(Failure::Script(failure)) => failure.ran.ending,
        other => panic!("{other}"),
    }
}

/// Until a program has written into a file.
async fn is_written(file: &Path) {
    while fs::read(file).unwrap_or_default().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Until the process whose number is in a file has ended; its parent may take a moment to reap it.
fn ends(file: &Path) -> bool {
    let pid = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    let until = Instant::now() + PATIENT;
    while Instant::now() < until {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let gone = test_kill_process(Pid::from_raw(pid).unwrap()).is_err();
        if gone || state.rsplit(')').next().unwrap().trim().starts_with('Z') {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[tokio::test]
async fn output_of_both_streams_is_kept() {
    assert_eq!(run("echo out; echo err >&2").await.output, "out\nerr\n");
}

#[tokio::test]
async fn a_program_may_have_as_many_files_open_as_it_is_said() {
    let script = Script { open_files: Some(77), ..shell("ulimit -n") };
    assert_eq!(script.run(PATIENT).await.unwrap().output, "77\n");
}

#[tokio::test]
async fn a_flood_of_output_is_read_and_bounded() {
    let ran = run("head -c 10000000 /dev/zero | tr '\\0' x; exit 3").await;
    assert_eq!(ran.ending, Ending::Exited(3));
    assert_eq!(ran.output.len(), 4096);
}

#[tokio::test]
async fn each_exit_code_is_told() {
    for code in [0, 1, 2, 126, 127, 255] {
        assert_eq!(run(&format!("exit {code}")).await.ending, Ending::Exited(code));
    }
}

#[tokio::test]
async fn a_death_by_signal_is_told() {
    assert_eq!(run("kill -SEGV $$").await.ending, Ending::Signalled(11));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_inconclusive() {
    let check = MiscCheck::new(Script::new("/nonexistent/check", [""; 0]), PATIENT);
    let outcome = check.check().await;
    let said = outcome.to_string();
    assert!(matches!(outcome, Outcome::Inconclusive(LocalError::Script(_))), "{said}");
    assert!(said.starts_with("/nonexistent/check cannot be started"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_not_executable_is_inconclusive() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check");
    fs::write(&file, "#!/bin/sh\nexit 0\n").unwrap();
    let error = Script::new(file, [""; 0]).run(PATIENT).await.unwrap_err();
    assert!(matches!(error, ScriptError::Start { .. }), "{error}");
}

#[tokio::test]
async fn a_script_that_names_nothing_to_run_it_is_run_by_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check");
    fs::write(&file, "exit $1\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = Script::new(file, ["3"]).run(PATIENT).await.unwrap();
    assert_eq!(ran.ending, Ending::Exited(3));
}

#[tokio::test]
async fn a_program_that_deletes_itself_is_judged_by_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check");
    fs::write(&file, "rm \"$0\"; exit 5\n").unwrap();
    let script = Script::new("/bin/sh", [file.clone()]);
    assert_eq!(script.run(PATIENT).await.unwrap().ending, Ending::Exited(5));
    assert!(!file.exists());
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_after_its_time() {
    let check = MiscCheck::new(shell("sleep 1000"), IMPATIENT);
    assert_eq!(ending(check.check().await), Ending::TimedOut);
}

#[tokio::test]
async fn a_program_that_never_stops_printing_is_ended_after_its_time() {
    let begin = Instant::now();
    let check = MiscCheck::new(shell("yes & yes & yes & yes"), IMPATIENT);
    assert_eq!(ending(check.check().await), Ending::TimedOut);
    assert!(begin.elapsed() < PATIENT / 3, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn what_a_program_prints_is_shown_without_control_characters() {
    let check = MiscCheck::new(shell(r"printf '\033[2Jbad\n'; exit 1"), PATIENT);
    let outcome = check.check().await.to_string();
    assert!(outcome.ends_with(r"exited with 1: \u{1b}[2Jbad"), "{outcome:?}");
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let text = format!("trap '' TERM; echo $$ >{}; while :; do sleep 1; done", file.display());
    let ran = shell(&text).run_until(is_written(&file)).await.unwrap();
    assert_eq!(ran.ending, Ending::TimedOut);
    assert!(ends(&file));
}

#[tokio::test]
async fn what_a_program_leaves_behind_in_its_group_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let text = format!("(trap '' TERM; sleep 1000) & echo $! >{}; exit 0", file.display());
    assert_eq!(run(&text).await.ending, Ending::Exited(0));
    assert!(ends(&file));
}

#[tokio::test]
async fn what_a_program_may_leave_behind_goes_on() {
    let text = "sleep 1000 & echo $!";
    let script = Script { may_leave_children: true, ..shell(text) };
    let pid: i32 = script.run(PATIENT).await.unwrap().output.trim().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    test_kill_process(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn what_a_program_may_leave_behind_goes_on_when_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let [go, done] = ["go", "done"].map(|name| folder.path().join(name));
    // More than a pipe holds.
    let text = format!(
        "(until test -e {}; do sleep 0.01; done; head -c 200000 /dev/zero && echo >{}) & exit 0",
        go.display(),
        done.display()
    );
    let script = Script { may_leave_children: true, ..shell(&text) };
    assert_eq!(script.run(PATIENT).await.unwrap().ending, Ending::Exited(0));
    fs::write(go, "").unwrap();
    tokio::time::timeout(PATIENT, is_written(&done)).await.unwrap();
}

#[test]
fn a_program_that_ends_with_us_is_asked_to_when_its_thread_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let text = format!("echo $$ >{}; exec sleep 1000", file.display());
    let script = Script { ends_with_us: true, ..shell(&text) };
    let written = file.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut running = Box::pin(async move { script.run(PATIENT).await });
        runtime.block_on(async {
            tokio::select! {
                ran = &mut running => panic!("{ran:?}"),
                () = is_written(&written) => {}
            }
        });
        // Nothing is put in order, as when a process is killed.
        std::mem::forget((running, runtime));
    });
    thread.join().unwrap();
    assert!(ends(&file));
}

#[tokio::test]
async fn somebody_who_keeps_the_output_open_is_not_waited_for() {
    let begin = Instant::now();
    // In a session of its own it is out of reach.
    assert_eq!(run("setsid sleep 15 & echo started").await.output, "started\n");
    assert!(begin.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_program_is_killed_when_nobody_is_interested_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = shell(&format!("echo $$ >{}; sleep 1000", file.display()));
    let running = tokio::spawn(async move { script.run(PATIENT).await });
    is_written(&file).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(ends(&file));
}

fn nobody(supplementary: &[u32]) -> RunAs {
    RunAs { uid: 65534, gid: 65534, supplementary: supplementary.to_vec() }
}

#[tokio::test]
async fn a_program_runs_as_somebody_else_without_our_groups() {
    if !rustix::process::geteuid().is_root() {
        // Only root can.
        assert!(shell("id").run_as(nobody(&[])).run(PATIENT).await.is_err());
        return;
    }
    let ran = shell("id -u; id -G").run_as(nobody(&[])).run(PATIENT).await.unwrap();
    assert_eq!(ran.output, "65534\n65534\n");
    let ran = shell("id -G").run_as(nobody(&[7, 8])).run(PATIENT).await.unwrap();
    assert_eq!(ran.output, "65534 7 8\n");
}

#[tokio::test]
async fn a_program_is_asked_to_end_when_it_is_not_wanted_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    // A shell may say of its child that it was terminated too, if it sees that first.
    let text = format!(
        "exec 2>/dev/null; trap 'echo bye; exit 3' TERM; sleep 1000 & echo >{}; wait",
        started.display()
    );
    let ran = shell(&text).run_until(is_written(&started)).await.unwrap();
    assert_eq!((ran.ending, ran.output.as_str()), (Ending::TimedOut, "bye\n"));
}

#[tokio::test]
async fn variables_that_change_shells_and_the_linker_are_not_passed_on() {
    let ran = run("env").await;
    assert!(!ran.output.lines().any(|line| line.starts_with("LD_")), "{}", ran.output);
    assert!(ran.output.lines().any(|line| line.starts_with("PATH=")), "{}", ran.output);
}
