use std::io;
use std::path::Path;
use std::time::Duration;

use steadfast_conf::model::TrackProcess;
use steadfast_director_core::process::{Process, Quorum, is_tracked};
use steadfast_director_core::tracking::Object;
use steadfast_vrrp::priority::Status;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::warn;

use super::{Report, Seen};

/// How often processes are counted.
const EVERY: Duration = Duration::from_millis(500);

/// Counts processes.
pub(super) async fn watch(tracked: Vec<TrackProcess>, report: Report) {
    let started = Instant::now();
    let mut quorums: Vec<_> = tracked.iter().map(Quorum::new).collect();
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let wanted = tracked.clone();
        // A machine may have many processes.
        let counts = match spawn_blocking(move || count(&wanted)).await {
            Ok(Ok(counts)) => counts,
            Ok(Err(error)) => {
                warn!("counting processes: {error}");
                continue;
            }
            Err(_) => return,
        };
        let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let now = steadfast_vrrp::Instant::from_nanos(elapsed);
        for ((tracked, quorum), count) in tracked.iter().zip(&mut quorums).zip(counts) {
            if let Some(up) = quorum.handle_count(now, count) {
                let status = if up { Status::Up } else { Status::Down };
                report.tell(Seen::Status(Object::Process(tracked.name.clone()), status));
            }
        }
    }
}

/// How many of each there are.
fn count(tracked: &[TrackProcess]) -> io::Result<Vec<u32>> {
    let mut counts = vec![0; tracked.len()];
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let is_process = entry
            .file_name()
            .to_str()
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()));
        // One that has ended in between is none.
        let Some(process) = is_process.then(|| read(&entry.path())).flatten() else { continue };
        for (tracked, count) in tracked.iter().zip(&mut counts) {
            *count += u32::from(is_tracked(tracked, &process));
        }
    }
    Ok(counts)
}

fn read(folder: &Path) -> Option<Process> {
    let name = std::fs::read(folder.join("comm")).ok()?;
    let command_line = std::fs::read(folder.join("cmdline")).ok()?;
    // A thread of the kernel has none either.
    if command_line.is_empty() && has_ended(folder)? {
        return None;
    }
    let words = command_line.strip_suffix(&[0]).unwrap_or(&command_line);
    let words = words.split(|&byte| byte == 0).filter(|_| !command_line.is_empty());
    Some(Process {
        name: String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned(),
        command_line: words.map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
    })
}

/// Whether it is only there because its parent has not asked yet how it ended (proc(5), state Z).
fn has_ended(folder: &Path) -> Option<bool> {
    let stat = std::fs::read(folder.join("stat")).ok()?;
    // The name before it may have anything in it.
    let state = stat.rsplit(|&byte| byte == b')').next()?.trim_ascii_start();
    Some(matches!(state.first(), Some(b'Z' | b'X')))
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    use super::*;

    #[test]
    fn a_process_that_has_ended_is_none_before_its_parent_cares_either() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert_eq!(read(Path::new(&format!("/proc/{}", child.id()))), None);
        child.wait().unwrap();
    }

    #[test]
    fn this_process_is_read_with_its_words() {
        let ours = read(Path::new("/proc/self")).unwrap();
        let words: Vec<_> = std::env::args().collect();
        assert_eq!(ours.command_line, words);
        assert!(!ours.name.is_empty());
    }
}
