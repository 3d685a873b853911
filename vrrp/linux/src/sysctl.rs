//! Settings of the network, those of the calling thread's namespace (proc(5)).

use std::path::PathBuf;

use crate::Error;

fn path(name: &str) -> PathBuf {
    PathBuf::from("/proc/sys/net").join(name)
}

/// Reads a number.
pub(crate) fn read(name: &str) -> Result<u8, Error> {
    let number = std::fs::read_to_string(path(name)).and_then(|text| {
        text.trim().parse().map_err(|_| std::io::Error::other(format!("{text:?} is no number")))
    });
    number.map_err(Error::system(format!("reading the setting net/{name}")))
}

/// Writes a number, unless it is there already: some containers may only read.
pub(crate) fn write(name: &str, value: u8) -> Result<(), Error> {
    if read(name)? == value {
        return Ok(());
    }
    std::fs::write(path(name), value.to_string())
        .map_err(Error::system(format!("setting net/{name} to {value}")))
}

/// Whether there is such a setting.
pub(crate) fn exists(name: &str) -> bool {
    path(name).exists()
}
