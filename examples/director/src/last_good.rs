//! What was run last, in memory of the supervisor: should a worker die, the next one may find nothing
//! in the file that can be run.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use steadfast_conf::Model;

/// What precedes the number of a copy, at the end of one that is whole; a comment to who reads it.
const END: &str = "! end of copy ";
const DIGITS: usize = 20;
/// The number is followed by the end of the line.
const END_LENGTH: usize = END.len() + DIGITS + 1;

/// Two copies, written by turns: one of them is whole whenever its writer dies.
#[derive(Debug, Clone)]
pub(crate) struct LastGood {
    copies: [PathBuf; 2],
}

impl LastGood {
    pub(crate) fn new(copies: [PathBuf; 2]) -> Self {
        Self { copies }
    }

    /// The latest copy that is whole, if anything has been run at all.
    pub(crate) fn latest(&self) -> Option<&Path> {
        self.last().map(|(_, copy)| copy)
    }

    pub(crate) fn write(&self, model: &Model) -> io::Result<()> {
        let last = self.last();
        let number = last.map_or(0, |(number, _)| number.wrapping_add(1));
        let mut others =
            self.copies.iter().filter(|copy| last.is_none_or(|(_, last)| last != *copy));
        let Some(copy) = others.next() else { return Ok(()) };
        let mut file = BufWriter::new(File::create(copy)?);
        writeln!(file, "{model}{END}{number:0DIGITS$}")?;
        file.flush()
    }

    fn last(&self) -> Option<(u64, &Path)> {
        let copies = self.copies.iter();
        copies.filter_map(|copy| Some((number(copy).ok()??, copy.as_path()))).max()
    }
}

/// The number of a copy that is whole.
fn number(copy: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(copy)?;
    let Some(end) = file.metadata()?.len().checked_sub(END_LENGTH as u64) else { return Ok(None) };
    file.seek(SeekFrom::Start(end))?;
    let mut last = String::new();
    file.read_to_string(&mut last)?;
    Ok(last.strip_prefix(END).and_then(|number| number.trim_end().parse().ok()))
}

#[cfg(test)]
mod tests {
    use steadfast_conf::{Surroundings, load};
    use tempfile::TempDir;

    use super::*;

    fn nothing_yet() -> (TempDir, LastGood) {
        let folder = tempfile::tempdir().unwrap();
        let copies = ["a", "b"].map(|name| folder.path().join(name));
        for copy in &copies {
            File::create(copy).unwrap();
        }
        (folder, LastGood::new(copies))
    }

    fn named(router: &str) -> Model {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.conf");
        std::fs::write(&file, format!("global_defs {{\n router_id {router}\n}}\n")).unwrap();
        load(&file, &Surroundings::default()).model.unwrap()
    }

    fn read(last_good: &LastGood) -> String {
        std::fs::read_to_string(last_good.latest().unwrap()).unwrap()
    }

    #[test]
    fn there_is_nothing_before_something_was_run() {
        let (_folder, last_good) = nothing_yet();
        assert_eq!(last_good.latest(), None);
    }

    #[test]
    fn what_was_written_last_is_read() {
        let (_folder, last_good) = nothing_yet();
        for router in ["first", "second", "third"] {
            last_good.write(&named(router)).unwrap();
            assert!(read(&last_good).contains(router));
        }
    }

    #[test]
    fn a_copy_whose_writer_died_does_not_count() {
        let (_folder, last_good) = nothing_yet();
        last_good.write(&named("first")).unwrap();
        let other = last_good.copies.iter().find(|copy| Some(copy.as_path()) != last_good.latest());
        std::fs::write(other.unwrap(), "global_defs {\n router_id second\n").unwrap();
        assert!(read(&last_good).contains("first"));
    }
}
