//! Files that say which process a daemon is, and that there is one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tracing::warn;

/// A pid file that is ours for as long as this lives.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

/// Why a pid file is not ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PidFileError {
    #[error("{} is locked: process {process} is running already", path.display())]
    Taken { path: PathBuf, process: String },
    #[error("{what} {}: {source} (another place: {option})", path.display())]
    System { what: &'static str, path: PathBuf, source: io::Error, option: &'static str },
}

impl PidFile {
    /// Writes our process id into a file, unless the process that is in there lives. `option` is how
    /// to choose another file.
    pub(crate) fn take(path: &Path, option: &'static str) -> Result<Self, PidFileError> {
        let failed = |what| {
            let path = path.to_owned();
            move |source| PidFileError::System { what, path, source, option }
        };
        let mut file = loop {
            // Not truncated before it is ours.
            let mut options = File::options();
            let opened = options.read(true).write(true).create(true).truncate(false).open(path);
            let mut file = opened.map_err(failed("opening"))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // The one before may have removed it since we opened it.
                Ok(()) if is_at(path, &file).map_err(failed("looking at"))? => break file,
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let mut process = String::new();
                    let _unknown = file.read_to_string(&mut process);
                    let (path, process) = (path.to_owned(), process.trim().to_owned());
                    return Err(PidFileError::Taken { path, process });
                }
                Err(errno) => return Err(failed("locking")(errno.into())),
            }
        };
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed("writing"))?;
        Ok(Self { path: path.to_owned(), _file: file })
    }
}

fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            warn!("removing {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_pid_file_is_for_one_at_a_time_and_gone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("director.pid");
        let ours = PidFile::take(&path, "--pid").unwrap();
        let own = std::process::id();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{own}\n"));
        let error = PidFile::take(&path, "--pid").unwrap_err().to_string();
        assert!(error.contains(&format!("process {own} is running already")), "{error}");
        drop(ours);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_its_owner_removes_just_now_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("director.pid");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    drop(PidFile::take(&path, "--pid"));
                }
            });
            let mut taken = 0;
            let mut is_there = true;
            while taken < 2000 && is_there {
                if let Ok(_ours) = PidFile::take(&path, "--pid") {
                    taken += 1;
                    is_there = path.exists();
                }
            }
            over.store(true, Ordering::Relaxed);
            assert!(is_there, "the {taken}th was not");
        });
    }

    #[test]
    fn a_file_left_by_a_process_that_is_no_more_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("director.pid");
        std::fs::write(&path, "4194304999\n").unwrap();
        let _ours = PidFile::take(&path, "--pid").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }
}
