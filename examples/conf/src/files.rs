//! The only way to the file system.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What reading a configuration asks of a file system.
pub(crate) trait Files {
    fn open(&self, path: &Path) -> io::Result<File>;

    /// What stands in a file.
    fn text(&self, path: &Path) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.open(path)?.read_to_end(&mut bytes)?;
        Ok(text_of(bytes))
    }

    /// The files that match a pattern, in alphabetical order.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, String>;

    /// What stands at a path or, for a name without a slash, along `PATH`.
    fn program(&self, name: &str) -> Program;

    /// A folder from the root on.
    fn absolute(&self, folder: &Path) -> String;
}

/// Whether a path can be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Executable,
    NotExecutable,
    Missing,
    /// We are not allowed to look.
    Hidden,
}

/// The machine's own.
pub(crate) struct Disk;

impl Files for Disk {
    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, String> {
        let pattern = pattern.to_str().ok_or("the path is not UTF-8")?;
        let paths = glob::glob(pattern).map_err(|error| error.to_string())?;
        paths.map(|path| path.map_err(|error| error.to_string())).collect()
    }

    fn program(&self, name: &str) -> Program {
        if name.contains('/') {
            return program_at(Path::new(name));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut found = std::env::split_paths(&path).map(|folder| program_at(&folder.join(name)));
        found.find(|found| *found == Program::Executable).unwrap_or(Program::Missing)
    }

    fn absolute(&self, folder: &Path) -> String {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        absolute.to_string_lossy().into_owned()
    }
}

fn program_at(path: &Path) -> Program {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => {
            Program::Executable
        }
        Ok(_) => Program::NotExecutable,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Program::Hidden,
        Err(_) => Program::Missing,
    }
}

/// None: text from memory stands alone.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn open(&self, path: &Path) -> io::Result<File> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{} is not looked at", path.display()),
        ))
    }

    fn matching(&self, _: &Path) -> Result<Vec<PathBuf>, String> {
        Err("text from memory cannot include files".to_owned())
    }

    /// Nothing is known, so there is nothing to say.
    fn program(&self, _: &str) -> Program {
        Program::Executable
    }

    fn absolute(&self, folder: &Path) -> String {
        folder.to_string_lossy().into_owned()
    }
}

/// Bytes that are no UTF-8 replaced by U+FFFD.
pub(crate) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
