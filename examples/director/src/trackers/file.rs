use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use steadfast_conf::model::{InitFile, TrackFile};
use steadfast_director_core::tracking::Object;
use steadfast_vrrp::priority::Status;
use tokio::time::sleep;
use tracing::warn;

use super::{Report, Seen};
use crate::sys;

/// How long to wait for a folder that is not there.
const RETRY: Duration = Duration::from_secs(1);
/// More than a number has.
const LONGEST: u64 = 64;

/// Watches the folder of a file, since the file may come, go and be replaced.
pub(super) async fn watch(file: TrackFile, report: Report) {
    if let Some(init) = file.init
        && let Err(error) = initialise(Path::new(&file.path), init)
    {
        warn!("track_file {}: writing {}: {error}", file.name, file.path);
    }
    let mut said = None;
    loop {
        let Err(error) = follow(&file, &report).await;
        report.tell(Seen::Status(Object::File(file.name.clone()), Status::Value(0)));
        let trouble = error.to_string();
        if said.as_ref() != Some(&trouble) {
            warn!("track_file {}: watching {}: {trouble}", file.name, file.path);
            said = Some(trouble);
        }
        sleep(RETRY).await;
    }
}

async fn follow(file: &TrackFile, report: &Report) -> Result<std::convert::Infallible, io::Error> {
    let path = Path::new(&file.path);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let changes = WatchFlags::CLOSE_WRITE
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::ONLYDIR;
    let watch = sys::watch(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?)?;
    loop {
        // Each time: the folder may be another one by now.
        inotify::add_watch(watch.get_ref(), folder, changes)?;
        match read(path) {
            Ok(Some(value)) => {
                let object = Object::File(file.name.clone());
                report.tell(Seen::Status(object, Status::Value(value)));
            }
            Ok(None) => warn!("track_file {}: there is no number in {}", file.name, file.path),
            Err(error) => warn!("track_file {}: reading {}: {error}", file.name, file.path),
        }
        let mut ready = watch.readable().await?;
        drain(watch.get_ref());
        ready.clear_ready();
    }
}

/// What happened to which file is not asked: the file is read again.
fn drain(watch: &OwnedFd) {
    let mut events = [0; 4096];
    while rustix::io::read(watch, &mut events).is_ok_and(|length| length > 0) {}
}

/// The number in a file; 0 without the file. `None` if it is no number.
fn read(path: &Path) -> io::Result<Option<i32>> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(0)),
        Err(error) => return Err(error),
    };
    // Opening a pipe would wait for whoever writes to it.
    if !metadata.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    match text.trim() {
        "" => Ok(Some(0)),
        number => Ok(number.parse().ok()),
    }
}

fn initialise(path: &Path, init: InitFile) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if init.overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !init.overwrite => Ok(()),
        Err(error) => Err(error),
        Ok(mut file) => writeln!(file, "{}", init.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_or_empty_is_zero() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        assert_eq!(read(&path).unwrap(), Some(0));
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&path).unwrap(), Some(0));
    }

    #[test]
    fn the_number_in_a_file_may_be_negative_and_end_in_a_newline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        for (text, value) in
            [("-5\n", Some(-5)), (" 7 ", Some(7)), ("x", None), ("99999999999", None)]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), value, "{text:?}");
        }
    }

    #[test]
    fn a_folder_is_not_read() {
        assert!(read(tempfile::tempdir().unwrap().path()).is_err());
    }

    #[test]
    fn a_file_is_made_once_unless_it_is_to_be_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        for (value, overwrite, expected) in [(1, false, 1), (2, false, 1), (3, true, 3)] {
            initialise(&path, InitFile { value, overwrite }).unwrap();
            assert_eq!(read(&path).unwrap(), Some(expected));
        }
    }
}
