//! The only way to the file system.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What reading a configuration asks of a file system.
pub(crate) trait Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

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
}

/// The machine's own.
pub(crate) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
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
        Err(_) => Program::Missing,
    }
}

/// None: text from memory stands alone.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
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
