//! A file that comes, goes, is replaced and is written to, as whoever follows it sees it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::unix::AsyncFd;

use crate::sys;

const CHANGES: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ONLYDIR);

/// How long to wait for a folder that is not there.
pub(crate) const RETRY: Duration = Duration::from_secs(1);

/// Watches the folder of a file, since the file may come, go and be replaced.
#[derive(Debug)]
pub(crate) struct WatchedFile {
    path: PathBuf,
    watch: AsyncFd<OwnedFd>,
    is_link: bool,
}

impl WatchedFile {
    /// Nothing is watched yet.
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        let watch = sys::watch(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?)?;
        Ok(Self { path, watch, is_link: false })
    }

    /// Watches from now on. Each time before the file is read: the folder may be another one by now, and
    /// so may what a link leads to.
    pub(crate) fn renew(&mut self) -> io::Result<()> {
        inotify::add_watch(self.watch.get_ref(), folder(&self.path), CHANGES)?;
        let target = target(&self.path);
        if let Some(target) = &target {
            // What is not there may still come in the first folder.
            let _watched = inotify::add_watch(self.watch.get_ref(), folder(target), CHANGES);
        }
        self.is_link = target.is_some();
        Ok(())
    }

    /// Waits until something has happened to the file since.
    pub(crate) async fn changed(&self) -> io::Result<()> {
        loop {
            let mut ready = self.watch.readable().await?;
            // A link may be on its way through others, of whatever name.
            let changed = has_changed(self.watch.get_ref(), &self.path)
                .is_some_and(|ours| ours || self.is_link);
            ready.clear_ready();
            if changed {
                return Ok(());
            }
        }
    }
}

/// What a link leads to.
fn target(path: &Path) -> Option<PathBuf> {
    let next = path.read_link().ok()?;
    Some(path.canonicalize().unwrap_or_else(|_| folder(path).join(next)))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Whether anything has happened, and whether to this file: another one in its folder may change while this
/// one is being written, and is empty.
fn has_changed(watch: &OwnedFd, path: &Path) -> Option<bool> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(watch, &mut buffer);
    let mut changed = None;
    while let Ok(event) = reader.next() {
        // Without a name it is the folder, or something that was lost.
        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
        let is_ours = name.is_none() || name == path.file_name();
        changed = Some(is_ours || changed.unwrap_or_default());
    }
    changed
}

/// So many bytes of a file at most, if it is there.
pub(crate) fn beginning(path: &Path, bytes: u64) -> io::Result<Option<String>> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Opening a pipe would wait for whoever writes to it.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(bytes).read_to_end(&mut text)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}
