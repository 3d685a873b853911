use std::path::PathBuf;

use crate::LabError;

/// The path of a program of this workspace, built in the same profile as the running one.
///
/// # Errors
///
/// [`LabError::NotBuilt`] when it is not there.
pub fn binary(name: &str) -> Result<PathBuf, LabError> {
    let this = std::env::current_exe().map_err(LabError::io("looking for this program's path"))?;
    // Test programs are in target/<profile>/deps, programs one folder up.
    let path = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    path.ok_or_else(|| LabError::NotBuilt { path: this.with_file_name(name).display().to_string() })
}
