//! How things stand as files, where keepalived puts them, for those who send its signals.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tracing::{info, warn};

/// Writes a file that only its owner can read.
pub(crate) fn write(path: &Path, content: impl Display) {
    match try_to_write(path, &content.to_string()) {
        Ok(()) => info!("wrote {}", path.display()),
        Err(error) => warn!("writing {}: {error}", path.display()),
    }
}

/// Everybody may put something there: nothing is followed, and nothing that is there is written to.
fn try_to_write(path: &Path, content: &str) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_somebody_put_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("data"), folder.path().join("target"));
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        try_to_write(&link, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "new");
    }
}
