//! FIFOs that changes are written to, and the programs that read them.

use std::fs::File;
use std::io;
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

use crate::script::{Scripts, owner};

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
    pub(super) fn open(model: &model::Fifo, scripts: Scripts) -> Result<Self, FifoError> {
        let failed = |reason: String| FifoError { path: model.path.clone(), reason };
        let (made, sender) = open(model).map_err(failed)?;
        let (lines, waiting) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write(model.path.clone(), sender, waiting));
        let mut fifo = Self { model: model.clone(), made, lines, writer, reader: None };
        fifo.read_by(model.reader.as_ref(), scripts);
        Ok(fifo)
    }

    /// Takes over what another model says of it, if that is the same FIFO: it stays open, and the
    /// reader goes on if it is the same too. Says whether it is.
    pub(super) fn adopt(&mut self, model: &model::Fifo, scripts: Scripts) -> bool {
        let identity =
            |fifo: &model::Fifo| (fifo.path.clone(), fifo.user.clone(), fifo.group.clone());
        if identity(&self.model) != identity(model) {
            return false;
        }
        let same = self.model.reader == model.reader
            && self.reader.as_ref().is_none_or(|reader| reader.scripts == scripts);
        self.model = model.clone();
        if !same {
            self.read_by(model.reader.as_ref(), scripts);
        }
        true
    }

    fn read_by(&mut self, script: Option<&Script>, scripts: Scripts) {
        // Two would share the lines between them.
        let former = self.reader.take().map(|Reader { task, .. }| task);
        self.reader = script.map(|script| {
            let (wanted, unwanted) = watch::channel(Wanted::Always);
            let (script, path) = (script.clone(), self.model.path.clone());
            let task = tokio::spawn(async move {
                if let Some(former) = former {
                    let _ended = former.await;
                }
                read(script, scripts, path, unwanted).await;
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
        let Self { model, made, lines, writer, reader } = self;
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
        if made && let Err(error) = std::fs::remove_file(&model.path) {
            warn!("removing {}: {error}", model.path);
        }
    }
}

/// Whether the FIFO was made, and its end for writing.
fn open(model: &model::Fifo) -> Result<(bool, Sender), String> {
    let path = Path::new(&model.path);
    let made = match mknodat(CWD, path, FileType::Fifo, MODE, 0) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(error) => return Err(format!("making it: {error}")),
    };
    // For reading too: then it can be opened, and lines wait in it, without a reader. And nobody
    // leads us elsewhere by a link.
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty());
    let file = file.map_err(|error| format!("opening it: {error}"))?;
    if made {
        let (user, group) = owner(model.user.as_deref(), model.group.as_deref())?;
        fchown(&file, user.map(Uid::from_raw), group.map(Gid::from_raw))
            .map_err(|error| format!("giving it to its owner: {error}"))?;
    }
    let sender = Sender::from_file(File::from(file));
    Ok((made, sender.map_err(|error| format!("opening it: {error}"))?))
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
