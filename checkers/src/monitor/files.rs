//! Tells when files change (inotify(7)).

use std::collections::HashMap;
use std::ffi::OsStr;
use std::future::pending;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use smallvec::SmallVec;
use tokio::io::unix::AsyncFd;

use crate::sys::watch;

/// Files are watched through their folders, so that one which is replaced is still watched. That a
/// file has been made is no news: it is empty until it has been written and closed.
const NEWS: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE);

/// Which files have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changed {
    File(PathBuf),
    /// So many that some were lost.
    Any,
}

/// Watches files.
#[derive(Debug, Default)]
pub(super) struct Files {
    inotify: Option<AsyncFd<OwnedFd>>,
    /// By the number of its watch, what a folder is called: two names may lead to one.
    folders: HashMap<i32, SmallVec<[PathBuf; 1]>>,
}

impl Files {
    /// Watches a file, if it is not watched already.
    pub(super) fn watch(&mut self, file: &Path) -> io::Result<()> {
        let inotify = match self.inotify.take() {
            Some(inotify) => inotify,
            None => watch(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?)?,
        };
        let inotify = self.inotify.insert(inotify);
        let folder = file.parent().unwrap_or(Path::new(""));
        let named = if folder == Path::new("") { Path::new(".") } else { folder };
        let watch = inotify::add_watch(&*inotify, named, NEWS)?;
        let names = self.folders.entry(watch).or_default();
        if names.iter().all(|name| name != folder) {
            names.push(folder.to_owned());
        }
        Ok(())
    }

    /// What has changed since this was asked last; it waits until something has.
    ///
    /// Nothing is lost when the future is dropped.
    pub(super) async fn changed(&self) -> Vec<Changed> {
        let Some(inotify) = &self.inotify else { return pending().await };
        loop {
            let Ok(mut ready) = inotify.readable().await else { return pending().await };
            match ready.try_io(|inotify| self.read(inotify.get_ref())) {
                Ok(Ok(changed)) => return changed,
                // Attempts still come in their own time.
                Ok(Err(_)) => return pending().await,
                Err(_nothing_yet) => {}
            }
        }
    }

    fn read(&self, inotify: &OwnedFd) -> io::Result<Vec<Changed>> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(inotify, &mut buffer);
        let mut changed = Vec::new();
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    changed.push(Changed::Any);
                }
                Ok(event) => {
                    let Some(file) = event.file_name() else { continue };
                    let file = OsStr::from_bytes(file.to_bytes());
                    let folders = self.folders.get(&event.wd()).into_iter().flatten();
                    changed.extend(folders.map(|folder| Changed::File(folder.join(file))));
                }
                Err(Errno::WOULDBLOCK) if !changed.is_empty() => return Ok(changed),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn files_in(folder: &Path) -> (Files, PathBuf) {
        let file = folder.join("state");
        let mut files = Files::default();
        files.watch(&file).unwrap();
        (files, file)
    }

    #[tokio::test]
    async fn a_file_that_is_written_replaced_or_removed_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (files, file) = files_in(folder.path());
        let changed = vec![Changed::File(file.clone())];
        fs::write(&file, "1").unwrap();
        assert_eq!(files.changed().await, changed);
        let other = tempfile::tempdir_in(folder.path().parent().unwrap()).unwrap();
        fs::write(other.path().join("new"), "2").unwrap();
        fs::rename(other.path().join("new"), &file).unwrap();
        assert_eq!(files.changed().await, changed);
        fs::remove_file(&file).unwrap();
        assert_eq!(files.changed().await, changed);
    }

    #[tokio::test]
    async fn a_file_has_changed_by_each_name_that_its_folder_is_watched_by() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, file) = files_in(folder.path());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        let other = link.join("state");
        for again in [&other, &file] {
            files.watch(again).unwrap();
        }
        fs::write(&file, "1").unwrap();
        assert_eq!(files.changed().await, [Changed::File(file), Changed::File(other)]);
    }

    #[tokio::test]
    async fn a_file_that_is_only_made_and_not_written_yet_has_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (files, file) = files_in(folder.path());
        let open = fs::File::create(&file).unwrap();
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), files.changed());
        assert!(waiting.await.is_err());
        drop(open);
        assert_eq!(files.changed().await, [Changed::File(file)]);
    }

    #[test]
    fn a_file_whose_folder_does_not_exist_cannot_be_watched() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        assert!(Files::default().watch(Path::new("/nonexistent/state")).is_err());
    }
}
