//! Asking a running daemon.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{Answer, Request, socket_beside};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(
        "cannot reach a director at {}: {source}; is it running, and is --pid its pid file?",
        path.display()
    )]
    Unreachable { path: PathBuf, source: io::Error },
    #[error("the director broke off: {0}")]
    BrokenOff(#[from] io::Error),
    #[error("the director's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
}

/// Asks the daemon of a pid file.
pub(crate) fn ask(pid_file: &Path, request: &Request) -> Result<Answer, AskError> {
    let path = socket_beside(pid_file);
    let connected = UnixStream::connect(&path);
    let mut stream = connected.map_err(|source| AskError::Unreachable { path, source })?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(serde_json::from_str(&answer)?)
}
