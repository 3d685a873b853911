use std::path::PathBuf;

use crate::LabError;

/// The path of a program of this workspace, built in the same profile as the running one.
///
/// # Errors
///
/// [`LabError::NotBuilt`] when it is not there.
pub fn binary(name: &str) -> Result<PathBuf, LabError> {
    let this = this_program()?;
    // Test programs are in target/<profile>/deps, programs one folder up.
    let path = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    path.ok_or_else(|| LabError::NotBuilt { path: this.with_file_name(name).display().to_string() })
}

/// The path of the running program: where it was built, also after cargo has built it anew.
///
/// # Errors
///
/// When the system does not say.
pub fn this_program() -> Result<PathBuf, LabError> {
    let path = std::env::current_exe().map_err(LabError::io("looking for this program's path"))?;
    // proc(5): a file that has been replaced is marked so, and its successor is as good.
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or(path.clone(), PathBuf::from))
}
