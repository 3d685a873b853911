//! The files a kernel starts with, before it sees any disk: an archive in cpio's "newc" format
//! (`Documentation/driver-api/early-userspace/buffer-format.rst`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use steadfast_lab::{LabError, this_program};

use super::io;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// An archive that grows.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
    folders: BTreeSet<PathBuf>,
}

impl Archive {
    pub(super) fn folder(&mut self, path: &str) {
        if self.folders.insert(path.into()) {
            self.entry(path, FOLDER, &[]);
        }
    }

    pub(super) fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, PROGRAM, content);
    }

    /// A file, with all folders that lead to it.
    fn file_with_folders(&mut self, path: &Path, content: &[u8]) {
        let path = path.strip_prefix("/").unwrap_or(path);
        let mut folders: Vec<_> = path.ancestors().skip(1).collect();
        folders.reverse();
        for folder in folders.iter().filter(|folder| !folder.as_os_str().is_empty()) {
            self.folder(&folder.to_string_lossy());
        }
        self.file(&path.to_string_lossy(), content);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entries = self.entries.saturating_add(1);
        let links = 1;
        let (size, name_size) = (content.len(), path.len().saturating_add(1));
        let fields = [
            self.entries as usize, // inode
            mode as usize,
            0, // user
            0, // group
            links,
            0, // time
            size,
            0, // device
            0,
            0, // device that it is
            0,
            name_size,
            0, // checksum
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// This program by that name, and the shared libraries it runs with.
pub(super) fn program_with_libraries(archive: &mut Archive, name: &str) -> Result<(), LabError> {
    let this = this_program()?;
    archive.file(name, &read(&this)?);
    let maps = read(Path::new("/proc/self/maps"))?;
    let maps = String::from_utf8_lossy(&maps);
    for library in libraries(&maps) {
        let content = read(library)?;
        archive.file_with_folders(library, &content);
        // Programs name the loader by this path, wherever the system keeps it.
        if let Some(file) = library.file_name().filter(|file| is_loader(&file.to_string_lossy())) {
            archive.file_with_folders(&Path::new("/lib64").join(file), &content);
        }
    }
    Ok(())
}

fn is_loader(file_name: &str) -> bool {
    file_name.starts_with("ld-linux")
}

/// The shared libraries among what is mapped into a process (proc(5)).
fn libraries(maps: &str) -> BTreeSet<&Path> {
    let paths = maps.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..)));
    paths.filter(|path| path.contains(".so")).map(Path::new).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, LabError> {
    std::fs::read(path).map_err(io(format!("reading {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_header_a_name_and_a_content_each_aligned_to_four_bytes() {
        let mut archive = Archive::default();
        archive.file("ab", b"hello");
        let expected = "07070100000001000081ed0000000000000000000000010000000000000005\
                        000000000000000000000000000000000000000300000000ab\0\0\0\0hello\0\0\0";
        assert_eq!(String::from_utf8_lossy(&archive.bytes), expected);
    }

    #[test]
    fn folders_come_once_and_before_what_is_in_them() {
        let mut archive = Archive::default();
        archive.file_with_folders(Path::new("/usr/lib/a.so"), b"");
        archive.file_with_folders(Path::new("/usr/lib/b.so"), b"");
        let text = String::from_utf8_lossy(&archive.bytes).into_owned();
        let names: Vec<_> = ["usr\0", "usr/lib\0", "usr/lib/a.so", "usr/lib/b.so"]
            .iter()
            .map(|name| (text.find(name).unwrap(), text.matches(name).count()))
            .collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.iter().all(|(_, count)| *count == 1), "{names:?}");
    }

    #[test]
    fn libraries_are_what_is_mapped_and_named_so() {
        let maps = "5500-5600 r-xp 00000000 fe:00 7   /target/debug/lab\n\
                    7f00-7f01 r--p 00000000 fe:00 8   /usr/lib/x86_64-linux-gnu/libc.so.6\n\
                    7f01-7f02 r-xp 00001000 fe:00 8   /usr/lib/x86_64-linux-gnu/libc.so.6\n\
                    7f03-7f04 rw-p 00000000 00:00 0\n\
                    7fff-8000 rw-p 00000000 00:00 0   [stack]\n";
        let expected = BTreeSet::from([Path::new("/usr/lib/x86_64-linux-gnu/libc.so.6")]);
        assert_eq!(libraries(maps), expected);
    }
}
