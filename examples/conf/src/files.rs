//! The only way to the file system.

use std::io;
use std::path::{Path, PathBuf};

/// What reading a configuration asks of a file system.
pub(crate) trait Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files that match a pattern, in alphabetical order.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, String>;

    fn program(&self, path: &Path) -> Program;

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
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, String> {
        let pattern = pattern.to_str().ok_or("the path is not UTF-8")?;
        let paths = glob::glob(pattern).map_err(|error| error.to_string())?;
        paths.map(|path| path.map_err(|error| error.to_string())).collect()
    }

    fn program(&self, path: &Path) -> Program {
        use std::os::unix::fs::PermissionsExt;
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => {
                Program::Executable
            }
            Ok(_) => Program::NotExecutable,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Program::Hidden,
            Err(_) => Program::Missing,
        }
    }

    fn absolute(&self, folder: &Path) -> String {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        absolute.to_string_lossy().into_owned()
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
    fn program(&self, _: &Path) -> Program {
        Program::Executable
    }

    fn absolute(&self, folder: &Path) -> String {
        folder.to_string_lossy().into_owned()
    }
}
