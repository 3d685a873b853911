//! What the verbs say.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints to the standard output. Who hangs up, such as `head`, has read enough.
pub(crate) fn print(text: impl Display) {
    if let Err(error) = write(io::stdout().lock(), text) {
        eprintln!("director: printing: {error}");
    }
}

fn write(mut output: impl Write, text: impl Display) -> io::Result<()> {
    match write!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_hangs_up_is_no_failure() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        write(writer, "more than anybody wants to read").unwrap();
    }
}
