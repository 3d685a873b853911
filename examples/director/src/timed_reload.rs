//! Reloads at the time that stands in the file of `reload_time_file`.

use std::convert::Infallible;
use std::fs::remove_file;
use std::io;
use std::os::fd::OwnedFd;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use steadfast_conf::Model;
use steadfast_conf::model::ReloadTimeFile;
use steadfast_director_core::reload_time::{Decision, decide};
use steadfast_director_core::said::Said;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::or_never::or_never;
use crate::sys;
use crate::watched_file::{RETRY, WatchedFile, beginning};

/// More than a time has.
const LONGEST: u64 = 64;

/// Follows the file, if there is to be one.
#[derive(Debug)]
pub(crate) struct TimedReload {
    file: Option<ReloadTimeFile>,
    task: JoinSet<()>,
    due: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

impl TimedReload {
    /// There is no file.
    pub(crate) fn new() -> Self {
        Self { file: None, task: JoinSet::new(), due: mpsc::channel(1) }
    }

    /// Follows the file that a model names.
    pub(crate) fn reconcile(&mut self, model: &Model) {
        if self.file == model.global.reload_time {
            return;
        }
        self.file.clone_from(&model.global.reload_time);
        self.task = JoinSet::new();
        if let Some(file) = self.file.clone() {
            let due = self.due.0.clone();
            self.task.spawn(Follower { file, due, decided: Decision::Nothing }.run());
        }
    }

    /// Waits until the configuration is to be read again.
    pub(crate) async fn next(&mut self) {
        // It cannot end: the other end is here.
        let _due = self.due.1.recv().await;
    }
}

struct Follower {
    file: ReloadTimeFile,
    due: mpsc::Sender<()>,
    /// What has been said.
    decided: Decision,
}

impl Follower {
    async fn run(mut self) {
        let mut said = Said::default();
        loop {
            let Err(error) = self.follow().await;
            for text in said.handle_all([error.to_string()]) {
                warn!("reload_time_file {}: {text}", self.file.path.display());
            }
            sleep(RETRY).await;
        }
    }

    async fn follow(&mut self) -> io::Result<Infallible> {
        let mut watch = WatchedFile::new(self.file.path.clone())?;
        loop {
            watch.renew()?;
            let text = beginning(&self.file.path, LONGEST)?;
            let local = TimeZone::system();
            let decision = decide(text.as_deref(), Timestamp::now(), &local);
            self.say(&decision, &local);
            let timer = match decision {
                Decision::At(at) => Some(Timer::at(at)?),
                Decision::Nothing | Decision::Invalid(_) | Decision::Past => None,
            };
            self.decided = decision;
            tokio::select! {
                changed = watch.changed() => changed?,
                elapsed = or_never(timer.as_ref().map(Timer::elapsed)) => match elapsed? {
                    Elapsed::InTime => self.reload(),
                    Elapsed::ClockSet => {}
                },
            }
        }
    }

    fn say(&self, decision: &Decision, local: &TimeZone) {
        if self.decided == *decision {
            return;
        }
        let path = self.file.path.display();
        match decision {
            Decision::At(at) => {
                let at = at.to_zoned(local.clone());
                info!("Scheduling a reload for {}", at.strftime("%F %T %Z"));
                return;
            }
            Decision::Nothing => {}
            Decision::Invalid(error) => warn!("reload_time_file {path}: {error}"),
            Decision::Past => info!("reload_time_file {path}: that time is over"),
        }
        if let Decision::At(_) = self.decided {
            info!("No reload is scheduled any more");
        }
    }

    fn reload(&mut self) {
        self.decided = Decision::Nothing;
        if !self.file.repeat
            && let Err(error) = remove_file(&self.file.path)
        {
            warn!("reload_time_file {}: removing it: {error}", self.file.path.display());
        }
        // Another one that nobody has noticed yet is as good.
        let _noticed_with_that = self.due.try_send(());
    }
}

/// What a timer has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elapsed {
    InTime,
    /// The machine's clock was set meanwhile.
    ClockSet,
}

/// Waits for a time of the machine's clock, whatever becomes of that.
struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    fn at(at: Timestamp) -> io::Result<Self> {
        let timer = timerfd_create(
            TimerfdClockId::Realtime,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec { tv_sec: at.as_second(), tv_nsec: at.subsec_nanosecond().into() },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(&timer, flags, &once)?;
        Ok(Self(sys::watch(timer)?))
    }

    async fn elapsed(&self) -> io::Result<Elapsed> {
        loop {
            let mut ready = self.0.readable().await?;
            match rustix::io::read(self.0.get_ref(), &mut [0; size_of::<u64>()]) {
                Ok(_) => return Ok(Elapsed::InTime),
                Err(Errno::CANCELED) => return Ok(Elapsed::ClockSet),
                Err(Errno::AGAIN | Errno::INTR) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::path::Path;

    use jiff::ToSpan;
    use tokio::time::timeout;

    use super::*;

    /// Long where the system is quick, so that a slow machine fails no test.
    const PATIENT: Duration = Duration::from_secs(60);
    const SOON: i64 = 2;
    /// The time has come, or was over before it was read.
    const LATER: Duration = Duration::from_secs(5);

    fn following(path: &Path, repeat: bool) -> TimedReload {
        let mut model = Model::default();
        model.global.reload_time = Some(ReloadTimeFile { path: path.to_owned(), repeat });
        let mut timed = TimedReload::new();
        timed.reconcile(&model);
        timed
    }

    /// Asks for a reload soon until there is one.
    async fn reloaded(path: &Path, timed: &mut TimedReload) {
        let asked = async {
            loop {
                let at = Timestamp::now() + SOON.seconds();
                std::fs::write(path, at.strftime("%F %TZ\n").to_string()).unwrap();
                if timeout(LATER, timed.next()).await.is_ok() {
                    return;
                }
            }
        };
        timeout(PATIENT, asked).await.unwrap();
    }

    #[tokio::test]
    async fn a_reload_is_due_at_the_time_in_the_file_which_is_gone_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("when");
        let mut timed = following(&path, false);
        reloaded(&path, &mut timed).await;
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_to_stay_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("when");
        let mut timed = following(&path, true);
        reloaded(&path, &mut timed).await;
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_timer_of_a_time_that_has_been_has_elapsed() {
        let timer = Timer::at(Timestamp::now() - 1.second()).unwrap();
        let elapsed = timeout(PATIENT, timer.elapsed()).await.unwrap().unwrap();
        assert_eq!(elapsed, Elapsed::InTime);
    }
}
