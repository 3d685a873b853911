//! Memory of the supervisor that its workers write to: should one die, the next one reads there what it
//! has to know. It is compressed: text of a configuration says much again and again.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use rustix::fs::{MemfdFlags, memfd_create};

/// What precedes the number of a copy, at the end of one that is whole.
const END: &str = "end of copy ";
const DIGITS: usize = 20;
/// The number is followed by the end of the line.
const END_LENGTH: usize = END.len() + DIGITS + 1;

/// The supervisor's own end: the memory is there for as long as this is.
#[derive(Debug)]
pub(crate) struct Held([OwnedFd; 2]);

impl Held {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let memory = || memfd_create(name, MemfdFlags::CLOEXEC);
        Ok(Self([memory()?, memory()?]))
    }

    /// By these names other processes open it.
    pub(crate) fn names(&self) -> [PathBuf; 2] {
        let folder = Path::new("/proc").join(std::process::id().to_string()).join("fd");
        self.0.each_ref().map(|copy| folder.join(copy.as_raw_fd().to_string()))
    }
}

/// Two copies, written by turns: one of them is whole whenever its writer dies.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    copies: [PathBuf; 2],
}

impl Memory {
    pub(crate) fn new(copies: [PathBuf; 2]) -> Self {
        Self { copies }
    }

    /// What was written last, if anything has been.
    pub(crate) fn read(&self) -> io::Result<Option<String>> {
        let Some((_, copy)) = self.last() else { return Ok(None) };
        let mut content = String::new();
        FrameDecoder::new(File::open(copy)?).read_to_string(&mut content)?;
        Ok(Some(content))
    }

    /// Should this end before its end, what was written before counts.
    pub(crate) fn write(&self, content: &impl Display) -> io::Result<()> {
        let last = self.last();
        let number = last.map_or(0, |(number, _)| number.wrapping_add(1));
        let mut others =
            self.copies.iter().filter(|copy| last.is_none_or(|(_, last)| last != *copy));
        let Some(copy) = others.next() else { return Ok(()) };
        let mut frame = FrameEncoder::new(File::create(copy)?);
        write!(frame, "{content}")?;
        let mut file = frame.finish()?;
        file.write_all(format!("{END}{number:0DIGITS$}\n").as_bytes())
    }

    /// The latest copy that is whole, and its number.
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
    use tempfile::TempDir;

    use super::*;

    fn nothing_yet() -> (TempDir, Memory) {
        let folder = tempfile::tempdir().unwrap();
        let copies = ["a", "b"].map(|name| folder.path().join(name));
        for copy in &copies {
            File::create(copy).unwrap();
        }
        (folder, Memory::new(copies))
    }

    #[test]
    fn there_is_nothing_before_something_was_written() {
        let (_folder, memory) = nothing_yet();
        assert_eq!(memory.read().unwrap(), None);
    }

    #[test]
    fn what_was_written_last_is_read() {
        let (_folder, memory) = nothing_yet();
        for text in ["first\n", "second\n", "third\n"] {
            memory.write(&text).unwrap();
            assert_eq!(memory.read().unwrap().as_deref(), Some(text));
        }
    }

    #[test]
    fn a_copy_whose_writer_died_does_not_count() {
        let (_folder, memory) = nothing_yet();
        memory.write(&"first\n").unwrap();
        let (_, latest) = memory.last().unwrap();
        let other = memory.copies.iter().find(|copy| *copy != latest);
        std::fs::write(other.unwrap(), "sec").unwrap();
        assert_eq!(memory.read().unwrap().as_deref(), Some("first\n"));
    }

    #[test]
    fn what_repeats_itself_takes_little_room() {
        let (_folder, memory) = nothing_yet();
        let long = "real_server 192.0.2.1 80\n".repeat(100_000);
        memory.write(&long).unwrap();
        let (_, latest) = memory.last().unwrap();
        assert!(latest.metadata().unwrap().len() < 100_000);
        assert!(memory.read().unwrap().unwrap() == long);
    }

    #[test]
    fn what_the_supervisor_holds_is_opened_by_its_names() {
        let held = Held::new("test").unwrap();
        Memory::new(held.names()).write(&"first\n").unwrap();
        assert_eq!(Memory::new(held.names()).read().unwrap().as_deref(), Some("first\n"));
    }
}
