use std::fs::File;
use std::io::{self, BufRead, BufReader};
#[cfg(feature = "client")]
use std::path::Path;
use std::path::PathBuf;

use super::Connection;

const PATH: &str = "/proc/thread-self/net/ip_vs_conn";

/// The table of connections, read a piece at a time: there can be millions.
///
/// No privilege is needed. The kernel does not lock its table for long, so what comes and goes
/// meanwhile may be listed or not.
///
/// ```no_run
/// use steadfast_ipvs::ConnectionTable;
///
/// for connection in ConnectionTable::open()? {
///     let connection = connection?;
///     println!("{} is served by {}", connection.client, connection.server);
/// }
/// # Ok::<(), steadfast_ipvs::ConnectionTableError>(())
/// ```
#[derive(Debug)]
pub struct ConnectionTable<R = BufReader<File>> {
    reader: R,
    line: Vec<u8>,
    header: bool,
}

/// Why the table of connections could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionTableError {
    /// The kernel has no IPVS, or its module is not loaded.
    #[error("there is no table of connections: load its module with `modprobe ip_vs`")]
    NoIpvs,
    /// It cannot be read.
    #[error("cannot read the table of connections: {0}")]
    Read(#[from] io::Error),
    /// A network namespace cannot be entered.
    #[error(
        "cannot enter the network namespace {path}: {source}. Is it still there? `ip netns list` \
         shows those that have a name",
        path = path.display()
    )]
    Namespace {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not as expected.
    #[error("not a line of the table of connections: {0:?}")]
    Line(String),
}

impl ConnectionTable {
    /// Begins with the table of the calling thread's network namespace.
    ///
    /// # Errors
    ///
    /// [`ConnectionTableError::NoIpvs`] or [`ConnectionTableError::Read`].
    pub fn open() -> Result<Self, ConnectionTableError> {
        Self::over(File::open(PATH))
    }

    /// Begins with the table of another network namespace: a file such as `/run/netns/NAME` or
    /// `/proc/PID/ns/net`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`ConnectionTableError::Namespace`].
    #[cfg(feature = "client")]
    pub fn in_netns(path: impl AsRef<Path>) -> Result<Self, ConnectionTableError> {
        let path = path.as_ref();
        match crate::netns::inside(path, || Ok(File::open(PATH))) {
            Ok(opened) => Self::over(opened),
            Err(source) => Err(ConnectionTableError::Namespace { path: path.to_owned(), source }),
        }
    }

    fn over(file: io::Result<File>) -> Result<Self, ConnectionTableError> {
        match file {
            // The kernel fills what it is given, page after page.
            Ok(file) => Ok(Self::new(BufReader::with_capacity(65_536, file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ConnectionTableError::NoIpvs)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl<R: BufRead> ConnectionTable<R> {
    /// Reads from elsewhere, such as a copy of the file.
    pub const fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), header: true }
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        Ok(self.reader.read_until(b'\n', &mut self.line)? > 0)
    }
}

impl<R: BufRead> Iterator for ConnectionTable<R> {
    type Item = Result<Connection, ConnectionTableError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Ok(false) => return None,
                Ok(true) if std::mem::take(&mut self.header) => {}
                Ok(true) => {
                    let line = || String::from_utf8_lossy(&self.line).trim_end().to_owned();
                    let read = Connection::parse(&self.line);
                    return Some(read.ok_or_else(|| ConnectionTableError::Line(line())));
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A010002 C992 0A010001 0050 0A02000C 0050 ESTABLISHED     899
nonsense
TCP 0A010002 C986 0A010001 0050 0A02000C 0050 TIME_WAIT       116
";

    #[test]
    fn a_bad_line_is_reported_and_the_next_is_read() {
        let states = ConnectionTable::new(TABLE.as_bytes()).map(|found| match found {
            Ok(connection) => connection.state.name().to_owned(),
            Err(error) => error.to_string(),
        });
        assert_eq!(
            states.collect::<Vec<_>>(),
            ["ESTABLISHED", "not a line of the table of connections: \"nonsense\"", "TIME_WAIT"]
        );
    }
}
