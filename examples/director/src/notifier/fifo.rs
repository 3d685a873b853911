//! FIFOs that changes are written to, and the programs that read them.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Gid, Mode, OFlags, Uid, fchown, mknodat};
use rustix::io::Errno;
use steadfast_conf::model::{self, Script};
use steadfast_director_core::backlog::Backlog;
use tokio::net::unix::pipe::Sender;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use crate::script::{Owner, Scripts};

/// Its owner alone may read it, as with keepalived.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// How long the last lines may take to be written, and then the reader to end by itself.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Pauses before a reader that ended is started again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A FIFO that is open for writing, perhaps with a reader of ours.
#[derive(Debug)]
pub(super) struct Fifo {
    model: model::Fifo,
    /// Which file it is: device and number.
    file: (u64, u64),
    /// It did not exist before.
    made: bool,
    lines: mpsc::UnboundedSender<String>,
    writer: JoinHandle<()>,
    reader: Option<Reader>,
}

#[derive(Debug)]
struct Reader {
    scripts: Scripts,
    /// Dropped, it is told to end.
    wanted: watch::Sender<Wanted>,
    task: JoinHandle<()>,
}

/// How long a reader is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// When it ends by itself, it is started again.
    Always,
    /// No more lines come.
    UntilItEnds,
}

/// Why there is no FIFO.
#[derive(Debug, thiserror::Error)]
#[error("notify FIFO {path}: {reason}; nothing is written to it")]
pub(super) struct FifoError {
    path: String,
    reason: String,
}

impl Fifo {
    /// Makes the FIFO if there is none, opens it and starts its reader.
    pub(super) fn open(model: &model::Fifo, scripts: &Scripts) -> Result<Self, FifoError> {
        let failed = |reason: String| FifoError { path: model.path.clone(), reason };
        let Opened { made, file, sender } = open(model, scripts).map_err(failed)?;
        let (lines, waiting) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write(model.path.clone(), sender, waiting));
        let mut fifo = Self { model: model.clone(), file, made, lines, writer, reader: None };
        fifo.read_by(model.reader.as_ref(), scripts);
        Ok(fifo)
    }

    /// Takes over what another model says of it, if that is the same FIFO: it stays open, and the
    /// reader goes on if it is the same too. Says whether it is. One that was removed or replaced is another.
    pub(super) fn adopt(&mut self, model: &model::Fifo, scripts: &Scripts) -> bool {
        let identity =
            |fifo: &model::Fifo| (fifo.path.clone(), fifo.user.clone(), fifo.group.clone());
        if identity(&self.model) != identity(model) || !self.is_there() {
            return false;
        }
        let runs_alike = |reader: &Reader| {
            model.reader.as_ref().is_some_and(|script| reader.scripts == scripts.only(script))
        };
        let same = self.model.reader == model.reader && self.reader.as_ref().is_none_or(runs_alike);
        self.model = model.clone();
        if !same {
            self.read_by(model.reader.as_ref(), scripts);
        }
        true
    }

    /// Whether its path still leads to it.
    fn is_there(&self) -> bool {
        leads_to(&self.model.path, self.file)
    }

    fn read_by(&mut self, script: Option<&Script>, scripts: &Scripts) {
        // Two would share the lines between them.
        let former = self.reader.take().map(|Reader { task, .. }| task);
        self.reader = script.map(|script| {
            let (wanted, unwanted) = watch::channel(Wanted::Always);
            let scripts = scripts.only(script);
            let (script, path) = (script.clone(), self.model.path.clone());
            let runner = scripts.clone();
            let task = tokio::spawn(async move {
                if let Some(former) = former {
                    let _ended = former.await;
                }
                read(script, runner, path, unwanted).await;
            });
            Reader { scripts, wanted, task }
        });
    }

    /// Writes a line when there is room.
    pub(super) fn write(&self, line: &str) {
        // The writer ends when this sender is gone, not before.
        let _alive = self.lines.send(format!("{line}\n"));
    }

    /// Writes what waits, closes the FIFO, lets the reader end, and removes what was made.
    pub(super) async fn close(self) {
        let Self { model, file, made, lines, writer, reader } = self;
        if let Some(reader) = &reader {
            reader.wanted.send_replace(Wanted::UntilItEnds);
        }
        drop(lines);
        let _ended = writer.await;
        if let Some(Reader { mut task, wanted, .. }) = reader {
            // Who reads to the end has met it now; others are told to.
            if timeout(LAST_LINES, &mut task).await.is_err() {
                drop(wanted);
                let _ended = task.await;
            }
        }
        // What somebody else has put there is his.
        if made
            && leads_to(&model.path, file)
            && let Err(error) = std::fs::remove_file(&model.path)
        {
            warn!("removing {}: {error}", model.path);
        }
    }
}

fn leads_to(path: &str, file: (u64, u64)) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == file)
}

/// A FIFO whose end for writing is open.
struct Opened {
    made: bool,
    file: (u64, u64),
    sender: Sender,
}

