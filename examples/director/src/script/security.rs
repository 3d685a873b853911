//! Whether others than root could change what root runs.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// As many links as the kernel follows (path_resolution(7)).
const MOST_LINKS: u32 = 40;
const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
const SET_UID: u32 = 0o4000;

/// The file of a program, which is found along `PATH` if its name has no slash.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a program becomes root whoever runs it.
pub(super) fn becomes_root(program: &Path) -> bool {
    program.metadata().is_ok_and(|seen| seen.uid() == 0 && seen.mode() & SET_UID != 0)
}

/// The first part of a path that others than root could change, links and what they point to
/// included.
pub(super) fn changeable_by_others(path: &Path) -> Option<PathBuf> {
    walk(path, &mut { MOST_LINKS })
}

fn walk(path: &Path, links: &mut u32) -> Option<PathBuf> {
    let mut here = PathBuf::new();
    for part in path.components() {
        here.push(part);
        // What does not exist cannot be run.
        let seen = here.symlink_metadata().ok()?;
        if is_changeable(&seen) {
            return Some(here);
        }
        if seen.is_symlink() {
            *links = links.checked_sub(1)?;
            let target = here.parent().unwrap_or(Path::new("/")).join(here.read_link().ok()?);
            if let Some(changeable) = walk(&target, links) {
                return Some(changeable);
            }
            here = target;
        }
    }
    None
}

fn is_changeable(seen: &Metadata) -> bool {
    // The mode of a link means nothing.
    let writable = !seen.is_symlink() && seen.mode() & GROUP_OR_OTHERS_WRITE != 0;
    let sticky_folder = seen.is_dir() && seen.mode() & STICKY != 0;
    seen.uid() != 0 || (writable && !sticky_folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn program(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let program = folder.join(name);
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
        program
    }

    #[test]
    fn a_program_that_others_can_replace_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path(), "script", 0o777);
        assert!(changeable_by_others(&program).is_some());
    }

    #[test]
    fn what_a_link_points_to_counts() {
        let folder = tempfile::tempdir().unwrap();
        let target = program(folder.path(), "script", 0o777);
        let link = folder.path().join("link");
        symlink("script", &link).unwrap();
        let found = changeable_by_others(&link).unwrap();
        // Somebody else than root owns all of it.
        assert!(found == target || target.starts_with(&found), "{found:?}");
    }

    #[test]
    fn a_loop_of_links_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        symlink(&other, &one).unwrap();
        symlink(&one, &other).unwrap();
        let _somehow = changeable_by_others(&one);
    }

    #[test]
    fn programs_of_the_system_are_roots_alone() {
        let shell = find("sh").unwrap();
        assert_eq!(changeable_by_others(&shell), None);
    }
}
