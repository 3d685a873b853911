//! Sending messages to syslog.

use std::io;
use std::os::unix::net::UnixDatagram;

/// Where syslog listens.
const SYSLOG: &str = "/dev/log";

/// Sends what is written at once as one message.
#[derive(Debug, Default)]
pub(super) struct Syslog(Option<UnixDatagram>);

impl io::Write for Syslog {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        if self.0.is_none() {
            self.0 = connect().ok();
        }
        // Nobody listens, or whoever does is slow or was started anew: a message is lost, rather than
        // the daemon held up.
        if self.0.as_ref().is_none_or(|socket| socket.send(message).is_err()) {
            self.0 = None;
        }
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(SYSLOG)?;
    Ok(socket)
}
