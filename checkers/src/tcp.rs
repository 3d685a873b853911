use tokio::time::Instant;

use crate::{Check, ConnectOptions, Outcome, Report};

/// TCP_CHECK: the server accepts a connection.
///
/// The connection is closed with a reset, so that thousands of checks leave nothing behind in
/// TIME_WAIT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpCheck {
    connect: ConnectOptions,
}

impl TcpCheck {
    /// Tries such a connection.
    pub const fn new(connect: ConnectOptions) -> Self {
        Self { connect }
    }
}

impl Check for TcpCheck {
    async fn check(&self) -> Outcome {
        let begin = Instant::now();
        match self.connect.connect(begin + self.connect.timeout).await {
            Ok(stream) => {
                let connect = begin.elapsed();
                // A connection that is already gone needs no reset.
                let _gone = stream.set_zero_linger();
                Outcome::Pass(Report { connect, first_byte: None, total: connect })
            }
            Err(error) => error.into(),
        }
    }
}
