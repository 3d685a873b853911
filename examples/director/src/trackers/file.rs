use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use steadfast_conf::model::{InitFile, TrackFile};
use steadfast_director_core::said::Said;
use steadfast_director_core::tracking::Object;
use steadfast_vrrp::priority::Status;
use tokio::time::sleep;
use tracing::warn;

use super::{Report, Seen};
use crate::watched_file::{RETRY, WatchedFile, beginning};

/// More than a number has.
const LONGEST: u64 = 64;

/// Watches the folder of a file, since the file may come, go and be replaced.
pub(super) async fn watch(file: TrackFile, report: Report) {
    if let Some(init) = file.init
        && let Err(error) = initialise(Path::new(&file.path), init)
    {
        warn!("track_file {}: writing {}: {error}", file.name, file.path);
    }
    let mut said = Said::default();
    loop {
        let Err(error) = follow(&file, &report).await;
        report.tell(Seen::Status(Object::File(file.name.clone()), Status::Value(0)));
        for trouble in said.handle_all([error.to_string()]) {
            warn!("track_file {}: watching {}: {trouble}", file.name, file.path);
        }
        sleep(RETRY).await;
    }
}

async fn follow(file: &TrackFile, report: &Report) -> Result<std::convert::Infallible, io::Error> {
    let path = Path::new(&file.path);
    let tell = |value| {
        report.tell(Seen::Status(Object::File(file.name.clone()), Status::Value(value)));
    };
    let mut watch = WatchedFile::new(path.to_owned())?;
    let mut is_known = false;
    loop {
        watch.renew()?;
        match read(path) {
            Ok(Some(value)) => tell(value),
            Ok(None) => {
                warn!("track_file {}: the number in {} is too large", file.name, file.path);
                if !is_known {
                    tell(0);
                }
            }
            Err(error) => {
                warn!("track_file {}: reading {}: {error}", file.name, file.path);
                tell(0);
            }
        }
        is_known = true;
        watch.changed().await?;
    }
}

/// The number in a file; 0 without the file, and without a number in it. `None` if it is too large.
fn read(path: &Path) -> io::Result<Option<i32>> {
    let text = beginning(path, LONGEST)?;
    Ok(number(&text.unwrap_or_default()))
}

/// As strtol(3) reads it: spaces, a sign, digits, and whatever follows.
fn number(text: &str) -> Option<i32> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut digits = digits.chars().map_while(|digit| digit.to_digit(10));
    digits.try_fold(0_i32, |number, digit| {
        number.checked_mul(10)?.checked_add(sign * i32::try_from(digit).ok()?)
    })
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
    use std::time::Duration;

    use super::*;

    /// Long where the system is quick, so that a slow machine fails no test.
    const PATIENT: Duration = Duration::from_secs(20);

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
            [("-5\n", Some(-5)), (" 7 ", Some(7)), ("99999999999", None), ("-99999999999", None)]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), value, "{text:?}");
        }
    }

    #[test]
    fn what_follows_a_number_is_not_read_and_without_a_number_it_is_zero() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        for (text, value) in [
            (&b"3 # of 5"[..], 3),
            (b"+4\n5\n", 4),
            (b"x", 0),
            (b"-", 0),
            (b"\xff7", 0),
            (b"7\xff", 7),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), Some(value), "{:?}", text.escape_ascii().to_string());
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

    /// A file that is watched, and what is told of it.
    fn watched(path: &Path) -> (tokio::task::JoinHandle<()>, impl AsyncFnMut() -> Option<i32>) {
        let text = format!(
            "track_file f {{\nfile {}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
             virtual_ipaddress {{ 192.0.2.1 }}\ntrack_file {{ f }}\n}}\n",
            path.display()
        );
        let file = steadfast_conf::parse("t.conf", &text).model.unwrap().track_files.remove(0);
        let (to, mut told) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(watch(file, Report { serial: 0, to }));
        let next = async move || match tokio::time::timeout(PATIENT, told.recv()).await.ok()?? {
            (_, Seen::Status(_, Status::Value(value))) => Some(value),
            _ => None,
        };
        (task, next)
    }

    #[tokio::test]
    async fn a_file_is_not_read_when_another_one_of_its_folder_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "5").unwrap();
        let (_task, mut next) = watched(&path);
        assert_eq!(next().await, Some(5));
        // As a shell does it that has yet to find out what to write.
        let mut written = std::fs::File::create(&path).unwrap();
        std::fs::write(folder.path().join("another"), "").unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), next()).await.is_err());
        written.write_all(b"7").unwrap();
        drop(written);
        assert_eq!(next().await, Some(7));
    }

    #[tokio::test]
    async fn a_file_is_read_when_what_it_is_a_link_to_changes() {
        let [folder, another] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (path, target) = (folder.path().join("link"), another.path().join("number"));
        std::fs::write(&target, "5").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let (_task, mut next) = watched(&path);
        assert_eq!(next().await, Some(5));
        std::fs::write(&target, "7").unwrap();
        assert_eq!(next().await, Some(7));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_zero_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (_task, mut next) = watched(folder.path());
        assert_eq!(next().await, Some(0));
    }

    #[tokio::test]
    async fn a_number_that_is_too_large_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "99999999999").unwrap();
        let (_task, mut next) = watched(&path);
        assert_eq!(next().await, Some(0));
        std::fs::write(&path, "5").unwrap();
        assert_eq!(next().await, Some(5));
        std::fs::write(&path, "99999999999").unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), next()).await.is_err());
    }
}