fn open(model: &model::Fifo, scripts: &Scripts) -> Result<Opened, String> {
    let path = Path::new(&model.path);
    let made = match mknodat(CWD, path, FileType::Fifo, MODE, 0) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(error) => return Err(format!("making it: {error}")),
    };
    // For reading too: then it can be opened, and lines wait in it, without a reader. And nobody
    // leads us elsewhere by a link.
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let opened = opened.map_err(|error| format!("opening it: {error}"));
    let opened = opened.and_then(|file| {
        if made {
            give(&file, scripts.owner(model)?)?;
        }
        let not_opened = |error| format!("opening it: {error}");
        let file = File::from(file);
        let seen = file.metadata().map_err(not_opened)?;
        let sender = Sender::from_file(file).map_err(not_opened)?;
        Ok(Opened { made, file: (seen.dev(), seen.ino()), sender })
    });
    if made && opened.is_err() {
        // Else it would be taken for somebody else's once what was in the way is gone.
        let _gone_too = std::fs::remove_file(path);
    }
    opened
}

/// Gives it to whom it should belong.
fn give(file: &OwnedFd, (user, group): Owner) -> Result<(), String> {
    fchown(file, user.map(Uid::from_raw), group.map(Gid::from_raw))
        .map_err(|error| format!("giving it to its owner: {error}"))
}

async fn write(path: String, fifo: Sender, mut lines: mpsc::UnboundedReceiver<String>) {
    let mut backlog = Backlog::default();
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => if backlog.push(line) {
                    warn!("nobody reads {path} fast enough: lines are lost");
                },
                None => break,
            },
            written = write_one(&fifo, &mut backlog), if backlog.next().is_some() => {
                if let Err(error) = written {
                    return error!("writing to {path}: {error}");
                }
            }
        }
    }
    let rest =
        async { while backlog.next().is_some() && write_one(&fifo, &mut backlog).await.is_ok() {} };
    if timeout(LAST_LINES, rest).await.is_err() {
        warn!("the last lines for {path} are lost: nobody reads it");
    }
}

/// Waits for room, and writes the next line, which is short enough to be written as a whole.
async fn write_one(fifo: &Sender, backlog: &mut Backlog) -> io::Result<()> {
    fifo.writable().await?;
    let Some(line) = backlog.next() else { return Ok(()) };
    match fifo.try_write(line.as_bytes()) {
        Ok(_) => {
            if let Some(lost) = backlog.written() {
                warn!("{lost} lines for a notify FIFO were lost, for want of a reader");
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}

/// Runs the reader until it is not wanted any more; when it ends by itself, again.
async fn read(script: Script, scripts: Scripts, path: String, mut wanted: watch::Receiver<Wanted>) {
    let name = script.argv.join(" ");
    let mut pause = FIRST_PAUSE;
    loop {
        info!("starting {name} to read {path}");
        let begin = Instant::now();
        let arguments = std::slice::from_ref(&path);
        match scripts.run_until(&script, arguments, unwanted(&mut wanted)).await {
            Ok(ran) => {
                for line in ran.output.lines() {
                    info!("{path}: {name}: {line}");
                }
                info!("{path}: {name} {ran}");
            }
            Err(error) => error!("{path}: {error}"),
        }
        if *wanted.borrow() == Wanted::UntilItEnds {
            return;
        }
        if begin.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = unwanted(&mut wanted) => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits until nobody holds the other end.
async fn unwanted(wanted: &mut watch::Receiver<Wanted>) {
    while wanted.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A FIFO of whom this says, and what runs its reader.
    fn fifo_of(owner: &str, path: &Path) -> (model::Fifo, Scripts) {
        let fifo = format!("notify_fifo {} {owner}", path.display());
        let text = format!("global_defs {{\n{fifo}\n}}\n");
        let model = steadfast_conf::parse("t.conf", &text).model.unwrap();
        let scripts = Scripts::look_up(&model, false);
        (model.global.fifos.all.unwrap(), scripts)
    }

    fn fifo(path: &Path) -> (model::Fifo, Scripts) {
        fifo_of("", path)
    }

    #[tokio::test]
    async fn a_fifo_that_is_still_there_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let (model, scripts) = fifo(&path);
        let mut fifo = Fifo::open(&model, &scripts).unwrap();
        assert!(fifo.adopt(&model, &scripts));
        fifo.close().await;
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_fifo_that_was_removed_or_replaced_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let (model, scripts) = fifo(&path);
        for replaced in [false, true] {
            let mut fifo = Fifo::open(&model, &scripts).unwrap();
            std::fs::rename(&path, folder.path().join("former")).unwrap();
            if replaced {
                mknodat(CWD, &path, FileType::Fifo, MODE, 0).unwrap();
            }
            assert!(!fifo.adopt(&model, &scripts), "{replaced}");
        }
    }

    #[tokio::test]
    async fn what_somebody_else_put_in_the_place_of_a_fifo_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let (model, scripts) = fifo(&path);
        let fifo = Fifo::open(&model, &scripts).unwrap();
        std::fs::rename(&path, folder.path().join("former")).unwrap();
        std::fs::write(&path, "precious").unwrap();
        fifo.close().await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_fifo_that_cannot_be_given_to_its_owner_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let (model, scripts) = fifo_of("no-such-user", &path);
        let error = Fifo::open(&model, &scripts).unwrap_err();
        assert!(error.to_string().contains("no-such-user") && !path.exists(), "{error}");
    }
}
