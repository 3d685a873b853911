//! The control socket: a Unix socket beside the pid file. A line of JSON in, a line of JSON out.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_director_core::plan::Plan;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::status::Status;

pub(crate) mod client;

/// Nobody asks for so much.
const LONGEST_REQUEST: u64 = 64 * 1024;
/// Whoever connects and asks nothing is sent away.
const PATIENCE: Duration = Duration::from_secs(5);
/// More at a time wait until others have been answered.
const AT_A_TIME: usize = 16;

/// What a daemon can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Take over the configuration file as it is now.
    Reload,
    /// Say what taking over this file would change.
    Plan {
        /// Its absolute path; without it the daemon's own configuration file.
        file: Option<PathBuf>,
    },
    /// Say how things stand.
    Status,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The configuration was taken over.
    Reloaded {
        /// What that changed.
        plan: Plan,
        /// What there is to say about the configuration.
        said: String,
        /// What of it could not be made so.
        failed: Vec<String>,
    },
    /// What a configuration would change.
    Planned {
        /// That.
        plan: Plan,
        /// What there is to say about the configuration.
        said: String,
    },
    /// The configuration cannot be run: the one before goes on.
    Refused {
        /// Why.
        said: String,
    },
    /// How things stand.
    Status(Box<Status>),
    /// The request was none.
    Malformed {
        /// In what way.
        error: String,
    },
}

/// A request, and whom to answer.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) request: Request,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Listens for orders.
#[derive(Debug)]
pub(crate) struct Control {
    orders: mpsc::Receiver<Order>,
    listener: Option<(PathBuf, JoinSet<()>)>,
}

/// The socket that belongs to a pid file.
pub(crate) fn socket_beside(pid_file: &Path) -> PathBuf {
    pid_file.with_extension("sock")
}

impl Control {
    /// Listens on the socket, if that is possible: without it the director runs all the same.
    ///
    /// The caller has the pid file, so whatever is there was left by somebody who is no more.
    pub(crate) fn listen(path: &Path) -> Self {
        let (give, orders) = mpsc::channel(1);
        match bind(path) {
            Ok(listener) => {
                let mut task = JoinSet::new();
                task.spawn(accept(listener, give));
                Self { orders, listener: Some((path.to_owned(), task)) }
            }
            Err(error) => {
                warn!("no control socket {}: {error}", path.display());
                Self { orders, listener: None }
            }
        }
    }

    /// The next order.
    pub(crate) async fn next(&mut self) -> Order {
        match self.orders.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }

    /// Listens no more.
    pub(crate) fn stop(self) {
        if let Some((path, _task)) = self.listener
            && let Err(error) = std::fs::remove_file(&path)
        {
            warn!("removing {}: {error}", path.display());
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn accept(listener: UnixListener, give: mpsc::Sender<Order>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= AT_A_TIME {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let give = give.clone();
                connections.spawn(async move {
                    if let Err(error) = serve(stream, &give).await {
                        debug!("control socket: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of descriptors, most likely; others may give theirs back.
                warn!("control socket: {error}");
                sleep(Duration::from_secs(1)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: UnixStream, give: &mpsc::Sender<Order>) -> io::Result<()> {
    let (reading, mut writing) = stream.split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST_REQUEST));
    timeout(PATIENCE, reading.read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => {
            let (answer, answered) = oneshot::channel();
            let order = Order { request, answer };
            give.send(order).await.map_err(io::Error::other)?;
            answered.await.map_err(io::Error::other)?
        }
        Err(error) => Answer::Malformed { error: error.to_string() },
    };
    let mut answer = serde_json::to_vec(&answer)?;
    answer.push(b'\n');
    timeout(PATIENCE, writing.write_all(&answer)).await??;
    Ok(())
}

#[cfg(test)]
mod tests;
